package b2bua

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/siptest"
)

// R1: the caller's CANCEL against our 200 has one winner.
func TestR1CancelAgainstAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{script: func(r *rig, c *Call, ev Event) {
		if ev.Kind == CallerGone {
			c.End(CauseCallerGone)
		}
	}})
	for range 50 {
		caller := r.dialIn(siptest.NewRTP(t).SDP())
		c := r.call()
		go caller.Cancel()
		c.Post(func() { _ = c.A().Answer() }) // either may be first
		r.caller.ExpectStatus(200, "CANCEL")
		final := r.caller.Expect(func(m *siptest.Message) bool {
			_, method := m.CSeq()
			return method == "INVITE" && m.Status >= 200 && m.CallID() == caller.CallID
		})
		caller.Learn(final).Ack(final)
		switch final.Status {
		case 487:
		case 200: // answered first: then it is the caller's to hang up
			caller.Bye()
			r.caller.ExpectStatus(200, "BYE")
		default:
			t.Fatalf("final answer %d", final.Status)
		}
		select {
		case <-c.Done():
		case <-time.After(patience):
			t.Fatal("the call never ended")
		}
		if n := r.caller.Seen(func(m *siptest.Message) bool {
			_, method := m.CSeq()
			return method == "INVITE" && m.Status >= 200 && m.Status != final.Status && m.CallID() == caller.CallID
		}); n != 0 {
			t.Fatalf("two different finals: %d and another", final.Status)
		}
	}
	r.gone()
}

// R4: the caller hangs up while somebody is being dialled: his phone stops.
func TestR4CallerGoneWhileDialled(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{
		begin: func(r *rig, c *Call) { c.Dial(r.to("bob", r.phone(r.bob))) },
		script: func(_ *rig, c *Call, ev Event) {
			if ev.Kind == CallerGone {
				c.End(CauseCallerGone)
			}
		},
	})
	caller := r.dialIn(siptest.NewRTP(t).SDP())
	caller.Cancel() // back to back
	bob, _ := take(r.bob)
	bob.Answer(180, "Ringing", "")
	r.bob.ExpectRequest("CANCEL")
	bob.Answer(487, "Request Terminated", "")
	r.bob.ExpectRequest("ACK")
	r.caller.ExpectStatus(487, "INVITE")
	r.expect("caller caller gone caller_gone")
	r.expect("bob failed cancelled caller_gone")
	r.once("call call ended")
	<-r.call().Done()
}

// R4: a script that dials after the caller has gone keeps the leg only if it wants to; a call that
// has ended dials nobody.
func TestR4NoInviteAfterTheEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	var leg *Leg
	r.in(c, func() {
		c.End(CauseNormal)
		leg = c.Dial(r.to("bob", r.phone(r.bob)))
	})
	if leg.State() != StateEnded || leg.Outcome() != OutcomeCancelled {
		t.Errorf("the leg of an ended call is %s, %s", leg.State(), leg.Outcome())
	}
	r.bob.Ping()
	if n := r.bob.Seen(func(m *siptest.Message) bool { return m.Is("INVITE") }); n != 0 {
		t.Error("an ended call dialled somebody")
	}
}

// R2: our CANCEL crosses the engineer's 200: he gets ACK, then BYE, and nobody hears of an answer.
func TestR2CancelAgainstEngineersAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, _ := take(r.bob)
	bob.Answer(180, "Ringing", "")
	r.expect("bob ringing")
	r.in(c, func() { leg.Hangup(CauseElsewhere) })
	r.bob.ExpectRequest("CANCEL")
	bob.Answer(200, "OK", siptest.NewRTP(t).SDP(), "Contact: <"+r.bob.URI()+">")
	r.bob.ExpectRequest("ACK")
	bye := r.bob.ExpectRequest("BYE")
	r.bob.Answer(bye, 200, "OK", siptest.Reply{})
	r.expect("bob failed cancelled completed_elsewhere")
	r.never("bob answered")
	r.in(c, func() { c.End(CauseNormal) })
	r.caller.ExpectStatus(480, "INVITE")
}

