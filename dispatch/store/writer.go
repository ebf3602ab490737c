package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// request is one unit of work for the writer. do may run twice: once bare and
// once behind a savepoint.
type request struct {
	ctx    context.Context //nolint:containedctx // the waiting caller's own context, for this one unit of work
	do     func(ctx context.Context, w *writer) error
	result chan error // of one
	urgent bool       // does not wait for others to share its transaction

	err     error // of do, owned by the writer
	dropped bool  // its caller had gone before it began; owned by the writer
}

// abandoned reports whether nobody waits for the request any more.
func (r *request) abandoned() bool {
	r.dropped = r.dropped || r.ctx.Err() != nil
	return r.dropped
}

// run does the work. What the database says against the change itself comes as
// a sentinel of dispatch: all else means that the store is away.
func (r *request) run(ctx context.Context, w *writer) error {
	r.err = r.do(ctx, w)
	if ofChange(r.err) {
		r.err = fmt.Errorf("%w: %w", dispatch.ErrConflict, r.err)
	}
	return r.err
}

// answer tells the caller how it went; err concerns the whole transaction.
func (r *request) answer(err error) {
	switch {
	case r.dropped:
		r.result <- fmt.Errorf("wait for the writer: %w", context.Cause(r.ctx))
	case err != nil:
		r.result <- err
	default:
		r.result <- r.err
	}
}

// writer is the write connection with its prepared statements.
type writer struct {
	conn   *sql.Conn // nil = to be opened
	engine engine    // of the connection
	fresh  bool      // nothing was stored on it yet
	stmts  map[string]*sql.Stmt
}

// connect opens the connection unless it is open.
func (w *writer) connect(ctx context.Context, db *sql.DB) error {
	if w.conn != nil {
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open the write connection: %w", err)
	}
	// The writer waits by itself: SQLite's own wait can not be left, and its
	// steps of up to 100 ms are long beside the budget of a call.
	// What is written over or removed is zeroed where that writes no page more:
	// words of a person who was erased must not be found in the file.
	for _, pragma := range []string{"PRAGMA busy_timeout = 0", "PRAGMA secure_delete = FAST"} {
		if _, err := conn.ExecContext(ctx, pragma); err != nil {
			return errors.Join(fmt.Errorf("set up the write connection: %w", err), conn.Close())
		}
	}
	w.conn, w.stmts, w.engine, w.fresh = conn, map[string]*sql.Stmt{}, engineSQLite, true
	return nil
}

// drop closes the connection for good, with whatever was begun on it.
func (w *writer) drop() {
	if w.conn == nil {
		return
	}
	w.cut()
	for _, st := range w.stmts {
		_ = st.Close() // the connection goes with them
	}
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn }) // keeps the pool from using it again
	_ = w.conn.Close()
	w.conn, w.stmts = nil, nil
}

// stmt returns the prepared statement of a query.
func (w *writer) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := w.stmts[query]; ok {
		return s, nil
	}
	if w.conn == nil {
		return nil, sql.ErrConnDone // dropped in the middle of its work
	}
	text := query
	if w.engine == enginePostgres {
		text = numbered(query)
	}
	s, err := w.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, w.broken(err))
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
	r, err := s.ExecContext(ctx, plainText(args)...)
	if err != nil {
		return 0, w.broken(err)
	}
	return r.RowsAffected()
}

// plain runs statements that are not prepared.
func (w *writer) plain(ctx context.Context, statements string) error {
	if w.conn == nil {
		return sql.ErrConnDone // dropped in the middle of its work
	}
	_, err := w.conn.ExecContext(ctx, statements)
	return w.broken(err)
}

// row reads one row.
func (w *writer) row(ctx context.Context, query string, args []any, dest ...any) error {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return err
	}
	return w.broken(s.QueryRowContext(ctx, plainText(args)...).Scan(dest...))
}

// rows runs a query of many rows.
func (w *writer) rows(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := w.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(ctx, plainText(args)...) //nolint:rowserrcheck,sqlclosecheck // the caller's
	return rows, w.broken(err)
}

// transact runs all requests bare; when one fails, all again behind
// savepoints, so that only the failing ones are undone. Each request keeps its
// own error; the one returned concerns the transaction as a whole.
func (w *writer) transact(ctx context.Context, db database, batch []*request, patience time.Duration) error {
	if err := w.begin(ctx, db, batch, patience); err != nil {
		return err
	}
	var first error
	ran := 0
	for _, r := range batch {
		if r.abandoned() {
			continue
		}
		ran++
		if first = r.run(ctx, w); first != nil {
			break
		}
	}
	if first == nil {
		return w.finish(ctx, db)
	}
	db.rollback(ctx, w)
	if ran == 1 && len(batch) == 1 {
		return nil
	}
	return w.guarded(ctx, db, batch, patience)
}

// Waiting for another process's write.
const (
	busyStep = time.Millisecond
	busyRest = 5 * time.Millisecond // step once it takes long
	busyLong = 50 * time.Millisecond
)

// begin takes the write lock. It waits for other processes as long as patience
// lasts and somebody still waits for the batch.
func (w *writer) begin(ctx context.Context, db database, batch []*request, patience time.Duration) error {
	began, again := time.Now(), time.NewTimer(0)
	defer again.Stop()
	for {
		err := db.begin(ctx, w)
		if err == nil {
			return nil
		}
		waited := time.Since(began)
		if !busy(err) || waited > patience || everybodyGone(batch) {
			return fmt.Errorf("begin transaction: %w", err)
		}
		step := busyStep
		if waited > busyLong {
			step = busyRest
		}
		again.Reset(step)
		<-again.C
	}
}

func everybodyGone(batch []*request) bool {
	for _, r := range batch {
		if r.ctx.Err() == nil {
			return false
		}
	}
	return true
}

func (w *writer) finish(ctx context.Context, db database) error {
	err := w.sound()
	if err == nil {
		err = w.plain(ctx, "COMMIT")
	}
	if err != nil {
		db.rollback(ctx, w)
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// guarded runs each request behind a savepoint.
func (w *writer) guarded(ctx context.Context, db database, batch []*request, patience time.Duration) error {
	if err := w.begin(ctx, db, batch, patience); err != nil {
		return err
	}
	for _, r := range batch {
		if r.abandoned() {
			continue
		}
		if err := w.guard(ctx, r); err != nil {
			db.rollback(ctx, w)
			return err
		}
	}
	return w.finish(ctx, db)
}

func (w *writer) guard(ctx context.Context, r *request) error {
	if err := w.plain(ctx, "SAVEPOINT change"); err != nil {
		return err
	}
	if r.run(ctx, w) != nil {
		if err := w.plain(ctx, "ROLLBACK TO change"); err != nil || again(r.err) {
			return errors.Join(r.err, err)
		}
	}
	return w.plain(ctx, "RELEASE change")
}
