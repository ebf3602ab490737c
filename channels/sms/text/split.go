package text

import (
	"fmt"
	"unicode/utf8"
)

// Way says how the parts of a long text are told to belong together.
type Way uint8

// The ways.
const (
	Header8  Way = iota // user data header with a reference of 8 bits: every phone knows it
	Header16            // the same with 16 bits
	SAR                 // SMPP parameters sar_*: the centre writes the header
	Payload             // SMPP parameter message_payload: the centre does all of it
)

// String names the way.
func (w Way) String() string {
	switch w {
	case Header8:
		return "udh8"
	case Header16:
		return "udh16"
	case SAR:
		return "sar"
	case Payload:
		return "payload"
	}
	return "way?"
}

// MaxParts is what a header can count (TS 23.040 §9.2.3.24.1).
const MaxParts = 255

// maxPayload is the longest text in message_payload, in octets (SMPP 3.4
// §5.3.2.32: 64 KiB less the length of nothing; kept even for UCS-2).
const maxPayload = 0xFFFE

// Concat says which part of which text a message is.
type Concat struct {
	Ref   uint16
	Wide  bool  // the reference has 16 bits
	Total uint8 // 0 or 1 = the text has one part
	Seq   uint8 // from 1
}

// Valid reports whether it says something: TS 23.040 §9.2.3.24.1 has one that
// counts wrong ignored.
func (c Concat) Valid() bool { return c.Total > 1 && c.Seq >= 1 && c.Seq <= c.Total }

// Part is one message of a text.
type Part struct {
	Coding Coding
	Way    Way
	Concat Concat
	Header bool   // Data begins with a user data header
	Long   bool   // Data is more than one message: it goes as message_payload
	Data   []byte // what goes on the air, header included
}

// room is how many octets a part holds: a text of one, and of several. A header
// takes 6 or 7 octets of 140 with its length, and septets begin anew behind it.
func (c Coding) room(w Way) (single, several int) {
	switch {
	case c == GSM && w == Header16:
		return 160, 152
	case c == GSM:
		return 160, 153
	case c == UCS2 && w == Header16:
		return 140, 132
	case w == Header16:
		return 140, 133
	}
	return 140, 134
}

// Split cuts s into parts of an alphabet. A character is never torn: not the
// two units of a surrogate pair, not an escape from its letter. It fails when
// more parts than limit are needed; limit 0 = MaxParts.
func Split(s string, c Coding, w Way, ref uint16, limit int) ([]Part, error) {
	if limit <= 0 || limit > MaxParts {
		limit = MaxParts
	}
	single, several := c.room(w)
	whole := Encode(s, c)
	if len(whole) <= single {
		return []Part{{Coding: c, Way: w, Data: whole}}, nil
	}
	if w == Payload {
		if need := (len(whole) + several - 1) / several; need > limit || len(whole) > maxPayload {
			return nil, fmt.Errorf("split a text of %d octets: %d parts, at most %d", len(whole), need, limit)
		}
		return []Part{{Coding: c, Way: w, Long: true, Data: whole}}, nil
	}
	bodies := cut(s, c, several)
	if len(bodies) > limit {
		return nil, fmt.Errorf("split a text of %d characters: %d parts, at most %d", utf8.RuneCountInString(s), len(bodies), limit)
	}
	parts := make([]Part, len(bodies))
	for i, body := range bodies {
		k := Concat{Ref: ref, Wide: w != Header8, Total: uint8(len(bodies)), Seq: uint8(i + 1)}
		if w == Header8 {
			k.Ref &= 0xFF
		}
		parts[i] = Part{Coding: c, Way: w, Concat: k, Data: body}
		if w == Header8 || w == Header16 {
			parts[i].Header = true
			parts[i].Data = append(k.header(), body...)
		}
	}
	return parts, nil
}

// cut fills bodies of at most size octets with whole characters.
func cut(s string, c Coding, size int) [][]byte {
	var bodies [][]byte
	var body, unit []byte
	for _, r := range s {
		unit = appendUnit(unit[:0], r, c)
		if len(body)+len(unit) > size {
			bodies = append(bodies, body)
			body = nil
		}
		body = append(body, unit...)
	}
	return append(bodies, body)
}

// The information elements of a user data header that are looked at (TS 23.040
// §9.2.3.24).
const (
	elementConcat8  = 0x00
	elementConcat16 = 0x08
)

func (c Concat) header() []byte {
	if c.Wide {
		return []byte{6, elementConcat16, 4, byte(c.Ref >> 8), byte(c.Ref), c.Total, c.Seq}
	}
	return []byte{5, elementConcat8, 3, byte(c.Ref), c.Total, c.Seq}
}

// CutHeader takes the user data header off b. A header that does not fit its
// length is none: all of b is text then, so that nothing is lost.
func CutHeader(b []byte) (k Concat, rest []byte) {
	if len(b) == 0 || int(b[0])+1 > len(b) {
		return Concat{}, b
	}
	header, rest := b[1:int(b[0])+1], b[int(b[0])+1:]
	for len(header) >= 2 {
		id, n := header[0], int(header[1])
		if header = header[2:]; n > len(header) {
			break
		}
		v := header[:n]
		header = header[n:]
		got := Concat{}
		switch {
		case id == elementConcat8 && n == 3:
			got = Concat{Ref: uint16(v[0]), Total: v[1], Seq: v[2]}
		case id == elementConcat16 && n == 4:
			got = Concat{Ref: uint16(v[0])<<8 | uint16(v[1]), Wide: true, Total: v[2], Seq: v[3]}
		}
		if got.Valid() { // the last one counts (§9.2.3.24)
			k = got
		}
	}
	return k, rest
}
