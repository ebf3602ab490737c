package journal

import (
	"context"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// How long one of several nodes waits before it acts alone, and what it takes
// for a sleep.
const (
	aloneAfter = 10 * time.Second // a server ends the transaction of a frozen node after 3 s, and a replay begins each second: most outages are over by then
	napFrom    = 3 * time.Second  // workers ask each second
)

// alone reports whether this node hands out pages and timers by itself while
// the SQL store is away; mu is held. Where nodes share the store, one that only
// waits for it must not do what the others do meanwhile: for aloneAfter it hands
// out nothing, and counts anew after a sleep of its own. In a longer outage each
// node pages by what it knows: a page too many is better than none.
func (s *Store) alone() bool {
	if !s.deps.Shared {
		return true
	}
	now := s.now()
	if slept := elapsed(s.looked, now); slept > napFrom || slept < 0 {
		s.doubt = now
	}
	s.looked = now
	return now.Sub(s.doubt) >= aloneAfter
}

// doubts begins the wait before this node acts alone; mu is held.
func (s *Store) doubts() { s.doubt, s.looked = s.now(), s.now() }

// elapsed is the time between two moments, by the clock that shows more of it:
// one stands while the machine sleeps, the other one can be set.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}

// LoadShared implements dispatch.Sharing: the SQL store is asked also while
// changes do not go to it, unless one of this very ticket waits here, or this
// node acts alone.
func (s *Store) LoadShared(ctx context.Context, id string) (dispatch.Case, error) {
	s.mu.Lock()
	in := s.inner
	if s.passage == nil && (s.alone() || slices.ContainsFunc(s.pending, func(e *entry) bool { return !e.done && ticketOf(e.change) == id })) {
		in = nil
	}
	s.mu.Unlock()
	if in == nil {
		return s.Load(ctx, id)
	}
	return in.Load(ctx, id)
}
