package letter

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"
	"pgregory.net/rapid"
)

// bare is a text without what two readers may treat apart: blanks.
func bare(s string) string { return strings.Join(strings.Fields(s), " ") }

// contents of files, sorted.
func contents(l Letter) []string {
	var out []string
	for _, a := range l.Attachments {
		out = append(out, string(a.Content))
	}
	slices.Sort(out)
	return out
}

// TestSecondReader: where another library reads mails right, this one reads
// the same.
func TestSecondReader(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	for i, b := range seeds(t) {
		env, err := enmime.ReadEnvelope(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("mail %d: %v", i, err)
		}
		l := r.Read(b, Envelope{})
		if root := env.Root.Header.Get("Content-Type"); strings.Contains(root, "related") {
			continue // it has no text part, and they make text of HTML in another way
		}
		if !slices.Contains([]string{"koi8-r"}, env.Root.Charset) && env.GetHeader("Subject") != l.Subject {
			t.Errorf("mail %d: subject %q, the other reads %q", i, l.Subject, env.GetHeader("Subject"))
		}
		if bare(env.Text) != bare(l.Text) {
			t.Errorf("mail %d: text %q, the other reads %q", i, l.Text, env.Text)
		}
		for _, a := range env.Attachments {
			if !slices.Contains(contents(l), string(a.Content)) {
				t.Errorf("mail %d: the other reads a file %q that is not here", i, a.FileName)
			}
		}
	}
}

// tree draws a mail of nested parts and says which texts and files are in it.
type tree struct {
	texts, files []string
	n            int
}

func (w *tree) draw(t *rapid.T, depth int) string {
	w.n++
	n := w.n
	kind := rapid.IntRange(0, 2).Draw(t, "kind")
	if depth >= 4 || w.n > 15 {
		kind = rapid.IntRange(0, 1).Draw(t, "leaf")
	}
	switch kind {
	case 0:
		text := fmt.Sprintf("Текст %d: ", n) + rapid.StringMatching(`[а-яёА-ЯЁ ,.=?_-]{0,120}`).Draw(t, "text") + "\nконец"
		w.texts = append(w.texts, text)
		if rapid.Bool().Draw(t, "quoted") {
			return "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted([]byte(text))
		}
		return "Content-Type: text/plain; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: BASE64\r\n\r\n" + b64lines([]byte(text))
	case 1:
		content := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "content")
		w.files = append(w.files, string(content))
		body := b64lines(content)
		if rapid.Bool().Draw(t, "one line") {
			body = base64.StdEncoding.EncodeToString(content)
		}
		return fmt.Sprintf("Content-Type: application/octet-stream; name=\"f%d.bin\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n%s", n, body)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "Content-Type: multipart/mixed; boundary=\"b%d=_\"\r\n\r\npreamble\r\n", n)
	for range rapid.IntRange(1, 3).Draw(t, "parts") {
		fmt.Fprintf(&s, "--b%d=_\r\n%s\r\n", n, w.draw(t, depth+1))
	}
	fmt.Fprintf(&s, "--b%d=_--\r\n", n)
	return s.String()
}

// TestWhatIsWrittenIsRead: texts in their order, files byte by byte, from any
// tree of parts.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	rapid.Check(t, func(t *rapid.T) {
		var w tree
		mail := "From: a@x.ru\r\nMIME-Version: 1.0\r\n" + w.draw(t, 0)
		l := r.Read([]byte(mail), Envelope{})
		if want := bare(strings.Join(w.texts, " ")); bare(l.Text) != want {
			t.Fatalf("text %q, want %q", bare(l.Text), want)
		}
		slices.Sort(w.files)
		if got := contents(l); !slices.Equal(got, w.files) {
			t.Fatalf("files %q, want %q", got, w.files)
		}
		if len(l.Faults) > 0 {
			t.Fatalf("faults of a sound mail: %v", l.Faults)
		}
	})
}

// TestFaultsPointIntoTheMail: what was not read can be found.
func TestFaultsPointIntoTheMail(t *testing.T) {
	t.Parallel()
	mail := []byte("From: a@x.ru\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\ngood\r\n--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: x-rot13\r\n\r\nsecret\r\n--b--\r\nbehind\r\n")
	want := map[FaultCode]string{FaultEncoding: "secret", FaultOutside: "behind\r\n"}
	for _, f := range NewReader(Config{}).Read(mail, Envelope{}).Faults {
		if got := string(mail[f.Offset : f.Offset+f.Size]); want[f.Code] != got {
			t.Errorf("%s at %q, want %q", f.Code, got, want[f.Code])
		}
		delete(want, f.Code)
	}
	if len(want) > 0 {
		t.Errorf("no faults for %v", want)
	}
}

// TestBigTextIsWholeAsFile: a text beyond the limit is shown in part and kept
// as a whole.
func TestBigTextIsWholeAsFile(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("строка текста, которая повторяется\n", 40_000)
	for _, kind := range []string{"plain", "html"} {
		l := NewReader(Config{}).Read([]byte("From: a@x.ru\nContent-Type: text/"+kind+"; charset=utf-8\n\n"+body), Envelope{})
		if !faulty(l, FaultTooLarge) || len(l.Attachments) != 1 || string(l.Attachments[0].Content) != body {
			t.Errorf("%s: faults %v, files %d", kind, l.Faults, len(l.Attachments))
		}
		if len(l.Text) < 100_000 || !strings.HasPrefix(l.Text, "строка текста") {
			t.Errorf("%s: %d bytes of text", kind, len(l.Text))
		}
	}
}

// TestManyGoroutines: a Reader is shared.
func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	r, mails := NewReader(Config{}), seeds(t)
	want := make([]Letter, len(mails))
	for i, m := range mails {
		want[i] = r.Read(m, Envelope{})
	}
	done := make(chan string)
	for range 8 {
		go func() {
			for i, m := range mails {
				if got := r.Read(m, Envelope{}); !reflect.DeepEqual(got, want[i]) {
					done <- fmt.Sprintf("%+v", got)
					return
				}
			}
			done <- ""
		}()
	}
	for range 8 {
		if bad := <-done; bad != "" {
			t.Errorf("another reading: %s", bad)
		}
	}
}
