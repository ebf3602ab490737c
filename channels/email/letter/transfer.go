package letter

import (
	"bytes"
	"encoding/base64"
)

// base64Value is the value of a digit of base64, 64 for padding, 65 for
// everything else.
func base64Value(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c - 'A'
	case c >= 'a' && c <= 'z':
		return c - 'a' + 26
	case c >= '0' && c <= '9':
		return c - '0' + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	case c == '=':
		return 64
	}
	return 65
}

// base64Size is how many bytes unbase64 makes of b at most.
func base64Size(b []byte) int {
	n := 0
	for _, c := range b {
		if c > ' ' {
			n++
		}
	}
	return n/4*3 + 3
}

// unbase64 decodes what it can: line ends, junk and padding in the middle are
// passed over. Junk counts the bytes that belong to no base64.
func unbase64(b []byte) (out []byte, junk int) {
	out = make([]byte, 0, base64Size(b))
	var acc uint32
	have := 0
	for pos := 0; pos < len(b); {
		if have == 0 { // whole clean lines go the fast way
			end, next := lineEnd(b, pos)
			if text := b[pos:end]; len(text) >= 16 && len(text)%4 == 0 {
				n := len(out)
				if m, err := base64.StdEncoding.Strict().Decode(out[n:cap(out):cap(out)][:min(cap(out)-n, len(text)/4*3)], text); err == nil && text[len(text)-1] != '=' {
					out = out[:n+m]
					pos = next
					continue
				}
			}
		}
		end, next := lineEnd(b, pos)
		for _, c := range b[pos:end] {
			switch v := base64Value(c); {
			case v < 64:
				acc = acc<<6 | uint32(v)
				if have++; have == 4 {
					out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
					acc, have = 0, 0
				}
			case v == 64:
				out, acc, have = flush(out, acc, have), 0, 0
			case c > ' ':
				junk++
			}
		}
		pos = next
	}
	return flush(out, acc, have), junk
}

// flush writes the bytes of a group that is not full.
func flush(out []byte, acc uint32, have int) []byte {
	switch have {
	case 2:
		return append(out, byte(acc>>4))
	case 3:
		return append(out, byte(acc>>10), byte(acc>>2))
	}
	return out
}

// unprintable decodes quoted-printable (RFC 2045 6.7) and leaves what is none
// as it is.
func unprintable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for pos := 0; pos < len(b); {
		end, next := lineEnd(b, pos)
		text := bytes.TrimRight(b[pos:end], " \t")
		soft := len(text) > 0 && text[len(text)-1] == '='
		if soft {
			text = text[:len(text)-1]
		}
		for i := 0; i < len(text); i++ {
			if text[i] == '=' && i+2 < len(text) && hexValue(text[i+1]) < 16 && hexValue(text[i+2]) < 16 {
				out = append(out, hexValue(text[i+1])<<4|hexValue(text[i+2]))
				i += 2
				continue
			}
			out = append(out, text[i])
		}
		if !soft {
			out = append(out, b[end:next]...)
		}
		pos = next
	}
	return out
}

// unuu decodes uuencode between begin and end.
func unuu(b []byte) []byte {
	out := make([]byte, 0, len(b)/4*3)
	for pos := 0; pos < len(b); {
		end, next := lineEnd(b, pos)
		text := b[pos:end]
		pos = next
		if bytes.HasPrefix(text, []byte("begin ")) || len(text) == 0 {
			continue
		}
		if bytes.Equal(text, []byte("end")) {
			break
		}
		n := int(text[0]-' ') & 0x3f
		for i := 1; i < len(text) && n > 0; i += 4 {
			var acc uint32
			for j := range 4 {
				acc <<= 6
				if i+j < len(text) {
					acc |= uint32(text[i+j]-' ') & 0x3f
				}
			}
			for j := 0; j < 3 && n > 0; j++ {
				out = append(out, byte(acc>>(16-8*j)))
				n--
			}
		}
	}
	return out
}

// untransfer takes the transfer encoding off a leaf, most bytes of it; 0 for
// all. Without an encoding the bytes are those of the mail itself.
func (d *desk) untransfer(e entity, most int) ([]byte, bool) {
	body := e.body
	if most > 0 && len(body) > most {
		body = body[:most]
	}
	cte := e.head.token("content-transfer-encoding")
	switch cte {
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "utf-8":
		return body, true
	}
	size := len(body)
	if cte == "base64" {
		size = base64Size(body)
	}
	if !d.spend(size) {
		d.fault(FaultTooLarge, e, "the contents of all parts together are larger than is decoded")
		return nil, false
	}
	switch cte {
	case "base64":
		out, junk := unbase64(body)
		if junk > 0 && junk > len(body)/100 {
			d.fault(FaultEncoding, e, "base64 with foreign bytes in it")
		}
		return out, true
	case "quoted-printable":
		return unprintable(body), true
	case "x-uuencode", "uuencode", "x-uue", "uue":
		return unuu(body), true
	}
	d.fault(FaultEncoding, e, "transfer encoding "+quote(cte)+" is unknown, the bytes are left as they are")
	return body, true
}
