package b2bua

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

// eager lets the caller hear whatever plays before an answer, and joins the two at the answer.
func eager(r *rig, c *Call, ev Event) {
	switch {
	case ev.Kind == LegEarly:
		r.must(c.BridgeEarly(c.A(), ev.Leg))
	case ev.Kind == LegAnswered && ev.Leg != c.A():
		r.must(c.Bridge(c.A(), ev.Leg))
	}
}

// dialOut is a call that an engineer places: the script dials at once.
func dialOut(r *rig, c *Call) { c.Dial(r.to("client", r.trunks.Route(mobile)...)) }

// progress expects the 183 at the caller and lets him learn where to listen.
func (r *rig) progress(caller *siptest.Call, rtp *siptest.RTP) siptest.Message {
	r.Helper()
	m := r.caller.ExpectStatus(183, "INVITE")
	if len(m.Body) == 0 {
		r.Error("183 without a description")
	}
	rtp.Learn(m.Body)
	_ = caller
	return m
}

// An engineer who calls a client hears the network: 183 and 180 with a description are passed as 183, sound flows, and
// the answer keeps what was agreed.
func TestEarlyMediaReachesTheEngineerWhoCalls(t *testing.T) {
	t.Parallel()
	for _, status := range []int{183, 180} {
		r := newRig(t, rigOptions{begin: dialOut, script: eager, trunks: spareFirst})
		callerRTP, clientRTP := siptest.NewRTP(t), siptest.NewRTP(t)
		caller := r.dialIn(callerRTP.SDP(), "P-Early-Media: supported")
		client, invite := take(r.spare)
		clientRTP.Learn(invite.Body)
		client.Answer(status, "Session Progress", clientRTP.SDP(), "P-Early-Media: inactive")
		early := r.progress(caller, callerRTP)
		callerRTP.Tone(700)
		clientRTP.Tone(425)
		hears(t, callerRTP, 425)
		for _, p := range clientRTP.Packets() {
			if loud(p.Payload, 700) {
				t.Fatal("the far end hears the engineer before it has answered")
			}
		}
		clientRTP.Tone(0)
		accepted(r.spare, client, clientRTP.SDP())
		ok := r.confirm(caller)
		if string(ok.Body) != string(early.Body) {
			t.Errorf("the 200 describes\n%s\nand the 183 was\n%s", ok.Body, early.Body)
		}
		clientRTP.Tone(1000)
		hears(t, callerRTP, 1000)
		hears(t, clientRTP, 700)
		c := r.call()
		r.in(c, func() { c.End(CauseNormal) })
	}
}

// spareFirst leaves the operator of the caller out, so that what is dialled goes through the other.
func spareFirst(c *trunk.Config) { c.Operators[0].Number = "" }

// An announcement that ends in a refusal is what the refusal says; the caller of the script gets what the script says.
func TestEarlyMediaThatEndsInARefusal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		reason string
		want   string
	}{
		{486, "", "client failed busy 486"},
		{480, "Reason: Q.850 ;cause=20", "client failed unreachable 480"},
		{603, "", "client failed declined 603"},
	} {
		r := newRig(t, rigOptions{begin: dialOut, script: eager, trunks: spareFirst})
		callerRTP, clientRTP := siptest.NewRTP(t), siptest.NewRTP(t)
		caller := r.dialIn(callerRTP.SDP())
		client, _ := take(r.spare)
		client.Answer(183, "Session Progress", clientRTP.SDP())
		r.progress(caller, callerRTP)
		if tt.reason == "" {
			client.Answer(tt.status, "No", "")
		} else {
			client.Answer(tt.status, "No", "", tt.reason)
		}
		r.expect(tt.want)
		c := r.call()
		r.in(c, func() { c.A().Reject(tt.status, "") })
		caller.Ack(r.caller.ExpectStatus(tt.status, "INVITE"))
		r.in(c, func() { c.End(CauseNormal) })
		r.gone()
	}
}

// R26: the operator fails after its announcement: the caller hears ringing made here, then the next operator's sound, and
// one 183 is all he ever gets.
func TestR26EarlyMediaGoesOnWithTheNextTrunk(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: dialOut, script: eager})
	callerRTP, firstRTP, secondRTP := siptest.NewRTP(t), siptest.NewRTP(t), siptest.NewRTP(t)
	caller := r.dialIn(callerRTP.SDP())
	first, invite := take(r.caller)
	firstRTP.Learn(invite.Body)
	first.Answer(183, "Session Progress", firstRTP.SDP())
	r.progress(caller, callerRTP)
	firstRTP.Tone(700)
	hears(t, callerRTP, 700)
	firstRTP.Tone(0)
	first.Answer(503, "Service Unavailable", "")
	second, invite := take(r.spare)
	hears(t, callerRTP, 425) // ringing made here
	secondRTP.Learn(invite.Body)
	second.Answer(183, "Session Progress", secondRTP.SDP())
	secondRTP.Tone(1000)
	hears(t, callerRTP, 1000)
	r.never("client failed")
	if n := r.caller.Seen(func(m *siptest.Message) bool { return m.Answers(183, "INVITE") }); n != 1 {
		t.Errorf("the caller got 183 %d times", n)
	}
	accepted(r.spare, second, secondRTP.SDP())
	r.confirm(caller)
	hears(t, callerRTP, 1000)
	c := r.call()
	r.in(c, func() { c.End(CauseNormal) })
}

