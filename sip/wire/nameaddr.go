package wire

import (
	"errors"
	"fmt"
	"strings"
)

// NameAddr is the value of From, To, Contact and their kin: an optional
// display name (held without quotes and escapes), a URI and header parameters.
type NameAddr struct {
	Display string
	URI     URI
	Params  Params
}

// Tag returns the tag parameter, or "".
func (n NameAddr) Tag() string {
	tag, _ := n.Params.Get("tag")
	return tag
}

// WithTag returns a copy that carries the tag; an empty tag removes it.
func (n NameAddr) WithTag(tag string) NameAddr {
	if tag == "" {
		n.Params = n.Params.Without("tag")
	} else {
		n.Params = n.Params.With("tag", tag)
	}
	return n
}

// String writes `"Display" <uri>;params`, always with angle brackets.
func (n NameAddr) String() string {
	var b strings.Builder
	b.Grow(64)
	if n.Display != "" {
		b.WriteByte('"')
		for i := 0; i < len(n.Display); i++ {
			if c := n.Display[i]; c == '"' || c == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(n.Display[i])
		}
		b.WriteString(`" `)
	}
	b.WriteByte('<')
	b.WriteString(n.URI.String())
	b.WriteByte('>')
	n.Params.write(&b)
	return b.String()
}

// ParseNameAddr reads `"Display" <uri>;params`, `Display <uri>` and bare
// `uri;params`, where parameters belong to the header and not to the URI
// (RFC 3261 section 20.10).
func ParseNameAddr(s string) (NameAddr, error) {
	n, err := parseNameAddr(strings.TrimSpace(s))
	if err != nil {
		return NameAddr{}, fmt.Errorf("parse address of %d bytes: %w", len(s), err)
	}
	return n, nil
}

func parseNameAddr(s string) (n NameAddr, err error) {
	if strings.HasPrefix(s, `"`) {
		if n.Display, s, err = unquote(s); err != nil {
			return n, err
		}
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, "<") {
			return n, errors.New("no <URI> follows the display name")
		}
	}
	open := strings.IndexByte(s, '<')
	if open < 0 {
		bare, params, _ := strings.Cut(s, ";")
		n.Params = parseParams(params)
		n.URI, err = parseURI(strings.TrimSpace(bare))
		return n, err
	}
	if open > 0 {
		n.Display = strings.TrimSpace(s[:open])
		if strings.IndexByte(n.Display, '"') >= 0 {
			return n, errors.New("a quote is not closed")
		}
	}
	end := strings.IndexByte(s[open:], '>')
	if end < 0 {
		return n, errors.New("the > after the URI is missing")
	}
	rest := strings.TrimSpace(s[open+end+1:])
	if rest != "" && rest[0] != ';' {
		return n, errors.New("text follows the >")
	}
	n.Params = parseParams(strings.TrimPrefix(rest, ";"))
	n.URI, err = parseURI(strings.TrimSpace(s[open+1 : open+end]))
	return n, err
}

// unquote reads a quoted-string at the start of s.
func unquote(s string) (text, rest string, err error) {
	if i := strings.IndexByte(s[1:], '"'); i >= 0 && strings.IndexByte(s[1:1+i], '\\') < 0 {
		return s[1 : 1+i], s[2+i:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], nil
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("a quote is not closed")
}

// SplitList splits a header value at commas that stand outside quotes and angle brackets (RFC 3261 section 7.3.1); the
// elements come without the space around them, an empty value is one empty element.
func SplitList(value string) []string {
	var (
		out    []string
		start  int
		quoted bool
		angle  bool
	)
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			out = append(out, strings.TrimSpace(value[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(value[start:]))
}
