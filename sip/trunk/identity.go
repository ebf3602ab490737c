package trunk

import (
	"strings"

	"github.com/butlerspb/vahta/sip/wire"
)

// Inbound is who called which of our numbers, as far as the peer may be believed.
type Inbound struct {
	Trunk      string // operator's name, "" for a softphone
	Account    string // engineer's phone that authenticated, "" otherwise
	DID        string // the number called, E.164 or as received
	Caller     string // the caller's number, E.164 or as received; "" when withheld
	CallerName string // display name that came with Caller; a hint like the number itself
	Asserted   bool   // the operator itself vouches for Caller; a phone's From and an operator's From are hearsay
	Anonymous  bool   // the caller asked for privacy; Caller and CallerName are empty
	Diversion  string // the number that forwarded the call to us, "" when none did
	Original   string // the number that was dialled first of a forwarded call, "" when none was
}

// identify reads the identity headers. Operators may assert identities as their configuration says; a nil one is a
// phone, which is taken by its From alone, whatever else it writes.
func identify(req *wire.Request, op *Operator) Inbound {
	var in Inbound
	from := req.From()
	if op == nil {
		in.DID = Normalize(req.URI().User)
		in.take(from, from)
		in.Anonymous = private(req) || anonymous(from)
	} else {
		in.Diversion, in.Original = forwarded(req)
		in.DID = op.DID.called(req, in.Diversion, op.login())
		caller, asserted := op.Identity.caller(req)
		in.take(caller, from)
		in.Asserted = asserted
		hidden := private(req) || anonymous(from)
		in.Anonymous = hidden && (!op.Identity.IgnorePrivacy || !asserted)
	}
	if in.Anonymous {
		in.Caller, in.CallerName, in.Asserted = "", "", false
	}
	return in
}

// take notes the caller; a name that did not come with the number is that of From.
func (in *Inbound) take(caller, from wire.NameAddr) {
	in.Caller = Normalize(caller.URI.User)
	in.CallerName = caller.Display
	if in.CallerName == "" && !anonymous(from) {
		in.CallerName = from.Display
	}
}

// caller returns the first identity that is believed, and whether the operator vouches for it. It is From when nothing
// else is there.
func (id Identity) caller(req *wire.Request) (wire.NameAddr, bool) {
	for _, by := range id.withDefaults().Believe {
		name := ""
		switch by {
		case byPAI:
			name = "P-Asserted-Identity"
		case byRPID:
			name = "Remote-Party-ID"
		case byPPI:
			name = "P-Preferred-Identity"
		case byFrom:
			return req.From(), false
		}
		if found, ok := one(addresses(req, name)); ok {
			return found, by != byPPI
		}
	}
	return req.From(), false
}

// one makes one identity of those that a header holds: RFC 3325 §9.1 allows a sip and a tel address of one caller. The
// one that is a telephone number counts; a name that only the other has goes with it. Two numbers that contradict each
// other are nobody's: somebody smuggled one of them in.
func one(list []wire.NameAddr) (wire.NameAddr, bool) {
	var best wire.NameAddr
	for _, id := range list {
		switch user := Normalize(id.URI.User); {
		case user == "":
		case best.URI.User == "":
			best, id = id, best
		case isNumber(user) && !isNumber(Normalize(best.URI.User)):
			best, id = id, best
		case isNumber(user) && user != Normalize(best.URI.User):
			return wire.NameAddr{}, false
		}
		if best.Display == "" {
			best.Display = id.Display
		}
	}
	return best, best.URI.User != ""
}

// private reports whether the caller asked for privacy of his identity: RFC 3323 §4.2, RFC 3325 §9.3, and what
// Remote-Party-ID says of itself.
func private(req *wire.Request) bool {
	for _, value := range req.Headers("Privacy") {
		for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ';' || r == ',' }) {
			switch strings.ToLower(strings.TrimSpace(word)) {
			case "id", "user", "header":
				return true
			}
		}
	}
	for _, id := range addresses(req, "Remote-Party-ID") {
		if v, _ := id.Params.Get("privacy"); v != "" && !strings.EqualFold(v, "off") {
			return true
		}
	}
	return false
}

// anonymous reports whether a From tells that it tells nothing: RFC 3323 §4.1.
func anonymous(from wire.NameAddr) bool {
	return strings.EqualFold(from.URI.User, "anonymous") ||
		strings.EqualFold(from.URI.Host, "anonymous.invalid") ||
		from.URI.User == "" && strings.EqualFold(from.Display, "anonymous")
}

// forwarded returns who sent a forwarded call to us, and which number was dialled first: Diversion (RFC 5806) lists the
// newest forwarding first, History-Info (RFC 7044) all targets from the first to the one that we are.
func forwarded(req *wire.Request) (last, first string) {
	if list := users(req, "Diversion"); len(list) > 0 {
		return list[0], list[len(list)-1]
	}
	list := users(req, "History-Info")
	if len(list) < 2 { // the only entry is ourselves
		return "", ""
	}
	us := list[len(list)-1]
	for i := len(list) - 2; i >= 0; i-- {
		if list[i] != us {
			return list[i], list[0]
		}
	}
	return "", ""
}

// users are the normalised user parts of a header's addresses, those that have one.
func users(req *wire.Request, name string) []string {
	var out []string
	for _, addr := range addresses(req, name) {
		if user := Normalize(addr.URI.User); user != "" {
			out = append(out, user)
		}
	}
	return out
}

// maxIdentities bounds what is read of one header.
const maxIdentities = 16

// addresses reads all values of a header, on one line or on several.
func addresses(req *wire.Request, name string) []wire.NameAddr {
	var out []wire.NameAddr
	for _, value := range req.Headers(name) {
		for _, text := range wire.SplitList(value) {
			if addr, err := wire.ParseNameAddr(text); err == nil && len(out) < maxIdentities {
				out = append(out, addr)
			}
		}
	}
	return out
}

// userOf returns the normalised user part of the first address in a header value, "" when there is
// none.
func userOf(header string) string {
	if header == "" {
		return ""
	}
	addr, err := wire.ParseNameAddr(wire.SplitList(header)[0])
	if err != nil {
		return ""
	}
	return Normalize(addr.URI.User)
}