// Media without ringing until the ring time is over was an announcement in place of an answer; the network's own cause
// decides what it says of the person.
func TestEarlyMediaWithoutAnswerIsToldAsAnnouncement(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		answers []string // status and further header
		want    string
		q850    int
	}{
		{"announcement", []string{"183"}, "bob failed no_answer announcement", 0},
		{"announcement with a cause", []string{"183 Reason: Q.850 ;cause=20"}, "bob failed unreachable announcement", 20},
		{"ringing by the network's own tone", []string{"183", "180"}, "bob failed no_answer no_answer", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			r.dialIn(siptest.NewRTP(t).SDP())
			c := r.call()
			var leg *Leg
			r.in(c, func() {
				d := r.to("bob", r.phone(r.bob))
				d.RingTime = 300 * time.Millisecond
				leg = c.Dial(d)
			})
			bob, _ := take(r.bob)
			for _, answer := range tt.answers {
				status, header, more := strings.Cut(answer, " ")
				switch {
				case status == "180":
					bob.Answer(180, "Ringing", "")
				case more:
					bob.Answer(183, "Session Progress", siptest.NewRTP(t).SDP(), header)
				default:
					bob.Answer(183, "Session Progress", siptest.NewRTP(t).SDP())
				}
			}
			r.expect(tt.want)
			r.in(c, func() {
				if d := c.Detail().Legs[leg.ID]; d.Q850 != tt.q850 || d.Cause == CauseNormal {
					t.Errorf("the detail says %s, Q.850 %d", d.Cause, d.Q850)
				}
				c.End(CauseNoAnswer)
			})
		})
	}
}

// What cannot be heard early is refused without a change.
func TestBridgeEarlyRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	caller := r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	var leg *Leg
	r.in(c, func() { leg = c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, _ := take(r.bob)
	bob.Answer(180, "Ringing", "")
	r.expect("bob ringing")
	check := func(what string, a, b *Leg) {
		t.Helper()
		r.in(c, func() {
			if err := c.BridgeEarly(a, b); !errors.Is(err, ErrNoEarlyMedia) {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	check("no early media", c.A(), leg)
	check("the wrong way round", leg, c.A())
	r.in(c, func() { r.must(c.A().Answer()) })
	r.confirm(caller)
	bob.Answer(183, "Session Progress", siptest.NewRTP(t).SDP())
	r.expect("bob early media")
	check("an answered caller", c.A(), leg)
	r.in(c, func() { c.End(CauseNormal) })
}

// R26: a caller of the hotline who hears music goes on hearing it while an operator plays, fails, and the next is tried.
func TestR26CallerKeepsHearingMusic(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{begin: func(r *rig, c *Call) {
		r.must(c.A().Answer())
		c.A().Play(media.Looping(tone(620)))
	}})
	callerRTP, firstRTP := siptest.NewRTP(t), siptest.NewRTP(t)
	caller := r.dialIn(callerRTP.SDP())
	callerRTP.Learn(r.confirm(caller).Body)
	c := r.call()
	r.in(c, func() { c.Dial(r.to("bob", r.trunks.Route(mobile)...)) })
	first, invite := take(r.caller)
	firstRTP.Learn(invite.Body)
	first.Answer(183, "Session Progress", firstRTP.SDP())
	r.expect("bob early media 183")
	firstRTP.Tone(1000)
	hears(t, callerRTP, 620)
	first.Answer(503, "Service Unavailable", "")
	second, _ := take(r.spare)
	second.Answer(180, "Ringing", "")
	r.expect("bob ringing 180")
	before := len(callerRTP.Packets())
	if _, err := callerRTP.Wait(t.Context(), func(siptest.Packet) bool { return len(callerRTP.Packets()) > before+25 }); err != nil {
		t.Fatal(err)
	}
	for _, p := range callerRTP.Packets() {
		if loud(p.Payload, 1000) {
			t.Fatal("the caller heard the operator")
		}
	}
	hears(t, callerRTP, 620)
	r.in(c, func() { c.End(CauseNormal) })
}
