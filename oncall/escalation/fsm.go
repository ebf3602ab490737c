package escalation

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Phase is where paging stands.
type Phase string

// The phases. The zero value is Idle.
const (
	// Idle: not started.
	Idle Phase = ""
	// Waiting: for a step's delay or the pause between rounds, until Due.
	Waiting Phase = "waiting"
	// Ringing: a page is under way; Due is when it is given up.
	Ringing Phase = "ringing"
	// Asking: the page was picked up and a key is awaited; Due is when it is given up.
	Asking Phase = "asking"
	// Finished: acknowledged or closed.
	Finished Phase = "finished"
)

// String returns the phase's name.
func (p Phase) String() string {
	if p == Idle {
		return "idle"
	}
	return string(p)
}

// State is all the machine remembers. It is a plain value that survives being written to JSON and read back.
type State struct {
	Phase Phase
	// Round counts from 1; Step is the index of the policy's step.
	Round, Step int
	// Waited says that the delay before the step is over.
	Waited bool
	// Fallen says that the steps found nobody in this round and that the fallback is being walked.
	Fallen bool
	// Paged are those already paged in this round.
	Paged []string
	// Current is the page under way, or the last one.
	Current Page
	// Due is when Wake is wanted; zero for never.
	Due time.Time
}

// Machine is a policy with the source of people.
type Machine struct {
	Policy Policy
	// Chain returns the tiers at an instant; oncall's Roster.Chain bound to a schedule.
	Chain func(now time.Time) []oncall.Tier
	// Resort returns whom to page when the chain is empty too: everyone and the emergency numbers. It may be nil.
	Resort func(now time.Time) []oncall.Tier
	// First is a person who is paged once before the steps, because the incident is his; empty for nobody.
	First string
}

// Step takes one event and returns the next state with what is to be done. An event that does not fit the state changes
// nothing: pages end late, timers fire twice, and an incident is closed while somebody presses a key.
func (m Machine) Step(s State, e Event, now time.Time) (State, []Action) {
	if s.Phase == Finished {
		return s, nil
	}
	switch e.Kind {
	case Start:
		if s.Phase != Idle {
			return s, nil
		}
		s.Round = 1
		if m.First != "" {
			return m.first(s, now)
		}
		return m.advance(s, now)
	case Wake:
		return m.wake(s, now)
	case Answered:
		if s.Phase == Ringing && e.Page == s.Current.Number {
			s.Phase, s.Due = Asking, now.Add(m.Policy.ackTimeout())
		}
		return s, nil
	case Result:
		return m.result(s, e, now)
	case Acknowledged, Closed:
		return finish(s, 0)
	default:
		return s, nil
	}
}

// Assignee is the tier of the person who is paged before the steps.
const Assignee = "assignee"

// first pages the person whose incident it is; the steps follow with their delays.
func (m Machine) first(s State, now time.Time) (State, []Action) {
	next, actions := m.page(s, Page{Tier: Assignee, Person: m.First, RingTime: oncall.DefaultRingTime}, now)
	next.Waited = false
	return next, actions
}

// wake ends a wait that is over, or gives up a page of which nothing was heard.
func (m Machine) wake(s State, now time.Time) (State, []Action) {
	if s.Due.IsZero() || now.Before(s.Due) {
		return s, nil
	}
	switch s.Phase {
	case Waiting:
		s.Waited = true
		return m.advance(s, now)
	case Ringing, Asking:
		lost := Action{CancelPage, s.Current}
		next, actions := m.advance(s, now)
		return next, append([]Action{lost}, actions...)
	case Idle, Finished:
		return s, nil
	}
	return s, nil
}

// result takes the end of a page. An acknowledgement counts from any page, also from one that was given up before.
func (m Machine) result(s State, e Event, now time.Time) (State, []Action) {
	switch {
	case e.Outcome == Acked:
		return finish(s, e.Page)
	case (s.Phase != Ringing && s.Phase != Asking) || e.Page != s.Current.Number:
		return s, nil
	case e.Outcome == Escalated:
		return m.next(s, now, true)
	default:
		return m.advance(s, now)
	}
}

