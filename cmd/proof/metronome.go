package main

import (
	"sync"
	"time"
)

// metronome tells how late the timers of this machine are: what other programs
// take from a figure.
type metronome struct {
	end chan struct{}

	mu    sync.Mutex
	beats []beat // guarded by mu; the late ones
}

type beat struct {
	at   time.Time
	late time.Duration
}

// newMetronome beats until stop.
func newMetronome() *metronome {
	const every = 5 * time.Millisecond
	m := &metronome{end: make(chan struct{})}
	go func() {
		t := time.NewTimer(every)
		defer t.Stop()
		for {
			due := time.Now().Add(every)
			t.Reset(every)
			select {
			case <-t.C:
			case <-m.end:
				return
			}
			if late := time.Since(due); late > time.Millisecond {
				m.mu.Lock()
				m.beats = append(m.beats, beat{due, late})
				m.mu.Unlock()
			}
		}
	}()
	return m
}

func (m *metronome) stop() { close(m.end) }

// late is the longest delay of a timer within [from, to).
func (m *metronome) late(from, to time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	var longest time.Duration
	for _, b := range m.beats {
		if !b.at.Before(from) && b.at.Before(to) {
			longest = max(longest, b.late)
		}
	}
	return longest
}
