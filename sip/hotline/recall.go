package hotline

import (
	"context"
	"errors"
	"fmt"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// errDraining refuses what another node, or this one after its restart, can do.
var errDraining = errors.New("no new calls, the node is draining")

// recall is one try to ring a client whose call was cut. It returns as soon as
// he has answered: what follows is a call like any other, with its own record. A
// node that drains or stops postpones it: that is no try.
func (h *Hotline) recall(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	number := client.Number(n.To)
	if why := h.desk.CallBackAllowed(number); why != client.NoRefusal {
		return dispatch.ResultFailed, fmt.Errorf("recall client of ticket %s: his number may not be dialled (%s): %w", n.Ref.Number, why, dispatch.ErrPermanent)
	}
	c := h.engine.NewCall()
	if c == nil {
		return dispatch.ResultPostponed, fmt.Errorf("recall client of ticket %s: %w", n.Ref.Number, errDraining)
	}
	if h.engine.Draining() { // asked after NewCall: a drain that begins now waits for this call
		c.Post(func() { c.End(b2bua.CauseShutdown) })
		return dispatch.ResultPostponed, fmt.Errorf("recall client of ticket %s: %w", n.Ref.Number, errDraining)
	}
	result := make(chan dispatch.Result, 1)
	var k *call // owned by the call's goroutine
	begun := c.Post(func() {
		if c.Ended() { // the node stops
			result <- dispatch.ResultPostponed
			return
		}
		k = h.newCall(c, n.Line)
		k.number, k.ref, k.lang = number, n.Ref, prompt.ParseLanguage(n.Language)
		k.recall = result
		k.step(Event{Kind: EvRecall, Caller: n.To})
	})
	if !begun {
		return dispatch.ResultPostponed, fmt.Errorf("recall client of ticket %s: %w", n.Ref.Number, errDraining)
	}
	select {
	case r := <-result:
		return recallResult(n, r)
	case <-ctx.Done():
	}
	c.Post(func() {
		if k != nil && k.s.Phase == PhaseRecalling {
			k.step(Event{Kind: EvCallerGone})
		}
	})
	r := <-result
	if r != dispatch.ResultWithdrawn {
		return recallResult(n, r)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(context.Cause(ctx), context.Canceled) {
		r = dispatch.ResultFailed // not withdrawn: we have no more time for it
	}
	return r, fmt.Errorf("recall client of ticket %s: %w", n.Ref.Number, context.Cause(ctx))
}

// recallResult makes every result but an answer an error, so that the client is
// tried again.
func recallResult(n dispatch.Notice, r dispatch.Result) (dispatch.Result, error) {
	if r == dispatch.ResultDelivered {
		return r, nil
	}
	return r, fmt.Errorf("recall client of ticket %s: %s", n.Ref.Number, r)
}

// recallCut is the result of a recall whose call ended without its script.
func recallCut(cause string) dispatch.Result {
	if cause == b2bua.CauseShutdown {
		return dispatch.ResultPostponed
	}
	return dispatch.ResultFailed
}

// tellRecall hands the result over to recall, once.
func (k *call) tellRecall(r dispatch.Result) {
	if k.recall != nil {
		k.recall <- r
		k.recall = nil
	}
}

// adopt makes the client's leg the caller's. One who has hung up in that very
// moment has left.
func (k *call) adopt(a *Action) {
	for i := range k.legs {
		p := &k.legs[i]
		if p.id != a.Attempt {
			continue
		}
		if err := k.c.Adopt(p.leg); err != nil {
			k.step(Event{Kind: EvCallerGone, Cause: b2bua.CauseCallerGone})
			return
		}
		p.id = 0
		return
	}
}
