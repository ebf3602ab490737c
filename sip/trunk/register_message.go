package trunk

import (
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// registration says what a REGISTER of a trunk consists of.
type registration struct {
	callID, tag string
	cseq        uint32
	contact     wire.URI
	expires     time.Duration
}

// contact is where the registrar shall send our calls: the listener that a flow leaves by.
func (o Operator) contact(flow wire.Flow, host string, port int) wire.URI {
	u := wire.URI{Scheme: "sip", User: o.Register.ContactUser, Host: host}
	if port != int(defaultPort(flow.Transport)) {
		u.Port = port
	}
	if flow.Transport != wire.UDP {
		u.Params = u.Params.With("transport", string(flow.Transport))
	}
	return u
}

// registrar is the Request-URI of a REGISTER: the domain, without a user (RFC 3261 section 10.2).
func (o Operator) registrar() wire.URI {
	u := wire.URI{Scheme: "sip", Host: o.Register.Registrar}
	if o.Port != 0 && o.Port != sipPort && o.Register.Registrar == o.Host {
		u.Port = o.Port
	}
	return u
}

// register builds a REGISTER. It carries no credentials yet.
func (o Operator) register(r registration, routes []string) (*wire.Request, error) {
	req := wire.NewRequest(wire.REGISTER, o.registrar())
	account := wire.NameAddr{URI: wire.URI{Scheme: "sip", User: o.Register.User, Host: o.Register.Registrar}}
	seconds := strconv.Itoa(int(r.expires / time.Second))
	contact := wire.NameAddr{URI: r.contact, Params: wire.Params{{Name: "expires", Value: seconds}}}
	for _, h := range [...]wire.Header{
		{Name: "From", Value: account.WithTag(r.tag).String()},
		{Name: "To", Value: account.String()},
		{Name: "Call-ID", Value: r.callID},
		{Name: "CSeq", Value: strconv.FormatUint(uint64(r.cseq), 10) + " REGISTER"},
		{Name: "Allow", Value: wire.Allow},
		{Name: "Contact", Value: contact.String()},
		{Name: "Expires", Value: seconds},
	} {
		if r.contact.IsZero() && (h.Name == "Contact" || h.Name == "Expires") { // a question, RFC 3261 section 10.2.3
			continue
		}
		if err := req.Set(h.Name, h.Value); err != nil {
			return nil, err
		}
	}
	return req, addRoutes(req, routes)
}

// addRoutes adds a preloaded route set.
func addRoutes(req *wire.Request, routes []string) error {
	for _, route := range routes {
		if err := req.Add("Route", route); err != nil {
			return err
		}
	}
	return nil
}

// readReply reads the final answer to a REGISTER.
func readReply(res *wire.Response, contact wire.URI, asked time.Duration) regReply {
	r := regReply{
		status: res.Status(), reason: plain(res.Reason()),
		minExpires: deltaSeconds(res.Header("Min-Expires")),
		retryAfter: deltaSeconds(res.Header("Retry-After")),
	}
	switch {
	case r.status < 200 || r.status >= 300:
	case contact.IsZero(): // a question: the account is good
		r.granted = asked
	default:
		r.granted = granted(res, contact, asked)
	}
	return r
}

// granted is how long the registrar keeps our contact; 0 = it does not. Our contact is the one with our address; one
// with our user when the registrar rewrites addresses; the only one; else nobody's, and then the Expires header
// counts. A registrar that says nothing grants what was asked (RFC 3261 section 10.2.4).
func granted(res *wire.Response, ours wire.URI, asked time.Duration) time.Duration {
	general, said := asked, false
	if v := strings.TrimSpace(res.Header("Expires")); v != "" {
		general, said = deltaSeconds(v), true
	}
	contacts := res.Contacts()
	if len(contacts) == 0 {
		return general
	}
	mine, ok := ourContact(contacts, ours)
	if !ok {
		return 0
	}
	v, ok := mine.Params.Get("expires")
	if !ok {
		return general
	}
	kept := deltaSeconds(v)
	if said && general > 0 {
		kept = min(kept, general) // they should be the same; the smaller is safe
	}
	return kept
}

// ourContact finds our contact among those that the registrar keeps.
func ourContact(contacts []wire.NameAddr, ours wire.URI) (wire.NameAddr, bool) {
	for _, c := range contacts {
		if c.URI.User == ours.User && strings.EqualFold(c.URI.Host, ours.Host) && portOf(c.URI) == portOf(ours) {
			return c, true
		}
	}
	var same []wire.NameAddr
	for _, c := range contacts {
		if c.URI.User == ours.User {
			same = append(same, c)
		}
	}
	switch {
	case len(same) > 0: // rewritten; of several the newest is the longest
		best := same[0]
		for _, c := range same[1:] {
			if expiresOf(c) > expiresOf(best) {
				best = c
			}
		}
		return best, true
	case len(contacts) == 1:
		return contacts[0], true
	}
	return wire.NameAddr{}, false
}

func expiresOf(c wire.NameAddr) time.Duration {
	v, _ := c.Params.Get("expires")
	return deltaSeconds(v)
}

// portOf returns a URI's port with the default filled in.
func portOf(u wire.URI) int {
	if u.Port != 0 {
		return u.Port
	}
	t, _ := u.Params.Get("transport")
	return int(defaultPort(wire.Transport(strings.ToLower(t))))
}

// deltaSeconds reads the seconds at the start of Expires, Min-Expires, Retry-After or an expires parameter; 0 when
// there are none.
func deltaSeconds(s string) time.Duration {
	s = strings.Trim(strings.TrimSpace(s), `"`)
	end := strings.IndexFunc(s, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(s)
	}
	n, err := strconv.ParseUint(s[:end], 10, 32)
	if err != nil {
		if end > 0 { // more digits than 32 bits hold
			return longest
		}
		return 0
	}
	return time.Duration(n) * time.Second
}

// longest is the longest time that SIP can write, 2^32-1 seconds.
const longest = (1<<32 - 1) * time.Second

// plain shortens what a peer wrote for logs and status.
func plain(s string) string {
	const enough = 60
	if len(s) > enough {
		s = s[:enough]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// splitAddrs splits the values of a header such as Service-Route into one element per hop.
func splitAddrs(values []string) []string {
	var out []string
	for _, v := range values {
		for _, one := range wire.SplitList(v) {
			if one != "" {
				out = append(out, one)
			}
		}
	}
	return out
}
