package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// health is whether changes reach the disk, as the last one showed.
type health struct {
	mu     sync.Mutex
	fault  error       // guarded by mu; nil = the last change was stored
	since  time.Time   // guarded by mu; of the fault
	failed int         // guarded by mu; changes since then that were not stored
	probe  *time.Timer // guarded by mu; runs while there is a fault
	closed bool        // guarded by mu
}

// probeEvery is how often a store with a fault is tried, so that it is known to
// be well again before the next caller needs it.
const probeEvery = 5 * time.Second

// Health returns why changes are not stored now: the fault of the last commit,
// until one succeeds.
func (s *SQLite) Health() error {
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	return s.health.fault
}

// note takes the result of a change and logs each turn for the worse and for
// the better, once.
func (s *SQLite) note(err error) {
	fault := diskFault(err)
	if err == nil {
		fault = s.gone()
	} else if fault == nil {
		return // a refusal of this change, or nobody waited for it: it says nothing of the disk
	}
	h := &s.health
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.fault
	h.fault = fault
	switch {
	case fault != nil && was == nil:
		h.since, h.failed = time.Now(), 1
		s.log.Error("tickets are NOT stored now: the database takes no changes; calls go on without a record until it does", "err", fault.Error())
		s.probeLater()
	case fault != nil:
		h.failed++
	case was != nil:
		s.log.Warn("tickets are stored again", "attempt", h.failed, "took", time.Since(h.since).Round(time.Second).String())
	}
}

// probeLater tries the disk again after a while; h.mu is held.
func (s *SQLite) probeLater() {
	if s.health.closed {
		return
	}
	s.health.probe = time.AfterFunc(probeEvery, func() {
		ctx, cancel := context.WithTimeout(context.Background(), probeEvery)
		defer cancel()
		err := s.submit(ctx, func(ctx context.Context, w *writer) error {
			_, err := w.exec(ctx, `INSERT INTO counters (name, value) VALUES ('disk-probes', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1`)
			return err
		})
		if errors.Is(err, ErrClosed) {
			return
		}
		s.note(err)
		s.health.mu.Lock()
		defer s.health.mu.Unlock()
		if s.health.fault != nil {
			s.probeLater()
		}
	})
}

// stopProbe ends the probing for good.
func (s *SQLite) stopProbe() {
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	s.health.closed = true
	if s.health.probe != nil {
		s.health.probe.Stop()
	}
}

// diskFault returns err when the database itself refused: no room, no file, no
// right to write, damage. A broken constraint is the change's own fault.
func diskFault(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	const primary = 0xff // the low byte of an extended result code
	if !ok || e.Code()&primary == sqlite3.SQLITE_CONSTRAINT {
		return nil
	}
	return err
}

// gone reports that the file the changes go to is no longer the one at its
// path: SQLite keeps writing to a file that was deleted, and a restart would
// begin with nothing.
func (s *SQLite) gone() error {
	info, err := os.Stat(s.cfg.Path)
	if err == nil && os.SameFile(info, s.file) {
		return nil
	}
	return fmt.Errorf("the database file %s was deleted or replaced while vahta runs; put it back and restart vahta", s.cfg.Path)
}

// private is the mode of all files of the record: it holds personal data.
const private = 0o600

// restrict makes the database file when it is missing, and closes it and its
// companions to everybody but their owner. SQLite gives the companions that it
// makes later the mode of the file itself.
func restrict(path string) (os.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, private)
	if err != nil {
		return nil, fmt.Errorf("open database: %w; check the owner of the file", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	for _, p := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(p)
		if err != nil || info.Mode().Perm()&^private == 0 {
			continue // there is no such companion now
		}
		if err := os.Chmod(p, private); err != nil && !errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("close database to others: %w", err)
		}
	}
	return os.Stat(path)
}
