package dispatch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Sizes of a reserved block of ticket numbers. It grows while numbers go fast.
//
// With a BlockKeeper nothing of a block is lost at a kill, and as many numbers
// as the next block has are ready for the time the store is away: ten minutes
// at the rate of the last block. Without one a kill skips the rest of the block.
const (
	minBlock  = 50
	maxBlock  = 2000
	fastBlock = 10 * time.Second // a block used up sooner makes the next one bigger

	minKept  = 500
	maxKept  = 8000
	fastKept = 10 * time.Minute
	parts    = 10 // a block is begun in so many parts: a start that cannot ask where it stopped skips one part
)

// numbers hands out ticket numbers from blocks reserved in the store ahead, so
// that opening a ticket asks the store for nothing. A block is begun when it is
// marked so with the keeper; only then are numbers of it given. After a kill
// the store's last number of a begun block tells where to go on.
type numbers struct {
	reserve func(ctx context.Context, year, n int) (uint32, error)
	release func(ctx context.Context, year int, first, end uint32) error // nil = nothing is given back
	keeper  BlockKeeper                                                  // nil = blocks die with the process
	last    func(ctx context.Context, year int, first, end uint32) (uint32, error)
	zone    *time.Location
	least   int
	most    int
	fast    time.Duration
	refill  chan struct{} // of one: whoever holds the token reserves, begins and keeps
	low     chan struct{} // of one: wakes Run

	mu       sync.Mutex
	blocks   []block // guarded by mu; in order of use. Only the holder of the token adds and removes
	size     int     // guarded by mu
	begun    time.Time
	latest   time.Time // guarded by mu; when the last number was given
	restored bool      // guarded by mu; what the keeper kept has been read
}

// block is a reserved block and its next number.
type block struct {
	Block

	next uint32
}

func newNumbers(s Store, zone *time.Location) *numbers {
	n := &numbers{
		reserve: s.Reserve, zone: zone, refill: make(chan struct{}, 1), low: make(chan struct{}, 1),
		least: minBlock, most: maxBlock, fast: fastBlock,
	}
	if r, ok := s.(Releaser); ok {
		n.release = r.Release
	}
	k, keeps := s.(BlockKeeper)
	if l, ok := s.(Numbered); ok && keeps {
		n.keeper, n.last = k, l.LastNumber
		n.least, n.most, n.fast = minKept, maxKept, fastKept
	}
	n.size = n.least
	return n
}

// Releaser is a Store that takes back numbers that were reserved last.
type Releaser interface {
	// Release takes back the numbers from first up to end if they are the last
	// ones handed out of the year; otherwise they stay used.
	Release(ctx context.Context, year int, first, end uint32) error
}

