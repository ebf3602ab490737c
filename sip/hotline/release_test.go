package hotline

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/phone"
)

// counting is a remote rotation that takes its time and counts what it grants and gets back.
type counting struct {
	rotation.Rotation

	late func() time.Duration
	hold chan struct{} // a claim waits for it; nil = not
	held chan struct{} // of one: a claim waits

	mu       sync.Mutex
	granted  map[uint64]int
	released map[uint64]int
}

func newCounting(m *rotation.Memory) *counting {
	return &counting{
		Rotation: m, granted: map[uint64]int{}, released: map[uint64]int{}, held: make(chan struct{}, 1),
		late: func() time.Duration { return time.Duration(rand.IntN(8000)) * time.Microsecond },
	}
}

func (*counting) Instant() bool { return false }

func (c *counting) Claim(ctx context.Context, req rotation.ClaimRequest) (rotation.Claim, bool, error) {
	<-time.After(c.late())
	claim, ok, err := c.Rotation.Claim(ctx, req)
	if ok {
		c.mu.Lock()
		c.granted[claim.Token]++
		c.mu.Unlock()
	}
	if c.hold != nil {
		c.held <- struct{}{}
		<-c.hold
	}
	return claim, ok, err
}

func (c *counting) Accept(ctx context.Context, claim rotation.Claim) (bool, error) {
	<-time.After(c.late())
	return c.Rotation.Accept(ctx, claim)
}

func (c *counting) Release(ctx context.Context, claim rotation.Claim) error {
	c.mu.Lock()
	c.released[claim.Token]++
	c.mu.Unlock()
	return c.Rotation.Release(ctx, claim)
}

// once expects that what was granted was given back, each claim once.
func (c *counting) once(t *testing.T, atLeast int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.granted) < atLeast {
		t.Errorf("%d claims were granted, want at least %d", len(c.granted), atLeast)
	}
	for token := range c.granted {
		if n := c.released[token]; n != 1 {
			t.Errorf("claim %d was released %d times", token, n)
		}
	}
}

// TestReleasedOnce: with a rotation and an arbiter that take their time the caller leaves at any moment, while claims
// are asked for, agreed to, rung on and confirmed. Each claim and each assignment ends exactly once.
func TestReleasedOnce(t *testing.T) {
	t.Parallel()
	c := newCourt()
	c.fail = func(string) error { <-time.After(time.Duration(rand.IntN(4000)) * time.Microsecond); return nil }
	var turns *counting
	r := newRig(t, setup{
		people: []string{"ivan", "petr"}, arbiter: c, plan: func(_ *rig, p *dispatch.Plan) { p.Rungs[0].Parallel = true },
		cfg:      func(c *Config) { c.PersonBackoff = time.Microsecond }, // the same two, call after call
		rotation: func(m *rotation.Memory) rotation.Rotation { turns = newCounting(m); return turns },
	})
	for _, name := range []string{"ivan", "petr"} {
		r.answers(name, phone.Answer{Ring: 2 * time.Millisecond, Talk: phone.Talk{Keys: []phone.Key{{Digits: "1"}}, For: 100 * time.Millisecond}})
	}
	const calls = 50
	for i := range calls {
		o := phone.Options{CancelAfter: time.Duration(1+i) * time.Millisecond, Talk: phone.Talk{For: 10 * time.Millisecond}}
		r.wait(r.dial(o), phone.Ended)
	}
	r.settled()
	turns.once(t, calls/2)
	c.idle(t)
	r.free("ivan", "petr")
	if n := len(r.hotline.held.list()); n != 0 {
		t.Errorf("%d claims are still renewed", n)
	}
}

// TestEndWhileClaiming: the call ends, or the node stops, while the rotation is asked. What it grants is given back
// once, and nobody is rung.
func TestEndWhileClaiming(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*rig, *phone.Session){
		"caller gone": func(r *rig, s *phone.Session) { s.Hangup(); r.wait(s, phone.Ended); r.outcomes(1) },
		"node stops":  func(r *rig, _ *phone.Session) { r.ticket(); r.stopEngine() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCourt()
			var turns *counting
			r := newRig(t, setup{people: []string{"ivan"}, arbiter: c, rotation: func(m *rotation.Memory) rotation.Rotation {
				turns = newCounting(m)
				turns.hold = make(chan struct{})
				return turns
			}})
			caller := r.dial(phone.Options{})
			<-turns.held
			stop(r, caller)
			close(turns.hold)
			r.settled()
			turns.once(t, 1)
			c.idle(t)
			r.free("ivan")
			if n := len(r.eng["ivan"].Sessions()); n != 0 {
				t.Errorf("rung %d times after the end", n)
			}
		})
	}
}

// TestPagesAskTheArbiter: who talks on another node is not paged, and a page gives back what it took.
func TestPagesAskTheArbiter(t *testing.T) {
	t.Parallel()
	c := newCourt()
	c.give("ivan", 5)
	r := newRig(t, setup{people: []string{"ivan", "petr"}, arbiter: c})
	r.answers("petr", quick())
	if got, err := r.hotline.Notify(t.Context(), r.notice("ivan")); got != dispatch.ResultBusy || err != nil {
		t.Errorf("result %s, error %v", got, err)
	}
	if got, err := r.hotline.Notify(t.Context(), r.notice("petr")); got != dispatch.ResultAcknowledged || err != nil {
		t.Errorf("result %s, error %v", got, err)
	}
	if n := len(r.eng["ivan"].Sessions()); n != 0 {
		t.Errorf("somebody who talks was paged %d times", n)
	}
	r.settled()
	c.mu.Lock()
	delete(c.open, "ivan")
	c.mu.Unlock()
	c.idle(t)
	r.free("ivan", "petr")
}

