package registrar

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// register is what a REGISTER of an account asks, after its user has proved who he is.
type register struct {
	account  string
	version  int64
	callID   string
	cseq     uint32
	contacts []contact
	all      bool          // Contact: *
	expires  time.Duration // of the header; negative = not said
	flow     wire.Flow
	rport    bool // answers are wanted where the request came from
	agent    string
	node     string
	ref      string // for a binding that is new; unique to the request
}

// refusal is why a request fails.
type refusal struct {
	status  int
	headers []wire.Header
	why     string // label of metrics and events
	proven  bool   // it answered a challenge that was sent to its address
}

// Refusals that say something of who asks; those of package digest are the others that do.
const (
	WhyForeign = "other_account"  // right password, somebody else's address of record
	WhyFrom    = "foreign_from"   // right password, somebody else's From
	WhyURI     = "other_uri"      // right password, but computed for another number
	WhyLimit   = "too_many_calls" // of one account
	WhyLink    = "unknown_link"   // guessed, spent or too old; told once a minute
)

// Labels of the other refusals.
const (
	whyMalformed  = "malformed"
	whyTooBrief   = "too_brief"
	whyOrder      = "out_of_order"
	whyTooMany    = "too_many_contacts"
	whyChallenged = "challenged"
	whyStale      = "stale_nonce"
	whySilent     = "too_many_guesses" // a REGISTER is not answered then, and no password is looked at
)

// told reports whether somebody should know of a refusal.
func (r *refusal) told() bool {
	return r.why != whyChallenged && r.why != whyStale && r.why != whySilent
}

// decide is RFC 3261 section 10.3 steps 6 to 8 for one account: what its
// bindings are after the request, or why it fails and nothing changes. was must
// not be changed.
func (c Config) decide(was []Binding, r register, now time.Time) ([]Binding, *refusal) {
	is := slices.DeleteFunc(slices.Clone(was), func(b Binding) bool { return !b.live(now) })
	switch {
	case r.all && r.expires != 0:
		return nil, &refusal{status: wire.StatusBadRequest, why: whyMalformed}
	case (r.all || len(r.contacts) > 0) && slices.ContainsFunc(is, r.older):
		return nil, &refusal{status: wire.StatusServerError, why: whyOrder}
	case r.all:
		return nil, nil
	case len(r.contacts) > c.MaxContacts:
		return nil, &refusal{status: wire.StatusForbidden, why: whyTooMany}
	}
	var touched []string // refs
	for i := range r.contacts {
		life, brief := c.lifetime(r.contacts[i].expires, r.expires)
		if brief {
			return nil, c.tooBrief()
		}
		at := slices.IndexFunc(is, func(b Binding) bool { return r.replaces(&b, r.contacts[i]) })
		if life == 0 {
			if at >= 0 {
				is = slices.Delete(is, at, at+1)
			}
			continue
		}
		b := c.bind(r, i, life, now)
		if at < 0 {
			is = append(is, b)
		} else {
			b.Ref, b.Answers = is[at].Ref, is[at].Answers
			is[at] = b
		}
		touched = append(touched, b.Ref)
	}
	return c.bounded(r.settled(is, touched), touched), nil
}

// settled removes what the phone has left behind: bindings of its Call-ID or
// its address that this request replaces without naming them.
func (r *register) settled(list []Binding, touched []string) []Binding {
	if len(touched) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(b Binding) bool {
		return !slices.Contains(touched, b.Ref) && (r.from(&b) || b.CallID == r.callID && b.RegID == "")
	})
}

// bounded keeps the newest MaxContacts.
func (c Config) bounded(list []Binding, touched []string) []Binding {
	for len(list) > c.MaxContacts {
		oldest := -1
		for i := range list {
			if !slices.Contains(touched, list[i].Ref) && (oldest < 0 || list[i].At.Before(list[oldest].At)) {
				oldest = i
			}
		}
		list = slices.Delete(list, oldest, oldest+1)
	}
	return list
}

// older reports that the request is an older one than that which made the binding.
func (r *register) older(b Binding) bool { return b.CallID == r.callID && r.cseq <= b.CSeq }

func (c Config) tooBrief() *refusal {
	return &refusal{status: wire.StatusIntervalTooBrief, why: whyTooBrief, headers: []wire.Header{
		{Name: "Min-Expires", Value: strconv.Itoa(int(c.MinExpires / time.Second))},
	}}
}

// lifetime is how long a contact that asked for so much gets (0 = it is
// removed), or that it asked for too little.
func (c Config) lifetime(param, header time.Duration) (life time.Duration, brief bool) {
	asked := c.Expires
	if header >= 0 {
		asked = header
	}
	if param >= 0 {
		asked = param
	}
	if asked > 0 && asked < c.MinExpires {
		return 0, true
	}
	return min(asked, c.Expires), false
}

// replaces reports whether the contact is that of a binding: the same instance
// (RFC 5626 section 6), or without one the same URI, or the only contact of a
// phone that goes by the same Call-ID or comes from the same address.
func (r *register) replaces(b *Binding, c contact) bool {
	if c.instance != "" || b.Instance != "" {
		if c.instance == b.Instance {
			return c.regID == b.RegID
		}
	} else if u, ok := b.uri(); ok && sameURI(u, c.uri) {
		return true
	}
	if len(r.contacts) > 1 {
		return false
	}
	return c.instance == b.Instance && b.CallID == r.callID || r.from(b)
}

// from reports whether the request came from the binding's address.
func (r *register) from(b *Binding) bool {
	return b.Transport == r.flow.Transport && b.Remote == r.flow.Remote
}

// bind makes the binding of the request's i-th contact.
func (c Config) bind(r register, i int, life time.Duration, now time.Time) Binding {
	one := r.contacts[i]
	b := Binding{
		Ref: r.ref + "." + strconv.Itoa(i), Account: r.account, Version: r.version,
		Contact: one.uri.String(), Instance: one.instance, RegID: one.regID, Q: one.q,
		CallID: r.callID, CSeq: r.cseq,
		Transport: r.flow.Transport, Local: r.flow.Local, Remote: r.flow.Remote,
		Node: r.node, Agent: r.agent, At: now, Until: now.Add(life),
	}
	b.life = c.registered(now)
	named, own := contactAddr(one.uri)
	switch own = own && named.Addr() == r.flow.Remote.Addr(); {
	case r.flow.Transport == wire.UDP && own && !r.rport:
		b.Remote = named // it says that it listens elsewhere than it sends from (RFC 3581 section 4)
	case r.flow.Transport == wire.UDP:
		b.Behind = named != r.flow.Remote
	default:
		b.Behind = !own
	}
	return b
}

// contactAddr is the literal address of a Contact.
func contactAddr(u wire.URI) (netip.AddrPort, bool) {
	addr, err := netip.ParseAddr(strings.Trim(u.Host, "[]"))
	if err != nil {
		return netip.AddrPort{}, false
	}
	port := u.Port
	if port == 0 {
		port = defaultPort
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(port)), true
}

// defaultPort is that of a sip: URI without one (RFC 3261 section 19.1.2).
const defaultPort = 5060
