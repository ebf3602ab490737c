package registrar

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// Binding is where one phone of an account is. It is a plain value: it goes to
// other nodes and into the local file as JSON.
type Binding struct {
	// Ref names the phone's binding for as long as it lives, wherever it moves.
	Ref     string `json:"ref"`
	Account string `json:"account"`
	Version int64  `json:"version"` // of the account, when the phone proved who it is
	// Contact is the URI as the phone wrote it: the Request-URI of what we send.
	Contact  string `json:"contact"`
	Instance string `json:"instance,omitempty"`
	RegID    string `json:"reg_id,omitempty"`
	Q        int    `json:"q"` // thousandths
	CallID   string `json:"call_id"`
	CSeq     uint32 `json:"cseq"`
	// Transport, Local and Remote are the flow to the phone.
	Transport wire.Transport `json:"transport"`
	Local     netip.AddrPort `json:"local"`
	Remote    netip.AddrPort `json:"remote"`
	// Behind says that the phone wrote another address than the one it was heard from: a NAT stands between.
	Behind bool      `json:"behind"`
	Node   string    `json:"node"` // who holds the flow
	Agent  string    `json:"agent,omitempty"`
	At     time.Time `json:"at"` // of the last REGISTER
	Until  time.Time `json:"until"`
	// Answers says that the phone has ever answered an OPTIONS.
	Answers bool `json:"answers"`

	life life // of this node's own bindings
}

// Flow is the way to the phone.
func (b *Binding) Flow() wire.Flow {
	return wire.Flow{Transport: b.Transport, Local: b.Local, Remote: b.Remote, Kept: b.Transport != wire.UDP}
}

// live reports whether the binding has time left.
func (b *Binding) live(now time.Time) bool { return now.Before(b.Until) }

// event is when something is due for the binding, at latest then.
func (b *Binding) event(then time.Time) time.Time {
	if !b.life.asked && b.life.next.Before(then) {
		then = b.life.next
	}
	if b.Until.Before(then) {
		then = b.Until
	}
	return then
}

// uri is the Request-URI.
func (b *Binding) uri() (wire.URI, bool) {
	u, err := wire.ParseURI(b.Contact)
	return u, err == nil
}

// header is the Contact of a 200 (section 10.3 step 8).
func (b *Binding) header(now time.Time) string {
	var s strings.Builder
	s.WriteByte('<')
	s.WriteString(b.Contact)
	s.WriteByte('>')
	if b.Q != fullQ {
		s.WriteString(";q=0.")
		s.WriteString(strconv.Itoa(fullQ + b.Q)[1:])
	}
	s.WriteString(";expires=")
	s.WriteString(strconv.Itoa(max(0, int((b.Until.Sub(now)+time.Second-1)/time.Second))))
	if b.RegID != "" {
		s.WriteString(";reg-id=" + b.RegID)
	}
	if b.Instance != "" {
		s.WriteString(";+sip.instance=" + b.Instance)
	}
	return s.String()
}

// sortForRinging puts the binding to ring first first: by q, then the one that
// was heard of last.
func sortForRinging(list []Binding) {
	slices.SortStableFunc(list, func(a, b Binding) int {
		return cmp.Or(cmp.Compare(b.Q, a.Q), b.At.Compare(a.At))
	})
}
