package letter

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// sampleSize is how much of a text the detectors look at.
const sampleSize = 16 << 10

// canonical maps the names that programs give to charsets to the ones used
// here. Names of the WHATWG list come from htmlindex.
func canonical(label string) string {
	l := strings.ToLower(strings.Trim(strings.TrimSpace(label), `"'`))
	l = strings.TrimPrefix(l, "charset=")
	bare := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, l)
	switch bare {
	case "":
		return ""
	case "windows1251", "cp1251", "win1251", "xcp1251", "1251", "ansi1251", "xwindows1251", "mswin1251", "cswindows1251", "windowscp1251":
		return "windows-1251"
	case "koi8r", "koi8", "cskoi8r", "koi", "xkoi8r":
		return "koi8-r"
	case "koi8u", "koi8ru", "xkoi8u":
		return "koi8-u"
	case "cp866", "ibm866", "866", "csibm866", "dos866", "xcp866", "cyrilliccp866", "windows866":
		return "ibm866"
	case "iso88595", "isoir144", "cyrillic", "csisolatincyrillic", "xiso88595", "iso885951988":
		return "iso-8859-5"
	case "maccyrillic", "xmaccyrillic", "xmacukrainian", "macintoshcyrillic", "xmaccyr", "cp10007":
		return "x-mac-cyrillic"
	case "utf8", "unicode11utf8", "xunicode20utf8", "utf8mb4", "65001", "cp65001", "utf":
		return "utf-8"
	case "usascii", "ascii", "ansix3.41968", "646", "7bit", "iso646us":
		return "us-ascii"
	case "utf16", "utf16le", "utf16be", "utf32", "unicode", "utf7":
		if bare == "unicode" {
			return bare
		}
		return "utf-" + bare[len("utf"):]
	}
	if enc, err := htmlindex.Get(l); err == nil {
		if name, err := htmlindex.Name(enc); err == nil {
			return name
		}
	}
	return "x-unknown"
}

// decoderOf returns the encoding of a canonical name; nil: none is known.
func decoderOf(name string) encoding.Encoding {
	switch name {
	case "", "us-ascii", "utf-8", "utf-7", "x-unknown", "replacement", "x-user-defined":
		return nil
	case "x-mac-cyrillic":
		return charmap.MacintoshCyrillic
	case "utf-16", "unicode":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-32":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil
	}
	return enc
}

// reading is a text with the charset it was read in.
type reading struct {
	text    string
	charset string
	// sure is false when neither label nor bytes decided.
	sure bool
	// belied says that the bytes are not what the label said.
	belied bool
}

// read makes text of bytes. The label counts as long as the bytes do not
// belie it; the hint is the charset of the mail's other texts.
func (d *desk) read(b []byte, label, hint string) reading {
	got, ok := d.r.known(b, canonical(label), canonical(hint))
	if !ok {
		d.detects++
		got = detect(b, canonical(label), d.detects <= maxDetected)
	}
	return got
}

// known reads bytes whose charset their form, their letters or the label tell.
func (r *Reader) known(b []byte, name, hint string) (reading, bool) {
	if mark := markOf(b); mark != "" {
		return decode(b, mark, name != "" && !strings.HasPrefix(name, mark[:5])), true
	}
	switch {
	case strings.HasPrefix(name, "iso-2022-"), name == "utf-16", name == "utf-16le", name == "utf-16be", name == "utf-32", name == "hz-gb-2312", name == "unicode":
		return decode(b, name, false), true
	case name == "utf-7":
		return reading{text: utf7(b), charset: name, sure: true}, true
	case isASCII(b):
		return reading{text: string(b), charset: "us-ascii", sure: true}, true
	case r.isUTF8(b, name):
		return reading{text: strings.ToValidUTF8(string(b), "\uFFFD"), charset: "utf-8", sure: true, belied: name != "" && name != "utf-8"}, true
	}
	if best := r.guess(b, name, hint); best != "" {
		return decode(b, best, name != "" && family(best) != family(name)), true
	}
	if decoderOf(name) != nil {
		return decode(b, name, false), true
	}
	return reading{}, false
}

