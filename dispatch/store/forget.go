package store

import (
	"context"
	"fmt"
	"time"
)

// Forgetting the IDs of changes.
const (
	remembered   = 30 * 24 * time.Hour // far beyond any journal that waits for its store
	forgetFirst  = time.Minute         // after the start, when calls may wait
	forgetEvery  = time.Hour
	forgetAtOnce = 500 // rows in one transaction: some milliseconds
)

// Forget lets go of the IDs of changes that were stored before then. It works
// in small transactions, so that a change that comes meanwhile waits for one of
// them at most.
func (s *SQL) Forget(ctx context.Context, before time.Time) error {
	for {
		var n int64
		err := s.submit(ctx, func(ctx context.Context, w *writer) (err error) {
			n, err = w.exec(ctx, `DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE at < ? ORDER BY at LIMIT ?)`,
				micros(before), forgetAtOnce)
			return err
		})
		if err != nil {
			return fmt.Errorf("forget old changes: %w", err)
		}
		if n < forgetAtOnce {
			return nil
		}
	}
}

// forgetting forgets now and then until ctx ends.
func (s *SQL) forgetting(ctx context.Context) {
	next := time.NewTimer(forgetFirst)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		if err := s.Forget(ctx, s.now().Add(-remembered)); err != nil && ctx.Err() == nil {
			s.log.Warn("old changes are not forgotten now", "err", err)
		}
		next.Reset(forgetEvery)
	}
}

// Forget lets go of the IDs of changes that were stored before then.
func (m *Memory) Forget(ctx context.Context, before time.Time) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for id, at := range m.db.changes {
		if at < micros(before) {
			delete(m.db.changes, id)
		}
	}
	return nil
}
