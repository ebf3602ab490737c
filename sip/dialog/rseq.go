package dialog

import (
	"strconv"
	"strings"

	"github.com/butlerspb/vahta/sip/wire"
)

// header is what requests and responses have in common when headers are read.
type header interface {
	Header(name string) string
	Headers(name string) []string
}

// has says whether a list header names an option tag.
func has(m header, name, tag string) bool {
	if m.Header(name) == "" { // mostly; costs nothing
		return false
	}
	for _, value := range m.Headers(name) {
		for one := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(one), tag) {
				return true
			}
		}
	}
	return false
}

// number reads an unsigned number of a header, RFC 3261 §25.1.
func number(text string) (uint32, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || text[0] == '+' {
		return 0, false
	}
	return uint32(n), true
}

// reliableSeq reads the number of a provisional response that asks for a PRACK.
func reliableSeq(r *wire.Response) (uint32, bool) {
	if !has(r, "Require", tag100rel) {
		return 0, false
	}
	n, ok := number(strings.TrimSpace(r.Header("RSeq")))
	return n, ok && n > 0
}

// RAck names the provisional response that a PRACK acknowledges (RFC 3262 §7.2).
type RAck struct {
	RSeq, CSeq uint32
	Method     wire.Method
}

// String writes the header's value.
func (r RAck) String() string {
	return decimal(r.RSeq) + " " + cseqValue(r.CSeq, r.Method)
}

// ParseRAck reads the header's value.
func ParseRAck(value string) (RAck, bool) {
	f := strings.Fields(value)
	if len(f) != 3 {
		return RAck{}, false
	}
	rseq, ok := number(f[0])
	cseq, fine := number(f[1])
	return RAck{RSeq: rseq, CSeq: cseq, Method: f[2]}, ok && fine && rseq > 0
}
