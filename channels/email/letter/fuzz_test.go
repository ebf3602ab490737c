package letter

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// seeds are the mails that fuzzing begins with: those of testdata and the
// smaller ones that other tests write.
func seeds(tb testing.TB) [][]byte {
	tb.Helper()
	files, err := filepath.Glob("testdata/mails/*.eml")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no mails in testdata: %v", err)
	}
	var out [][]byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// FuzzRead holds what every letter promises, whatever the bytes.
func FuzzRead(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Add([]byte(dsnHead + "Final-Recipient: rfc822; a@b.ru\nAction: failed\n\n--b--\n"))
	f.Add(winmail(tnefStream(attrOf(2, attRend, make([]byte, 14)), attrOf(2, attTitle, []byte("a.pdf")), attrOf(2, attData, []byte("x")), attrOf(1, attMAPI, props(prop(0x1f, propBody, utf16le("text")))))))
	f.Add(p7m("signed-data", signed(true, []byte("Content-Type: text/plain\n\nhi"))))
	r := NewReader(Config{TrustedServers: []string{"mx.vahta.ru"}, Instance: "i"})
	f.Fuzz(func(t *testing.T, b []byte) {
		before := string(b)
		l := r.Read(b, Envelope{})
		if string(b) != before {
			t.Fatal("the raw bytes were changed")
		}
		if again := r.Read(b, Envelope{}); !reflect.DeepEqual(l, again) {
			t.Fatal("two readings differ")
		}
		if faulty(l, FaultBroken) {
			t.Fatalf("the reader failed: %v", l.Faults)
		}
		clean(t, "letter", reflect.ValueOf(l))
		if l.Text != "" && l.Stripped == "" {
			t.Fatal("nothing is left of the text")
		}
		if len(l.Text) > maxText || len(l.Attachments) > maxFiles || len(l.Faults) > maxFaults || len(l.Markers) > maxMarkers {
			t.Fatal("beyond the limits")
		}
		low := strings.ToLower(l.HTML)
		for _, bad := range []string{"<script", "<style", "<iframe", "<form", "<object", `src="http`, "<link", "<meta", "<base", "<svg"} {
			if strings.Contains(low, bad) {
				t.Fatalf("%s in %q", bad, l.HTML)
			}
		}
		for _, a := range l.Attachments {
			if a.Name == "" || strings.ContainsAny(a.Name, `/\`) || a.Type == "" {
				t.Fatalf("file %q of type %q", a.Name, a.Type)
			}
		}
		for _, fa := range l.Faults {
			if fa.Offset < 0 || fa.Size < 0 || fa.Offset+fa.Size > len(b) {
				t.Fatalf("fault outside of the mail: %+v of %d", fa, len(b))
			}
		}
	})
}

// clean holds that every string of a value is UTF-8 without control
// characters, which databases refuse.
func clean(t *testing.T, at string, v reflect.Value) {
	t.Helper()
	kind := v.Kind()
	if kind == reflect.String {
		s := v.String()
		if !utf8.ValidString(s) {
			t.Fatalf("%s is no UTF-8: %q", at, s)
		}
		for _, r := range s {
			if r != '\n' && r != '\t' && hidden(r) {
				t.Fatalf("%s has a control character: %q", at, s)
			}
		}
	}
	if kind == reflect.Pointer && !v.IsNil() {
		clean(t, at, v.Elem())
	}
	if kind == reflect.Struct && v.Type().PkgPath() != "time" {
		for i := range v.NumField() {
			clean(t, at+"."+v.Type().Field(i).Name, v.Field(i))
		}
	}
	if kind == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8 {
		for i := range v.Len() {
			clean(t, at, v.Index(i))
		}
	}
}

// TestSeeds runs what fuzzing begins with, and says what is in each mail.
func TestSeeds(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	for _, b := range seeds(t) {
		l := r.Read(b, Envelope{})
		if l.Subject == "" || l.Text == "" || len(l.From) == 0 || l.ID == "" || l.Date.IsZero() {
			t.Errorf("a real-looking mail lacks something: %+v", l)
		}
		clean(t, "letter", reflect.ValueOf(l))
	}
}

func BenchmarkRead(b *testing.B) {
	r, mails := NewReader(Config{}), seeds(b)
	size := 0
	for _, m := range mails {
		size += len(m)
	}
	b.SetBytes(int64(size / len(mails)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r.Read(mails[n%len(mails)], Envelope{})
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
}
