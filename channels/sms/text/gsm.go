package text

import "strings"

// escape leads to the extension table.
const escape = 0x1B

// gsmTable is TS 23.038 §6.2.1 in the order of its codes; the place of the
// escape holds a blank, which is how an unknown extension is shown.
const gsmTable = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u00a0ÆæßÉ" +
	" !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
	"¿abcdefghijklmnopqrstuvwxyzäöñüà"

// gsmRunes is the table by code.
func gsmRunes() [128]rune {
	var t [128]rune
	i := 0
	for _, r := range gsmTable {
		t[i] = r
		i++
	}
	return t
}

// extension is TS 23.038 §6.2.1.1 by code; 0 = not in it.
func extension(code byte) rune {
	switch code {
	case 0x0A:
		return '\f'
	case 0x14:
		return '^'
	case 0x28:
		return '{'
	case 0x29:
		return '}'
	case 0x2F:
		return '\\'
	case 0x3C:
		return '['
	case 0x3D:
		return '~'
	case 0x3E:
		return ']'
	case 0x40:
		return '|'
	case 0x65:
		return '€'
	}
	return 0
}

func extensionCode(r rune) byte {
	switch r {
	case '\f':
		return 0x0A
	case '^':
		return 0x14
	case '{':
		return 0x28
	case '}':
		return 0x29
	case '\\':
		return 0x2F
	case '[':
		return 0x3C
	case '~':
		return 0x3D
	case ']':
		return 0x3E
	case '|':
		return 0x40
	case '€':
		return 0x65
	}
	return 0
}

func appendGSM(dst []byte, r rune) ([]byte, bool) {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == ' ', r == '\n', r == '\r':
		return append(dst, byte(r)), true // same codes as in ASCII
	case r == 0xA0:
		return dst, false
	case r > 0x3A9 && r != '€': // behind Ω there is nothing: all of Cyrillic
		return dst, false
	}
	code := byte(0)
	for _, have := range gsmTable {
		if have == r {
			return append(dst, code), true
		}
		code++
	}
	if x := extensionCode(r); x != 0 {
		return append(dst, escape, x), true
	}
	return dst, false
}

// decodeGSM reads one septet from an octet. An octet above 127 is none: centres
// that send such ones mean Latin-1 by their default alphabet.
func decodeGSM(b []byte) string {
	table := gsmRunes()
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c >= 0x80:
			out.WriteRune(rune(c))
		case c != escape:
			out.WriteRune(table[c&0x7F])
		case i+1 == len(b):
			out.WriteByte(' ')
		default:
			i++
			switch x := extension(b[i]); {
			case x != 0:
				out.WriteRune(x)
			case b[i] < 0x80 && b[i] != escape: // TS 23.038: the character of the main table
				out.WriteRune(table[b[i]])
			default:
				out.WriteByte(' ')
			}
		}
	}
	return out.String()
}
