package dispatch

import (
	"slices"
	"sync"
	"time"
)

// storms know how many tickets each source has asked for of late. They live in
// memory: a node that starts anew, or another one, begins to count from zero, so
// that a source may get its few tickets once more.
type storms struct {
	mu     sync.Mutex
	asked  map[string][]time.Time // guarded by mu; by source, oldest first, no more than its limit
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
	return &storms{asked: map[string][]time.Time{}, lines: map[string]minute{}, window: window}
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
	for id, m := range s.lines {
		if now.Sub(m.begun) > toldMinute {
			delete(s.lines, id)
		}
	}
}
