package selftest

import (
	"context"
	"slices"
	"time"

	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/media"
)

// incoming is the shell of the answering side: a call that may be a test. All but tests is owned by its goroutine.
type incoming struct {
	t        *Tester
	c        *b2bua.Call
	ordinary func(*b2bua.Call)
	s        Answerer
	clock    *time.Timer

	tests []string // guarded by the tester's mu: which it may be
}

// Take is the script of a call that comes in: it answers tests and hands everybody else to the ordinary script.
func (t *Tester) Take(c *b2bua.Call, ordinary func(*b2bua.Call)) {
	if in := c.Info().Inbound; !slices.ContainsFunc(t.deps.Lines, func(l Line) bool { return shows(l.Caller, in) }) {
		t.stranger(c)
		ordinary(c)
		return
	}
	local := t.matching(c)
	if t.deps.Shared == nil {
		if len(local) == 0 {
			ordinary(c)
			return
		}
		t.join(c, ordinary).begin(local)
		return
	}
	i := t.join(c, ordinary)
	c.A().Ring() // he hears that something goes on while the other nodes are asked
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), askBudget)
		defer cancel()
		all, _ := t.deps.Shared.Tests(ctx) // without an answer only our own tests are known
		for _, test := range all {
			if test.Node != t.deps.Node && test.expects(c, t.now()) {
				local = append(local, test)
			}
		}
		c.Post(func() { i.begin(local) })
	}()
}

// expects reports whether a call looks like the test.
func (test *Test) expects(c *b2bua.Call, now time.Time) bool {
	return !test.Over && now.Before(test.Until) && shows(test.Caller, c.Info().Inbound)
}

// matching lists the tests of this node that the call may be.
func (t *Tester) matching(c *b2bua.Call) []Test {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []Test
	for _, o := range t.open {
		if o.test.expects(c, t.now()) {
			out = append(out, o.test)
		}
	}
	return out
}

// stranger tells a test that another call came to its number.
func (t *Tester) stranger(c *b2bua.Call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	in := c.Info().Inbound
	for _, o := range t.open {
		if !o.test.Over && in.Trunk != "" && in.DID == o.test.Number {
			o.strangers = append(o.strangers, c)
			o.tell(CallerStranger)
		}
	}
}

func (t *Tester) join(c *b2bua.Call, ordinary func(*b2bua.Call)) *incoming {
	i := &incoming{t: t, c: c, ordinary: ordinary}
	t.mu.Lock()
	t.calls[i] = struct{}{}
	t.mu.Unlock()
	c.On(i.heard)
	return i
}

func (i *incoming) begin(tests []Test) {
	if i.s.Phase != AnswererIdle {
		return // he has left meanwhile
	}
	i.s.Tests = tests
	i.t.mu.Lock()
	for _, test := range tests {
		i.tests = append(i.tests, test.ID)
	}
	i.t.mu.Unlock()
	i.step(AnswererEvent{Kind: AnswererBegin})
}

func (i *incoming) heard(ev b2bua.Event) {
	switch ev.Kind {
	case b2bua.LegDigit:
		i.step(AnswererEvent{Kind: AnswererDigit, Digit: ev.Digit})
	case b2bua.CallerGone, b2bua.LegEnded:
		i.step(AnswererEvent{Kind: AnswererGone})
	case b2bua.CallEnded:
		i.step(AnswererEvent{Kind: AnswererCut})
	case b2bua.LegTrying, b2bua.LegRinging, b2bua.LegEarly, b2bua.LegAnswered, b2bua.LegFailed, b2bua.LegPlayed, b2bua.LegHeld,
		b2bua.LegResumed, b2bua.LegSilent, b2bua.MediaLost:
	}
}

func (i *incoming) step(e AnswererEvent) {
	if i.s.Phase == AnswererOver {
		return // another script has the call
	}
	var acts []AnswererAction
	i.s, acts = i.s.Step(e)
	for _, a := range acts {
		i.do(a)
	}
}

