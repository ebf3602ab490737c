package digest

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of what is read. Real headers stay far below them.
const (
	maxValue   = 8 << 10 // bytes of one header value
	maxSchemes = 32      // challenges in one header value
	maxParams  = 32      // parameters of one challenge
)

// scheme is one challenge, or one set of credentials.
type scheme struct {
	name   string
	params []param
}

// param is one parameter, its value without quotes and escapes.
type param struct{ name, value string }

// get returns a parameter's value and whether it is there at all.
func (s scheme) get(name string) (string, bool) {
	for _, p := range s.params {
		if strings.EqualFold(p.name, name) {
			return p.value, true
		}
	}
	return "", false
}

// value returns a parameter's value, "" when it is not there.
func (s scheme) value(name string) string {
	v, _ := s.get(name)
	return v
}

func (s scheme) digest() bool { return strings.EqualFold(s.name, "Digest") }

// parse reads a header value that holds one scheme or several. A scheme that is
// broken in itself (a parameter twice) spoils the value: what it says is
// uncertain.
func parse(value string) ([]scheme, error) {
	if len(value) > maxValue {
		return nil, fmt.Errorf("it has %d bytes, more than %d", len(value), maxValue)
	}
	r := reader{rest: value}
	var out []scheme
	for {
		r.skip(" \t,")
		if r.rest == "" {
			return out, nil
		}
		if len(out) == maxSchemes {
			return nil, fmt.Errorf("it has more than %d challenges", maxSchemes)
		}
		name := r.token()
		if name == "" {
			return nil, errors.New("no scheme such as Digest stands where one must")
		}
		if r.rest != "" && r.rest[0] != ' ' && r.rest[0] != '\t' && r.rest[0] != ',' {
			return nil, errors.New("no blank follows the scheme")
		}
		one := scheme{name: name}
		if err := r.params(&one); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
}

// params reads the parameters of a scheme up to the next scheme or the end.
func (r *reader) params(one *scheme) error {
	for {
		r.skip(" \t,")
		if r.rest == "" || r.atScheme(one) {
			return nil
		}
		p, err := r.param(one)
		if err != nil {
			return err
		}
		if p.name == "" { // a token68: data of another scheme
			continue
		}
		if _, twice := one.get(p.name); twice {
			return fmt.Errorf("parameter %s stands twice", p.name)
		}
		if len(one.params) == maxParams {
			return fmt.Errorf("a challenge has more than %d parameters", maxParams)
		}
		one.params = append(one.params, p)
	}
}

// atScheme tells whether a new scheme begins here: a token that is followed by
// a blank and by something other than "=". What follows the name of a scheme
// that has nothing yet is its own data (a token68), except for Digest, which
// has none.
func (r *reader) atScheme(one *scheme) bool {
	look := *r
	if look.token() == "" {
		return false
	}
	if strings.HasPrefix(look.rest, "=") {
		return false
	}
	blank := strings.HasPrefix(look.rest, " ") || strings.HasPrefix(look.rest, "\t")
	look.skip(" \t")
	if strings.HasPrefix(look.rest, "=") {
		return false
	}
	if !one.digest() && len(one.params) == 0 && (look.rest == "" || look.rest[0] == ',') {
		return false
	}
	return blank || look.rest == "" || look.rest[0] == ','
}

// param reads name=value, name="value" or the token68 of another scheme.
func (r *reader) param(one *scheme) (param, error) {
	name := r.token()
	if name == "" {
		if !one.digest() {
			r.until(',') // base64 of another scheme
			return param{}, nil
		}
		return param{}, errors.New("a parameter has no name")
	}
	r.skip(" \t")
	if !strings.HasPrefix(r.rest, "=") {
		if !one.digest() {
			r.until(',')
			return param{}, nil
		}
		return param{}, fmt.Errorf("parameter %s has no value", clip(name))
	}
	r.rest = r.rest[1:]
	if !one.digest() && (r.rest == "" || r.rest[0] == '=' || r.rest[0] == ',') { // its padding
		r.until(',')
		return param{}, nil
	}
	r.skip(" \t")
	value, err := r.word()
	if err != nil {
		return param{}, fmt.Errorf("parameter %s: %w", clip(name), err)
	}
	return param{name, value}, nil
}

// reader walks over a header value.
type reader struct{ rest string }

func (r *reader) skip(set string) { r.rest = strings.TrimLeft(r.rest, set) }

func (r *reader) until(c byte) {
	if i := strings.IndexByte(r.rest, c); i >= 0 {
		r.rest = r.rest[i:]
		return
	}
	r.rest = ""
}

// token takes a token of RFC 3261 section 25.1, "" when there is none.
func (r *reader) token() string {
	i := 0
	for i < len(r.rest) && tokenByte(r.rest[i]) {
		i++
	}
	t := r.rest[:i]
	r.rest = r.rest[i:]
	return t
}

// word takes a quoted string or, as many peers write what must be quoted, bare
// text up to a comma or blank.
func (r *reader) word() (string, error) {
	if strings.HasPrefix(r.rest, `"`) {
		return r.quoted()
	}
	i := strings.IndexAny(r.rest, ", \t")
	if i < 0 {
		i = len(r.rest)
	}
	w := r.rest[:i]
	if strings.ContainsFunc(w, func(c rune) bool { return c < ' ' || c == 0x7f || c == '"' }) {
		return "", errors.New("the value holds a quote or a control character")
	}
	r.rest = r.rest[i:]
	return w, nil
}

// quoted takes a quoted string; a backslash stands for the byte behind it (RFC
// 9110 section 5.6.4).
func (r *reader) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(r.rest); i++ {
		c := r.rest[i]
		switch {
		case c == '"':
			r.rest = r.rest[i+1:]
			return b.String(), nil
		case c == '\\' && i+1 < len(r.rest):
			i++
			c = r.rest[i]
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			return "", errors.New("the value holds a control character")
		}
		b.WriteByte(c)
	}
	return "", errors.New("its quote is not closed")
}

func tokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("-.!%*_+`'~#$&^|", c) >= 0
}

// writer builds a header value.
type writer struct{ b strings.Builder }

func newWriter() *writer {
	w := &writer{}
	w.b.Grow(320)
	w.b.WriteString("Digest ")
	return w
}

// quoted writes name="value" with escapes.
func (w *writer) quoted(name, value string) {
	w.name(name)
	w.b.WriteByte('"')
	for i := 0; i < len(value); i++ {
		if c := value[i]; c == '"' || c == '\\' {
			w.b.WriteByte('\\')
		}
		w.b.WriteByte(value[i])
	}
	w.b.WriteByte('"')
}

// bare writes name=value.
func (w *writer) bare(name, value string) {
	w.name(name)
	w.b.WriteString(value)
}

func (w *writer) name(name string) {
	if w.b.Len() > len("Digest ") {
		w.b.WriteString(", ")
	}
	w.b.WriteString(name)
	w.b.WriteByte('=')
}

func (w *writer) String() string { return w.b.String() }

// printableText reports whether a text can stand in a quoted string.
func printableText(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}

// clip shortens what a peer wrote for an error text.
func clip(s string) string {
	const enough = 40
	if len(s) > enough {
		s = s[:enough] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
