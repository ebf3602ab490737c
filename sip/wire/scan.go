package wire

import (
	"bytes"
	"strings"
)

// limits are the sizes that scan enforces, in bytes and header lines.
type limits struct{ size, headers, uri int }

// scanned is what a tolerant look at the raw bytes yields: enough to refuse
// and to answer. All slices point into the message.
type scanned struct {
	response bool
	method   []byte
	callID   []byte
	from, to []byte
	cseq     []byte
	via      []byte // the first one
	seq      uint64
	body     int  // offset of the body
	length   int  // Content-Length, -1 without one
	unframed bool // Content-Length is repeated or not a number
	fault    fault
	headers  int
	seen     [fieldCount]uint8
}

// field numbers the headers that scan looks into.
type field uint8

const (
	fieldOther field = iota
	fieldVia
	fieldFrom
	fieldTo
	fieldCallID
	fieldCSeq
	fieldLength
	fieldMaxForwards
	fieldContact
	fieldCount
)

// scan looks at one message from its first byte on and never fails: what it
// finds wrong first is in fault. It allocates nothing.
func scan(data []byte, lim limits) (s scanned) {
	s.length = -1
	if len(data) > lim.size {
		s.wrong(faultOversize)
	}
	var name field
	from, to := 0, 0 // the value of the header at hand
	for line, pos := 0, 0; ; line++ {
		nl := bytes.IndexByte(data[pos:], '\n')
		if nl < 0 {
			s.endField(name, data[from:to])
			s.wrong(faultTruncated)
			s.body = len(data)
			break
		}
		start, end := pos, pos+nl
		pos = end + 1
		if end > start && data[end-1] == '\r' {
			end--
		} else {
			s.wrong(faultBareLF)
		}
		if line == 0 {
			s.startLine(data[start:end], lim)
			continue
		}
		if start == end {
			s.endField(name, data[from:to])
			s.body = pos
			break
		}
		if line > 1 && (data[start] == ' ' || data[start] == '\t') {
			to = end // folded: the line end stays inside the value
			continue
		}
		s.endField(name, data[from:to])
		name, from = s.field(data[start:end], lim)
		from, to = from+start, end
	}
	s.finish(data)
	return s
}

func (s *scanned) wrong(f fault) {
	if s.fault == faultNone {
		s.fault = f
	}
}

func (s *scanned) startLine(line []byte, lim limits) {
	first := bytes.IndexByte(line, ' ')
	if first < 0 {
		s.wrong(faultUnparsable)
		return
	}
	if isVersion(line[:first]) {
		s.response = true
		s.statusLine(line[first+1:], line[:first])
		return
	}
	last := bytes.LastIndexByte(line, ' ')
	version := line[last+1:]
	if len(version) == 0 { // blanks after the version (RFC 4475 trws)
		trimmed := bytes.TrimRight(line, " \t")
		version = trimmed[bytes.LastIndexByte(trimmed, ' ')+1:]
		if isVersion(version) {
			s.method = line[:first]
			s.wrong(faultStartLine)
			return
		}
	}
	if first == 0 || !isVersion(version) || !isTokenBytes(line[:first]) {
		s.wrong(faultUnparsable)
		return
	}
	s.method = line[:first]
	if !bytes.EqualFold(version, []byte("SIP/2.0")) {
		s.wrong(faultVersion)
	}
	if last <= first+1 {
		s.wrong(faultStartLine)
		return
	}
	uri := line[first+1 : last]
	if len(uri) > lim.uri {
		s.wrong(faultURITooLong)
	}
	for _, c := range uri {
		if notURIChar(rune(c)) {
			s.wrong(faultStartLine)
			return
		}
	}
	if !knownScheme(uri) {
		s.wrong(faultScheme)
	}
}

// knownScheme tells whether a Request-URI is sip:, sips: or tel:.
func knownScheme(uri []byte) bool {
	scheme, _, ok := bytes.Cut(uri, []byte(":"))
	return ok && (bytes.EqualFold(scheme, []byte("sip")) || bytes.EqualFold(scheme, []byte("sips")) ||
		bytes.EqualFold(scheme, []byte("tel")))
}

func (s *scanned) statusLine(rest, version []byte) {
	if !bytes.EqualFold(version, []byte("SIP/2.0")) {
		s.wrong(faultVersion)
	}
	if len(rest) < 3 || rest[0] < '1' || rest[0] > '6' || !isDigit(rest[1]) || !isDigit(rest[2]) ||
		len(rest) > 3 && rest[3] != ' ' {
		s.wrong(faultStartLine)
	}
}

