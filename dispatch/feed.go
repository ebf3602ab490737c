package dispatch

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"
)

// FeedEvent is one thing that just happened, for screens. It is a hint: a
// subscriber that sees a gap in Seq reads the store again.
type FeedEvent struct {
	Seq    uint64    `json:"seq"` // of the feed it is read from, without gaps unless events were missed
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"` // an event kind of the ticket, such as "accepted"
	Ref    Ref       `json:"ticket"`
	Call   string    `json:"call,omitempty"`
	Person string    `json:"person,omitempty"`
	Result string    `json:"result,omitempty"`
	Node   string    `json:"node,omitempty"`     // where it happened; empty = a single node without a name
	Run    string    `json:"run,omitempty"`      // names the start of that node
	Nth    uint64    `json:"node_seq,omitempty"` // counts the events of that run from 1
}

// Feed spreads events to subscribers and never waits for one: whoever does not
// keep up loses events and can see how many. Feeds of several nodes are joined
// by Relay and Hear.
type Feed struct {
	node   string
	run    string
	remote func(FeedEvent) // told of other nodes' events before the subscribers; may be nil
	missed func()          // told that other nodes' events were lost; may be nil

	relayLost atomic.Uint64

	// guarded by mu
	mu   sync.RWMutex
	subs map[*Subscription]struct{}

	// guarded by order, held while an event is numbered and handed out
	order sync.Mutex
	seq   uint64
	nth   uint64           // of this node's events
	heard map[string]heard // by node
}

// heard is the last event that came from a node.
type heard struct {
	run string
	nth uint64
}

// Subscription is one listener of the feed.
type Subscription struct {
	feed *Feed
	ch   chan FeedEvent
	lost atomic.Uint64
}

// NewFeed returns a feed without subscribers. node names this node among those
// whose feeds are joined; empty = it is alone.
func NewFeed(node string) *Feed {
	return &Feed{node: node, run: rand.Text(), subs: map[*Subscription]struct{}{}, heard: map[string]heard{}}
}

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

// publish hands out an event of this node.
func (f *Feed) publish(e FeedEvent) {
	f.order.Lock()
	defer f.order.Unlock()
	f.nth++
	e.Node, e.Run, e.Nth = f.node, f.run, f.nth
	f.spread(e)
}

// spread numbers the event and offers it to every subscriber; order is held.
func (f *Feed) spread(e FeedEvent) {
	f.seq++
	e.Seq = f.seq
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

// Inject hands out an event of another node; its own and repeated ones are
// passed over, so that a bus that brings back what was sent makes no loop.
// Where events of that node are missing, Seq has a gap.
func (f *Feed) Inject(e FeedEvent) {
	if e.Node == f.node {
		return
	}
	f.order.Lock()
	last, known := f.heard[e.Node]
	if e.Run == last.run && e.Nth <= last.nth {
		f.order.Unlock()
		return
	}
	f.heard[e.Node] = heard{e.Run, e.Nth}
	next := e.Run == last.run && e.Nth == last.nth+1
	gap := !next && (known || e.Nth > 1)
	if gap {
		f.seq++
	}
	f.order.Unlock()
	if gap && f.missed != nil {
		f.missed()
	}
	if f.remote != nil {
		f.remote(e)
	}
	f.order.Lock()
	defer f.order.Unlock()
	f.spread(e)
}

// Hear takes a message of another node's Relay. A nil message says that some
// may have been missed: Seq gets a gap.
func (f *Feed) Hear(message []byte) {
	var e FeedEvent
	if len(message) > 0 && json.Unmarshal(message, &e) == nil && e.Node != "" {
		f.Inject(e)
		return
	}
	f.order.Lock()
	f.seq++
	f.order.Unlock()
	if f.missed != nil {
		f.missed()
	}
}

// relayBuffer is how many events wait for a slow bus before some are lost.
const relayBuffer = 1024

// Relay gives the events of this node to send, as messages for Hear, in order,
// until ctx ends. It returns nil. What send refuses, and what comes faster than
// it takes, is lost; the others see the gap, and RelayLost counts it.
func (f *Feed) Relay(ctx context.Context, send func(ctx context.Context, message []byte) error) error {
	s := f.Subscribe(relayBuffer)
	defer s.Close()
	var counted uint64
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-s.Events():
			lost := s.Lost()
			f.relayLost.Add(lost - counted)
			counted = lost
			if e.Node != f.node {
				continue
			}
			raw, err := json.Marshal(e)
			if err == nil {
				err = send(ctx, raw)
			}
			if err != nil {
				f.relayLost.Add(1)
			}
		}
	}
}

// RelayLost returns how many events other nodes did not get.
func (f *Feed) RelayLost() uint64 { return f.relayLost.Load() }
