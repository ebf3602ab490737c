package siptest

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Log is an append-only record on which many may wait. The zero value is ready.
type Log[T any] struct {
	mu    sync.Mutex
	items []T           // guarded by mu
	grown chan struct{} // guarded by mu; closed at each append, nil when nobody waits
}

// Add appends one item and wakes the waiting.
func (l *Log[T]) Add(item T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, item)
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
}

// All is a copy of the record.
func (l *Log[T]) All() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.items)
}

// Count tells how many items match accepts so far.
func (l *Log[T]) Count(match func(T) bool) int {
	n := 0
	for _, item := range l.All() {
		if match(item) {
			n++
		}
	}
	return n
}

// Wait returns the first item that match accepts, be it there already or yet
// to come.
func (l *Log[T]) Wait(ctx context.Context, match func(T) bool) (T, error) {
	item, _, err := l.WaitFrom(ctx, 0, match)
	return item, err
}

// WaitFrom is Wait beginning at position from; it returns the position found.
func (l *Log[T]) WaitFrom(ctx context.Context, from int, match func(T) bool) (T, int, error) {
	for {
		items, grown := l.snapshot()
		for ; from < len(items); from++ {
			if match(items[from]) {
				return items[from], from, nil
			}
		}
		select {
		case <-grown:
		case <-ctx.Done():
			var none T
			return none, 0, fmt.Errorf("wait for a match among %d items: %w", len(items), context.Cause(ctx))
		}
	}
}

// snapshot is the present record and a channel closed when it grows.
func (l *Log[T]) snapshot() ([]T, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown == nil {
		l.grown = make(chan struct{})
	}
	return slices.Clip(l.items), l.grown
}
