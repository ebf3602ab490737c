package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/store"
)

// journalFigures measures the journal alone: how long a change waits for the
// disk, from one writer and from eight, and how long SQLite then takes to get
// all of them.
func journalFigures(ctx context.Context, r *rig) error {
	cfg := journal.Default()
	cfg.Path = filepath.Join(r.dir, "journal")
	overlay := func() journal.Overlay { return store.NewMemory() }
	j, err := journal.Open(cfg, journal.Deps{Overlay: overlay}) //nolint:contextcheck // an overlay waits for nobody
	if err != nil {
		return err
	}
	each := times(r, 1000, 50)
	one, err := appendOften(ctx, j, 1, each)
	if err != nil {
		return err
	}
	r.known("journal append, 1 writer: p50", ms(percentile(one, 0.5)), "ms", "one change of about 1 KiB, fsync included")
	r.atMost("journal append, 1 writer: p99", ms(percentile(one, 0.99)), 200, "ms", "")
	many, err := appendOften(ctx, j, contestants, each)
	if err != nil {
		return err
	}
	r.known("journal append, 8 writers: p50", ms(percentile(many, 0.5)), "ms", "")
	r.atMost("journal append, 8 writers: p99", ms(percentile(many, 0.99)), 200, "ms", "")
	return r.replay(ctx, j, len(one)+len(many))
}

// replay brings all changes to SQLite.
func (r *rig) replay(ctx context.Context, j *journal.Store, changes int) error {
	cfg := store.Default()
	cfg.Path = filepath.Join(r.dir, "vahta.db")
	s, err := store.Open(ctx, cfg, store.Deps{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	running.Go(func() { _ = j.Run(ctx) })
	defer func() {
		cancel()
		running.Wait()
		if err := errors.Join(j.Close(), s.Close()); err != nil {
			r.say("%v", err)
		}
	}()
	j.Attach(s)
	took, err := until(ctx, storedWithin, "the replay to end", func() bool { return j.Status().Pending == 0 })
	if err != nil {
		return err
	}
	r.atMost("journal replay into SQLite", took.Seconds(), storedWithin.Seconds(), "s",
		fmt.Sprintf("%d changes, %.0f a second", changes, float64(changes)/took.Seconds()))
	return nil
}

// appendOften commits changes from several writers at once and returns how long each waited.
func appendOften(ctx context.Context, j *journal.Store, writers, each int) ([]time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	var errs []error
	var done sync.WaitGroup
	raw := make([]byte, 1000)
	for w := range writers {
		done.Go(func() {
			for i := range each {
				began := time.Now()
				err := j.Commit(ctx, dispatch.Change{Signal: &dispatch.Signal{
					Channel: dispatch.ChannelCall, Key: fmt.Sprintf("%d-%d-%d", writers, w, i), At: began, Raw: raw,
				}})
				took := time.Since(began)
				mu.Lock()
				all, errs = append(all, took), append(errs, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	done.Wait()
	return all, errors.Join(errs...)
}