// TestPageLosesItsClaim: the second device of a person whom another call has meanwhile stays silent.
func TestPageLosesItsClaim(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(*rotation.Memory) rotation.Rotation{
		"memory": nil, "remote": func(m *rotation.Memory) rotation.Rotation { return remote{m} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{people: []string{"ivan", "second"}, rotation: wrap})
			r.answers("ivan", phone.Ringing())
			r.answers("second", quick())
			n := r.notice("ivan")
			n.Devices = append(n.Devices, r.person("second").Devices...)
			n.RingTime = time.Second
			go func() {
				if _, err := r.eng["ivan"].Incoming(t.Context(), 0); err != nil {
					t.Error(err)
				}
				r.steal("ivan")
			}()
			if got, err := r.hotline.Notify(t.Context(), n); got != dispatch.ResultBusy || err != nil {
				t.Errorf("result %s, error %v", got, err)
			}
			if n := len(r.eng["second"].Sessions()); n != 0 {
				t.Errorf("the second device was rung %d times", n)
			}
		})
	}
}

// TestCallBackAsksTheArbiter: before the client is rung, and before the two are joined.
func TestCallBackAsksTheArbiter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		good int // questions that are answered well
		rung bool
	}{"before the INVITE": {0, false}, "before the bridge": {1, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			court := newCourt()
			asked := 0
			court.fail = func(verb string) error {
				if verb == "confirm" {
					if asked++; asked > c.good {
						return dispatch.ErrStale
					}
				}
				return nil
			}
			r := newRig(t, setup{people: []string{"ivan"}, arbiter: court})
			r.must(r.client.Answer(phone.Answering(0, phone.Talk{Tone: 440})))
			r.answers("ivan", phone.Accepting(0, "1", 100*time.Millisecond))
			_, err := r.hotline.CallBack(t.Context(), dispatch.Ref{ID: "t", Number: "VH-26-000001"}, "ivan", clientNumber)
			r.must(err)
			o := r.outcomes(1)[0]
			if o.Result == dispatch.CallServed || o.Detail.Talk != 0 || len(r.desk.accepted) != 0 {
				t.Errorf("a stale token has joined two people: %s", o.Result)
			}
			if rung := len(r.client.Sessions()) > 0; rung != c.rung {
				t.Errorf("the client was rung: %v", rung)
			}
		})
	}
}

// TestDegradedIsSaidOnce: a claim that this node granted alone marks the call, whichever way it came, each mark once.
func TestDegradedIsSaidOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{people: []string{"ivan", "petr"}, rotation: func(m *rotation.Memory) rotation.Rotation { return localOnly{m} }})
	r.answers("ivan", phone.Refusing(486))
	r.answers("petr", quick())
	caller := r.dial(phone.Options{Talk: phone.Talk{For: 300 * time.Millisecond}})
	r.wait(caller, phone.Ended)
	if o := r.outcomes(1)[0]; len(o.Detail.Degraded) != 1 || o.Detail.Degraded[0] != "rotation" {
		t.Errorf("degraded %q", o.Detail.Degraded)
	}
	if n := r.counted("vahta_hotline_degraded_calls_total"); n != 1 {
		t.Errorf("%v calls are counted as degraded", n)
	}
}

// localOnly is a rotation whose shared store is away.
type localOnly struct{ rotation.Rotation }

func (l localOnly) Claim(ctx context.Context, req rotation.ClaimRequest) (rotation.Claim, bool, error) {
	c, ok, err := l.Rotation.Claim(ctx, req)
	c.Local = ok
	return c, ok, err
}

// TestRenewTellsTheArbiter: open assignments are extended; one that the arbiter could not be asked for is asked for
// again, unless the claim is released meanwhile.
func TestRenewTellsTheArbiter(t *testing.T) {
	t.Parallel()
	c := newCourt()
	h := newBare(t, c)
	take := func(person string) grant {
		g, ok := h.take(t.Context(), rotation.ClaimRequest{Call: "of " + person, Attempt: "1", Candidates: []string{person}})
		if !ok {
			t.Fatal(person, "is busy")
		}
		return g
	}
	ivan := take("ivan")
	c.fail = func(string) error { return errors.New("locked") }
	petr, oleg := take("petr"), take("oleg")
	if ivan.marks != 0 || petr.marks != markArbiter {
		t.Errorf("marks %v %v", ivan.marks.words(), petr.marks.words())
	}
	c.fail = func(verb string) error {
		if verb == "assign" { // oleg is let go while the arbiter is asked about him
			h.held.remove(oleg.claim)
		}
		return nil
	}
	before := c.open["ivan"].Until
	h.renew(t.Context())
	if !c.open["ivan"].Until.After(before) || !c.holds("petr") || c.holds("oleg") {
		t.Errorf("open %v", c.open)
	}
	if !h.held.get(petr.claim).assigned {
		t.Error("the late assignment is not known")
	}
}

// newBare is a hotline without calls.
func newBare(t *testing.T, c dispatch.Arbiter) *Hotline {
	t.Helper()
	r := newRig(t, setup{arbiter: c})
	r.hotline.people = func(string) (oncall.Person, bool) { return oncall.Person{}, false }
	return r.hotline
}
