package b2bua

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

// mobile is the way to an engineer's mobile through both operators.
const mobile = "+79160000001"

func TestTrunkFailure5xxTriesTheNextTrunk(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 503, 408} {
		r := newRig(t, rigOptions{})
		r.dialIn(siptest.NewRTP(t).SDP())
		c := r.call()
		r.in(c, func() { c.Dial(r.to("bob", r.trunks.Route(mobile)...)) })
		first, invite := take(r.caller)
		if got := invite.Get("From"); !strings.Contains(got, "sip:+74957770000@") {
			t.Errorf("the operator sees %s, not our own number", got)
		}
		first.Answer(status, "No", "")
		second, invite := take(r.spare)
		if got := invite.Get("From"); !strings.Contains(got, "sip:+74957770001@") {
			t.Errorf("the spare operator sees %s, not our own number", got)
		}
		second.Answer(486, "Busy Here", "")
		r.expect("bob failed busy 486")
		r.once("bob failed")
		r.in(c, func() { c.End(CauseBusy) })
		r.caller.ExpectStatus(486, "INVITE")
	}
}

// The person's answer is the person's, whichever trunk brought it.
func TestPersonsAnswerIsNotTriedElsewhere(t *testing.T) {
	t.Parallel()
	for status, outcome := range map[int]string{480: "unreachable", 486: "busy", 603: "declined", 404: "unreachable", 600: "busy"} {
		r := newRig(t, rigOptions{})
		r.dialIn(siptest.NewRTP(t).SDP())
		c := r.call()
		r.in(c, func() { c.Dial(r.to("bob", r.trunks.Route(mobile)...)) })
		first, _ := take(r.caller)
		first.Answer(status, "No", "")
		r.expect("bob failed " + outcome)
		r.spare.Ping()
		if n := r.spare.Seen(func(m *siptest.Message) bool { return m.Is("INVITE") }); n != 0 {
			t.Errorf("after %d the spare trunk rang the person again", status)
		}
		r.in(c, func() { c.End(CauseNoAnswer) })
	}
}

func TestSilentWayIsLeftAfterItsTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{trunks: func(c *trunk.Config) { c.TrunkProgress = 300 * time.Millisecond }})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	began := time.Now()
	r.in(c, func() { c.Dial(r.to("bob", r.trunks.Route(mobile)...)) })
	take(r.caller) // and says nothing
	second, _ := take(r.spare)
	if took := time.Since(began); took < 290*time.Millisecond || took > r.engine.cfg.RingTime/2 { // not before its time, and not after the ring time
		t.Errorf("the silent trunk was left after %s", took)
	}
	second.Answer(603, "Decline", "")
	r.expect("bob failed declined 603")
	r.in(c, func() { c.End(CauseDeclined) })
}

func TestClosedPortIsLeftAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	closed := r.phone(r.bob)
	closed.Flow.Remote = closedPort(t)
	r.in(c, func() { c.Dial(r.to("bob", closed)) })
	began := time.Now()
	r.expect("bob failed unreachable")
	if took := time.Since(began); took > 500*time.Millisecond {
		t.Errorf("a closed port was noticed after %s", took)
	}
	r.in(c, func() { c.End(CauseNoAnswer) })
}

func TestRingTimeCancelsWithReason(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	r.in(c, func() {
		d := r.to("bob", r.phone(r.bob))
		d.RingTime = 200 * time.Millisecond
		c.Dial(d)
	})
	bob, _ := take(r.bob)
	bob.Answer(180, "Ringing", "")
	cancel := r.bob.ExpectRequest("CANCEL")
	if got := cancel.Get("Reason"); !strings.Contains(got, "cause=19") {
		t.Errorf("Reason = %q", got)
	}
	r.expect("bob failed no_answer no_answer")
	r.in(c, func() { c.End(CauseNoAnswer) })
	r.caller.ExpectStatus(480, "INVITE")
}