// hold takes the token of whoever changes the blocks.
func (n *numbers) hold(ctx context.Context) (release func(), err error) {
	select {
	case n.refill <- struct{}{}:
		return func() { <-n.refill }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// giveBack ends the use of the blocks in good order, so that the next start
// goes on without a gap. With a keeper it keeps what was not used as not begun:
// the next start has numbers also without the store. Without one it returns it
// to the store, the later block first. A ticket opened after it begins anew.
func (n *numbers) giveBack(ctx context.Context) error {
	done, err := n.hold(ctx)
	if err != nil {
		return err
	}
	defer done()
	if n.keeper != nil {
		return n.lay(ctx)
	}
	n.mu.Lock()
	left := n.blocks
	n.blocks = nil
	n.mu.Unlock()
	for _, b := range slices.Backward(left) {
		if b.next >= b.End || n.release == nil {
			continue
		}
		if err := n.release(ctx, b.Year, b.next, b.End); err != nil {
			return fmt.Errorf("give back ticket numbers of %d: %w", b.Year, err)
		}
	}
	return nil
}

// take returns the next number for a ticket opened at t; it waits for the
// store only when the blocks are used up. When the store has no numbers of a
// new year, the last year's go on.
func (n *numbers) take(ctx context.Context, t time.Time) (ticket.Number, error) {
	year := t.In(n.zone).Year()
	for {
		if num, ok := n.pop(year, t); ok {
			return num, nil
		}
		err := n.ready(ctx, year, t)
		if err == nil {
			continue
		}
		if old := n.current(); old != 0 && old < year {
			if num, ok := n.pop(old, t); ok {
				return num, nil
			}
			if n.ready(ctx, old, t) == nil {
				year = old
				continue
			}
		}
		return ticket.Number{}, fmt.Errorf("reserve ticket numbers of %d: %w", year, err)
	}
}

// pop gives the next number of a begun block of the year.
func (n *numbers) pop(year int, now time.Time) (ticket.Number, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.latest = now
	for i := range n.blocks {
		b := &n.blocks[i]
		if b.Year != year || !b.Begun || b.next >= b.End {
			continue
		}
		num := ticket.Number{Year: year % 100, Seq: b.next}
		b.next++
		if n.begun.IsZero() {
			n.begun = now
		}
		if !n.stocked(year) {
			n.wake()
		}
		return num, true
	}
	return ticket.Number{}, false
}

// stocked reports whether enough numbers of the year wait to be begun: with a
// keeper as many as a block has. mu is held.
func (n *numbers) stocked(year int) bool {
	ready := uint32(0)
	for _, b := range n.blocks {
		if b.Year == year && !b.Begun {
			ready += b.End - b.First
		}
	}
	if n.keeper == nil {
		return ready > 0
	}
	return ready >= uint32(n.size)
}

// wake makes Run reserve a block ahead.
func (n *numbers) wake() {
	select {
	case n.low <- struct{}{}:
	default:
	}
}

// fill reserves a block of the year ahead unless there is one, and begins the
// first one, so that no caller waits for that.
func (n *numbers) fill(ctx context.Context, year int) error {
	done, err := n.hold(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := n.restore(ctx); err != nil {
		return err
	}
	err = n.ahead(ctx, year)
	if n.waits(year) && n.keeper != nil && !n.some(year) {
		if err = n.begin(ctx, year, time.Time{}); err == nil {
			err = n.ahead(ctx, year)
		}
	}
	return err
}

// ready begins the next block of the year; when there is none it waits for the
// store.
func (n *numbers) ready(ctx context.Context, year int, now time.Time) error {
	done, err := n.hold(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := n.restore(ctx); err != nil {
		return err
	}
	if n.some(year) { // somebody was faster
		return nil
	}
	if !n.waits(year) { // else Run reserves: a caller does not wait for the store
		if err := n.ahead(ctx, year); err != nil {
			return err
		}
	}
	return n.begin(ctx, year, now)
}

// waits reports whether a block of the year is not begun yet.
func (n *numbers) waits(year int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.blocks, func(b block) bool { return b.Year == year && !b.Begun })
}

// some reports whether a begun block of the year has numbers left.
func (n *numbers) some(year int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.blocks, func(b block) bool { return b.Year == year && b.Begun && b.next < b.End })
}

// ahead reserves a block of the year unless one waits; the token is held.
func (n *numbers) ahead(ctx context.Context, year int) error {
	n.mu.Lock()
	size, list, now := n.size, slices.Clone(n.blocks), n.latest
	ready := n.stocked(year)
	n.mu.Unlock()
	if ready {
		return nil
	}
	first, err := n.reserve(ctx, year, size)
	if err != nil {
		return err
	}
	if n.keeper != nil {
		n.grow(now)
	}
	return n.put(ctx, append(list, block{Block{Year: year, First: first, End: first + uint32(size)}, first}))
}

// begin marks the next block of the year as begun; the token is held, and there is one.
func (n *numbers) begin(ctx context.Context, year int, now time.Time) error {
	n.mu.Lock()
	list, part := slices.Clone(n.blocks), uint32(max(n.size/parts, 1))
	n.mu.Unlock()
	i := slices.IndexFunc(list, func(b block) bool { return b.Year == year && !b.Begun })
	list[i].Begun = true
	if b := list[i]; n.keeper != nil && b.End-b.First > part {
		list[i].End = b.First + part
		list = slices.Insert(list, i+1, block{Block{Year: year, First: list[i].End, End: b.End}, list[i].End})
	}
	if err := n.put(ctx, list); err != nil {
		return err
	}
	if n.keeper == nil {
		n.grow(now)
	}
	n.wake()
	return nil
}

// grow sets the size of the next block by how fast the last one was used up.
func (n *numbers) grow(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.begun.IsZero() || now.IsZero(): // the first one tells nothing of the rate
	case now.Sub(n.begun) < n.fast:
		n.size = min(2*n.size, n.most)
	default:
		n.size = max(n.size/2, n.least)
	}
	n.begun = now
}

// current returns the year of the block in use.
func (n *numbers) current() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	year := 0
	for _, b := range n.blocks {
		if b.Begun || year == 0 {
			year = max(year, b.Year)
		}
	}
	return year
}
