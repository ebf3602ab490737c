package store

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// made returns the path of a database made by the first migration alone, as
// the first release wrote it, with a ticket and two calls in it.
func made(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vahta.db")
	db, err := sql.Open("sqlite", dsn(path, "journal_mode(WAL)"))
	must(t, err)
	provider, err := newProvider(db, engineSQLite)
	must(t, err)
	_, err = provider.UpTo(t.Context(), 1)
	must(t, err)
	c := opening(1)
	e, err := encode(c)
	must(t, err)
	for _, q := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO tickets VALUES ('t1', 26, 1, 'new', 1, 'critical', 'number:+78120000001', '', ?, 1, ?)`, []any{micros(t0), string(e.state)}},
		{`INSERT INTO signals VALUES ('call', 'call-1', ?, x'7b7d', '', 't1', 'VH-26-000014', 0)`, []any{micros(t0)}},
		{`INSERT INTO events VALUES ('t1', 1, ?, 'caller', 'call', 'opened', ?, '', 'h', 'signal:call-1')`, []any{micros(t0), string(e.bodies[0])}},
		{`INSERT INTO calls VALUES ('call-1', 't1', 'VH', 'main', '', '', '', '', ?, 0, '', 0, '', '', '{}')`, []any{micros(t0)}},
		{`INSERT INTO calls VALUES ('call-0', 't1', 'VH', 'main', '', '', '', '', ?, 0, '', ?, 'served', '', '{}')`, []any{micros(t0), micros(t0)}},
		{`INSERT INTO timers VALUES ('t1', 'page', ?, 1, '', 0)`, []any{micros(t0)}},
		{`INSERT INTO counters VALUES ('ticket-numbers-2026', 50)`, nil},
	} {
		_, err := db.ExecContext(t.Context(), q.text, q.args...)
		must(t, err)
	}
	must(t, db.Close())
	return path
}

func at(tb testing.TB, path string) *SQL {
	tb.Helper()
	cfg := Default()
	cfg.Path = path
	s, err := Open(tb.Context(), cfg, Deps{})
	if err != nil {
		tb.Fatal(err)
	}
	run(tb, s)
	return s
}

// A database of the first release is opened with all that is in it.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	s := at(t, made(t))
	ctx := t.Context()
	b, err := s.Board(ctx)
	must(t, err)
	if len(b.Cases) != 1 || len(b.Calls) != 1 || b.Calls[0].ID != "call-1" || b.Calls[0].Node != "" || len(b.Cases[0].Timers) != 1 {
		t.Fatalf("board %+v", b)
	}
	want(t, s.Commit(ctx, opening(1)), dispatch.ErrRepeated)
	if first, err := s.Reserve(ctx, 2026, 1); err != nil || first != 51 {
		t.Errorf("next number %d, %v", first, err)
	}
	calls, err := s.TakeOver(ctx, "a", true, t0)
	must(t, err)
	if len(calls) != 1 || calls[0].ID != "call-1" || calls[0].Node != "a" {
		t.Errorf("own calls %+v", calls)
	}
	e := ticket.Event{Ticket: "t1", At: t0, By: "anna", Body: ticket.Noted{Text: "x"}}
	must(t, s.Commit(ctx, dispatch.Change{ID: "c", Events: []ticket.Event{e}}))
	want(t, s.Commit(ctx, dispatch.Change{ID: "c", Events: []ticket.Event{e}}), dispatch.ErrRepeated)
	must(t, s.Assign(ctx, seek("c1", 1, t0), t0))
	must(t, s.IntegrityCheck(ctx))
}

// Errors of Open say whether to wait or to act.
func TestOpenNowOrNever(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Path, cfg.OpenWait = made(t), 1e6
	holder, err := sql.Open("sqlite", dsn(cfg.Path))
	must(t, err)
	t.Cleanup(func() { must(t, holder.Close()) })
	refused := func(name string, forNow bool, says string) {
		t.Helper()
		s, err := Open(t.Context(), cfg, Deps{})
		if err == nil {
			t.Fatal(name, ": opened", s.Close())
		}
		if errors.Is(err, ErrNotNow) != forNow || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, for now: %v", name, err, errors.Is(err, ErrNotNow))
		}
	}
	hold, err := holder.BeginTx(t.Context(), nil)
	must(t, err)
	_, err = hold.ExecContext(t.Context(), `DELETE FROM counters`)
	must(t, err)
	refused("another process writes", true, "bring database")
	must(t, hold.Rollback())

	alone, err := enterOpen(t.Context(), cfg.Path, 1e9)
	must(t, err)
	refused("another process opens", true, "another process holds")
	must(t, alone.Close())

	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	must(t, s.Close())
	_, err = holder.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
	must(t, err)
	refused("a newer schema", false, "a newer vahta")

	cfg.Path = filepath.Join(t.TempDir(), "text.db")
	must(t, os.WriteFile(cfg.Path, []byte(strings.Repeat("no database", 1000)), 0o600))
	refused("no database", false, "damaged")
	cfg.Path, cfg.Exclusive = filepath.Join(t.TempDir(), "held.db"), true
	held, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	refused("another node serves", false, "another vahta serves")
	must(t, held.Close())
	cfg.Path = "/proc/self/vahta.db"
	refused("no folder to write to", false, "chown")
}
