package hotline

import (
	"context"
	"slices"

	"github.com/butlerspb/vahta/oncall/rotation"
)

// grant is a claim and what could not be asked for it.
type grant struct {
	claim rotation.Claim
	marks marks
}

// take claims the first free candidate, those whose turn it is first, and has
// the arbiter agree. Somebody whom the arbiter knows in another call counts as
// busy. A token that is stale is replaced once by a higher one.
func (h *Hotline) take(ctx context.Context, req rotation.ClaimRequest) (g grant, ok bool) {
	ctx = context.WithoutCancel(ctx) // each step has its own limit
	h.order(ctx, &req)
	for raised := false; ; {
		if g.claim, ok = h.claimOne(ctx, req, &g.marks); !ok || slices.Contains(req.Tried, g.claim.Person) {
			h.metrics.claim("denied")
			return grant{}, false
		}
		v := h.assign(ctx, g.claim)
		switch {
		case v == goOn || v == isUnsure:
			if v == isUnsure {
				g.marks |= markArbiter
			}
			if g.claim.Local {
				g.marks |= markRotation
			}
			h.metrics.claim("granted")
			h.held.add(g.claim, v == goOn)
			h.lesser.outrank(g.claim.Person)
			return g, true
		case v == isStale && !raised:
			raised = true
			own := h.letGo(ctx, g.claim)
			h.raise(ctx, g.claim, own)
		default:
			h.letGo(ctx, g.claim)
			req.Tried = append(slices.Clone(req.Tried), g.claim.Person)
		}
	}
}

// order puts those first whose turn it is.
func (h *Hotline) order(ctx context.Context, req *rotation.ClaimRequest) {
	if len(req.Candidates) > 1 {
		ctx, cancel := context.WithTimeout(ctx, h.cfg.ClaimBudget)
		defer cancel()
		req.Candidates = h.rotation.Order(ctx, req.Track, req.Candidates)
	}
}

// claimOne asks the rotation; when it does not answer, the claims of this node
// alone decide.
func (h *Hotline) claimOne(ctx context.Context, req rotation.ClaimRequest, m *marks) (rotation.Claim, bool) {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ClaimBudget)
	defer cancel()
	c, ok, err := h.rotation.Claim(ctx, req)
	if err == nil {
		return c, ok
	}
	*m |= markRotation
	h.metrics.claim("local")
	h.log.Warn("the rotation does not answer, this node decides alone", "call_id", req.Call, "err", err)
	return h.held.local(req, h.floor.Load())
}

// letGo gives back a claim that is not to be used, and tells whether it was our own.
func (h *Hotline) letGo(ctx context.Context, c rotation.Claim) (own bool) {
	if h.held.get(c).own {
		return h.held.remove(c)
	}
	h.held.remove(c)
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ClaimBudget)
	defer cancel()
	if err := h.rotation.Release(ctx, c); err != nil {
		h.log.Warn("claim could not be released, it runs out by itself", "call_id", c.Call, "person", c.Person, "err", err)
	}
	return false
}

// raise makes the next token higher than all before: by the rotation, or for
// claims of our own by the arbiter's next epoch.
func (h *Hotline) raise(ctx context.Context, c rotation.Claim, own bool) {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ArbiterBudget)
	defer cancel()
	var err error
	if r, ok := h.rotation.(raiser); ok && !own {
		err = r.Raise(ctx)
	} else if own {
		var epoch uint64
		if epoch, err = h.arbiter.RaiseEpoch(ctx); err == nil {
			h.floor.Store(max(h.floor.Load(), epoch<<rotation.EpochShift))
		}
	}
	if err != nil {
		h.log.Warn("the epoch of the claims could not be raised", "call_id", c.Call, "err", err)
	}
}

// wins asks whether the accept key of a claim counts: the rotation first, then
// the arbiter. When neither answers it does: the call is here, and its own
// goroutine lets only one win. A claim known to be lost never wins.
func (h *Hotline) wins(c rotation.Claim) (won bool, m marks) {
	one := h.held.get(c)
	if one.lost {
		return false, 0
	}
	if !one.own {
		ctx, cancel := context.WithTimeout(context.Background(), h.cfg.ClaimBudget)
		defer cancel()
		ours, err := h.rotation.Accept(ctx, c)
		switch {
		case err != nil:
			m = markRotation
			h.metrics.claim("local")
			h.log.Warn("the rotation does not answer, the accept key counts", "call_id", c.Call, "person", c.Person, "err", err)
		case !ours:
			return false, 0
		}
	}
	ours, more := h.confirm(c)
	return ours, m | more
}

// release gives a claim back; those who wait are told when it is back, unless
// the person rests.
func (h *Hotline) release(ctx context.Context, c rotation.Claim) {
	if h.instant {
		h.releaseNow(ctx, c)
		return
	}
	h.beside(func() { h.releaseNow(ctx, c) })
}

// releaseNow tells the arbiter first: a claim that is free while its assignment
// is open would be granted in vain.
func (h *Hotline) releaseNow(ctx context.Context, c rotation.Claim) {
	ctx = context.WithoutCancel(ctx)
	_ = h.safely(func() { h.unassign(ctx, h.assignment(c)) }) // logged; the claim goes back all the same
	h.letGo(ctx, c)
	if h.rests.left(c.Person) == 0 {
		h.queues.somebodyFree()
	}
}