// R5: the caller hangs up while the engineer is asked: the engineer's leg stays for the script,
// which can speak to him.
func TestR5CallerGoneWhileEngineerIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	caller := r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	bobRTP := siptest.NewRTP(t)
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, invite := take(r.bob)
	bobRTP.Learn(invite.Body)
	accepted(r.bob, bob, bobRTP.SDP())
	r.expect("bob answered")
	caller.Cancel()
	r.caller.ExpectStatus(487, "INVITE")
	r.expect("caller caller gone")
	r.in(c, func() {
		if err := c.Bridge(c.A(), leg); err == nil {
			t.Error("a caller who has gone was bridged")
		}
		if leg.State() != StateAnswered || leg.Play(media.Looping(media.Ringback())) == 0 {
			t.Error("the engineer cannot be told")
		}
	})
	hears(t, bobRTP, 425)
	r.in(c, func() { leg.Hangup(CauseCallerGone) })
	bye := r.bob.ExpectRequest("BYE")
	r.bob.Answer(bye, 200, "OK", siptest.Reply{})
	r.in(c, func() { c.End(CauseCallerGone) })
	r.gone()
}

// R12: BYE before the ACK of our 200.
func TestR12ByeBeforeAck(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: func(_ *rig, c *Call) { _ = c.A().Answer() }})
	caller := r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	ok := r.caller.ExpectStatus(200, "INVITE")
	caller.Learn(ok).Bye()
	r.caller.ExpectStatus(200, "BYE")
	r.expect("caller caller gone normal")
	r.in(c, func() { c.End(CauseNormal) })
	r.gone()
}

// R14: both ends hang up at once: two 200s, one end of each leg, one end of the call.
func TestR14ByeFromBothEndsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, caller, bob, _, _ := r.talk()
	hold := make(chan struct{})
	c.Post(func() { <-hold }) // both BYEs are there before either is looked at
	caller.Bye()
	bob.Bye()
	r.caller.Send("OPTIONS sip:[peer] SIP/2.0\nVia: SIP/2.0/UDP [local];branch=z9hG4bK[branch]\nFrom: <sip:a@[local]>;tag=[tag]\nTo: <sip:[peer]>\nCall-ID: [call_id]\nCSeq: 1 OPTIONS\nMax-Forwards: 70\nContent-Length: 0\n\n")
	r.caller.ExpectStatus(200, "OPTIONS")
	close(hold)
	r.caller.ExpectStatus(200, "BYE")
	r.bob.ExpectStatus(200, "BYE")
	r.in(c, func() { c.End(CauseNormal) })
	<-c.Done()
	for _, leg := range []string{"caller ", "bob "} { // whichever BYE was first, each leg ends once
		if n := r.events.Count(func(s string) bool {
			return strings.HasPrefix(s, leg) && (strings.Contains(s, "ended") || strings.Contains(s, "gone"))
		}); n != 1 {
			t.Errorf("%send %d times:\n%s", leg, n, strings.Join(r.events.All(), "\n"))
		}
	}
	r.once("call call ended")
	r.gone()
}

// R17: re-INVITE and UPDATE on a call with one leg are answered here.
func TestR17ReInviteAndUpdateOnOneLeg(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: func(_ *rig, c *Call) { _ = c.A().Answer() }})
	end := siptest.NewRTP(t)
	caller := r.dialIn(end.SDP())
	c := r.call()
	r.confirm(caller)

	caller.Invite(end.SDP("a=sendonly"))
	held := r.confirm(caller)
	if !hasLine(held.Body, "a=recvonly") {
		t.Errorf("hold was answered with\n%s", held.Body)
	}
	r.expect("caller held")
	caller.Invite(end.SDP())
	if resumed := r.confirm(caller); hasLine(resumed.Body, "a=recvonly") {
		t.Errorf("resume was answered with\n%s", resumed.Body)
	}
	r.expect("caller resumed")

	caller.Request("UPDATE", "application/sdp", end.SDP())
	r.caller.ExpectStatus(200, "UPDATE")
	caller.Request("UPDATE", "", "")
	r.caller.ExpectStatus(200, "UPDATE")

	caller.Invite("") // asks for our offer; the answer comes with the ACK
	offer := r.caller.ExpectStatus(200, "INVITE")
	if !hasLine(offer.Body, "m=audio") {
		t.Errorf("the late offer is\n%s", offer.Body)
	}
	caller.Learn(offer).Ack(offer)
	r.in(c, func() { c.End(CauseNormal) })
	r.caller.ExpectRequest("BYE")
}

