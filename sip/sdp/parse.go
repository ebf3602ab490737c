package sdp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Limits of what is read at all; the figures are ours.
const (
	MaxSize    = 16 << 10 // bytes of one description
	MaxMedia   = 32       // m= lines
	maxLines   = 1024     // lines of any kind
	maxFormats = 128      // formats of one m= line; there are 128 payload types
)

// ErrSyntax is wrapped by every error of [Parse].
var ErrSyntax = errors.New("not a session description")

// Parse reads a description, forgiving whatever does not change its meaning.
func Parse(body []byte) (*Session, error) {
	if len(body) > MaxSize {
		return nil, fmt.Errorf("parse %d bytes, limit %d: %w", len(body), MaxSize, ErrSyntax)
	}
	p := parser{s: &Session{}}
	rest := string(body)
	for n := 1; rest != ""; n++ {
		if n > maxLines {
			return nil, fmt.Errorf("parse line %d, limit %d: %w", n, maxLines, ErrSyntax)
		}
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if err := p.line(clean(line)); err != nil {
			return nil, fmt.Errorf("parse line %d: %w", n, err)
		}
	}
	if !p.seen {
		return nil, fmt.Errorf("parse %d bytes without v= or m= line: %w", len(body), ErrSyntax)
	}
	return p.s, nil
}

// clean drops the line end, outer blanks, and anything after a bare CR or NUL,
// so that no value can smuggle a line into what we write.
func clean(line string) string {
	line = strings.TrimSpace(line)
	if i := strings.IndexAny(line, "\r\x00"); i >= 0 {
		line = strings.TrimSpace(line[:i])
	}
	return line
}

type parser struct {
	s    *Session
	seen bool // a line that only a description has
}

func (p *parser) line(line string) error {
	if len(line) < 2 || line[1] != '=' {
		return nil
	}
	value := strings.TrimSpace(line[2:])
	switch line[0] {
	case 'v':
		p.seen = true
	case 'o':
		p.s.Origin = parseOrigin(value)
	case 's':
		if p.media() == nil && value != "-" {
			p.s.Name = value
		}
	case 'c':
		p.conn(value)
	case 'a':
		p.attr(value)
	case 'm':
		return p.addMedia(value)
	default: // t= b= i= u= e= p= z= k= r= and unknown letters change nothing for us
	}
	return nil
}

// media is the line being filled; nil before the first m=.
func (p *parser) media() *Media {
	if n := len(p.s.Media); n > 0 {
		return &p.s.Media[n-1]
	}
	return nil
}

// parseOrigin never fails: peers write names, minus signs and NTP stamps here,
// and nothing we do depends on them.
func parseOrigin(value string) Origin {
	f := strings.Fields(value)
	o := Origin{}
	if len(f) > 0 && f[0] != "-" {
		o.User = f[0]
	}
	if len(f) > 1 {
		o.ID = number(f[1])
	}
	if len(f) > 2 {
		o.Version = number(f[2])
	}
	if len(f) > 5 {
		o.Host = f[5]
	}
	return o
}

func number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// conn takes the first address of a level; a later one replaces it only where
// the first could not be used as an address at all.
func (p *parser) conn(value string) {
	f := strings.Fields(value)
	if len(f) == 0 {
		return
	}
	host, _, _ := strings.Cut(f[len(f)-1], "/") // TTL and count of multicast
	dst := &p.s.Conn
	if m := p.media(); m != nil {
		dst = &m.Conn
	}
	if *dst == "" || !parseAddr(*dst).IsValid() && parseAddr(host).IsValid() {
		*dst = host
	}
}

func (p *parser) attr(value string) {
	name, val, _ := strings.Cut(value, ":")
	name, val = strings.TrimSpace(name), strings.TrimSpace(val)
	if name == "" {
		return
	}
	if m := p.media(); m != nil {
		m.Attrs = append(m.Attrs, Attr{name, val})
		return
	}
	p.s.Attrs = append(p.s.Attrs, Attr{name, val})
}

func (p *parser) addMedia(value string) error {
	if len(p.s.Media) == MaxMedia {
		return fmt.Errorf("more than %d media lines: %w", MaxMedia, ErrSyntax)
	}
	f := strings.Fields(value)
	if len(f) < 3 {
		return fmt.Errorf("media line %.40q needs kind, port and protocol: %w", value, ErrSyntax)
	}
	if len(f)-3 > maxFormats {
		return fmt.Errorf("media line with %d formats, limit %d: %w", len(f)-3, maxFormats, ErrSyntax)
	}
	portText, _, _ := strings.Cut(f[1], "/")
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return fmt.Errorf("media port %.20q is not 0..65535: %w", f[1], ErrSyntax)
	}
	p.seen = true
	p.s.Media = append(p.s.Media, Media{
		Kind: strings.ToLower(f[0]), Port: uint16(port), Proto: f[2], Formats: f[3:],
	})
	return nil
}
