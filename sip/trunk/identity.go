package trunk

import (
	"strings"

	"github.com/butlerspb/vahta/sip/wire"
)

// Inbound is who called which of our numbers, as far as the peer may be believed.
type Inbound struct {
	Trunk      string // operator's name, "" for a configured softphone
	DID        string // the number called, E.164 or as received
	Caller     string // the caller's number, E.164 or as received; "" when withheld
	CallerName string // display name that came with Caller; a hint like the number itself
	Anonymous  bool   // the caller asked for privacy; Caller and CallerName are empty
	Diversion  string // the number that forwarded the call to us, "" when none did
}

// identify reads the identity headers. trusted peers (operators) may assert identities by
// P-Asserted-Identity and Remote-Party-ID, all others are taken by their From.
func identify(req *wire.Request, did DIDSource, trusted bool) Inbound {
	in := Inbound{Diversion: userOf(req.Header("Diversion"))}
	switch did {
	case DIDFromTo:
		in.DID = Normalize(req.To().URI.User)
	case DIDFromDiversion:
		in.DID = in.Diversion
	case DIDFromRURI:
	}
	if in.DID == "" {
		in.DID = Normalize(req.URI().User)
	}
	from := req.From()
	if anonymous(from, req.Header("Privacy")) {
		in.Anonymous = true
		return in
	}
	caller := from
	if trusted {
		if asserted, ok := asserted(req); ok {
			caller = asserted
		}
	}
	in.Caller = Normalize(caller.URI.User)
	in.CallerName = caller.Display
	if in.CallerName == "" {
		in.CallerName = from.Display
	}
	return in
}

// asserted returns the identity an operator vouches for: P-Asserted-Identity (RFC 3325 §9.1), of
// two values the one with a user part; else the older Remote-Party-ID.
func asserted(req *wire.Request) (wire.NameAddr, bool) {
	for _, name := range [...]string{"P-Asserted-Identity", "Remote-Party-ID"} {
		for _, value := range req.Headers(name) {
			for _, one := range splitList(value) {
				if id, err := wire.ParseNameAddr(one); err == nil && id.URI.User != "" {
					return id, true
				}
			}
		}
	}
	return wire.NameAddr{}, false
}

// anonymous reports whether the caller withheld his identity: RFC 3323 §4.1 and §4.2.
func anonymous(from wire.NameAddr, privacy string) bool {
	for value := range strings.SplitSeq(privacy, ";") {
		switch strings.ToLower(strings.TrimSpace(value)) {
		case "id", "user", "header":
			return true
		}
	}
	return strings.EqualFold(from.URI.User, "anonymous") ||
		strings.EqualFold(from.URI.Host, "anonymous.invalid") ||
		from.URI.User == "" && strings.EqualFold(from.Display, "anonymous")
}

// userOf returns the normalised user part of the first address in a header value, "" when there is
// none.
func userOf(header string) string {
	if header == "" {
		return ""
	}
	addr, err := wire.ParseNameAddr(splitList(header)[0])
	if err != nil {
		return ""
	}
	return Normalize(addr.URI.User)
}

// splitList splits a header value at commas that stand outside quotes and angle brackets.
func splitList(value string) []string {
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
