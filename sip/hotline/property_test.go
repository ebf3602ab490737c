package hotline

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// tally checks what must hold whatever the order of events.
type tally struct {
	t        *rapid.T
	claims   map[int]bool // granted and not released
	legs     map[int]bool // dialled and not released
	accepted int          // acceptances that count
	outcomes int
	recalled int // answers to who asked for a recall
	ended    bool
	rung     map[int]bool // ever dialled
}

func (l *tally) event(e Event) {
	//exhaustive:ignore
	switch e.Kind {
	case EvGranted:
		l.claims[e.Attempt] = true
	case EvFailed, EvEnded:
		delete(l.legs, e.Attempt)
	}
}

func (l *tally) action(a Action, s State) {
	//exhaustive:ignore
	switch a.Kind {
	case ActDial, ActDialClient:
		if l.rung[a.Attempt] {
			l.t.Fatalf("leg %d is dialled twice", a.Attempt)
		}
		if l.ended || a.Kind == ActDial && s.Gone && !s.Begun.IsZero() {
			l.t.Fatalf("leg %d is dialled although the call is over", a.Attempt)
		}
		l.legs[a.Attempt], l.rung[a.Attempt] = true, true
	case ActAdopt: // the caller's from now on
		delete(l.legs, a.Attempt)
	case ActRecalled:
		l.recalled++
	case ActHangup:
		delete(l.legs, a.Attempt)
	case ActRelease:
		if !l.claims[a.Claim] {
			l.t.Fatalf("claim %d is released and was not held", a.Claim)
		}
		delete(l.claims, a.Claim)
	case ActBridge:
		if l.accepted > 0 {
			l.t.Fatal("bridged twice")
		}
	case ActAccepted:
		if l.accepted++; l.accepted > 1 {
			l.t.Fatal("accepted twice")
		}
	case ActOutcome:
		if l.outcomes++; l.outcomes > 1 {
			l.t.Fatal("two outcomes")
		}
	case ActEnd:
		l.ended = true
		clear(l.legs) // the end of a call ends all its legs
	}
}

// TestAnyOrder feeds events in any order: at most one bridge, one outcome at
// the end, every leg and every claim released.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	cfg := Default()
	rapid.Check(t, func(t *rapid.T) {
		l := &tally{t: t, claims: map[int]bool{}, legs: map[int]bool{}, rung: map[int]bool{}}
		plan := drawPlan(t)
		s, now := NewState(&cfg), time.Unix(1_800_000_000, 0)
		var open []int // claims asked for
		var step func(e Event)
		step = func(e Event) {
			l.event(e)
			var acts []Action
			s, acts = Step(s, e, now)
			for _, a := range acts {
				l.action(a, s)
				//exhaustive:ignore
				switch a.Kind {
				case ActClaim:
					open = append(open, a.Attempt)
				case ActBridge: // its result follows at once
					step(Event{Kind: rapid.SampledFrom([]EventKind{EvBridged, EvNotBridged}).Draw(t, "bridge"), Attempt: a.Attempt})
				}
			}
		}
		s.Remote = rapid.Bool().Draw(t, "remote")
		begin := rapid.SampledFrom([]EventKind{EvStart, EvStart, EvRecall}).Draw(t, "begin")
		step(Event{Kind: begin, Caller: "+78120000000"})
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			e := drawEvent(t, &s, plan, &open)
			step(e)
		}
		settle(t, &s, step, &open)
		if want := map[EventKind]int{EvRecall: 1}[begin]; l.recalled != want {
			t.Fatalf("a recall was answered %d times, want %d", l.recalled, want)
		}
		if l.outcomes != 1 || !l.ended || len(l.legs) != 0 || len(l.claims) != 0 {
			t.Fatalf("%d outcomes, ended %v, legs %v, claims %v, phase %s, attempts %+v", l.outcomes, l.ended, l.legs, l.claims, s.Phase, s.Attempts)
		}
	})
}

// settle ends the call as the world would: claims are answered, everybody hangs up.
func settle(t *rapid.T, s *State, step func(Event), open *[]int) {
	answer := func() {
		for len(*open) > 0 {
			id := (*open)[0]
			*open = (*open)[1:]
			step(Event{Kind: EvDenied, Attempt: id})
		}
	}
	answer()
	step(Event{Kind: EvCallerGone})
	for range 100 {
		answer()
		if s.Phase == PhaseOver {
			return
		}
		ids := make([]int, 0, len(s.Attempts))
		for i := range s.Attempts {
			ids = append(ids, s.Attempts[i].ID)
		}
		for _, id := range ids {
			step(Event{Kind: EvFailed, Attempt: id, Outcome: dispatch.AttemptFailed})
			step(Event{Kind: EvEnded, Attempt: id})
		}
	}
	t.Fatalf("the call does not end: %s %+v", s.Phase, s.Attempts)
}