// finish ends paging; a page under way other than the acknowledged one is cancelled.
func finish(s State, acked int) (State, []Action) {
	var actions []Action
	if (s.Phase == Ringing || s.Phase == Asking) && s.Current.Number != acked {
		actions = append(actions, Action{CancelPage, s.Current})
	}
	s.Phase, s.Due = Finished, time.Time{}
	return s, append(actions, Action{Kind: Finish})
}

// advance goes on to the next page, waiting where the policy says so.
func (m Machine) advance(s State, now time.Time) (State, []Action) { return m.next(s, now, false) }

// next walks from the present step to the first that has somebody. With hurry no delay is waited.
func (m Machine) next(s State, now time.Time, hurry bool) (State, []Action) {
	rungs, chain := m.Policy.rungs(), m.Chain(now)
	for ; s.Step < len(rungs); s.Step, s.Waited = s.Step+1, false {
		rung := rungs[s.Step]
		page, found := rung.pick(chain, s.Paged)
		if !found {
			continue
		}
		if rung.Delay > 0 && !s.Waited && !hurry {
			s.Phase, s.Due = Waiting, now.Add(rung.Delay)
			return s, nil
		}
		return m.page(s, page, now)
	}
	if len(s.Paged) == 0 || s.Fallen || s.Current.Tier == Assignee {
		return m.fallBack(s, chain, now)
	}
	return m.endRound(s, now)
}

// fallBack pages the chain, or the last resort when the chain has nobody, in a round whose steps found nobody: a step may
// name a track that is empty now, and an incident with people to page is never left unpaged.
func (m Machine) fallBack(s State, chain []oncall.Tier, now time.Time) (State, []Action) {
	all := Rung{Targets: []string{Chain}}
	if _, somebody := all.pick(chain, nil); !somebody && m.Resort != nil {
		chain = m.Resort(now)
	}
	page, found := all.pick(chain, s.Paged)
	if !found {
		return m.endRound(s, now)
	}
	var actions []Action
	if !s.Fallen {
		actions = []Action{{Kind: FallBack}}
	}
	s.Fallen = true
	next, paged := m.page(s, page, now)
	return next, append(actions, paged...)
}

// page starts a page.
func (m Machine) page(s State, page Page, now time.Time) (State, []Action) {
	page.Number, page.Round = s.Current.Number+1, s.Round
	s.Phase, s.Current, s.Waited = Ringing, page, true
	s.Paged = append(slices.Clone(s.Paged), page.key())
	s.Due = now.Add(m.Policy.ackTimeout())
	return s, []Action{{PageNow, page}}
}

// endRound waits for the next round, which begins without the first step's delay.
func (m Machine) endRound(s State, now time.Time) (State, []Action) {
	var actions []Action
	if len(s.Paged) == 0 {
		actions = []Action{{Kind: NobodyToPage}}
	}
	s.Phase, s.Due = Waiting, now.Add(m.Policy.pause())
	s.Round, s.Step, s.Paged, s.Fallen = s.Round+1, 0, nil, false
	return s, actions
}

// pick returns the first of the step's targets who was not paged in this round.
func (r Rung) pick(chain []oncall.Tier, paged []string) (Page, bool) {
	for _, tier := range chain {
		if !r.has(tier.Name) {
			continue
		}
		for _, page := range pages(tier) {
			if !slices.Contains(paged, page.key()) {
				return page, true
			}
		}
	}
	return Page{}, false
}

// pages returns a tier as pages, in order.
func pages(tier oncall.Tier) []Page {
	list := make([]Page, 0, len(tier.Duties)+len(tier.Numbers))
	for _, d := range tier.Duties {
		list = append(list, Page{Tier: tier.Name, Person: d.Person, Provenance: d.Provenance, RingTime: tier.RingTime})
	}
	for _, n := range tier.Numbers {
		list = append(list, Page{Tier: tier.Name, Static: n, RingTime: tier.RingTime})
	}
	return list
}
