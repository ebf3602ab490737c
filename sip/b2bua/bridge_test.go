package b2bua

import (
	"strings"
	"testing"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/siptest"
)

// A phone behind NAT names a private address and sends its sound from where its signalling comes from.
func TestSoundFromBehindNAT(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	callerRTP, bobRTP := siptest.NewRTP(t), siptest.NewRTP(t)
	r.dialIn(strings.ReplaceAll(callerRTP.SDP(), "127.0.0.1", "10.9.9.9"))
	c := r.call()
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, invite := take(r.bob)
	bobRTP.Learn(invite.Body)
	accepted(r.bob, bob, strings.ReplaceAll(bobRTP.SDP(), "127.0.0.1", "10.9.9.8"))
	r.expect("bob answered")
	r.in(c, func() { r.must(c.Bridge(c.A(), leg)) })
	ok := r.caller.ExpectStatus(200, "INVITE")
	callerRTP.Learn(ok.Body)
	callerRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, bobRTP, 440)
	hears(t, callerRTP, 1000)
	r.in(c, func() { c.End(CauseNormal) })
}

// A bridge that cannot be made leaves both legs as they were.
func TestFailedBridgeChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	callerRTP, bobRTP := siptest.NewRTP(t), siptest.NewRTP(t)
	r.dialIn(callerRTP.SDP())
	c := r.call()
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, invite := take(r.bob)
	bobRTP.Learn(invite.Body)
	accepted(r.bob, bob, bobRTP.SDP())
	r.expect("bob answered")
	r.in(c, func() {
		leg.Play(media.Looping(tone(1000)))
		a := c.a
		broken, stream := *a.offer, a.stream
		a.sentBody, a.offer = nil, &sdp.Session{} // an offer that cannot be answered
		if err := c.Bridge(leg, a); err == nil {
			t.Error("a caller without common media was bridged")
		}
		if err := c.Bridge(leg, leg); err == nil {
			t.Error("a leg was bridged to itself")
		}
		if c.bridged[0] != nil || a.state == StateAnswered {
			t.Errorf("half a bridge is left: %v, caller %s", c.bridged, a.state)
		}
		a.offer, a.stream = &broken, stream
	})
	hears(t, bobRTP, 1000) // the prompt goes on
	r.in(c, func() { c.End(CauseNormal) })
}
