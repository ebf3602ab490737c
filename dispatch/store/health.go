package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// health is whether changes reach the disk, as the last ones showed.
type health struct {
	mu     sync.Mutex
	fault  error       // guarded by mu; nil = the last change was stored
	since  time.Time   // guarded by mu; of the fault
	failed int         // guarded by mu; changes since then that were not stored
	began  time.Time   // guarded by mu; of the batch under way; zero = none
	probe  *time.Timer // guarded by mu; runs while there is a fault
	closed bool        // guarded by mu
}

const (
	// probeEvery is how often a store with a fault is tried, so that it is known
	// to be well again before the next caller needs it.
	probeEvery = 2 * time.Second
	// hangAfter is how long a commit may be under way before the disk counts as
	// hanging; ten times what a caller waits.
	hangAfter = 2 * time.Second
	// lookAtMost is how long a look at the names of the files may take.
	lookAtMost = 500 * time.Millisecond
)

// Health returns why changes are not stored now: the fault of the last commit
// until one succeeds, a commit that has been under way for too long, or a file
// that is no longer at its path. It answers within lookAtMost.
func (s *SQL) Health() error {
	fault, writing := s.health.now()
	if fault != nil || writing { // the writer looks at the file itself
		return fault
	}
	seen := make(chan error, 1)
	go func() { seen <- s.db.gone() }()
	enough := time.NewTimer(lookAtMost)
	defer enough.Stop()
	var err error
	select {
	case err = <-seen:
	case <-enough.C:
		err = fmt.Errorf("look at %s: the disk has not answered for %v", s.name, lookAtMost)
	}
	if err != nil {
		s.note(err, 0)
	}
	return err
}

func (h *health) now() (fault error, writing bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fault, !h.began.IsZero()
}

// watch makes a batch known that is under way for too long. The function it
// returns ends that.
func (s *SQL) watch(began time.Time) (end func()) {
	h := &s.health
	h.mu.Lock()
	h.began = began
	h.mu.Unlock()
	alarm := time.AfterFunc(s.hang, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.began.Equal(began) {
			s.turn(fmt.Errorf("a commit to %s has been under way for more than %v: the disk does not answer, or another process holds the database",
				s.name, s.hang), 0)
		}
	})
	return func() {
		alarm.Stop()
		h.mu.Lock()
		h.began = time.Time{}
		h.mu.Unlock()
	}
}

// note takes what a batch showed; failed counts its changes that were not stored.
func (s *SQL) note(fault error, failed int) {
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	s.turn(fault, failed)
}

// turn logs each turn for the worse and for the better, once; h.mu is held.
func (s *SQL) turn(fault error, failed int) {
	h := &s.health
	was := h.fault
	h.fault = fault
	switch {
	case fault != nil && was == nil:
		h.since, h.failed = time.Now(), failed
		s.log.Error("the database takes no changes now: calls go on, and tickets are not in it until it does", "err", fault.Error())
		s.probeLater()
	case fault != nil:
		h.failed += failed
	case was != nil:
		s.log.Warn("the database takes changes again", "attempt", h.failed, "took", time.Since(h.since).Round(time.Second).String())
	}
}

// probeLater tries the disk again after a while; h.mu is held.
func (s *SQL) probeLater() {
	if s.health.closed {
		return
	}
	s.health.probe = time.AfterFunc(probeEvery, func() {
		ctx, cancel := context.WithTimeout(context.Background(), probeEvery)
		defer cancel()
		_ = s.Probe(ctx) // what it shows is noted by the writer
		s.health.mu.Lock()
		defer s.health.mu.Unlock()
		if s.health.fault != nil {
			s.probeLater()
		}
	})
}

// Probe stores a row of no meaning and returns when it is on the disk: the
// answer of Health is then no older than that.
func (s *SQL) Probe(ctx context.Context) error {
	err := s.urgent(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `INSERT INTO counters (name, value) VALUES ('disk-probes', 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1`)
		return err
	})
	if err != nil {
		return fmt.Errorf("probe the database: %w", err)
	}
	return nil
}

// stopProbe ends the probing for good.
func (s *SQL) stopProbe() {
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	s.health.closed = true
	if s.health.probe != nil {
		s.health.probe.Stop()
	}
}
