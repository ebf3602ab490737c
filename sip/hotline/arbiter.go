package hotline

import (
	"context"
	"errors"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/rotation"
)

// raiser is a rotation that can make its next tokens higher than all it gave
// before. It is asked when the arbiter has seen a higher token than ours.
type raiser interface {
	Raise(ctx context.Context) error
}

// verdict is what the arbiter says of a claim.
type verdict uint8

const (
	goOn     verdict = iota // it is ours, or the arbiter could not be asked
	isTaken                 // another call has the person
	isStale                 // the token is not above the person's last one
	isUnsure                // as goOn, but nobody knows whether it is ours
)

func (h *Hotline) assignment(c rotation.Claim) dispatch.Assignment {
	return dispatch.Assignment{
		Person: c.Person, Call: c.Call, Attempt: c.Attempt, Node: h.node, Token: c.Token, Until: h.now().Add(rotation.DefaultTTL),
	}
}

// judge reads an answer of the arbiter. Any other error than its two verdicts
// means that it could not be asked: two phones that ring are better than none.
func (h *Hotline) judge(err error, c rotation.Claim) verdict {
	switch {
	case err == nil:
		return goOn
	case errors.Is(err, dispatch.ErrAssigned):
		h.metrics.claim("assigned")
		return isTaken
	case errors.Is(err, dispatch.ErrStale):
		h.metrics.claim("stale")
		return isStale
	}
	h.log.Warn("the arbiter does not answer, the claim alone decides", "call_id", c.Call, "person", c.Person, "err", err)
	return isUnsure
}

// assign asks for the right to ring the claim's person, which no other node has then.
func (h *Hotline) assign(ctx context.Context, c rotation.Claim) verdict {
	if h.arbiter == nil {
		return goOn
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ArbiterBudget)
	defer cancel()
	h.endsOf(ctx, c.Person)
	return h.judge(h.arbiter.Assign(ctx, h.assignment(c), h.now()), c)
}

// confirm asks whether the claim may still join its person with somebody. An
// assignment that the arbiter could not be asked for is asked for now.
func (h *Hotline) confirm(c rotation.Claim) (ours bool, m marks) {
	if h.arbiter == nil {
		return true, 0
	}
	var v verdict
	if h.held.get(c).assigned {
		ctx, cancel := context.WithTimeout(context.Background(), h.cfg.ArbiterBudget)
		defer cancel()
		v = h.judge(h.arbiter.Confirm(ctx, h.assignment(c), h.now()), c)
	} else if v = h.assign(context.Background(), c); v == goOn {
		h.held.assign(c)
	}
	switch v {
	case isTaken, isStale:
		h.held.lose(c)
		return false, 0
	case isUnsure:
		return true, markArbiter
	case goOn:
	}
	return true, 0
}

// still asks whether another device may be rung on a claim that was granted a
// while ago.
func (h *Hotline) still(c rotation.Claim) (ours bool, m marks) {
	if h.held.lost(c) {
		return false, 0
	}
	if !h.held.get(c).own {
		ctx, cancel := context.WithTimeout(context.Background(), h.cfg.ClaimBudget)
		defer cancel()
		switch err := h.rotation.Renew(ctx, c); {
		case errors.Is(err, rotation.ErrLost):
			h.held.lose(c)
			return false, 0
		case err != nil:
			m = markRotation
		}
	}
	ours, more := h.confirm(c)
	return ours, m | more
}

// renewEvery keeps claims alive: a third of their life.
const renewEvery = rotation.DefaultTTL / 3

// renew gives every claim its life again, with the arbiter and in the rotation,
// and only then tells the arbiter of those that it could not be asked for.
// A claim that is lost is not given up here: nobody new is dialled on it and its
// accept key is refused, but two people who talk go on talking.
func (h *Hotline) renew(ctx context.Context) {
	list := h.held.list()
	if h.arbiter != nil {
		_ = h.safely(func() { h.extend(ctx, list) }) // a panic there is logged, and costs no renewal
	}
	for _, one := range list {
		if !one.own {
			h.renewOne(ctx, one.claim)
		}
	}
	if h.arbiter == nil {
		return
	}
	for _, one := range list {
		if !one.assigned && !h.assignLate(ctx, one.claim) {
			return // the others would wait for it in vain
		}
	}
}

// extend moves the end of all assignments that the arbiter has, in one question.
func (h *Hotline) extend(ctx context.Context, list []heldClaim) {
	var open []dispatch.Assignment
	for _, one := range list {
		if one.assigned {
			open = append(open, h.assignment(one.claim))
		}
	}
	if len(open) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ArbiterBudget)
	defer cancel()
	if err := h.arbiter.Extend(ctx, open); err != nil {
		h.metrics.claim("extend_failed")
		h.log.Warn("the arbiter's assignments could not be extended", "err", err)
	}
}

func (h *Hotline) renewOne(ctx context.Context, c rotation.Claim) {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ClaimBudget)
	defer cancel()
	err := h.rotation.Renew(ctx, c)
	if err == nil {
		return
	}
	if errors.Is(err, rotation.ErrLost) {
		h.held.lose(c)
	}
	h.metrics.claim("renew_failed")
	h.log.Warn("claim could not be renewed", "call_id", c.Call, "person", c.Person, "err", err)
}

// assignLate tells an arbiter that is back of a claim that was granted without
// it. False means that it is not back.
func (h *Hotline) assignLate(ctx context.Context, c rotation.Claim) (answered bool) {
	switch h.assign(ctx, c) {
	case goOn:
		if !h.held.assign(c) { // released meanwhile
			h.unassign(ctx, h.assignment(c))
		}
	case isTaken, isStale:
		h.held.lose(c)
	case isUnsure:
		return false
	}
	return true
}

// marks are what could not be asked while a call went on.
type marks uint8

const (
	markRotation marks = 1 << iota
	markArbiter
	markRecord
)

// words are the marks as they stand in a call's detail.
func (m marks) words() []string {
	var out []string
	for i, word := range [...]string{"rotation", "arbiter", "record"} {
		if m&(1<<i) != 0 {
			out = append(out, word)
		}
	}
	return out
}
