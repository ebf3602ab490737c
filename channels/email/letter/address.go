package letter

import (
	"bytes"
	"net/mail"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// addresses reads a list of mailboxes. It bears what programs write: missing
// quotes, semicolons, groups, 8-bit names, an address as its own name, two
// addresses in one. A name without an address is passed over.
func (d *desk) addresses(v []byte) []Address {
	var out []Address
	for _, part := range splitList(v) {
		a, ok := d.address(part)
		if ok && len(out) < maxAddresses {
			out = append(out, a)
		}
	}
	return out
}

// splitList cuts at commas and semicolons outside of quotes, comments and
// angle brackets; the name of a group falls away.
func splitList(v []byte) [][]byte {
	var out [][]byte
	start, quoted, angle, comment := 0, false, false, 0
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\\':
			i++
		case c == '"' && comment == 0:
			quoted = !quoted
		case quoted:
		case c == '(':
			comment++
		case c == ')' && comment > 0:
			comment--
		case comment > 0:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case (c == ',' || c == ';') && !angle:
			out, start = append(out, v[start:i]), i+1
		case c == ':' && !angle && bytes.IndexByte(v[start:i], '@') < 0:
			start = i + 1
		}
	}
	return append(out, v[start:])
}

// address reads one mailbox.
func (d *desk) address(v []byte) (Address, bool) {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return Address{}, false
	}
	if bytes.IndexByte(v, '@') < 0 && bytes.Contains(v, []byte("=?")) { // the whole of it was encoded
		v = []byte(d.words(v))
	}
	var name, spec []byte
	if end := bytes.LastIndexByte(v, '>'); end >= 0 && bytes.LastIndexByte(v[:end], '<') >= 0 {
		start := bytes.LastIndexByte(v[:end], '<')
		name, spec = v[:start], v[start+1:end]
	} else if i := bytes.IndexByte(v, '('); i > 0 && bytes.IndexByte(v[:i], '@') > 0 { // mail@host (name)
		spec, name = v[:i], bytes.Trim(v[i:], "() ")
	} else {
		spec = v
	}
	box := d.spec(spec)
	if box == "" {
		return Address{}, false
	}
	shown := line(d.words(unquote(name)), maxLine)
	if strings.EqualFold(strings.Trim(shown, `'" <>`), box) {
		shown = ""
	}
	return Address{Name: strings.Trim(shown, `" `), Mail: box}, true
}

// spec tidies local@domain; "" when it is none.
func (d *desk) spec(v []byte) string {
	s := strings.TrimSpace(d.words(bytes.TrimSpace(v)))
	s = strings.TrimPrefix(strings.TrimPrefix(s, "mailto:"), "MAILTO:")
	s = line(strings.Trim(s, "<>'\" "), 320)
	if i := strings.LastIndexByte(s, ' '); i >= 0 { // "Name name@host" without brackets
		s = s[i+1:]
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 {
		return ""
	}
	domain := strings.ToLower(strings.TrimRight(s[at+1:], "."))
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii // so that пример.рф and xn--e1afmkfd.xn--p1ai are one
	}
	return s[:at] + "@" + domain
}

// unquote takes the quotes and backslashes off a phrase.
func unquote(v []byte) []byte {
	v = bytes.TrimSpace(v)
	if bytes.IndexByte(v, '"') < 0 && bytes.IndexByte(v, '\\') < 0 {
		return v
	}
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '\\' && i+1 < len(v) && v[i+1] < 0x80:
			i++
			out = append(out, v[i])
		case v[i] != '"':
			out = append(out, v[i])
		}
	}
	return out
}

func domainOf(mail string) string {
	if i := strings.LastIndexByte(mail, '@'); i >= 0 {
		return mail[i+1:]
	}
	return ""
}

// ids reads message ids: what stands in angle brackets; without any, the words
// that have an @. Each once, at most maxIDs; the first one and the newest stay.
func ids(values ...[]byte) []string {
	var out []string
	seen := map[string]bool{}
	add := func(s string) {
		if s = line(strings.ReplaceAll(strings.Trim(s, "<> \t"), " ", ""), 998); s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, v := range values {
		s := ascii(v)
		if !strings.Contains(s, "<") {
			for w := range strings.FieldsSeq(s) {
				if strings.Contains(w, "@") {
					add(w)
				}
			}
			continue
		}
		for {
			_, rest, ok := strings.Cut(s, "<")
			if !ok {
				break
			}
			id, after, ok := strings.Cut(rest, ">")
			if !ok {
				add(rest)
				break
			}
			add(id)
			s = after
		}
	}
	if len(out) > maxIDs {
		out = append(out[:1:1], out[len(out)-maxIDs+1:]...)
	}
	return out
}

// date reads a Date field; zero when it is none that can be.
func date(v []byte) time.Time {
	s := strings.TrimSpace(uncomment(ascii(v)))
	for name, offset := range map[string]string{" MSK": " +0300", " MSD": " +0400", " YEKT": " +0500", " SAMT": " +0400", " NOVT": " +0700", " EEST": " +0300", " EET": " +0200", " CEST": " +0200", " CET": " +0100"} {
		if cut, ok := strings.CutSuffix(s, name); ok {
			s = cut + offset
		}
	}
	t, err := mail.ParseDate(s)
	for _, layout := range []string{"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 2006 -0700", time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "Mon, 2 Jan 2006 15:04:05 -0700 MST"} {
		if err == nil {
			break
		}
		t, err = time.Parse(layout, s)
	}
	if err != nil || t.Year() < 1990 || t.Year() > 2199 {
		return time.Time{}
	}
	return t
}

// relayed is when the last relay took the mail: behind the last semicolon of
// the topmost Received.
func relayed(h *head) time.Time {
	v := h.get("received")
	if i := bytes.LastIndexByte(v, ';'); i >= 0 {
		return date(v[i+1:])
	}
	return time.Time{}
}