// isVersion tells whether b is SIP/ with a version after it.
func isVersion(b []byte) bool { return len(b) > 4 && bytes.EqualFold(b[:4], []byte("SIP/")) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isTokenBytes(b []byte) bool {
	for _, c := range b {
		if !isTokenByte(c) {
			return false
		}
	}
	return len(b) > 0
}

// field finds the header's name and where in the line its value begins.
func (s *scanned) field(line []byte, lim limits) (field, int) {
	s.headers++
	if s.headers > lim.headers {
		s.wrong(faultManyHeaders)
		return fieldOther, 0
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		s.wrong(faultHeaderSyntax)
		return fieldOther, 0
	}
	name := bytes.TrimRight(line[:colon], " \t")
	if !isTokenBytes(name) {
		s.wrong(faultHeaderSyntax)
		return fieldOther, 0
	}
	return fieldOf(name), colon + 1
}

// fieldOf finds the header by its long or compact name.
func fieldOf(name []byte) field {
	if len(name) == 1 {
		switch name[0] | 0x20 {
		case 'v':
			return fieldVia
		case 'f':
			return fieldFrom
		case 't':
			return fieldTo
		case 'i':
			return fieldCallID
		case 'l':
			return fieldLength
		case 'm':
			return fieldContact
		}
		return fieldOther
	}
	for _, known := range [...]struct {
		name string
		f    field
	}{
		{"via", fieldVia},
		{"to", fieldTo},
		{"from", fieldFrom},
		{"cseq", fieldCSeq},
		{"call-id", fieldCallID},
		{"contact", fieldContact},
		{"max-forwards", fieldMaxForwards},
		{"content-length", fieldLength},
	} {
		if len(known.name) == len(name) && strings.EqualFold(known.name, string(name)) {
			return known.f
		}
	}
	return fieldOther
}

// endField judges a header whose last line has been read.
func (s *scanned) endField(f field, value []byte) {
	if f == fieldOther {
		return
	}
	value = bytes.Trim(value, " \t\r\n")
	if s.seen[f] < 255 {
		s.seen[f]++
	}
	if s.seen[f] > 1 && f != fieldVia && f != fieldContact {
		s.unframed = s.unframed || f == fieldLength
		s.wrong(faultDuplicate)
		return
	}
	switch f {
	case fieldVia:
		if s.seen[f] == 1 {
			s.via = value
		}
		if !balanced(value) {
			s.wrong(faultHeaderSyntax)
		}
	case fieldFrom:
		s.from = value
		s.address(value)
	case fieldTo:
		s.to = value
		s.address(value)
	case fieldContact:
		s.address(value)
	case fieldCallID:
		s.callID = value
		if len(value) == 0 || bytes.ContainsAny(value, " \t\r\n") {
			s.wrong(faultHeaderSyntax)
		}
	case fieldCSeq:
		s.cseq = value
	case fieldLength:
		n, ok := number(value, 1<<24)
		if !ok {
			s.unframed, n = true, 0
			s.wrong(faultLength)
		}
		s.length = int(n)
	case fieldMaxForwards:
		if _, ok := number(value, 255); !ok {
			s.wrong(faultMaxForwards)
		}
	case fieldOther, fieldCount:
	}
}

// address refuses unbalanced quotes and brackets (RFC 4475 quotbal).
func (s *scanned) address(value []byte) {
	if len(value) == 0 || !balanced(value) {
		s.wrong(faultAddress)
	}
}

// balanced tells whether quotes and angle brackets close.
func balanced(v []byte) bool {
	quoted, open := false, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			if open {
				return false
			}
			open = true
		case c == '>':
			if !open {
				return false
			}
			open = false
		}
	}
	return !quoted && !open
}

// number reads decimal digits up to a bound.
func number(b []byte, most uint64) (uint64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		if n = n*10 + uint64(c-'0'); n > most {
			return 0, false
		}
	}
	return n, true
}

// maxCSeq is the largest sequence number (RFC 3261 section 8.1.1.5: below 2^31).
const maxCSeq = 1<<31 - 1

// finish judges the message as a whole.
func (s *scanned) finish(data []byte) {
	if bytes.IndexByte(data[:s.body], 0) >= 0 {
		s.wrong(faultNUL)
	}
	for _, f := range [...]field{fieldVia, fieldFrom, fieldTo, fieldCallID, fieldCSeq} {
		if s.seen[f] == 0 {
			s.wrong(faultMissing)
		}
	}
	s.judgeCSeq()
	if s.length > len(data)-s.body {
		s.wrong(faultLength)
	}
}

func (s *scanned) judgeCSeq() {
	digits := 0
	for digits < len(s.cseq) && isDigit(s.cseq[digits]) {
		digits++
	}
	n, ok := number(s.cseq[:digits], maxCSeq)
	method := bytes.TrimLeft(s.cseq[digits:], " \t\r\n")
	s.seq = n
	if !ok || len(method) == 0 || digits+len(method) == len(s.cseq) || !isTokenBytes(method) {
		s.wrong(faultCSeq)
		return
	}
	if !s.response && !bytes.Equal(method, s.method) {
		s.wrong(faultCSeq)
	}
}

// end is where the message ends in data: after the body that Content-Length
// names; what follows in a datagram is not part of it (RFC 3261 section 18.3).
func (s *scanned) end(data []byte) int {
	if s.length < 0 || s.body+s.length > len(data) {
		return len(data)
	}
	return s.body + s.length
}

// answerable tells whether there is enough of a request to answer it: where to
// (Via) and what (CSeq).
func (s *scanned) answerable() bool {
	return !s.response && len(s.method) > 0 && !bytes.Equal(s.method, []byte(ACK)) && len(s.via) > 0 && len(s.cseq) > 0
}
