package dialog

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// cseqBlock is how many sequence numbers are reserved at a time: whoever takes a
// dialog over from a stored State goes on after the block, never below a number
// that may have been used.
const cseqBlock = 16

// Role says who started the dialog.
type Role uint8

// The two roles.
const (
	UAC Role = iota // we sent the INVITE
	UAS             // we received it
)

// String returns the RFC's name.
func (r Role) String() string { return name("role", []string{"uac", "uas"}, uint8(r)) }

// State is all that a dialog remembers, as plain values that can be copied. Its descriptions may hold SRTP keys in the clear:
// never log a state.
type State struct {
	Role      Role
	CallID    string
	LocalTag  string
	RemoteTag string // of the winner once there is one

	Local  string // our From or To with its tag, as written
	Remote string // the far end's, without its tag in early UAC dialogs

	LocalCSeq  uint32 // last number used by us
	CSeqLimit  uint32 // last number of the reserved block
	RemoteCSeq uint32 // highest number seen from the far end
	InviteCSeq uint32 // of our initial INVITE, for ACKs to its 2xx
	OfferCSeq  uint32 // of our last re-INVITE
	PeerInvite uint32 // of the far end's last INVITE
	Target     wire.URI
	Routes     []string // route set, first hop first
	Contact    string   // ours, as written
	Flow       wire.Flow
	UAC        UACState
	UAS        UASState
	Offer      OfferState
	LateOffer  bool   // the INVITE carried no description: its first reliable answer offers
	RSeq       uint32 // of our last reliable provisional response

	Session     Session       // the session timer
	MinSE       time.Duration // the longest Min-SE that we were told
	PeerUpdates bool          // the far end takes UPDATE
	LocalSDP    []byte        // our description in force
	RemoteSDP   []byte        // the last one of the far end
}

// nextCSeq takes the next number for a request within the dialog.
func (s *State) nextCSeq() uint32 {
	s.LocalCSeq++
	if s.LocalCSeq > s.CSeqLimit {
		s.CSeqLimit = s.LocalCSeq + cseqBlock - 1
	}
	return s.LocalCSeq
}

// Resume is the state as another owner may go on from it: the numbers of the
// reserved block count as used.
func (s State) Resume() State {
	s.LocalCSeq = max(s.LocalCSeq, s.CSeqLimit)
	return s
}

// takeCSeq accepts a request's number if it is above all before (RFC 3261 §12.2.2).
func (s *State) takeCSeq(n uint32) bool {
	if s.RemoteCSeq != 0 && n <= s.RemoteCSeq {
		return false
	}
	s.RemoteCSeq = n
	return true
}

// refresh takes a new remote target from a target refresh message (§12.2).
func (s *State) refresh(contact wire.NameAddr, ok bool) {
	if ok && !contact.URI.IsZero() && contact.URI.Scheme != "tel" {
		s.Target = contact.URI
	}
}

// forked is the dialog of whoever sent a response to our INVITE (§12.1.2).
func (s State) forked(r *wire.Response) State {
	s.RemoteTag, s.Remote = r.ToTag(), r.Header("To")
	s.refresh(r.Contact())
	s.Routes = reversed(r.RecordRoute())
	return s
}

// reversed is the route set of a UAC: Record-Route read backwards (§12.1.2).
func reversed(routes []string) []string {
	out := make([]string, len(routes))
	for i, r := range routes {
		out[len(routes)-1-i] = r
	}
	return out
}

// routing splits the route set into Request-URI and Route headers; a first hop
// without lr is a strict router (§12.2.1.1).
func (s *State) routing() (wire.URI, []string) {
	if len(s.Routes) == 0 {
		return s.Target, nil
	}
	first, err := wire.ParseNameAddr(s.Routes[0])
	if err != nil {
		return s.Target, s.Routes
	}
	if _, loose := first.URI.Params.Get("lr"); loose {
		return s.Target, s.Routes
	}
	strict := make([]string, 0, len(s.Routes))
	strict = append(strict, s.Routes[1:]...)
	return first.URI, append(strict, "<"+s.Target.String()+">")
}

// hop is the flow of the next request within the dialog. A datagram goes where
// the dialog names; a connection is reused, and where the far end had opened one
// that is gone, ours goes there.
func (s *State) hop() wire.Flow {
	flow := s.Flow
	to, ok := s.named()
	switch {
	case !ok:
	case flow.Transport == wire.UDP:
		flow.Remote = to
	case flow.Accepted && !flow.Kept:
		flow.Instead = to
	}
	return flow
}

// named is the address of the first route or the remote target, if it is one we
// can trust to be meant for us: a private, loopback or unspecified one named by a
// party that speaks from elsewhere is NAT or malice.
func (s *State) named() (netip.AddrPort, bool) {
	none := netip.AddrPort{}
	uri := s.Target
	if len(s.Routes) > 0 {
		first, err := wire.ParseNameAddr(s.Routes[0])
		if err != nil {
			return none, false
		}
		uri = first.URI
	}
	addr, err := netip.ParseAddr(uri.Host)
	if err != nil {
		return none, false
	}
	addr = addr.Unmap()
	from := s.Flow.Remote.Addr().Unmap()
	inward := addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || sharedNAT(addr)
	if addr.IsUnspecified() || addr.IsMulticast() || addr.Is4() != from.Is4() || inward && addr != from {
		return none, false
	}
	port := uri.Port
	switch {
	case port != 0:
	case s.Flow.Transport == wire.TLS:
		port = defaultPortTLS
	default:
		port = defaultPort
	}
	return netip.AddrPortFrom(addr, uint16(port)), true
}

// follow takes the connection that a request of the far end has come by for the
// dialog's. One that the far end had opened, or a kept one, only the far end can
// open again, and from another port; one of ours stays, since we can. Nothing
// leads from TLS to less.
func (s *State) follow(came wire.Flow) {
	old := s.Flow
	if !old.Accepted && !old.Kept || old.Transport == wire.UDP || came.Transport == wire.UDP ||
		old.Transport == wire.TLS && came.Transport != wire.TLS {
		return
	}
	if came.Accepted {
		came.Profile = old.Profile
	}
	came.Kept = old.Kept
	s.Flow = came
}

// Ports of sip: over UDP and TCP, and over TLS (RFC 3261 §19.1.2).
const (
	defaultPort    = 5060
	defaultPortTLS = 5061
)

// sharedNAT is 100.64.0.0/10, operators' own NAT (RFC 6598).
func sharedNAT(a netip.Addr) bool {
	return a.Is4() && a.As4()[0] == 100 && a.As4()[1]&0xc0 == 64
}

// cseqValue writes a CSeq header.
func cseqValue(n uint32, m wire.Method) string {
	return decimal(n) + " " + m
}

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
