package hotline

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"github.com/butlerspb/vahta/oncall/rotation"
)

// claimed is a claim that a call holds.
type claimed struct {
	attempt int
	claim   rotation.Claim
}

// claim asks for the right to ring one of several people. A store that is not
// in memory is asked beside the call; when it does not answer within the
// budget, the claims of this node alone decide: two phones that ring are
// better than none.
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
		c, ok := k.h.take(context.Background(), req)
		k.claimAnswered(denied, c, ok)
		return
	}
	k.h.beside(func() {
		c, ok := k.h.take(context.Background(), req)
		if !k.post(func() { k.claimAnswered(denied, c, ok) }) && ok {
			k.h.release(context.Background(), c)
		}
	})
}

// claimAnswered takes the answer; denied is what the script hears of a refusal.
func (k *call) claimAnswered(denied Event, c rotation.Claim, ok bool) {
	if !ok {
		k.step(denied)
		return
	}
	if k.c.Ended() {
		k.h.release(context.Background(), c)
		return
	}
	k.claims = append(k.claims, claimed{denied.Attempt, c})
	k.step(Event{Kind: EvGranted, Attempt: denied.Attempt, Person: c.Person})
}

// take claims the first free candidate, those whose turn it is first.
func (h *Hotline) take(ctx context.Context, req rotation.ClaimRequest) (rotation.Claim, bool) {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ClaimBudget)
	defer cancel()
	if len(req.Candidates) > 1 {
		req.Candidates = h.rotation.Order(ctx, req.Track, req.Candidates)
	}
	c, ok, err := h.rotation.Claim(ctx, req)
	if err != nil {
		h.metrics.claim("local")
		h.log.Warn("the rotation does not answer, this node decides alone", "call_id", req.Call, "err", err)
		c, ok = h.held.local(req)
	}
	if !ok {
		h.metrics.claim("denied")
		return c, false
	}
	h.metrics.claim("granted")
	h.held.add(c)
	return c, true
}

// accept asks whether the accept key of a claim counts.
func (k *call) accept(a *Action) {
	c, ok := k.claimOf(a.Claim)
	if !ok {
		k.step(Event{Kind: EvLost, Attempt: a.Attempt})
		return
	}
	attempt := a.Attempt
	if k.h.instant {
		k.accepts(attempt, k.h.wins(c))
		return
	}
	k.h.beside(func() {
		won := k.h.wins(c)
		k.post(func() { k.accepts(attempt, won) })
	})
}

func (k *call) accepts(attempt int, won bool) {
	if won {
		k.step(Event{Kind: EvWon, Attempt: attempt})
		return
	}
	k.h.metrics.claim("lost")
	k.step(Event{Kind: EvLost, Attempt: attempt})
}

// wins asks the rotation; when it does not answer the key counts: the call is
// here, and its own goroutine lets only one win.
func (h *Hotline) wins(c rotation.Claim) bool {
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.ClaimBudget)
	defer cancel()
	won, err := h.rotation.Accept(ctx, c)
	if err != nil {
		h.metrics.claim("local")
		h.log.Warn("the rotation does not answer, the accept key counts", "call_id", c.Call, "person", c.Person, "err", err)
		return true
	}
	return won
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

// release gives a claim back; those who wait are told when it is back, unless
// the person rests.
func (h *Hotline) release(ctx context.Context, c rotation.Claim) {
	h.held.remove(c)
	if h.instant {
		h.releaseNow(ctx, c)
		return
	}
	h.beside(func() { h.releaseNow(ctx, c) })
}

func (h *Hotline) releaseNow(ctx context.Context, c rotation.Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.ClaimBudget)
	defer cancel()
	if err := h.rotation.Release(ctx, c); err != nil {
		h.log.Warn("claim could not be released, it runs out by itself", "call_id", c.Call, "person", c.Person, "err", err)
	}
	if h.rests.left(c.Person) == 0 {
		h.queues.somebodyFree()
	}
}

// held are the claims of this node: what is to be renewed, and what decides
// when the rotation does not answer.
type held struct {
	mu     sync.Mutex
	people map[string]rotation.Claim // guarded by mu
}

func newHeld() *held { return &held{people: map[string]rotation.Claim{}} }

func (h *held) add(c rotation.Claim) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.people[c.Person] = c
}

func (h *held) remove(c rotation.Claim) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now, ok := h.people[c.Person]; ok && now.Token == c.Token && now.Call == c.Call {
		delete(h.people, c.Person)
	}
}

func (h *held) list() []rotation.Claim {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]rotation.Claim, 0, len(h.people))
	for _, c := range h.people {
		out = append(out, c)
	}
	return out
}

// local grants the first candidate whom this node has not claimed.
func (h *held) local(req rotation.ClaimRequest) (rotation.Claim, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, person := range req.Candidates {
		if _, taken := h.people[person]; taken {
			continue
		}
		c := rotation.Claim{Call: req.Call, Attempt: req.Attempt, Person: person, TTL: rotation.DefaultTTL}
		h.people[person] = c
		return c, true
	}
	return rotation.Claim{}, false
}
