package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrClosed says that the store's Run has ended.
var ErrClosed = errors.New("the store is closed")

// submit hands work to the writer and waits for its result as long as ctx
// allows. Work whose caller has gone before it began is not done; after an
// error of ctx it may have begun, and be done.
func (s *SQL) submit(ctx context.Context, do func(context.Context, *writer) error) error {
	return s.enqueue(&request{ctx: ctx, do: do, result: make(chan error, 1)})
}

// urgent is submit for what a phone or a lease waits for.
func (s *SQL) urgent(ctx context.Context, do func(context.Context, *writer) error) error {
	return s.enqueue(&request{ctx: ctx, do: do, result: make(chan error, 1), urgent: true})
}

func (s *SQL) enqueue(r *request) error {
	ctx := r.ctx
	if ctx.Err() != nil {
		return fmt.Errorf("wait for the writer: %w", context.Cause(ctx))
	}
	select {
	case s.queue <- r:
	case <-s.done:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("wait for the writer: %w", context.Cause(ctx))
	}
	select {
	case err := <-r.result:
		return err
	case <-s.done:
		select {
		case err := <-r.result:
			return err
		default:
			return ErrClosed
		}
	case <-ctx.Done():
		return fmt.Errorf("wait for the commit: %w", context.Cause(ctx))
	}
}

// Run is the writer. It ends with ctx, after the work that was queued by then.
// A connection that fails is opened again; Run never ends for a fault of the
// database.
func (s *SQL) Run(ctx context.Context) error {
	var tidy sync.WaitGroup
	defer tidy.Wait()
	defer close(s.done)
	tidy.Go(func() { s.forgetting(ctx) })
	work := context.WithoutCancel(ctx)
	w := &writer{}
	defer w.drop()
	batch := make([]*request, 0, s.cfg.Batch)
	window := time.NewTimer(0)
	defer window.Stop()
	for {
		batch = batch[:0]
		select {
		case r := <-s.queue:
			batch = append(batch, r)
			if !r.urgent {
				s.gather(ctx, window)
			}
		case <-ctx.Done():
			if len(s.queue) == 0 {
				return nil
			}
		}
		s.batch(work, w, s.fill(batch))
	}
}

// gather lets more work come in: one fsync then serves it all, and on a busy
// core the messages that are under way leave before the disk is written.
func (s *SQL) gather(ctx context.Context, window *time.Timer) {
	if s.cfg.Gather == 0 {
		return
	}
	window.Reset(s.cfg.Gather)
	select {
	case <-window.C:
	case <-ctx.Done():
	}
}

// fill adds what waits already, leaving out work that nobody waits for.
func (s *SQL) fill(batch []*request) []*request {
	for len(batch) < s.cfg.Batch {
		select {
		case r := <-s.queue:
			batch = append(batch, r)
			continue
		default:
		}
		break
	}
	live := batch[:0]
	for _, r := range batch {
		if r.abandoned() {
			r.answer(nil)
			continue
		}
		live = append(live, r)
	}
	return live
}

// batch commits the requests as one transaction and answers each.
func (s *SQL) batch(ctx context.Context, w *writer, batch []*request) {
	if len(batch) == 0 {
		return
	}
	began := time.Now()
	unwatch := s.watch(began) //nolint:contextcheck // the probe it may start outlives this batch
	err := s.commit(ctx, w, batch)
	s.metrics.committed(len(batch), time.Since(began), err)
	unwatch()
	s.judge(batch, err) //nolint:contextcheck // the probe it may start outlives this batch
	if err != nil {
		err = fmt.Errorf("commit to %s: %w", s.name, err)
	}
	for _, r := range batch {
		r.answer(err)
	}
}

// commit carries the batch out on a sound connection to the file at the path.
func (s *SQL) commit(ctx context.Context, w *writer, batch []*request) error {
	if err := s.db.ready(ctx, w); err != nil {
		return err
	}
	err := s.transact(ctx, w, batch)
	if err == nil {
		err = s.db.gone() // committed to a file that nobody finds again
	}
	if spoils(err) || slices.ContainsFunc(batch, func(r *request) bool { return spoils(r.err) }) {
		s.stale = w.fresh
		w.drop()
		return err
	}
	w.fresh = w.fresh && err != nil
	return err
}

// transact carries the batch out, again when the server has undone it for the
// sake of another transaction.
func (s *SQL) transact(ctx context.Context, w *writer, batch []*request) error {
	if w.engine == enginePostgres { // a server may say nothing at all; a file is answered for by the kernel
		limited, cancel := context.WithTimeout(ctx, batchAtMost+s.cfg.BusyWait)
		defer cancel()
		ctx = limited
	}
	const tries = 3
	for n := 1; ; n++ {
		err := w.transact(ctx, s.db, batch, s.cfg.BusyWait)
		undone := again(err) || slices.ContainsFunc(batch, func(r *request) bool { return again(r.err) })
		if !undone || n == tries {
			return err
		}
	}
}

// judge tells Health what a batch showed of the disk. A refusal of a change, or
// work that nobody waited for, shows nothing.
func (s *SQL) judge(batch []*request, err error) {
	fault := storeFault(err)
	stored, refused := 0, 0
	for _, r := range batch {
		switch {
		case r.dropped:
		case fault == nil && storeFault(r.err) != nil:
			fault, refused = r.err, refused+1
		case storeFault(r.err) != nil || err != nil:
			refused++
		case r.err == nil:
			stored++
		}
	}
	if fault != nil || stored > 0 {
		s.note(fault, refused)
	}
}
