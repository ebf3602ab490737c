package b2bua

import (
	"crypto/rand"
	"net/netip"
	"strings"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Phones are the engineers' own phones, which come from anywhere and prove who they are; sip/registrar is them.
type Phones interface {
	// Live reports whether a source belongs to a phone that is registered now.
	Live(from netip.AddrPort) bool
	// Authenticate names the account that an INVITE comes from. On false it was answered already: challenged or refused.
	Authenticate(in *dialog.Incoming) (account string, ok bool)
	// Take counts a call of the account's own, which is not one to a hotline. On false it was refused already: the account has
	// as many as it may have.
	Take(in *dialog.Incoming, account string) bool
	// Release says that a call is over that was taken.
	Release(account string)
	// Media says how calls of an account over that flow are secured: off, offered or required.
	Media(account string, flow wire.Flow) (srtp string)
}

// terms are what one leg may agree to: a peer's policy in the words of descriptions.
type terms struct {
	codecs   []sdp.Codec // in order of preference
	info     bool        // keys go out by SIP INFO
	security sdp.Security
}

// terms reads the policy of a peer. Where keys travel by INFO or as tones no telephone-event is agreed on, so that the far
// end sends them so too.
func (e *Engine) terms(m trunk.Media) terms {
	t := terms{codecs: e.codecs, info: m.DTMF == trunk.DTMFInfo}
	t.security, _ = sdp.ParseSecurity(m.SRTP) // another word was refused by the configuration
	if len(m.Codecs) == 0 && !t.info && m.DTMF != trunk.DTMFInband {
		return t
	}
	t.codecs = nil
	for _, name := range m.Codecs {
		switch strings.ToLower(name) {
		case "pcma":
			t.codecs = append(t.codecs, sdp.PCMA())
		case "pcmu":
			t.codecs = append(t.codecs, sdp.PCMU())
		}
	}
	if len(t.codecs) == 0 {
		t.codecs = append(t.codecs, sdp.PCMA(), sdp.PCMU())
	}
	if !t.info && m.DTMF != trunk.DTMFInband {
		t.codecs = append(t.codecs, sdp.TelephoneEvent())
	}
	return t
}

// keys makes the keys of a new session, none where sound is not secured.
func (t terms) keys() []sdp.Crypto {
	if t.security == sdp.SecurityOff {
		return nil
	}
	return sdp.NewCrypto(func(b []byte) { _, _ = rand.Read(b) }) // it never fails
}

// place is where the media of a leg is received.
type place struct {
	ipv6 bool       // the far end is there
	addr netip.Addr // our address that its signalling uses, where one is configured; zero = the pool's own
}

// placeOf chooses it.
func placeOf(v6 bool, local netip.Addr) place {
	if local.IsUnspecified() {
		local = netip.Addr{}
	}
	return place{ipv6: v6, addr: local}
}

// placeTo is where the media of a dialled way is received. An operator's way has a local address only where its entry names
// one; a phone's has the listener's, which says nothing of media.
func placeTo(d *trunk.Destination) place {
	var local netip.Addr
	if d.Trunk != "" {
		local = d.Flow.Local.Addr()
	}
	return placeOf(ipv6(d.Flow.Remote.Addr()), local)
}

// ipv6 reports whether an address is IPv6 and no mapped IPv4.
func ipv6(addr netip.Addr) bool { return addr.Unmap().Is6() }
