package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Param is one `;name=value` parameter. An empty Value is written as `;name`.
type Param struct{ Name, Value string }

// Params are parameters in the order in which they were written.
type Params []Param

// Get returns the value of the first parameter of that name, in any case.
func (p Params) Get(name string) (string, bool) {
	for i := range p {
		if strings.EqualFold(p[i].Name, name) {
			return p[i].Value, true
		}
	}
	return "", false
}

// With returns a copy in which name has value, at its old place or at the end.
func (p Params) With(name, value string) Params {
	out := make(Params, len(p), len(p)+1)
	copy(out, p)
	for i := range out {
		if strings.EqualFold(out[i].Name, name) {
			out[i].Value = value
			return out
		}
	}
	return append(out, Param{name, value})
}

// Without returns a copy from which all parameters of that name are gone.
func (p Params) Without(name string) Params {
	out := make(Params, 0, len(p))
	for _, kv := range p {
		if !strings.EqualFold(kv.Name, name) {
			out = append(out, kv)
		}
	}
	return out
}

func (p Params) write(b *strings.Builder) {
	for _, kv := range p {
		b.WriteByte(';')
		b.WriteString(kv.Name)
		if kv.Value != "" {
			b.WriteByte('=')
			b.WriteString(kv.Value)
		}
	}
}

// URI is a sip:, sips: or tel: URI. For tel: the number is in User and Host is
// empty. A URI of another scheme keeps everything after the colon in Host. User
// may hold a password after a colon; %-escapes are kept as they were written.
type URI struct {
	Scheme string
	User   string
	Host   string
	Port   int
	Params Params
	// Headers is the text after `?`, without it.
	Headers string
}

// IsZero tells whether the URI is empty.
func (u URI) IsZero() bool { return u.Scheme == "" && u.User == "" && u.Host == "" }

// String writes the URI as it stands in a Request-URI.
func (u URI) String() string {
	var b strings.Builder
	b.Grow(len(u.Scheme) + len(u.User) + len(u.Host) + 24)
	scheme := u.Scheme
	if scheme == "" {
		scheme = "sip"
	}
	b.WriteString(scheme)
	b.WriteByte(':')
	b.WriteString(u.User)
	if u.Host != "" {
		if u.User != "" {
			b.WriteByte('@')
		}
		b.WriteString(bracketed(u.Host))
	}
	if u.Port > 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(u.Port))
	}
	u.Params.write(&b)
	if u.Headers != "" {
		b.WriteByte('?')
		b.WriteString(u.Headers)
	}
	return b.String()
}

// bracketed puts an IPv6 literal into brackets.
func bracketed(host string) string {
	if strings.IndexByte(host, ':') >= 0 && host[0] != '[' && strings.IndexByte(host, '/') < 0 {
		return "[" + host + "]"
	}
	return host
}

var errEmptyURI = errors.New("it is empty")

// ParseURI reads a URI without brackets or display name. IPv6 hosts are
// returned without brackets.
func ParseURI(s string) (URI, error) {
	u, err := parseURI(s)
	if err != nil {
		return URI{}, fmt.Errorf("parse URI of %d bytes: %w", len(s), err)
	}
	return u, nil
}

func parseURI(s string) (URI, error) {
	if s == "" {
		return URI{}, errEmptyURI
	}
	if i := strings.IndexFunc(s, notURIChar); i >= 0 {
		return URI{}, fmt.Errorf("character 0x%02x at %d is not allowed", s[i], i)
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !isToken(scheme) {
		return URI{}, errors.New("it has no scheme such as sip")
	}
	u := URI{Scheme: strings.ToLower(scheme)}
	switch u.Scheme {
	case "sip", "sips":
		err := u.parseSIP(rest) // before u is copied into the result
		return u, err
	case "tel":
		rest, u.Headers, _ = strings.Cut(rest, "?")
		u.User, rest, _ = strings.Cut(rest, ";")
		u.Params = parseParams(rest)
		if u.User == "" {
			return u, errors.New("the number is missing")
		}
	default:
		u.Host = rest
	}
	return u, nil
}

func (u *URI) parseSIP(s string) error {
	rest := s
	// A user part may hold `;`, `?` and `:`; it ends at the first `@`.
	if user, host, ok := strings.Cut(s, "@"); ok {
		if u.User, rest = user, host; u.User == "" {
			return errors.New("nothing stands before the @")
		}
	}
	rest, u.Headers, _ = strings.Cut(rest, "?")
	hostport, params, _ := strings.Cut(rest, ";")
	u.Params = parseParams(params)
	return u.parseHost(hostport)
}

func (u *URI) parseHost(s string) error {
	port := ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return errors.New("the ] of an IPv6 address is missing")
		}
		u.Host, port = s[1:end], s[end+1:]
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		u.Host, port = s[:i], s[i:]
	} else {
		u.Host = s
	}
	if u.Host == "" {
		return errors.New("the host is missing")
	}
	if port == "" {
		return nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16)
	if err != nil || port[0] != ':' {
		return errors.New("the port is not a number of 0 to 65535")
	}
	u.Port = int(n)
	return nil
}

// parseParams splits `a=1;b;c="x;y"`; quotes are kept in the value.
func parseParams(s string) Params {
	if s == "" {
		return nil
	}
	out := make(Params, 0, 4)
	for s != "" {
		var one string
		one, s = cutUnquoted(s, ';')
		name, value, _ := strings.Cut(one, "=")
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, Param{name, strings.TrimSpace(value)})
		}
	}
	return out
}

// cutUnquoted cuts s at the first sep outside quotes and angle brackets.
func cutUnquoted(s string, sep byte) (before, after string) {
	quoted, depth := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			depth++
		case c == '>':
			depth--
		case c == sep && depth <= 0:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func notURIChar(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' || r == '"' }

// isToken tells whether s is a token of RFC 3261 section 25.1.
func isToken(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return true
}

func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("-.!%*_+`'~", c) >= 0
}
