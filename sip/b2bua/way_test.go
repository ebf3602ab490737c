package b2bua

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

// errFlow is what a registrar says of a phone whose connection is gone.
var errFlow = errors.New("flow is closed")

// living is a way to a phone that is there until it is killed with what its registrar says then.
func (r *rig) living(ua *siptest.UA) (way trunk.Destination, asked *atomic.Int32, kill func(error)) {
	way = r.phone(ua)
	var dead atomic.Pointer[error]
	asked = new(atomic.Int32)
	way.Alive = func(context.Context) error {
		asked.Add(1)
		if err := dead.Load(); err != nil {
			return *err
		}
		return nil
	}
	return way, asked, func(err error) { dead.Store(&err) }
}

// A phone whose flow dies while it rings is cancelled, and the next device rings within two seconds.
func TestNATFlowLostWhileRinging(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	way, asked, kill := r.living(r.bob)
	r.in(c, func() { c.Dial(r.to("anna", way, r.phone(r.carol))) })
	bob, _ := take(r.bob)
	bob.Answer(180, "Ringing", "")
	r.expect("anna ringing")
	began := time.Now()
	kill(errFlow)
	carol, _ := take(r.carol)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the next device rang after %s", took)
	}
	cancel := r.bob.ExpectRequest("CANCEL")
	if got := cancel.Get("Reason"); !strings.Contains(got, "cause=41") {
		t.Errorf("Reason = %q", got)
	}
	carol.Answer(486, "Busy Here", "")
	r.expect("anna failed busy 486")
	r.once("anna failed")
	if asked.Load() < 2 {
		t.Errorf("the phone was asked %d times", asked.Load())
	}
	before := asked.Load()
	r.in(c, func() { c.End(CauseBusy) })
	<-c.Done()
	if asked.Load() != before {
		t.Error("a way that was left is still asked")
	}
	bob.Answer(487, "Request Terminated", "")
	r.gone()
}

// Without a next device the person is unreachable at once.
func TestNATFlowLostOfTheLastDevice(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	way, _, kill := r.living(r.bob)
	r.in(c, func() { c.Dial(r.to("anna", way)) })
	bob, _ := take(r.bob)
	bob.Answer(180, "Ringing", "")
	r.expect("anna ringing")
	kill(errFlow)
	r.expect("anna failed unreachable unavailable")
	r.bob.ExpectRequest("CANCEL")
	bob.Answer(487, "Request Terminated", "")
	r.in(c, func() { c.End(CauseNoAnswer) })
	r.gone()
}

// R24: the phone registers anew from elsewhere while it rings: the old fork is cancelled, the new one rings; an answer of
// the old one that crosses is hung up.
func TestR24PhoneMovesWhileItRings(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	old, _, kill := r.living(r.bob)
	r.in(c, func() { c.Dial(r.to("anna", old, r.phone(r.spare))) })
	bob, _ := take(r.bob)
	bob.Answer(180, "Ringing", "")
	r.expect("anna ringing")
	kill(&MovedError{To: []trunk.Destination{r.phone(r.carol)}})
	carol, _ := take(r.carol) // before the way that was next
	r.bob.ExpectRequest("CANCEL")
	bob.Answer(200, "OK", siptest.NewRTP(t).SDP(), "Contact: <"+r.bob.URI()+">")
	r.bob.ExpectRequest("ACK")
	bye := r.bob.ExpectRequest("BYE")
	r.bob.Answer(bye, 200, "OK", siptest.Reply{})
	r.never("anna answered")
	accepted(r.carol, carol, siptest.NewRTP(t).SDP())
	r.expect("anna answered")
	r.never("anna failed")
	r.in(c, func() { c.End(CauseNormal) })
	bye = r.carol.ExpectRequest("BYE")
	r.carol.Answer(bye, 200, "OK", siptest.Reply{})
	r.gone()
}

// A phone that moves for ever is left at last.
func TestR24PhoneThatFlapsIsLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	way := r.phone(r.bob)
	way.Alive = func(context.Context) error { return &MovedError{To: []trunk.Destination{way}} }
	r.in(c, func() { c.Dial(r.to("anna", way)) })
	r.expect("anna failed unreachable")
	if n := r.bob.Seen(func(m *siptest.Message) bool { return m.Is("INVITE") && m.ToTag() == "" }); n > moveLimit+1 {
		t.Errorf("the flapping phone got %d INVITEs", n)
	}
	r.in(c, func() { c.End(CauseNoAnswer) })
}

// A call that ends while its way is being asked waits for the answer and is over then.
func TestCallEndsWhileItsWayIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	way := r.phone(r.bob)
	asked := make(chan struct{})
	way.Alive = func(ctx context.Context) error {
		close(asked)
		<-ctx.Done() // ended by the call, not by its time
		return ctx.Err()
	}
	r.in(c, func() { c.Dial(r.to("anna", way)) })
	bob, _ := take(r.bob)
	<-asked
	r.in(c, func() { c.End(CauseNormal) })
	bob.Answer(180, "Ringing", "")
	r.bob.ExpectRequest("CANCEL")
	bob.Answer(487, "Request Terminated", "")
	r.gone()
}

// An operator that says 100 and no more is left for the next one, in time; the last one is waited for.
func TestStuckOperatorIsLeftForTheNext(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	ways := r.trunks.Route(mobile)
	for i := range ways {
		ways[i].NoRinging = 300 * time.Millisecond
	}
	r.in(c, func() {
		d := r.to("bob", ways...)
		d.RingTime = 900 * time.Millisecond
		c.Dial(d)
	})
	first, _ := take(r.caller)
	first.Answer(100, "Trying", "")
	began := time.Now()
	second, _ := take(r.spare)
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("the operator that said 100 was left after %s", took)
	}
	cancel := r.caller.ExpectRequest("CANCEL")
	r.caller.Answer(cancel, 200, "OK", siptest.Reply{})
	first.Answer(487, "Request Terminated", "")
	second.Answer(100, "Trying", "")
	r.expect("bob failed no_answer") // at the end of the ring time, not before
	r.once("bob failed")
	r.spare.ExpectRequest("CANCEL")
	second.Answer(487, "Request Terminated", "")
	r.in(c, func() { c.End(CauseNoAnswer) })
	r.gone()
}

// R15: our re-INVITE meets theirs: 491, and it goes through at the second try.
func TestR15OurReInviteMeetsGlare(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{engine: func(c *Config) { c.OneWay = 200 * time.Millisecond }})
	c, _, _, callerRTP, bobRTP := r.talk()
	callerRTP.Tone(440)
	first := r.bob.ExpectRequest("INVITE")
	r.bob.Answer(first, 491, "Request Pending", siptest.Reply{})
	r.bob.ExpectRequest("ACK")
	began := time.Now()
	again := r.bob.ExpectRequest("INVITE")
	if took := time.Since(began); took < 2*time.Second { // 2.1 to 4 s: the Call-ID is ours
		t.Errorf("the second try came after %s", took)
	}
	bobRTP.Tone(1000)
	r.bob.Answer(again, 200, "OK", siptest.Reply{SDP: bobRTP.SDP(), Headers: []string{"Contact: <" + r.bob.URI() + ">"}})
	r.bob.ExpectRequest("ACK")
	hears(t, callerRTP, 1000)
	r.in(c, func() { c.End(CauseNormal) })
}
