package siptest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
)

// pair is two raw UAs with a relay between them; b sees a at relay.SideB.
func pair(t *testing.T, cfg siptest.RelayConfig) (a, b *siptest.UA, relay *siptest.Relay) {
	t.Helper()
	b = siptest.NewUA(t, siptest.UAConfig{User: "b"})
	cfg.B = b.Addr()
	relay = siptest.StartRelay(t, cfg)
	a = siptest.NewUA(t, siptest.UAConfig{User: "a", Peer: relay.SideA()})
	return a, b, relay
}

func TestRelayKeepsBothViewsConsistent(t *testing.T) {
	t.Parallel()
	a, b, relay := pair(t, siptest.RelayConfig{})

	caller := a.NewCall("sip:b@" + relay.SideA().String())
	caller.Invite("")
	invite := b.ExpectRequest("INVITE")
	if want := "sip:b@" + b.Addr().String(); invite.URI != want {
		t.Errorf("R-URI at B is %q, want %q", invite.URI, want)
	}
	if contact := invite.Get("Contact"); contact != "<sip:a@"+relay.SideB().String()+">" {
		t.Errorf("Contact at B is %q, want the relay's side B", contact)
	}
	callee := b.Received(invite)
	callee.Answer(200, "OK", "")

	ok := a.ExpectStatus(200, "INVITE")
	if via := ok.Get("Via"); !strings.Contains(via, a.Addr().String()) {
		t.Errorf("Via back at A is %q, want A's own address", via)
	}
	caller.Ack(ok)
	ack := b.ExpectRequest("ACK")
	if want := b.URI(); ack.URI != want {
		t.Errorf("ACK is for %q, want %q", ack.URI, want)
	}

	// in-dialog, from B to A, through the relay as well
	callee.Bye()
	bye := a.ExpectRequest("BYE")
	if bye.URI != a.URI() {
		t.Errorf("BYE is for %q, want %q", bye.URI, a.URI())
	}
	a.Answer(bye, 200, "OK", siptest.Reply{})
	b.ExpectStatus(200, "BYE")
	if n := len(relay.Passages()); n != 5 {
		t.Errorf("%d messages passed, want 5:\n%s", n, relay.Ladder())
	}
}

func TestRelayLosesChosenTransmissions(t *testing.T) {
	t.Parallel()
	a, b, relay := pair(t, siptest.RelayConfig{Rules: []siptest.Rule{siptest.DropNth("INVITE", 0, 1, 2)}})

	call := a.NewCall("sip:b@" + relay.SideA().String())
	call.Invite("")
	a.SendRaw([]byte(call.Invited))
	a.SendRaw([]byte(call.Invited))
	b.ExpectRequest("INVITE")
	passage, err := relay.Wait(t.Context(), siptest.Arrived(siptest.Request("INVITE")))
	if err != nil || passage.Nth != 3 {
		t.Fatalf("arrived: transmission %d, %v; want the third", passage.Nth, err)
	}
	if n := relay.Count(func(p siptest.Passage) bool { return p.Did == siptest.Drop }); n != 2 {
		t.Errorf("dropped %d, want 2", n)
	}
}

func TestRelayDoublesDelaysAndSwaps(t *testing.T) {
	t.Parallel()
	const delay = 30 * time.Millisecond
	a, b, relay := pair(t, siptest.RelayConfig{Rules: []siptest.Rule{
		{Method: "INFO", Do: siptest.Dup},
		{Method: "MESSAGE", Do: siptest.Delay, Delay: delay},
		{Method: "INVITE", Do: siptest.Reorder},
	}})

	call := a.NewCall("sip:b@" + relay.SideA().String())
	call.Request("INFO", "", "")
	b.ExpectRequest("INFO")
	b.ExpectRequest("INFO")

	call.Request("MESSAGE", "", "")
	late := b.ExpectRequest("MESSAGE")
	sent, err := relay.Wait(t.Context(), siptest.Request("MESSAGE"))
	if err != nil || late.At.Sub(sent.At) < delay {
		t.Errorf("MESSAGE came after %v, %v; want at least %v", late.At.Sub(sent.At), err, delay)
	}

	call.Invite("")
	call.Cancel()
	invite, cancel := b.ExpectRequest("INVITE"), b.ExpectRequest("CANCEL")
	if invite.At.Before(cancel.At) {
		t.Error("INVITE came before CANCEL, want them swapped")
	}
}

func TestRelayNoiseFollowsItsSeed(t *testing.T) {
	t.Parallel()
	lost := func(seed uint64) string {
		a, _, relay := pair(t, siptest.RelayConfig{Seed: seed, Noise: siptest.Impairment{Loss: 0.5}})
		call := a.NewCall("sip:b@" + relay.SideA().String())
		for range 32 {
			call.Request("INFO", "", "")
		}
		nth := 0
		if _, err := relay.Wait(t.Context(), func(siptest.Passage) bool { nth++; return nth == 32 }); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, p := range relay.Passages() {
			b.WriteString(p.Did.String()[:1])
		}
		return b.String()
	}
	first := lost(7)
	if again := lost(7); again != first {
		t.Errorf("the same seed lost %s, then %s", first, again)
	}
	if other := lost(8); other == first {
		t.Errorf("another seed lost the same: %s", other)
	}
}
