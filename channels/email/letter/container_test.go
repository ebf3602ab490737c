package letter

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

// tnefStream writes attributes as Outlook does.
func tnefStream(attrs ...[]byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, tnefMagic)
	out = append(out, 1, 0)
	return append(out, bytes.Join(attrs, nil)...)
}

func attrOf(level byte, id uint32, v []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte{level}, id|0x00060000)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(v)))
	sum := uint16(0)
	for _, c := range v {
		sum += uint16(c)
	}
	return binary.LittleEndian.AppendUint16(append(out, v...), sum)
}

// props writes MAPI properties of variable length.
func props(list ...[]byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(list))), bytes.Join(list, nil)...)
}

func prop(kind, id uint16, v []byte) []byte {
	out := binary.LittleEndian.AppendUint16(nil, kind)
	out = binary.LittleEndian.AppendUint16(out, id)
	out = binary.LittleEndian.AppendUint32(out, 1)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(v)))
	return append(append(out, v...), make([]byte, padded(len(v))-len(v))...)
}

func utf16le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s + "\x00")) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func winmail(stream []byte) []byte {
	return []byte("From: a@x.ru\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(stream) + "\n--b--\n")
}

func TestTNEF(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	codepage := attrOf(1, attCodepage, []byte{0xe3, 0x04, 0, 0, 0, 0, 0, 0}) // 1251
	rend := attrOf(2, attRend, make([]byte, 14))
	file := attrOf(2, attData, []byte("%PDF-1.4 x"))
	name := attrOf(2, attTitle, []byte(cp1251(t, "Счёт.pdf")+"\x00"))
	long := attrOf(2, attFileProps, props(prop(0x1f, propLongName, utf16le("Счёт на оплату.pdf")), prop(0x1e, propMime, []byte("application/pdf\x00"))))
	text := attrOf(1, attMAPI, props(prop(0x1f, propBody, utf16le("Добрый день, Юля"))))
	rtf := attrOf(1, attMAPI, props(prop(0x102, propRTF, []byte("\x10\x00\x00\x00\x06\x00\x00\x00MELA\x00\x00\x00\x00{\\rtf}"))))
	for _, c := range []struct {
		name   string
		stream []byte
		text   string
		files  string
		fault  bool
	}{
		{"text and file", tnefStream(codepage, text, rend, name, file), "Добрый день, Юля", "Счёт.pdf", false},
		{"long name", tnefStream(codepage, rend, name, file, long), "", "Счёт на оплату.pdf", false},
		{"two files", tnefStream(codepage, rend, name, file, rend, long, file), "", "Счёт.pdf,Счёт на оплату.pdf", false},
		{"body in RTF only", tnefStream(rtf), "", "body.rtf", false},
		{"html", tnefStream(codepage, attrOf(1, attMAPI, props(prop(0x102, propHTML, []byte("<p>"+cp1251(t, "Привет, Юля")+"</p>"))))), "Привет, Юля", "", false},
		{"cut", tnefStream(codepage, rend, name, file)[:75], "", "winmail.dat,Счёт.pdf", true},
		{"lying length", append(tnefStream(codepage, rend, name), 2, 0x0f, 0x80, 6, 0, 0xff, 0xff, 0xff, 0x7f, 'x'), "", "winmail.dat,Счёт.pdf", true},
		{"a billion values", tnefStream(codepage, attrOf(1, attMAPI, []byte{0xff, 0xff, 0xff, 0xff, 1, 0x10, 0, 0x10, 0xff, 0xff, 0xff, 0xff})), "", "winmail.dat", true},
		{"none at all", []byte("hello"), "", "winmail.dat", true},
	} {
		l := r.Read(winmail(c.stream), Envelope{})
		var names []string
		for _, a := range l.Attachments {
			names = append(names, a.Name)
		}
		if got := strings.Join(names, ","); got != c.files || l.Text != c.text || faulty(l, FaultContainer) != c.fault {
			t.Errorf("%s: files %q text %q faults %v, want %q %q %v", c.name, got, l.Text, l.Faults, c.files, c.text, c.fault)
		}
	}
}

// TestCompressedRTF is the example of [MS-OXRTFCP] 4.1.1.
func TestCompressedRTF(t *testing.T) {
	t.Parallel()
	b := []byte("\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0")
	d := desk{out: &Letter{}}
	got, ok := d.rtf(b)
	if want := "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"; !ok || string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// ber writes a value, of open length or not.
func ber(tag byte, open bool, vs ...[]byte) []byte {
	v := bytes.Join(vs, nil)
	switch {
	case open:
		return append(append([]byte{tag, 0x80}, v...), 0, 0)
	case len(v) < 128:
		return append([]byte{tag, byte(len(v))}, v...)
	}
	return append([]byte{tag, 0x82, byte(len(v) >> 8), byte(len(v))}, v...)
}

func signed(open bool, content []byte) []byte {
	octets := ber(0x04, false, content)
	if open {
		half := len(content) / 2
		octets = ber(0x24, true, ber(0x04, false, content[:half]), ber(0x04, false, content[half:]))
	}
	encap := ber(0x30, open, ber(0x06, false, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")), ber(0xa0, open, octets))
	return ber(0x30, open, ber(0x06, false, []byte(oidSigned)), ber(0xa0, open, ber(0x30, open, ber(0x02, false, []byte{1}),
		ber(0x31, false, ber(0x30, false, ber(0x06, false, []byte("\x2a\x85\x03\x07\x01\x01\x02\x02")))), encap)))
}

func p7m(kind string, b []byte) []byte {
	return []byte("From: a@x.ru\nContent-Type: application/pkcs7-mime; smime-type=" + kind + "; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(b) + "\n")
}

func TestSMIME(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	inner := []byte("Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain; charset=windows-1251\r\n\r\n" + cp1251(t, "Подписано, Юля") + "\r\n--q\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-\r\n--q--\r\n")
	for _, open := range []bool{false, true} {
		l := r.Read(p7m("signed-data", signed(open, inner)), Envelope{})
		if l.Text != "Подписано, Юля" || !l.Signed || l.Encrypted != "" || fileOf(l) != "a.pdf" {
			t.Errorf("signed, open length %v: %q signed %v files %s faults %v", open, l.Text, l.Signed, fileOf(l), l.Faults)
		}
	}
	enveloped := ber(0x30, false, ber(0x06, false, []byte(oidEnveloped)), ber(0xa0, false, []byte("secret")))
	if l := r.Read(p7m("enveloped-data", enveloped), Envelope{}); l.Encrypted != "smime" || fileOf(l) != "smime.p7m" || l.Text != "" {
		t.Errorf("enveloped: %+v", l)
	}
	if l := r.Read(p7m("signed-data", []byte("\x30\x03abc")), Envelope{}); !faulty(l, FaultContainer) || fileOf(l) != "smime.p7m" {
		t.Errorf("broken: %+v", l.Faults)
	}
	deep := inner
	for range 12 {
		deep = []byte("Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(signed(false, deep)))
	}
	if l := r.Read(deep, Envelope{}); !faulty(l, FaultContainer) {
		t.Error("twelve signatures in each other were opened")
	}
}
