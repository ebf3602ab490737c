package letter

import (
	"bytes"
	"strings"
)

// piece is a run of a header value in one charset.
type piece struct {
	raw     []byte
	label   string
	encoded bool
}

// words decodes a header value: encoded words (RFC 2047) also where they are
// not allowed and broken, neighbours joined before their charset is applied,
// because programs cut them inside a letter; raw 8-bit bytes between them.
func (d *desk) words(v []byte) string {
	if bytes.IndexByte(v, '=') < 0 && isASCII(v) {
		return string(v)
	}
	var s strings.Builder
	for _, p := range pieces(v) {
		label := p.label
		got := d.read(p.raw, label, d.hint)
		if p.encoded && got.sure && !got.belied && got.charset != "us-ascii" {
			d.hint = got.charset
		}
		if got.belied || !got.sure {
			d.faultAt(FaultCharset, "", "a header field: labelled "+quote(label)+", read as "+got.charset, 0, 0)
		}
		s.WriteString(got.text)
	}
	return s.String()
}

// pieces parts a value into encoded words and what stands between them.
func pieces(v []byte) []piece {
	var out []piece
	plain := 0
	for pos := 0; pos+1 < len(v); {
		i := bytes.Index(v[pos:], []byte("=?"))
		if i < 0 {
			break
		}
		start := pos + i
		p, end := encodedWord(v, start)
		if end < 0 {
			break // no word ends any more
		}
		if end == 0 {
			pos = start + 2
			continue
		}
		between := v[plain:start]
		last := len(out) - 1
		switch blank := len(bytes.TrimSpace(between)) == 0; {
		case blank && last >= 0 && out[last].encoded && strings.EqualFold(out[last].label, p.label):
			out[last].raw = append(out[last].raw, p.raw...)
		case blank && last >= 0 && out[last].encoded, len(between) == 0:
			out = append(out, p)
		default:
			out = append(out, piece{raw: between}, p)
		}
		plain, pos = end, end
	}
	if plain < len(v) {
		out = append(out, piece{raw: v[plain:]})
	}
	return out
}

// encodedWord reads =?charset?B?text?= at start. End is 0 when it is none and
// -1 when no word can end any more. A last word may lack its end.
func encodedWord(v []byte, start int) (p piece, end int) {
	rest := v[start+2:]
	q := bytes.IndexByte(rest[:min(len(rest), 60)], '?')
	if q <= 0 || q+2 >= len(rest) || rest[q+2] != '?' {
		return p, 0
	}
	kind := rest[q+1] | 0x20
	if kind != 'b' && kind != 'q' {
		return p, 0
	}
	text := rest[q+3:]
	n := bytes.Index(text, []byte("?="))
	end = start + 2 + q + 3 + n + 2
	if n < 0 {
		if bytes.ContainsAny(text, " \t") {
			return p, -1
		}
		n, end = len(text), len(v)
	}
	p.encoded = true
	p.label, _, _ = strings.Cut(ascii(rest[:q]), "*") // RFC 2231 5: the language follows
	if kind == 'b' {
		p.raw, _ = unbase64(text[:n])
	} else {
		p.raw = unq(text[:n])
	}
	return p, end
}

// unq decodes the Q encoding of RFC 2047 4.2.
func unq(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '_':
			out = append(out, ' ')
		case b[i] == '=' && i+2 < len(b) && hexValue(b[i+1]) < 16 && hexValue(b[i+2]) < 16:
			out = append(out, hexValue(b[i+1])<<4|hexValue(b[i+2]))
			i += 2
		default:
			out = append(out, b[i])
		}
	}
	return out
}

func hexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

func quote(label string) string {
	if label == "" {
		return "nothing"
	}
	return line(label, 40)
}
