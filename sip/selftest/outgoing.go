package selftest

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/trunk"
)

// outgoing is the shell of the dialling side.
type outgoing struct {
	// set at test
	t    *Tester
	l    Line
	c    *b2bua.Call
	ways []trunk.Destination
	done chan struct{} // closed when the machine is over

	// owned by the call's goroutine until done is closed
	s     Caller
	leg   *b2bua.Leg
	clock *time.Timer

	// guarded by the tester's mu
	test      Test
	seen      *Sighting
	strangers []*b2bua.Call
}

// rememberFor is how long a test that is over is known to the answering side.
const rememberFor = time.Minute

// test makes one test and returns what became of it.
func (t *Tester) test(ctx context.Context, l Line) Report {
	began := t.now()
	r := Report{Trunk: l.Trunk, Number: l.Number, At: began, Node: t.deps.Node, Result: Skipped}
	if r.Text = passOver(t.surroundings(l)); r.Text != "" {
		return r
	}
	o := &outgoing{
		t: t, l: l, ways: t.ways(l), done: make(chan struct{}),
		test: Test{
			ID: strings.ToLower(rand.Text()[:12]), Node: t.deps.Node, Trunk: l.Trunk, Number: trunk.Normalize(l.Number), Caller: l.Caller,
			Code: newCode(), Reply: newCode(), Until: began.Add(ringFor + listenFor + leaveFor),
		},
	}
	r.ID = o.test.ID
	o.s.Reply = o.test.Reply
	if t.deps.Shared != nil && t.deps.Shared.Announce(ctx, o.test) != nil {
		r.Text = passOver(Surroundings{Apart: true})
		return r
	}
	t.mu.Lock()
	t.open[o.test.ID] = o
	t.mu.Unlock()
	defer t.forget(o)
	if o.c = t.deps.Engine.NewCall(); o.c == nil || !o.c.Post(o.begin) {
		r.Result, r.Text = Cut, "the server stops"
		return r
	}
	select {
	case <-o.done:
	case <-ctx.Done():
		o.cut() //nolint:contextcheck // a call ends in its own time
	case <-t.ceased:
		o.cut() //nolint:contextcheck // as above
	}
	t.report(ctx, o, &r)
	r.Took = t.now().Sub(began)
	return r
}

// forget lets go of a test when nobody asks for it any more.
func (t *Tester) forget(o *outgoing) {
	time.AfterFunc(rememberFor, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, o.test.ID)
	})
}

// cut ends the test now.
func (o *outgoing) cut() {
	o.c.Post(func() { o.step(CallerEvent{Kind: CallerCut}) })
	<-o.done
}

func (o *outgoing) begin() {
	o.c.On(o.heard)
	if o.c.Ended() { // the node stops
		o.step(CallerEvent{Kind: CallerCut})
		return
	}
	o.step(CallerEvent{Kind: CallerBegin})
}

// tell brings an event from elsewhere into the call's goroutine.
func (o *outgoing) tell(kind CallerEventKind) {
	o.c.Post(func() { o.step(CallerEvent{Kind: kind}) })
}

func (o *outgoing) heard(ev b2bua.Event) {
	switch ev.Kind {
	case b2bua.LegRinging, b2bua.LegEarly:
		o.step(CallerEvent{Kind: CallerRings})
	case b2bua.LegAnswered:
		o.step(CallerEvent{Kind: CallerAnswered})
	case b2bua.LegFailed:
		o.step(CallerEvent{Kind: CallerFailed, Status: ev.Status, Cause: ev.Cause})
	case b2bua.LegEnded:
		o.step(CallerEvent{Kind: CallerEnded, Cause: ev.Cause})
	case b2bua.LegDigit:
		o.step(CallerEvent{Kind: CallerDigit, Digit: ev.Digit})
	case b2bua.CallEnded:
		o.step(CallerEvent{Kind: CallerCut})
	case b2bua.LegTrying, b2bua.LegPlayed, b2bua.LegHeld, b2bua.LegResumed, b2bua.LegSilent, b2bua.MediaLost, b2bua.CallerGone:
	}
}

func (o *outgoing) step(e CallerEvent) {
	if o.s.Phase == CallerOver {
		return // it is being judged
	}
	var acts []CallerAction
	o.s, acts = o.s.Step(e)
	for _, a := range acts {
		o.do(a)
	}
}

