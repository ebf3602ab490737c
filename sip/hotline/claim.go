package hotline

import (
	"context"
	"slices"
	"strconv"

	"github.com/butlerspb/vahta/oncall/rotation"
)

// claimed is a claim that a call holds.
type claimed struct {
	attempt int
	claim   rotation.Claim
}

// claim asks for the right to ring one of several people. Where that may wait,
// for a store that is not in memory or for the arbiter, it is done beside the call.
func (k *call) claim(a *Action) {
	people, rest := k.h.rests.awake(a.People)
	denied := Event{Kind: EvDenied, Attempt: a.Attempt, Rest: rest, Resting: len(people) == 0}
	if denied.Resting || k.h.queues.mustWait(k, k.s.Plan.Line.ID) {
		k.step(denied)
		return
	}
	req := rotation.ClaimRequest{
		Call: k.id, Attempt: strconv.Itoa(a.Attempt), Track: k.s.Plan.Line.Schedule + "/" + a.Track, Candidates: people,
	}
	if k.h.instant {
		g, ok := k.h.take(context.Background(), req)
		k.claimAnswered(denied, g, ok)
		return
	}
	k.h.besideOr(func() {
		g, ok := k.h.take(context.Background(), req)
		if !k.post(func() { k.claimAnswered(denied, g, ok) }) && ok {
			k.h.release(context.Background(), g.claim)
		}
	}, func() { k.post(func() { k.claimAnswered(denied, grant{}, false) }) })
}

// claimAnswered takes the answer; denied is what the script hears of a refusal.
func (k *call) claimAnswered(denied Event, g grant, ok bool) {
	if !ok {
		k.step(denied)
		return
	}
	if k.c.Ended() {
		k.h.release(context.Background(), g.claim)
		return
	}
	k.mark(g.marks)
	k.claims = append(k.claims, claimed{denied.Attempt, g.claim})
	k.step(Event{Kind: EvGranted, Attempt: denied.Attempt, Person: g.claim.Person})
}

// accept asks whether the accept key of a claim counts.
func (k *call) accept(a *Action) {
	c, ok := k.claimOf(a.Claim)
	if !ok {
		k.step(Event{Kind: EvLost, Attempt: a.Attempt})
		return
	}
	attempt := a.Attempt
	k.ask(func() (bool, marks) { return k.h.wins(c) }, func(won bool) { k.accepts(attempt, won) })
}

func (k *call) accepts(attempt int, won bool) {
	if won {
		k.step(Event{Kind: EvWon, Attempt: attempt})
		return
	}
	k.h.metrics.claim("lost")
	k.step(Event{Kind: EvLost, Attempt: attempt})
}

// ask puts a question about a claim, beside the call where it may wait. An
// answer that comes after the end of the call is dropped.
func (k *call) ask(question func() (bool, marks), answer func(bool)) {
	if k.h.instant {
		yes, m := question()
		k.mark(m)
		answer(yes)
		return
	}
	reply := func(yes bool, m marks) {
		k.post(func() {
			if k.c.Ended() {
				return
			}
			k.mark(m)
			answer(yes)
		})
	}
	k.h.besideOr(func() { reply(question()) }, func() { reply(false, 0) })
}

// mark notes what could not be asked, each once a call.
func (k *call) mark(m marks) {
	for _, word := range (m &^ k.degraded).words() {
		k.h.metrics.wasDegraded(word)
	}
	k.degraded |= m
}

// claimFor returns the claim on which an attempt stands; false for people who
// need none.
func (k *call) claimFor(attempt int) (rotation.Claim, bool) {
	for i := range k.s.Attempts {
		if a := &k.s.Attempts[i]; a.ID == attempt {
			return k.claimOf(a.Claim)
		}
	}
	return rotation.Claim{}, false
}

func (k *call) claimOf(attempt int) (rotation.Claim, bool) {
	for _, c := range k.claims {
		if c.attempt == attempt {
			return c.claim, true
		}
	}
	return rotation.Claim{}, false
}

// unclaim lets a person go, and lets those who wait know.
func (k *call) unclaim(attempt int) {
	i := slices.IndexFunc(k.claims, func(c claimed) bool { return c.attempt == attempt })
	if i < 0 {
		return
	}
	c := k.claims[i].claim
	k.claims = slices.Delete(k.claims, i, i+1)
	k.h.release(context.Background(), c)
}