func drawPlan(t *rapid.T) *dispatch.Plan {
	names := []string{"a", "b", "c", "d"}
	p := &dispatch.Plan{Rounds: rapid.IntRange(0, 3).Draw(t, "rounds")}
	for range rapid.IntRange(0, 3).Draw(t, "rungs") {
		r := dispatch.Rung{Parallel: rapid.Bool().Draw(t, "parallel")}
		for _, n := range names[:rapid.IntRange(1, len(names)).Draw(t, "people")] {
			list := rapid.SampledFrom([]string{"soft", "soft!", "soft,mobile", "mobile"}).Draw(t, "devices")
			r.Duties = append(r.Duties, dispatch.Candidate{Person: oncall.Person{ID: n, Devices: devices(n, list), Shared: n == "c"}})
		}
		p.Rungs = append(p.Rungs, r)
	}
	if rapid.Bool().Draw(t, "static") {
		p.Static = []oncall.StaticNumber{{Number: "112"}}
	}
	if rapid.Bool().Draw(t, "hold") {
		p.Exhausted = dispatch.ExhaustedHold
	}
	return p
}

func drawEvent(t *rapid.T, s *State, plan *dispatch.Plan, open *[]int) Event {
	kinds := []EventKind{
		EvPlan, EvPlan, EvTicket, EvTicketFailed, EvGranted, EvGranted, EvGranted, EvDenied, EvRinging, EvAnswered, EvAnswered, EvAnswered,
		EvFailed, EvEnded, EvDigit, EvDigit, EvDigit, EvPlayed, EvTimer, EvWon, EvWon, EvLost, EvCallerGone, EvCallerHeld, EvSomebodyFree, EvQueue,
	}
	e := Event{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	e.Attempt = rapid.IntRange(0, s.LastID+1).Draw(t, "attempt")
	//exhaustive:ignore
	switch e.Kind {
	case EvPlan:
		e.Plan = plan
	case EvTicket:
		e.Ticket = Ticket{Number: "VH-26-000017", CallBack: rapid.Bool().Draw(t, "callback")}
	case EvGranted, EvDenied:
		if len(*open) == 0 {
			return Event{Kind: EvSomebodyFree}
		}
		i := rapid.IntRange(0, len(*open)-1).Draw(t, "claim")
		e.Attempt = (*open)[i]
		*open = slices.Delete(*open, i, i+1)
		e.Person = rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "person")
	case EvFailed:
		e.Outcome = rapid.SampledFrom([]dispatch.AttemptOutcome{
			dispatch.AttemptBusy, dispatch.AttemptNoAnswer, dispatch.AttemptUnreachable, dispatch.AttemptDeclined,
		}).Draw(t, "outcome")
	case EvDigit:
		e.Digit = rapid.SampledFrom([]byte("12311*")).Draw(t, "digit")
	case EvTimer:
		e.Timer = Timer{TimerKind(rapid.IntRange(1, int(TimerSay)).Draw(t, "timer")), e.Attempt}
	}
	return e
}

// TestStepIsPure replays a step on the same state and expects the same state before it.
func TestStepIsPure(t *testing.T) {
	t.Parallel()
	cfg := Default()
	now := time.Unix(1_800_000_000, 0)
	plan := &dispatch.Plan{Rungs: []dispatch.Rung{{Duties: []dispatch.Candidate{candidate("a"), candidate("b")}}}}
	s, _ := Step(NewState(&cfg), Event{Kind: EvStart}, now)
	s, _ = Step(s, Event{Kind: EvPlan, Plan: plan}, now)
	granted, _ := Step(s, Event{Kind: EvGranted, Attempt: 1, Person: "a"}, now)
	if s.Attempts[0].Phase != AttemptClaiming || len(s.Tried) != 0 {
		t.Error("a step has changed the state it was given")
	}
	if granted.Attempts[0].Phase != AttemptDialling {
		t.Errorf("phase %s after a grant", granted.Attempts[0].Phase)
	}
}

func BenchmarkStepToDial(b *testing.B) {
	cfg := Default()
	now := time.Unix(1_800_000_000, 0)
	plan := &dispatch.Plan{Rungs: []dispatch.Rung{{Duties: []dispatch.Candidate{candidate("a"), candidate("b")}}}}
	for b.Loop() {
		s, _ := Step(NewState(&cfg), Event{Kind: EvStart, Caller: "+78121234567"}, now)
		s, _ = Step(s, Event{Kind: EvPlan, Plan: plan}, now)
		s, acts := Step(s, Event{Kind: EvGranted, Attempt: 1, Person: "a"}, now)
		if len(acts) == 0 || s.LastID != 1 {
			b.Fatal("nothing was dialled")
		}
	}
}