// The first accept wins by the script's word; the others are told why they stop ringing.
func TestLosersHearCompletedElsewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	caller := r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	var bobLeg, carolLeg *Leg
	r.in(c, func() {
		bobLeg = c.Dial(r.to("bob", r.phone(r.bob)))
		carolLeg = c.Dial(r.to("carol", r.phone(r.carol)))
	})
	bob, _ := take(r.bob)
	carol, _ := take(r.carol)
	bob.Answer(180, "Ringing", "")
	carol.Answer(180, "Ringing", "")
	accepted(r.bob, bob, siptest.NewRTP(t).SDP())
	r.expect("bob answered")
	r.expect("carol ringing")
	r.in(c, func() {
		r.must(c.Bridge(c.A(), bobLeg))
		carolLeg.Hangup(CauseElsewhere)
	})
	r.confirm(caller)
	cancel := r.carol.ExpectRequest("CANCEL")
	if got := cancel.Get("Reason"); !strings.Contains(got, "cause=200") || !strings.Contains(got, "Call completed elsewhere") {
		t.Errorf("Reason = %q", got)
	}
	r.expect("carol failed cancelled completed_elsewhere")
	r.in(c, func() { c.End(CauseNormal) })
	r.bob.ExpectRequest("BYE")
	r.caller.ExpectRequest("BYE")
}

// R26: a trunk that fails after 183 is the trunk's failure still.
func TestR26TrunkFailsAfterEarlyMedia(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	r.in(c, func() { c.Dial(r.to("bob", r.trunks.Route(mobile)...)) })
	first, _ := take(r.caller)
	first.Answer(183, "Session Progress", siptest.NewRTP(t).SDP())
	r.expect("bob early media 183")
	first.Answer(503, "Service Unavailable", "")
	second, _ := take(r.spare)
	second.Answer(180, "Ringing", "")
	r.expect("bob ringing 180")
	r.never("bob failed")
	r.in(c, func() { c.End(CauseNormal) })
	r.spare.ExpectRequest("CANCEL")
}

// What the far end plays before its answer is not for the caller: he hears his own ringing.
func TestEarlyMediaDoesNotReachTheCaller(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	r.in(c, func() { c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, _ := take(r.bob)
	bob.Answer(183, "Session Progress", siptest.NewRTP(t).SDP())
	r.expect("bob early media 183")
	r.caller.Ping()
	if n := r.caller.Seen(func(m *siptest.Message) bool { return m.Answers(183, "INVITE") }); n != 0 {
		t.Error("early media was passed")
	}
	r.in(c, func() { c.End(CauseNormal) })
	r.bob.ExpectRequest("CANCEL")
	r.caller.ExpectStatus(480, "INVITE")
}

func TestFullTrunkIsSkipped(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{trunks: func(c *trunk.Config) { c.Operators[0].MaxChannels = 1 }})
	r.dialIn(siptest.NewRTP(t).SDP()) // takes the only channel
	c := r.call()
	r.in(c, func() { c.Dial(r.to("bob", r.trunks.Route(mobile)...)) })
	spare, _ := take(r.spare)
	spare.Answer(486, "Busy Here", "")
	r.expect("bob failed busy")
	r.dialIn(siptest.NewRTP(t).SDP())
	if got := r.caller.ExpectStatus(503, "INVITE"); got.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	r.in(c, func() { c.End(CauseNormal) })
}

func TestNoWayAtAllFailsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	r.in(c, func() { c.Dial(r.to("bob")) })
	r.expect("bob failed failed unavailable")
	r.in(c, func() { c.End(CauseUnavailable) })
	r.caller.ExpectStatus(503, "INVITE")
}

// A phone on TCP whose connection breaks while it rings is unreachable at once.
func TestConnectionLostWhileRinging(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	r.must(err)
	defer listener.Close()
	way, err := r.trunks.Phone("sip:dora@" + listener.Addr().String() + ";transport=tcp")
	r.must(err)
	r.in(c, func() { c.Dial(r.to("dora", way)) })
	conn, err := listener.Accept()
	r.must(err)
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	r.must(err)
	_, err = conn.Write([]byte(strings.ReplaceAll(reply(string(buf[:n]), "180 Ringing", listener.Addr().String()), "\n", "\r\n")))
	r.must(err)
	r.expect("dora ringing")
	began := time.Now()
	r.must(conn.Close())
	r.expect("dora failed unreachable")
	if took := time.Since(began); took > time.Second {
		t.Errorf("the broken connection was noticed after %s", took)
	}
	r.in(c, func() { c.End(CauseNoAnswer) })
}