func (o *outgoing) do(a CallerAction) {
	switch a.Kind {
	case CallerDial:
		o.leg = o.c.Dial(b2bua.Dial{Name: "self-test", RingTime: ringFor + leaveFor, Destinations: o.ways, Purpose: guard.Proof})
	case CallerTimer:
		o.timer(a.After)
	case CallerSound:
		o.leg.Play(sound(o.test.Code))
	case CallerKeys:
		press(o.leg, o.test.Code)
	case CallerHangup:
		o.leg.Hangup(b2bua.CauseNormal)
	case CallerLeft:
		o.left()
	case CallerJudge:
		o.timer(0)
		o.c.End(b2bua.CauseNormal)
		close(o.done)
	}
}

// left tells the answering side that the test needs no call any more.
func (o *outgoing) left() {
	o.t.mu.Lock()
	o.test.Over, o.test.Left = true, o.s.Left
	test := o.test
	o.t.mu.Unlock()
	if shared := o.t.deps.Shared; shared != nil {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), askBudget)
			defer cancel()
			_ = shared.Announce(ctx, test) // the others take a call that hangs up for a caller then
		}()
	}
}

func (o *outgoing) timer(after time.Duration) {
	if o.clock != nil {
		o.clock.Stop()
		o.clock = nil
	}
	if after == 0 {
		return
	}
	var clock *time.Timer
	clock = time.AfterFunc(after, func() {
		o.c.Post(func() {
			if o.clock == clock {
				o.clock = nil
				o.step(CallerEvent{Kind: CallerTime})
			}
		})
	})
	o.clock = clock
}

// Lengths of the digits that are sent as sound; ITU-T Q.24 asks receivers to take 40 ms of each.
const (
	toneOn  = 120 * time.Millisecond
	toneOff = 80 * time.Millisecond
)

// sound is a code as one hears it.
func sound(code string) media.Playlist {
	list := media.Playlist{Items: []media.Audio{media.SilenceAudio(toneOff)}}
	for i := range len(code) {
		list.Items = append(list.Items, media.NewKeyTone(code[i]).Audio(toneOn), media.SilenceAudio(toneOff))
	}
	return list
}

// press sends a code the way the operator takes keys.
func press(leg *b2bua.Leg, code string) {
	leg.StopPlay()
	for i := range len(code) {
		leg.SendDigit(code[i])
	}
}

// askBudget bounds a question to the other nodes.
const askBudget = 300 * time.Millisecond

// report judges a test whose machine is over.
func (t *Tester) report(ctx context.Context, o *outgoing, r *Report) {
	<-o.c.Done()
	detail := o.c.Detail()
	t.mu.Lock()
	seen, strangers := o.seen, slices.Clone(o.strangers)
	t.mu.Unlock()
	if seen == nil && t.deps.Shared != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askBudget)
		seen, _ = t.deps.Shared.Sighted(ctx, r.ID) // without an answer it was not seen
		cancel()
	}
	stranger, left := "", false
	for _, c := range strangers {
		if hungUp(c) {
			stranger, left = orNone(c.Info().Inbound.Caller), true
		}
	}
	r.Result, r.Text = judge(o.s, o.l, trunk.Normalize(o.l.Number), seen, stranger, left)
	if !o.s.Answered && seen == nil {
		switch o.s.Cause {
		case b2bua.CauseToll:
			r.Result, r.Text, r.refused = Skipped, "the rules against toll fraud did not let it leave; see vahta toll", true
		case b2bua.CauseTrunkLimit:
			r.Result, r.Text = Skipped, "the operator's channels are needed for calls"
		case b2bua.CausePorts:
			r.Result, r.Text = Skipped, "no RTP port was free"
		case b2bua.CauseShutdown:
			r.Result, r.Text = Cut, "the server stops"
		}
	}
	if len(detail.Legs) > 0 {
		leg := detail.Legs[0]
		r.Ringing, r.Answered, r.MOS = leg.Ringing, leg.Answered, leg.Quality.In.MOS
	}
	for _, e := range detail.Trace {
		r.Steps = append(r.Steps, Step{detail.Started.Add(e.After), "out", e.Direction.String() + " " + e.Text})
	}
	if seen != nil {
		r.Back = seen.At.Sub(detail.Started)
		if r.MOS == 0 || seen.MOS > 0 && seen.MOS < r.MOS {
			r.MOS = seen.MOS
		}
		r.Steps = append(r.Steps, seen.Steps...)
		slices.SortStableFunc(r.Steps, func(a, b Step) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	}
}

// hungUp reports whether the caller of a call has left.
func hungUp(c *b2bua.Call) bool {
	state := make(chan bool, 1)
	if !c.Post(func() { state <- c.A() == nil || c.A().State() == b2bua.StateEnded }) {
		return true
	}
	select {
	case gone := <-state:
		return gone
	case <-c.Done():
		return true
	}
}
