package trunk

import (
	"slices"
	"strings"

	"github.com/butlerspb/vahta/sip/wire"
)

// Identity says how callers are told between an operator and us.
type Identity struct {
	// CLI is how our number stands in From of calls out: plan, asis or login; "" = plan.
	CLI CLI `yaml:"cli"`
	// Send are the headers of calls out that carry our number besides From: pai, ppi, rpid, diversion, history-info.
	Send []string `yaml:"send"`
	// Privacy is the header Privacy (RFC 3323) of calls out: none or id; "" = not sent.
	Privacy string `yaml:"privacy"`
	// UserPhone adds ;user=phone to addresses with numbers, as IMS operators want it.
	UserPhone bool `yaml:"user_phone"`
	// Believe are the headers of calls in that tell the caller, the first that has a number wins: pai, rpid, ppi, from;
	// empty = pai, rpid, from.
	Believe []string `yaml:"believe"`
	// IgnorePrivacy takes the caller's number although he withheld it, where the operator passes it on and the law
	// allows us to see it.
	IgnorePrivacy bool `yaml:"ignore_privacy"`
}

// CLI is the form of our number in From.
type CLI string

// Forms of our number in From.
const (
	CLIPlan  CLI = "plan"  // in the form of the number plan
	CLIAsIs  CLI = "asis"  // as the configuration writes it
	CLILogin CLI = "login" // our account; the operator puts the number in its place
)

// Headers that carry an identity, as [Identity] names them.
const (
	byPAI       = "pai"          // P-Asserted-Identity, RFC 3325
	byPPI       = "ppi"          // P-Preferred-Identity, RFC 3325
	byRPID      = "rpid"         // Remote-Party-ID, the older draft
	byFrom      = "from"         // From
	byDiversion = "diversion"    // Diversion, RFC 5806
	byHistory   = "history-info" // History-Info, RFC 7044
)

func (id Identity) validate(fault faultFunc) {
	oneOf(fault, "identity.cli", string(id.CLI), string(CLIPlan), string(CLIAsIs), string(CLILogin))
	for _, s := range id.Send {
		oneOf(fault, "identity.send", s, byPAI, byPPI, byRPID, byDiversion, byHistory)
	}
	for _, s := range id.Believe {
		oneOf(fault, "identity.believe", s, byPAI, byRPID, byPPI, byFrom)
	}
	oneOf(fault, "identity.privacy", id.Privacy, "none", "id")
}

func (id Identity) withDefaults() Identity {
	if id.CLI == "" {
		id.CLI = CLIPlan
	}
	if len(id.Believe) == 0 {
		id.Believe = []string{byPAI, byRPID, byFrom}
	}
	return id
}

// number is an address of a number at the operator.
func (o Operator) number(user string) wire.URI {
	u := wire.URI{Scheme: "sip", User: user, Host: o.Domain}
	if o.Identity.UserPhone && strings.Trim(user, "+0123456789") == "" {
		u.Params = u.Params.With("user", "phone")
	}
	return u
}

// own is our number at the operator, as headers that assert it carry it.
func (o Operator) own() wire.URI {
	if o.Identity.CLI == CLIAsIs {
		return o.number(o.Number)
	}
	return o.number(o.Plan.Format(Normalize(o.Number)))
}

// from is the caller that the operator is shown.
func (o Operator) from() wire.NameAddr {
	if o.Identity.CLI == CLILogin {
		return wire.NameAddr{URI: wire.URI{Scheme: "sip", User: o.Auth.User, Host: o.Domain}}
	}
	return wire.NameAddr{URI: o.own()}
}

// headers are those of an INVITE to target that tell the operator who calls. Nothing but our own number is ever told.
func (o Operator) headers(target wire.URI) []wire.Header {
	var out []wire.Header
	own := "<" + o.own().String() + ">"
	add := func(header, name, value string) {
		if slices.Contains(o.Identity.Send, header) {
			out = append(out, wire.Header{Name: name, Value: value})
		}
	}
	add(byPAI, "P-Asserted-Identity", own)
	add(byPPI, "P-Preferred-Identity", own)
	add(byRPID, "Remote-Party-ID", own+";party=calling;privacy="+rpidPrivacy(o.Identity.Privacy)+";screen=no")
	add(byDiversion, "Diversion", own+";reason=unconditional;counter=1")
	add(byHistory, "History-Info", "<"+o.own().String()+"?Reason=SIP%3Bcause%3D302>;index=1, <"+target.String()+">;index=1.1")
	if o.Identity.Privacy != "" {
		out = append(out, wire.Header{Name: "Privacy", Value: o.Identity.Privacy})
	}
	return out
}

// rpidPrivacy says in the words of Remote-Party-ID what Privacy says.
func rpidPrivacy(privacy string) string {
	if privacy == "id" {
		return "full"
	}
	return "off"
}