// detect asks the detector of all languages, when it may, and takes the
// commonest charset of Russian mails when it knows nothing.
func detect(b []byte, name string, ask bool) reading {
	if ask {
		found := chardet.Detect(sample(b))
		if c := canonical(found.Charset); found.Confidence >= 0.5 && decoderOf(c) != nil {
			return decode(b, c, name != "")
		}
	}
	got := decode(b, "windows-1251", name != "")
	got.sure = false
	return got
}

// family tells charsets apart whose difference does not matter to a reader.
func family(name string) string {
	if name == "koi8-u" {
		return "koi8-r"
	}
	return name
}

func decode(b []byte, name string, belied bool) reading {
	enc := decoderOf(name)
	if enc == nil {
		return reading{text: strings.ToValidUTF8(string(b), "\uFFFD"), charset: name, sure: name == "utf-8", belied: belied}
	}
	text, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return reading{text: strings.ToValidUTF8(string(b), "\uFFFD"), charset: name, belied: belied}
	}
	return reading{text: strings.TrimPrefix(string(text), "\uFEFF"), charset: name, sure: true, belied: belied}
}

// markOf returns the charset of a byte order mark.
func markOf(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return "utf-8"
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return "utf-16le"
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return "utf-16be"
	}
	return ""
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// isUTF8 says whether bytes are UTF-8, a few broken runes among many good ones
// included: texts are cut inside a rune. Short words of other charsets are
// valid UTF-8 by chance; then the runes are strange ones.
func (r *Reader) isUTF8(b []byte, label string) bool {
	good, bad, familiar, cyrillic := 0, 0, 0, 0
	for i := 0; i < len(b); {
		if b[i] < 0x80 {
			i++
			continue
		}
		c, size := utf8.DecodeRune(b[i:])
		i += size
		switch {
		case c == utf8.RuneError && size == 1 && !utf8.FullRune(b[i-1:]): // cut at the end
			i = len(b)
		case c == utf8.RuneError && size == 1:
			bad++
		default:
			good++
			if c >= 0x400 && c < 0x500 {
				cyrillic++
			}
			if c < 0x250 || c >= 0x400 && c < 0x500 || c >= 0x2000 && c < 0x2200 || size == 4 {
				familiar++
			}
		}
	}
	switch {
	case good == 0 || good < 10*bad:
		return false
	case label == "utf-8":
		return true
	case r.competes(label):
		return cyrillic >= 2 || good >= 8 && 2*familiar > good
	}
	return familiar > 0 || good >= 4
}

// competes says whether a label names one of the charsets that are told apart.
func (r *Reader) competes(label string) bool {
	for i := range r.cyrillics {
		if r.cyrillics[i].name == family(label) {
			return true
		}
	}
	return false
}

// sample returns the lines of a text that hold more than ASCII, up to
// sampleSize bytes: headers of HTML, long English parts tell nothing.
func sample(b []byte) []byte {
	if len(b) <= sampleSize {
		return b
	}
	out := make([]byte, 0, sampleSize)
	for pos := 0; pos < len(b) && len(out) < sampleSize; {
		_, next := lineEnd(b, pos)
		next = min(next, pos+sampleSize)
		if part := b[pos:next]; !isASCII(part) {
			out = append(out, part[:min(len(part), sampleSize-len(out))]...)
		}
		pos = next
	}
	return out
}

// utf7 decodes RFC 2152, which no library here reads.
func utf7(b []byte) string {
	var s strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] != '+' {
			s.WriteByte(b[i])
			continue
		}
		end := i + 1
		for end < len(b) && base64Value(b[end]) < 64 {
			end++
		}
		if end == i+1 {
			s.WriteByte('+')
		} else {
			words, _ := unbase64(b[i+1 : end])
			text, err := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Bytes(words[:len(words)&^1])
			if err == nil {
				s.Write(text)
			}
		}
		if end < len(b) && b[end] == '-' {
			end++
		}
		i = end - 1
	}
	return strings.ToValidUTF8(s.String(), "\uFFFD")
}
