package dispatch

import (
	"context"
	"fmt"
	"sync"
)

// gates give each ticket, and each caller who has none yet, one unit of work
// at a time within this process. Across processes the store's versions decide;
// the gates only spare the repeated commits.
type gates struct {
	mu   sync.Mutex
	held map[string]*gate // guarded by mu
}

// gate is a token that one holds; waiting counts holder and waiters.
type gate struct {
	token   chan struct{} // of one
	waiting int           // guarded by gates.mu
}

func newGates() *gates { return &gates{held: map[string]*gate{}} }

// enter waits for the key's turn as long as ctx allows.
func (g *gates) enter(ctx context.Context, key string) (leave func(), err error) {
	g.mu.Lock()
	one, ok := g.held[key]
	if !ok {
		one = &gate{token: make(chan struct{}, 1)}
		g.held[key] = one
	}
	one.waiting++
	g.mu.Unlock()
	select {
	case one.token <- struct{}{}:
		return func() { <-one.token; g.forget(key, one) }, nil
	case <-ctx.Done():
		g.forget(key, one)
		return nil, fmt.Errorf("wait for the ticket's turn: %w", context.Cause(ctx))
	}
}

func (g *gates) forget(key string, one *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if one.waiting--; one.waiting == 0 {
		delete(g.held, key)
	}
}
