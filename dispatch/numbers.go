package dispatch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Sizes of a reserved block of ticket numbers. A block is what is skipped after
// a kill (a clean stop gives back what was not used); it grows while numbers go fast, so that a flood does not wait.
const (
	minBlock  = 50
	maxBlock  = 2000
	fastBlock = 10 * time.Second // a block used up sooner makes the next one bigger
)

// numbers hands out ticket numbers from a block reserved in the store ahead,
// so that opening a ticket asks the store for nothing.
type numbers struct {
	reserve func(ctx context.Context, year, n int) (uint32, error)
	release func(ctx context.Context, year int, first, end uint32) error // nil = nothing is given back
	zone    *time.Location
	refill  chan struct{} // of one: whoever holds the token reserves
	low     chan struct{} // of one: wakes Run

	mu    sync.Mutex
	year  int    // guarded by mu
	next  uint32 // guarded by mu
	end   uint32 // guarded by mu; first number after the block
	ahead block  // guarded by mu; reserved, not begun
	size  int    // guarded by mu
	begun time.Time
}

type block struct {
	year       int
	first, end uint32
}

func newNumbers(s Store, zone *time.Location) *numbers {
	n := &numbers{reserve: s.Reserve, zone: zone, refill: make(chan struct{}, 1), low: make(chan struct{}, 1), size: minBlock}
	if r, ok := s.(Releaser); ok {
		n.release = r.Release
	}
	return n
}

// Releaser is a Store that takes back numbers that were reserved last.
type Releaser interface {
	// Release takes back the numbers from first up to end if they are the last
	// ones handed out of the year; otherwise they stay used.
	Release(ctx context.Context, year int, first, end uint32) error
}

// giveBack empties both blocks and returns what was not used to the store, so
// that the next start goes on without a gap. The later block goes first. A
// ticket opened after it reserves anew.
func (n *numbers) giveBack(ctx context.Context) error {
	select {
	case n.refill <- struct{}{}:
		defer func() { <-n.refill }()
	case <-ctx.Done():
		return ctx.Err()
	}
	n.mu.Lock()
	left := []block{n.ahead, {n.year, n.next, n.end}}
	n.ahead, n.next = block{}, n.end
	n.mu.Unlock()
	for _, b := range left {
		if b.first >= b.end || n.release == nil {
			continue
		}
		if err := n.release(ctx, b.year, b.first, b.end); err != nil {
			return fmt.Errorf("give back ticket numbers of %d: %w", b.year, err)
		}
	}
	return nil
}

// take returns the next number for a ticket opened at t; it waits for the
// store only when both blocks are used up.
func (n *numbers) take(ctx context.Context, t time.Time) (ticket.Number, error) {
	year := t.In(n.zone).Year()
	for {
		if num, ok := n.pop(year, t); ok {
			return num, nil
		}
		if err := n.fill(ctx, year); err != nil {
			return ticket.Number{}, fmt.Errorf("reserve ticket numbers of %d: %w", year, err)
		}
	}
}

func (n *numbers) pop(year int, now time.Time) (ticket.Number, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if (n.next >= n.end || n.year != year) && n.ahead.year == year && n.ahead.first < n.ahead.end {
		if now.Sub(n.begun) < fastBlock {
			n.size = min(2*n.size, maxBlock)
		} else {
			n.size = max(n.size/2, minBlock)
		}
		n.year, n.next, n.end, n.begun = n.ahead.year, n.ahead.first, n.ahead.end, now
		n.ahead = block{}
	}
	if n.year != year || n.next >= n.end {
		return ticket.Number{}, false
	}
	num := ticket.Number{Year: year % 100, Seq: n.next}
	n.next++
	if n.ahead.first == n.ahead.end {
		select {
		case n.low <- struct{}{}:
		default:
		}
	}
	return num, true
}

// fill reserves the next block unless somebody else just did.
func (n *numbers) fill(ctx context.Context, year int) error {
	select {
	case n.refill <- struct{}{}:
		defer func() { <-n.refill }()
	case <-ctx.Done():
		return ctx.Err()
	}
	n.mu.Lock()
	size, have := n.size, n.ahead.year == year && n.ahead.first < n.ahead.end
	n.mu.Unlock()
	if have {
		return nil
	}
	first, err := n.reserve(ctx, year, size)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.ahead = block{year, first, first + uint32(size)}
	n.mu.Unlock()
	return nil
}

// current returns the year of the block in use.
func (n *numbers) current() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.year
}
