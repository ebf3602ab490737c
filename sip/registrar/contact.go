package registrar

import (
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// contact is one Contact of a REGISTER.
type contact struct {
	uri      wire.URI
	instance string // +sip.instance, as it was written
	regID    string
	q        int           // thousandths, 0 to 1000
	expires  time.Duration // asked for; negative = not said
}

// maxContactText bounds a Contact, in bytes: it is kept and repeated.
const maxContactText = 512

// readContacts reads the Contact headers of a REGISTER; all means that they
// are `*`. Any that cannot be read or rung spoils the request.
func readContacts(headers []string) (list []contact, all, ok bool) {
	for _, h := range headers {
		for _, one := range wire.SplitList(h) {
			if one == "" {
				continue
			}
			if one == "*" {
				all = true
				continue
			}
			c, fine := readContact(one)
			if !fine {
				return nil, false, false
			}
			list = append(list, c)
		}
	}
	if all && len(list) > 0 {
		return nil, false, false // `*` stands alone (section 10.2.2)
	}
	return list, all, true
}

func readContact(text string) (c contact, ok bool) {
	if len(text) > maxContactText {
		return c, false
	}
	n, err := wire.ParseNameAddr(text)
	if err != nil || n.URI.Scheme != "sip" && n.URI.Scheme != "sips" {
		return c, false
	}
	c = contact{uri: n.URI, q: fullQ, expires: -1}
	c.uri.Headers = "" // they would become headers of our INVITE (section 19.1.5)
	c.uri.Params = c.uri.Params.Without("method")
	if kept, err := wire.ParseURI(c.uri.String()); err != nil || !sameURI(kept, c.uri) {
		return c, false // it would not be read as it was written
	}
	c.instance, _ = n.Params.Get("+sip.instance")
	c.regID, _ = n.Params.Get("reg-id")
	if v, said := n.Params.Get("q"); said {
		c.q = readQ(v)
	}
	if v, said := n.Params.Get("expires"); said {
		c.expires = readExpires(v)
	}
	return c, true
}

// malformedExpires is what a lifetime that is no number counts as (section 20.19: 3600 s).
const malformedExpires = time.Hour

// readExpires reads delta-seconds.
func readExpires(s string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return malformedExpires
	}
	return time.Duration(n) * time.Second
}

// fullQ is q=1.0, and that of a contact that says nothing.
const fullQ = 1000

// readQ reads a qvalue into thousandths (section 20.10); what cannot be read counts as full.
func readQ(s string) int {
	whole, part, _ := strings.Cut(strings.TrimSpace(s), ".")
	if len(part) > 3 || strings.Trim(part, "0123456789") != "" {
		return fullQ
	}
	n, err := strconv.Atoi((part + "000")[:3])
	if err != nil || whole != "0" && whole != "" {
		return fullQ
	}
	return n
}

// sameURI compares two Contact URIs as RFC 3261 section 19.1.4 says.
func sameURI(a, b wire.URI) bool {
	if a.Scheme != b.Scheme || a.User != b.User || a.Port != b.Port || !strings.EqualFold(a.Host, b.Host) {
		return false
	}
	for _, name := range []string{"transport", "user", "ttl", "method", "maddr"} {
		v, said := a.Params.Get(name)
		w, too := b.Params.Get(name)
		if said != too || !strings.EqualFold(v, w) {
			return false
		}
	}
	for _, p := range a.Params {
		if w, too := b.Params.Get(p.Name); too && !strings.EqualFold(p.Value, w) {
			return false
		}
	}
	return true
}
