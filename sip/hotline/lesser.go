package hotline

import (
	"context"
	"slices"
	"sync"
	"time"
)

// lesser are the calls about shifts of this node, by person. They claim nobody;
// when a caller or a page needs the person they let his phone go.
type lesser struct {
	mu    sync.Mutex
	calls map[string][]*lesserCall // guarded by mu
}

// lesserCall is one of them. nil is a call that yields to nobody.
type lesserCall struct {
	once   sync.Once
	yields chan struct{} // closed when it is to let him go
	over   chan struct{} // closed when it has ended
}

const (
	// freeLimit bounds the wait for a phone to be let go: the next dial must not hang on it.
	freeLimit = 250 * time.Millisecond
	// lookForClaims is how often a call about a shift looks whether another node has claimed its person.
	lookForClaims = 500 * time.Millisecond
)

func (c *lesserCall) yield() { c.once.Do(func() { close(c.yields) }) }

// outranked is closed when the call is to let its person go.
func (c *lesserCall) outranked() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.yields
}

func (l *lesser) begin(person string) *lesserCall {
	c := &lesserCall{yields: make(chan struct{}), over: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls == nil {
		l.calls = map[string][]*lesserCall{}
	}
	l.calls[person] = append(l.calls[person], c)
	return c
}

func (l *lesser) end(person string, c *lesserCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(c.over)
	if l.calls[person] = slices.DeleteFunc(l.calls[person], func(other *lesserCall) bool { return other == c }); len(l.calls[person]) == 0 {
		delete(l.calls, person)
	}
}

// let tells the calls to a person to let him go, and returns them.
func (l *lesser) let(person string) []*lesserCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.calls[person] {
		c.yield()
	}
	return slices.Clone(l.calls[person])
}

// outrank has the calls to a person let him go, and waits a moment for it, so
// that his phone is dialled after CANCEL or BYE.
func (l *lesser) outrank(person string) {
	calls := l.let(person)
	if len(calls) == 0 {
		return
	}
	limit := time.NewTimer(freeLimit)
	defer limit.Stop()
	for _, c := range calls {
		select {
		case <-c.over:
		case <-limit.C:
			return
		}
	}
}

// claimed reports whether a call or a page of any node has a person. When the
// rotation does not answer, the claims of this node decide.
func (h *Hotline) claimed(ctx context.Context, person string) bool {
	if slices.ContainsFunc(h.held.list(), func(one heldClaim) bool { return one.claim.Person == person }) {
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.ClaimBudget)
	defer cancel()
	has, err := h.rotation.Claimed(ctx, person)
	return err == nil && has
}

// watchClaims has a call about a shift let its person go when another node has
// claimed him, until done is closed.
func (h *Hotline) watchClaims(ctx context.Context, person string, c *lesserCall, done <-chan struct{}) {
	tick := time.NewTicker(lookForClaims)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-c.outranked():
			return
		case <-tick.C:
			if h.claimed(ctx, person) {
				c.yield()
				return
			}
		}
	}
}