// R27: a prompt is cut when the bridge is made.
func TestR27PromptIsCutAtTheBridge(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: func(_ *rig, c *Call) {
		_ = c.A().Answer()
		c.A().Play(media.Looping(tone(425)))
	}})
	callerRTP, bobRTP := siptest.NewRTP(t), siptest.NewRTP(t)
	caller := r.dialIn(callerRTP.SDP())
	c := r.call()
	callerRTP.Learn(r.confirm(caller).Body)
	hears(t, callerRTP, 425)
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, invite := take(r.bob)
	bobRTP.Learn(invite.Body)
	accepted(r.bob, bob, bobRTP.SDP())
	bobRTP.Tone(1000)
	r.expect("bob answered")
	var bridged time.Time
	r.in(c, func() { r.must(c.Bridge(c.A(), leg)); bridged = time.Now() })
	hears(t, callerRTP, 1000)
	last := time.Time{}
	for _, p := range callerRTP.Packets() {
		if loud(p.Payload, 425) {
			last = p.At
		}
	}
	if late := last.Sub(bridged); late > 40*time.Millisecond {
		t.Errorf("the prompt went on for %s after the bridge", late)
	}
	r.in(c, func() { c.End(CauseNormal) })
}

// noAck sets up a bridged call whose caller never acknowledges our 200.
func noAck(t *testing.T, keep bool) (r *rig, c *Call, callerRTP, bobRTP *siptest.RTP) {
	t.Helper()
	r = newRig(t, rigOptions{dialog: func(c *dialog.Config) {
		c.T1, c.T2, c.AckTimeout, c.KeepWithoutAck = 50*time.Millisecond, 100*time.Millisecond, 600*time.Millisecond, keep
	}})
	callerRTP, bobRTP = siptest.NewRTP(t), siptest.NewRTP(t)
	r.dialIn(callerRTP.SDP())
	c = r.call()
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, invite := take(r.bob)
	bobRTP.Learn(invite.Body)
	accepted(r.bob, bob, bobRTP.SDP())
	r.expect("bob answered")
	r.in(c, func() { r.must(c.Bridge(c.A(), leg)) })
	callerRTP.Learn(r.caller.ExpectStatus(200, "INVITE").Body)
	return r, c, callerRTP, bobRTP
}

// R10: the ACK never comes: at 64·T1 both legs get BYE, with cause 102.
func TestR10NoAckEndsBothLegs(t *testing.T) {
	t.Parallel()
	r, c, _, _ := noAck(t, false)
	for _, ua := range []*siptest.UA{r.caller, r.bob} {
		bye := ua.ExpectRequest("BYE")
		if !strings.Contains(bye.Get("Reason"), "cause=102") {
			t.Errorf("Reason = %q", bye.Get("Reason"))
		}
		ua.Answer(bye, 200, "OK", siptest.Reply{})
	}
	r.expect("caller caller gone no_ack")
	r.expect("bob ended no_ack")
	if n := r.caller.Seen(func(m *siptest.Message) bool { return m.Answers(200, "INVITE") }); n < 3 {
		t.Errorf("the 200 was sent %d times", n)
	}
	r.in(c, func() { c.End(CauseNoAck) })
	r.gone()
}

// R11: the ACK never comes but sound does: the two keep talking where the operator wants it so.
func TestR11TalkGoesOnWithoutAck(t *testing.T) {
	t.Parallel()
	r, c, callerRTP, bobRTP := noAck(t, true)
	callerRTP.Tone(440)
	bobRTP.Tone(1000)
	hears(t, bobRTP, 440)
	before := len(bobRTP.Packets())
	if _, err := bobRTP.Wait(t.Context(), func(siptest.Packet) bool { return len(bobRTP.Packets()) > before+45 }); err != nil { // 900 ms
		t.Fatal(err)
	}
	r.never("caller caller gone")
	r.in(c, func() { c.End(CauseNormal) })
	r.bob.ExpectRequest("BYE")
}

// R21: one key press that comes twice, by RTP and by INFO, is told once.
func TestR21KeyThatComesTwoWaysIsToldOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: func(_ *rig, c *Call) { _ = c.A().Answer() }})
	end := siptest.NewRTP(t)
	caller := r.dialIn(end.SDP())
	c := r.call()
	end.Learn(r.confirm(caller).Body)
	end.Tone(440)
	end.Key('1', siptest.KeyPress{})
	caller.Request("INFO", "application/dtmf-relay", "Signal=1\r\nDuration=100\r\n")
	r.caller.ExpectStatus(200, "INFO")
	r.expect("caller digit 1")
	caller.Request("INFO", "application/dtmf", "2") // a later key as a fence
	r.expect("caller digit 2")
	r.once("caller digit 1")
	r.in(c, func() { c.End(CauseNormal) })
}
