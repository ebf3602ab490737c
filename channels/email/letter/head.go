package letter

import (
	"bytes"
	"strings"
)

// field is one header field; value is unfolded and raw.
type field struct {
	name  string // lower case
	value []byte
}

// head is a header as written: fields in order, the topmost first.
type head struct{ fields []field }

// get returns the first value of a field.
func (h *head) get(name string) []byte {
	for _, f := range h.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// has says whether a field is there, empty ones too.
func (h *head) has(name string) bool {
	for _, f := range h.fields {
		if f.name == name {
			return true
		}
	}
	return false
}

// all returns the values of a field.
func (h *head) all(name string) [][]byte {
	var vs [][]byte
	for _, f := range h.fields {
		if f.name == name {
			vs = append(vs, f.value)
		}
	}
	return vs
}

// token returns a field's first value as lower-case ASCII without comments.
func (h *head) token(name string) string {
	return strings.ToLower(strings.TrimSpace(uncomment(ascii(h.get(name)))))
}

// headCut is where a header ends and what was wrong with it.
type headCut struct {
	body    int // index of the body
	tooLong bool
	tooMany bool
	broken  int // lines that are no fields
}

// cutHead reads a header. Lines that are no fields are passed over; when the
// first line is none, all is body. Before the header of a mail, not of a part,
// blank lines and the From line of mbox files may stand.
func cutHead(b []byte, mail bool) (head, headCut) {
	var h head
	var cut headCut
	pos := 0
	if mail {
		pos = skipJunk(b)
	}
	for pos < len(b) {
		end, next := lineEnd(b, pos)
		text := b[pos:end]
		if len(text) == 0 {
			cut.body = next
			return h, cut
		}
		switch name, value, ok := fieldOf(text); {
		case text[0] == ' ' || text[0] == '\t':
			if n := len(h.fields); n > 0 && len(h.fields[n-1].value) < maxField {
				last := &h.fields[n-1]
				last.value = append(last.value, ' ')
				last.value = append(last.value, bytes.TrimLeft(text, " \t")...)
			}
		case ok && len(h.fields) < maxFields:
			h.fields = append(h.fields, field{name: name, value: bytes.Clone(value[:min(len(value), maxField)])})
			cut.tooLong = cut.tooLong || len(value) > maxField
		case ok:
			cut.tooMany = true
		case bytes.HasPrefix(text, []byte("--")) && len(h.fields) > 0:
			cut.body = pos // the blank line was forgotten, a boundary stands here
			return h, cut
		default:
			cut.broken++
		}
		if len(h.fields) == 0 && cut.broken > 0 {
			cut.body = 0
			return h, cut
		}
		if next >= maxHead {
			cut.tooLong = true
			cut.body = afterBlank(b, next)
			return h, cut
		}
		pos = next
	}
	cut.body = len(b)
	return h, cut
}

// skipJunk passes blank lines, byte order marks and mbox From lines.
func skipJunk(b []byte) int {
	pos := 0
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		pos = 3
	}
	for pos < len(b) {
		end, next := lineEnd(b, pos)
		text := b[pos:end]
		if len(bytes.TrimSpace(text)) > 0 && !bytes.HasPrefix(text, []byte("From ")) && !bytes.HasPrefix(text, []byte(">From ")) {
			return pos
		}
		pos = next
	}
	return pos
}

// lineEnd returns where the line at pos ends and where the next one starts.
func lineEnd(b []byte, pos int) (end, next int) {
	i := bytes.IndexByte(b[pos:], '\n')
	if i < 0 {
		return len(b), len(b)
	}
	end = pos + i
	next = end + 1
	if end > pos && b[end-1] == '\r' {
		end--
	}
	return end, next
}

// afterBlank returns what follows the next blank line.
func afterBlank(b []byte, pos int) int {
	lf, crlf := bytes.Index(b[pos:], []byte("\n\n")), bytes.Index(b[pos:], []byte("\n\r\n"))
	switch {
	case lf < 0 && crlf < 0:
		return len(b)
	case crlf < 0 || lf >= 0 && lf < crlf:
		return pos + lf + 2
	}
	return pos + crlf + 3
}

// fieldOf parts a line at its colon. Blanks before the colon are borne.
func fieldOf(text []byte) (name string, value []byte, ok bool) {
	i := bytes.IndexByte(text, ':')
	if i <= 0 || i > 200 {
		return "", nil, false
	}
	raw := bytes.TrimRight(text[:i], " \t")
	if len(raw) == 0 {
		return "", nil, false
	}
	for _, c := range raw {
		if c <= ' ' || c >= 0x7f {
			return "", nil, false
		}
	}
	return strings.ToLower(string(raw)), bytes.TrimSpace(text[i+1:]), true
}

// uncomment takes the comments of RFC 5322 out of a value: text in
// parentheses, nested ones too, that does not stand in quotes.
func uncomment(s string) string {
	if !strings.ContainsRune(s, '(') {
		return s
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && (quoted || depth > 0) && i+1 < len(s):
			if depth == 0 {
				b.WriteString(s[i : i+2])
			}
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
			b.WriteByte(c)
		case c == '(' && !quoted:
			depth++
		case c == ')' && depth > 0:
			depth--
			b.WriteByte(' ')
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// ascii drops what is no printable ASCII.
func ascii(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c == '\t':
			s.WriteByte(' ')
		case c >= ' ' && c < 0x7f:
			s.WriteByte(c)
		}
	}
	return s.String()
}
