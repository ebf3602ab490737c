package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrClosed says that the store's Run has ended.
var ErrClosed = errors.New("the store is closed")

// request is one unit of work for the writer. do may run twice: once bare and
// once behind a savepoint.
type request struct {
	ctx    context.Context //nolint:containedctx // the waiting caller's own context, for this one unit of work
	do     func(ctx context.Context, w *writer) error
	result chan error // of one
	urgent bool       // does not wait for others to share its transaction
}

// writer is the write connection with its prepared statements.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// stmt returns the prepared statement of a query.
func (w *writer) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := w.stmts[query]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	w.stmts[query] = s
	return s, nil
}

// exec runs a statement and returns how many rows it touched.
func (w *writer) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// row reads one row.
func (w *writer) row(ctx context.Context, query string, args []any, dest ...any) error {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, args...).Scan(dest...)
}

// submit hands work to the writer and waits for its result as long as ctx
// allows. After an error of ctx the work may still be done.
func (s *SQLite) submit(ctx context.Context, do func(context.Context, *writer) error) error {
	return s.enqueue(&request{ctx: ctx, do: do, result: make(chan error, 1)})
}

// urgent is submit for what a phone or a lease waits for.
func (s *SQLite) urgent(ctx context.Context, do func(context.Context, *writer) error) error {
	return s.enqueue(&request{ctx: ctx, do: do, result: make(chan error, 1), urgent: true})
}

func (s *SQLite) enqueue(r *request) error {
	ctx := r.ctx
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
func (s *SQLite) Run(ctx context.Context) error {
	var tidy sync.WaitGroup
	defer tidy.Wait()
	defer close(s.done)
	tidy.Go(func() { s.forgetting(ctx) })
	work := context.WithoutCancel(ctx)
	conn, err := s.write.Conn(work)
	if err != nil {
		return fmt.Errorf("open the write connection of %s: %w", s.cfg.Path, err)
	}
	w := &writer{conn: conn, stmts: map[string]*sql.Stmt{}}
	defer func() {
		for _, st := range w.stmts {
			_ = st.Close() // closing the connection closes them anyway
		}
		_ = conn.Close() // nothing is pending on it
	}()
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
func (s *SQLite) gather(ctx context.Context, window *time.Timer) {
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
func (s *SQLite) fill(batch []*request) []*request {
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
		if err := r.ctx.Err(); err != nil {
			r.result <- fmt.Errorf("wait for the writer: %w", context.Cause(r.ctx))
			continue
		}
		live = append(live, r)
	}
	return live
}

// batch commits the requests as one transaction and answers each.
func (s *SQLite) batch(ctx context.Context, w *writer, batch []*request) {
	if len(batch) == 0 {
		return
	}
	began := time.Now()
	results, err := transact(ctx, w, batch)
	s.metrics.committed(len(batch), time.Since(began), err)
	for i, r := range batch {
		switch {
		case err != nil:
			r.result <- fmt.Errorf("commit to %s: %w", s.cfg.Path, err)
		case results != nil:
			r.result <- results[i]
		default:
			r.result <- nil
		}
	}
}

// transact runs all requests bare; when one fails, all again behind
// savepoints, so that only the failing ones are undone. results is nil when
// all succeeded; err concerns the transaction as a whole.
func transact(ctx context.Context, w *writer, batch []*request) (results []error, err error) {
	if err := begin(ctx, w); err != nil {
		return nil, err
	}
	var first error
	for _, r := range batch {
		if first = r.do(ctx, w); first != nil {
			break
		}
	}
	if first == nil {
		return nil, finish(ctx, w)
	}
	if _, err := w.exec(ctx, "ROLLBACK"); err != nil {
		return nil, errors.Join(first, fmt.Errorf("roll back: %w", err))
	}
	if len(batch) == 1 {
		return []error{first}, nil
	}
	return guarded(ctx, w, batch)
}

func begin(ctx context.Context, w *writer) error {
	if _, err := w.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	return nil
}

func finish(ctx context.Context, w *writer) error {
	if _, err := w.exec(ctx, "COMMIT"); err != nil {
		_, undo := w.exec(ctx, "ROLLBACK")
		return errors.Join(fmt.Errorf("commit transaction: %w", err), undo)
	}
	return nil
}

func guarded(ctx context.Context, w *writer, batch []*request) ([]error, error) {
	if err := begin(ctx, w); err != nil {
		return nil, err
	}
	results := make([]error, len(batch))
	for i, r := range batch {
		if _, err := w.exec(ctx, "SAVEPOINT change"); err != nil {
			return nil, errors.Join(err, rollback(ctx, w))
		}
		if results[i] = r.do(ctx, w); results[i] != nil {
			if _, err := w.exec(ctx, "ROLLBACK TO change"); err != nil {
				return nil, errors.Join(err, rollback(ctx, w))
			}
		}
		if _, err := w.exec(ctx, "RELEASE change"); err != nil {
			return nil, errors.Join(err, rollback(ctx, w))
		}
	}
	return results, finish(ctx, w)
}

func rollback(ctx context.Context, w *writer) error {
	_, err := w.exec(ctx, "ROLLBACK")
	return err
}