func (i *incoming) do(a AnswererAction) {
	switch a.Kind {
	case AnswererPickUp:
		i.pickUp()
	case AnswererTimer:
		i.timer(a.After)
	case AnswererSight:
		i.sight(a)
	case AnswererProved:
		i.t.proved(i, a.Test)
	case AnswererSound:
		i.c.A().Play(sound(i.s.reply()))
	case AnswererKeys:
		press(i.c.A(), i.s.reply())
	case AnswererAsk:
		i.ask()
	case AnswererRelease:
		i.leave()
		i.ordinary(i.c)
	case AnswererHangup:
		i.c.End(b2bua.CauseNormal) // before leaving: it is no call of people
		i.leave()
	}
}

// pickUp answers with ringing: who is no test hears nothing else than he would otherwise.
func (i *incoming) pickUp() {
	i.c.A().Ring()
	if err := i.c.A().Answer(); err != nil {
		i.t.log.Warn("a call that may be a self-test could not be answered", "call_id", i.c.Info().ID, "err", err)
		return
	}
	i.c.A().Play(media.Looping(media.Ringback()))
}

func (i *incoming) leave() {
	i.timer(0)
	i.t.mu.Lock()
	delete(i.t.calls, i)
	i.t.mu.Unlock()
}

// sight tells the dialling side what was seen.
func (i *incoming) sight(a AnswererAction) {
	info := i.c.Info()
	s := Sighting{
		Test: a.Test, Node: i.t.deps.Node, Trunk: info.Inbound.Trunk, DID: info.Inbound.DID, Caller: info.Inbound.Caller,
		At: info.At, Heard: a.Heard, MOS: i.c.A().Stats().In.MOS,
	}
	detail := i.c.Detail()
	for _, e := range detail.Trace {
		s.Steps = append(s.Steps, Step{info.At.Add(e.After), "in", e.Direction.String() + " " + e.Text})
	}
	i.t.mu.Lock()
	o := i.t.open[a.Test]
	if o != nil && (o.seen == nil || a.Heard) {
		o.seen = &s
	}
	i.t.mu.Unlock()
	switch {
	case o != nil:
		if a.Heard {
			o.tell(CallerWasHeard)
		} else {
			o.tell(CallerSeen)
		}
	case i.t.deps.Shared != nil:
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), askBudget)
			defer cancel()
			if err := i.t.deps.Shared.See(ctx, s); err != nil {
				i.t.log.Warn("another node could not be told of its self-test", "err", err)
			}
		}()
	}
}

// proved tells the other calls that one of them was the test.
func (t *Tester) proved(who *incoming, test string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.calls {
		if i != who {
			i.c.Post(func() { i.step(AnswererEvent{Kind: AnswererOther, Test: test}) })
		}
	}
}

// ask finds out beside the call whether it was the test that has just hung up. Where two calls could have been it, none
// was.
func (i *incoming) ask() {
	i.t.mu.Lock()
	ours, known := false, false
	for _, id := range i.tests {
		if o := i.t.open[id]; o != nil {
			known = true
			ours = ours || o.test.Left && i.t.alone(i, id)
		}
	}
	i.t.mu.Unlock()
	if known || i.t.deps.Shared == nil {
		i.step(AnswererEvent{Kind: AnswererTold, Ours: ours})
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), askBudget)
		defer cancel()
		all, _ := i.t.deps.Shared.Tests(ctx) // without an answer he is a caller
		i.t.mu.Lock()
		ours := slices.ContainsFunc(all, func(test Test) bool {
			return test.Left && slices.Contains(i.tests, test.ID) && i.t.alone(i, test.ID)
		})
		i.t.mu.Unlock()
		i.c.Post(func() { i.step(AnswererEvent{Kind: AnswererTold, Ours: ours}) })
	}()
}

// alone reports whether no other call may be the test; mu is held.
func (t *Tester) alone(who *incoming, test string) bool {
	for i := range t.calls {
		if i != who && slices.Contains(i.tests, test) {
			return false
		}
	}
	return true
}

func (i *incoming) timer(after time.Duration) {
	if i.clock != nil {
		i.clock.Stop()
		i.clock = nil
	}
	if after == 0 {
		return
	}
	var clock *time.Timer
	clock = time.AfterFunc(after, func() {
		i.c.Post(func() {
			if i.clock == clock {
				i.clock = nil
				i.step(AnswererEvent{Kind: AnswererTime})
			}
		})
	})
	i.clock = clock
}
