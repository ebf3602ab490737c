package text

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Coding is the alphabet of a text.
type Coding uint8

// The alphabets.
const (
	GSM      Coding = iota // GSM 03.38 with its extension, one septet to an octet
	Latin1                 // ISO 8859-1
	UCS2                   // UTF-16, big endian
	ASCII                  // incoming only
	Cyrillic               // ISO 8859-5, incoming only
	Binary                 // octets of no alphabet, incoming only
)

// String names the alphabet.
func (c Coding) String() string {
	switch c {
	case GSM:
		return "gsm"
	case Latin1:
		return "latin1"
	case UCS2:
		return "ucs2"
	case ASCII:
		return "ascii"
	case Cyrillic:
		return "cyrillic"
	case Binary:
		return "binary"
	}
	return "coding?"
}

// The values of data_coding (SMPP 3.4 §5.2.19) that name an alphabet.
const (
	codingDefault  = 0x00
	codingASCII    = 0x01
	codingOctets   = 0x02
	codingLatin1   = 0x03
	codingOctets2  = 0x04
	codingCyrillic = 0x06
	codingUCS2     = 0x08
)

// DataCoding is the data_coding of an alphabet that can be written.
func (c Coding) DataCoding() uint8 {
	switch c {
	case Latin1:
		return codingLatin1
	case UCS2:
		return codingUCS2
	case ASCII:
		return codingASCII
	case Cyrillic:
		return codingCyrillic
	case Binary:
		return codingOctets2
	case GSM:
	}
	return codingDefault
}

// CodingOf reads a data_coding. usual is what the message centre means by its
// default alphabet, which is its own affair. Values of the GSM groups (TS 23.038
// §4: flash messages and message waiting) are read too.
func CodingOf(dataCoding uint8, usual Coding) Coding {
	switch dataCoding {
	case codingDefault:
		return usual
	case codingASCII:
		return ASCII
	case codingLatin1:
		return Latin1
	case codingCyrillic:
		return Cyrillic
	case codingUCS2:
		return UCS2
	case codingOctets, codingOctets2:
		return Binary
	}
	switch group := dataCoding >> 4; {
	case group == 0xF: // data coding and class: bit 2
		if dataCoding&0x04 != 0 {
			return Binary
		}
		return GSM
	case group == 0xE: // message waiting, UCS-2
		return UCS2
	case group >= 0x8: // reserved, and message waiting in the default alphabet
		return usual
	case group >= 0x1: // general groups: bits 2 and 3
		switch dataCoding >> 2 & 3 {
		case 1:
			return Binary
		case 2:
			return UCS2
		}
	}
	return usual
}

// Choose returns the alphabet that holds all of s in the fewest octets: GSM, or
// else UCS-2. Latin-1 is never chosen: phones do not have it, centres convert it.
func Choose(s string) Coding {
	if Fits(s, GSM) {
		return GSM
	}
	return UCS2
}

// Fits reports whether every character of s is in the alphabet.
func Fits(s string, c Coding) bool {
	for _, r := range s {
		if _, ok := appendRune(nil, r, c); !ok {
			return false
		}
	}
	return true
}

// Encode writes s in an alphabet. What is not in it becomes "?".
func Encode(s string, c Coding) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		out = appendUnit(out, r, c)
	}
	return out
}

// appendUnit writes one character, which is never torn apart.
func appendUnit(dst []byte, r rune, c Coding) []byte {
	out, ok := appendRune(dst, r, c)
	if !ok {
		out, _ = appendRune(dst, '?', c)
	}
	return out
}

func appendRune(dst []byte, r rune, c Coding) ([]byte, bool) {
	switch c {
	case GSM:
		return appendGSM(dst, r)
	case Latin1, Binary:
		return append(dst, byte(r)), r < 0x100
	case ASCII:
		return append(dst, byte(r)), r < utf8.RuneSelf
	case Cyrillic:
		for b := range 0x100 {
			if cyrillic(byte(b)) == r {
				return append(dst, byte(b)), true
			}
		}
		return dst, false
	case UCS2:
	}
	if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
		return append(dst, byte(hi>>8), byte(hi), byte(lo>>8), byte(lo)), true
	}
	return append(dst, byte(r>>8), byte(r)), true
}

// Decode reads b as text. It never fails: what is in no alphabet becomes
// U+FFFD, and NULs are left out, because no store of texts takes them.
func Decode(b []byte, c Coding) string {
	var s string
	switch c {
	case GSM:
		s = decodeGSM(b)
	case UCS2:
		s = decodeUCS2(b)
	case Latin1, ASCII:
		s = mapBytes(b, func(b byte) rune { return rune(b) })
	case Cyrillic:
		s = mapBytes(b, cyrillic)
	case Binary:
		if s = string(b); !utf8.ValidString(s) {
			s = mapBytes(b, func(b byte) rune { return rune(b) })
		}
	}
	return strings.ReplaceAll(s, "\x00", "")
}

func mapBytes(b []byte, f func(byte) rune) string {
	var out strings.Builder
	for _, c := range b {
		out.WriteRune(f(c))
	}
	return out.String()
}

func cyrillic(b byte) rune {
	switch {
	case b <= 0xA0, b == 0xAD:
		return rune(b)
	case b == 0xF0:
		return '№'
	case b == 0xFD:
		return '§'
	}
	return 0x0360 + rune(b)
}

func decodeUCS2(b []byte) string {
	little := bytes.HasPrefix(b, []byte{0xFF, 0xFE}) // some gateways hand on what a PC wrote
	units := make([]uint16, 0, len(b)/2+1)
	for i := 0; i+1 < len(b); i += 2 {
		u := uint16(b[i])<<8 | uint16(b[i+1])
		if little {
			u = u>>8 | u<<8
		}
		if i == 0 && u == 0xFEFF {
			continue
		}
		units = append(units, u)
	}
	if len(b)%2 == 1 {
		units = append(units, utf8.RuneError)
	}
	return string(utf16.Decode(units))
}
