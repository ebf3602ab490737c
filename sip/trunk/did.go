package trunk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/sip/wire"
)

// DIDSource says where an operator writes which of our numbers was called. What is not there is read from the
// Request-URI.
type DIDSource string

// Where the called number is read from. Two more forms take a value: "header:X-Name" and "fixed:+78120000000".
const (
	DIDFromRURI      DIDSource = "ruri"              // user part of the Request-URI
	DIDFromTo        DIDSource = "to"                // user part of To
	DIDFromPCPID     DIDSource = "p-called-party-id" // P-Called-Party-ID (RFC 7315 §4.2)
	DIDFromDiversion DIDSource = "diversion"         // who forwarded to us last: Diversion (RFC 5806), else History-Info (RFC 7044)
)

const (
	didHeader = "header:"
	didFixed  = "fixed:"
)

func (d DIDSource) validate() error {
	switch d {
	case "", DIDFromRURI, DIDFromTo, DIDFromPCPID, DIDFromDiversion:
		return nil
	}
	if name, ok := strings.CutPrefix(string(d), didHeader); ok {
		if !token(name) {
			return fmt.Errorf("%q names no header; write for example header:X-Called-Number", string(d))
		}
		return nil
	}
	if number, ok := strings.CutPrefix(string(d), didFixed); ok {
		if Normalize(number) == "" {
			return fmt.Errorf("%q names no number; write for example fixed:+78120000000", string(d))
		}
		return nil
	}
	return fmt.Errorf("%q is unknown; use ruri, to, p-called-party-id, diversion, header:X-Name or fixed:+78120000000", string(d))
}

// token reports whether s can be a header's name (RFC 3261 §25.1).
func token(s string) bool {
	if s == "" {
		return false
	}
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("-.!%*_+`'~", rune(c)) {
			return false
		}
	}
	return true
}

// called reads which of our numbers was dialled. login is our account at the operator: one that registers is called by
// it in place of the number, which then stands in To, or is the trunk's only one.
func (d DIDSource) called(req *wire.Request, diversion string, login login) string {
	var did string
	switch {
	case d == DIDFromTo:
		did = Normalize(req.To().URI.User)
	case d == DIDFromPCPID:
		did = userOf(req.Header("P-Called-Party-ID"))
	case d == DIDFromDiversion:
		did = diversion
	case strings.HasPrefix(string(d), didFixed):
		return Normalize(strings.TrimPrefix(string(d), didFixed))
	case strings.HasPrefix(string(d), didHeader):
		did = headerNumber(req.Header(strings.TrimPrefix(string(d), didHeader)))
	}
	if did != "" {
		return did
	}
	did = Normalize(req.URI().User)
	if !login.is(req.URI().User) {
		return did
	}
	if to := req.To().URI.User; to != "" && !login.is(to) {
		return Normalize(to)
	}
	if login.number != "" {
		return Normalize(login.number)
	}
	return did
}

// headerNumber reads a header that holds an address, or a number as it is.
func headerNumber(value string) string {
	if value = strings.TrimSpace(value); value == "" {
		return ""
	}
	if strings.ContainsAny(value, "<:@") {
		if number := userOf(value); number != "" {
			return number
		}
	}
	number, _, _ := strings.Cut(value, ";")
	return Normalize(strings.Trim(number, `"<> `))
}

// login is by which names, other than a number, an operator calls us.
type login struct {
	users  [3]string // our account, what is registered, and the contact; "" = none
	number string    // our number on the trunk
}

func (o *Operator) login() login {
	return login{users: [3]string{o.Auth.User, o.Register.User, o.Register.ContactUser}, number: o.Number}
}

func (l login) is(user string) bool {
	return user != "" && slices.ContainsFunc(l.users[:], func(ours string) bool { return strings.EqualFold(ours, user) })
}
