package b2bua

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/sip/siptest"
)

// The trace reads as the call: every message of both legs and what the script was told of.
func TestTraceReadsAsTheCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	caller := r.dialIn(siptest.NewRTP(t).SDP())
	c := r.call()
	var leg *Leg
	r.in(c, func() { c.Dial(r.to("bob", r.phone(r.bob))) })
	bob, _ := take(r.bob)
	bob.Answer(486, "Busy Here", "")
	r.expect("bob failed busy")
	r.in(c, func() { leg = c.Dial(r.to("carol", r.phone(r.carol))) })
	carol, _ := take(r.carol)
	carol.Answer(100, "Trying", "")
	carol.Answer(180, "Ringing", "")
	accepted(r.carol, carol, siptest.NewRTP(t).SDP())
	r.expect("carol answered")
	r.in(c, func() { r.must(c.Bridge(c.A(), leg)) })
	r.confirm(caller)
	r.caller.Ping()
	caller.Bye()
	r.caller.ExpectStatus(200, "BYE")
	r.expect("carol ended")
	r.carol.Answer(r.carol.ExpectRequest("BYE"), 200, "OK", siptest.Reply{})
	r.in(c, func() { c.End(CauseNormal) })
	<-c.Done()

	d := c.Detail()
	var (
		got  []string
		last time.Duration
	)
	for _, e := range d.Trace {
		who := "call"
		if e.Leg >= 0 {
			who = d.Legs[e.Leg].Name
		}
		got = append(got, who+" "+e.Direction.String()+" "+e.Text)
		if e.After < last {
			t.Errorf("%q is before its predecessor", e.Text)
		}
		last = e.After
	}
	want := []string{
		"caller <- INVITE", "caller -> 180 Ringing",
		"bob -> INVITE", "bob <- 486 Busy Here", "bob -- failed: busy",
		"carol -> INVITE", "carol <- 100 Trying", "carol <- 180 Ringing", "carol <- 200 OK",
		"caller -> 200 OK", "caller <- ACK",
		"caller <- BYE", "caller -- caller gone: normal", "carol -> BYE", "carol -- ended: caller_gone",
		"call -- call ended: normal",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
	if bob := d.Legs[1]; bob.Outcome != OutcomeBusy || bob.Status != 486 || bob.Tried != 1 || bob.Ended == 0 || bob.Answered != 0 {
		t.Errorf("bob = %+v", bob)
	}
	r.gone()
}

func TestTraceIsBounded(t *testing.T) {
	t.Parallel()
	l := trace{start: time.Now(), limit: 3}
	for i := range 10 {
		l.add(time.Now(), entry{leg: ofCall, dir: Internal, text: strconv.Itoa(i)})
	}
	if got := l.entries(); len(got) != 3 || got[2].Text != "2" || l.dropped != 7 {
		t.Errorf("%v, %d dropped", got, l.dropped)
	}
}

// What a caller presses stands in no trace: it may be a secret.
func TestTraceKeepsDigitsOut(t *testing.T) {
	t.Parallel()
	l := trace{start: time.Now(), limit: 10}
	l.event(time.Now(), Event{Kind: LegDigit, Leg: &Leg{}, Digit: '7'})
	for _, e := range l.entries() {
		if strings.Contains(e.Text, "7") {
			t.Errorf("the trace tells a digit: %q", e.Text)
		}
	}
}
