package dispatch

import (
	"sync"
	"sync/atomic"
	"time"
)

// FeedEvent is one thing that just happened, for screens. It is a hint: a
// subscriber that sees a gap in Seq reads the store again.
type FeedEvent struct {
	Seq    uint64    `json:"seq"`
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"` // an event kind of the ticket, such as "accepted"
	Ref    Ref       `json:"ticket"`
	Call   string    `json:"call,omitempty"`
	Person string    `json:"person,omitempty"`
	Result string    `json:"result,omitempty"`
}

// Feed spreads events to subscribers and never waits for one: whoever does not
// keep up loses events and can see how many.
type Feed struct {
	seq atomic.Uint64

	// guarded by mu
	mu   sync.RWMutex
	subs map[*Subscription]struct{}
}

// Subscription is one listener of the feed.
type Subscription struct {
	feed *Feed
	ch   chan FeedEvent
	lost atomic.Uint64
}

// NewFeed returns a feed without subscribers.
func NewFeed() *Feed { return &Feed{subs: map[*Subscription]struct{}{}} }

// Subscribe returns a subscription that holds up to buf unread events.
func (f *Feed) Subscribe(buf int) *Subscription {
	s := &Subscription{feed: f, ch: make(chan FeedEvent, max(1, buf))}
	f.mu.Lock()
	f.subs[s] = struct{}{}
	f.mu.Unlock()
	return s
}

// Events returns the channel of events; Close closes it.
func (s *Subscription) Events() <-chan FeedEvent { return s.ch }

// Lost returns how many events did not fit.
func (s *Subscription) Lost() uint64 { return s.lost.Load() }

// Close ends the subscription; it may be called more than once.
func (s *Subscription) Close() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	if _, ok := s.feed.subs[s]; ok {
		delete(s.feed.subs, s)
		close(s.ch)
	}
}

// publish numbers the event and offers it to every subscriber.
func (f *Feed) publish(e FeedEvent) {
	e.Seq = f.seq.Add(1)
	f.mu.RLock()
	defer f.mu.RUnlock()
	for s := range f.subs {
		select {
		case s.ch <- e:
		default:
			s.lost.Add(1)
		}
	}
}
