package dispatch

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// storms know how many tickets each source has asked for of late. They are a
// memory of the record, which has it from the tickets of the window (learn) and
// from the signals of a storm's own ticket (recall): a storm is the same storm to
// a process that starts in the middle of it, and to the other nodes. How often
// one ticket was joined within a minute is this process's own count.
type storms struct {
	mu     sync.Mutex
	asked  map[string][]time.Time // guarded by mu; by source, oldest first, no more than its limit
	opened map[string]time.Time   // guarded by mu; tickets that are counted, by id, with when they were opened
	lines  map[string]minute      // guarded by mu; by ticket
	swept  time.Time              // guarded by mu
	window time.Duration
}

// minute counts the signals that joined one ticket since it began.
type minute struct {
	begun time.Time
	count int
}

func newStorms(window time.Duration) *storms {
	return &storms{asked: map[string][]time.Time{}, opened: map[string]time.Time{}, lines: map[string]minute{}, window: window}
}

// ask notes that the source asks for one more ticket at now, and reports
// whether it has had as many as its limit within the window before.
func (s *storms) ask(source string, limit int, now time.Time) (storm bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	recent := slices.DeleteFunc(s.asked[source], func(at time.Time) bool { return now.Sub(at) > s.window })
	storm = len(recent) >= limit
	if storm {
		recent = recent[len(recent)-limit+1:] // the latest ones say whether it goes on
	}
	s.asked[source] = append(recent, now)
	return storm
}

// own notes that a ticket was opened for what asked here, which is counted.
func (s *storms) own(in intake) {
	if in.joined {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened[in.ticket.ID] = in.ticket.OpenedAt
}

// learn counts a ticket of the record, once: one that was opened before this
// process began, or by another node.
func (s *storms) learn(t ticket.Ticket, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	if _, counted := s.opened[t.ID]; counted || t.Storm == "" || now.Sub(t.OpenedAt) > s.window {
		return
	}
	s.opened[t.ID] = t.OpenedAt
	s.asked[t.Storm] = append(s.asked[t.Storm], t.OpenedAt)
	slices.SortFunc(s.asked[t.Storm], time.Time.Compare)
}

// recall takes when a storm's ticket was last joined, and reports whether that
// makes the storm one that goes on.
func (s *storms) recall(source string, limit int, joined []time.Time, now time.Time) (storm bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	recent := slices.DeleteFunc(slices.Clone(joined), func(at time.Time) bool { return now.Sub(at) > s.window })
	if len(recent) < limit {
		return false
	}
	slices.SortFunc(recent, time.Time.Compare)
	s.asked[source] = append(recent[len(recent)-limit+1:], now)
	return true
}

// join counts one more signal of a ticket, and returns which of its minute it is.
func (s *storms) join(ticketID string, now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	m := s.lines[ticketID]
	if m.count == 0 || now.Sub(m.begun) > toldMinute || now.Before(m.begun) {
		m = minute{begun: now}
	}
	m.count++
	s.lines[ticketID] = m
	return m.count
}

// sweep forgets what has calmed down, once in a window; mu is held.
func (s *storms) sweep(now time.Time) {
	if now.Sub(s.swept) < s.window && !now.Before(s.swept) {
		return
	}
	s.swept = now
	for source, asked := range s.asked {
		if now.Sub(asked[len(asked)-1]) > s.window {
			delete(s.asked, source)
		}
	}
	for id, at := range s.opened {
		if now.Sub(at) > s.window {
			delete(s.opened, id)
		}
	}
	for id, m := range s.lines {
		if now.Sub(m.begun) > toldMinute {
			delete(s.lines, id)
		}
	}
}

// stormy reports whether the source of a message is in a storm, and counts the
// message. What this process has not counted itself it reads where the storm has
// a ticket already.
func (d *Dispatcher) stormy(ctx context.Context, a arrival) bool {
	source, limit := a.stormParty(), d.stormLimit(a)
	if d.storms.ask(source, limit, a.sig.At) {
		return true
	}
	c, open := d.board.find(source)
	if !open || d.signals == nil {
		return false
	}
	list, err := d.signals.ListSignals(ctx, SignalFilter{Ticket: c.Ticket.ID, Limit: limit})
	if err != nil {
		return false // a ticket too many is better than none
	}
	var joined []time.Time
	for _, r := range list {
		joined = append(joined, r.At)
	}
	return d.storms.recall(source, limit, joined, a.sig.At)
}

// How much of the record a start reads to know the storms, and how long it may
// take.
const (
	stormPage   = 500
	stormBudget = 500 * time.Millisecond
)

// readStorms learns from the tickets of the window, also from those that are
// closed. What it can not read costs a source that storms its few tickets once more.
func (d *Dispatcher) readStorms(ctx context.Context) {
	if d.archive == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stormBudget)
	defer cancel()
	now := d.wall()
	for before := (time.Time{}); ; {
		page, err := d.archive.Tickets(ctx, TicketFilter{Before: before, Limit: stormPage})
		if err != nil {
			return
		}
		for i := range page {
			d.storms.learn(page[i], now)
		}
		if len(page) < stormPage || now.Sub(page[len(page)-1].OpenedAt) > d.cfg.Intake.StormWindow {
			return
		}
		before = page[len(page)-1].OpenedAt
	}
}
