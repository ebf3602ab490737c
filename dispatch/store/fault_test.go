package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
)

// eventually waits for what the store does by itself.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal(what)
		}
	}
}

// within gives a caller's budget.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// What the change says wrongly comes as a sentinel, whatever noticed it.
func TestOwnFaults(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	must(t, s.Commit(ctx, opening(1)))
	must(t, s.Commit(ctx, opening(2)))
	taken := *opening(2).Ticket
	taken.Version, taken.Party = 2, opening(1).Ticket.Party
	nan := opening(3)
	nan.Calls[0].Detail.Legs = []dispatch.Leg{{Quality: dispatch.Quality{MOS: nanOf(0)}}}
	for name, c := range map[string]dispatch.Change{
		"the party of another open ticket": {Ticket: &taken, Was: 1},
		"a figure that is none":            nan,
	} {
		err := s.Commit(ctx, c)
		if !errors.Is(err, dispatch.ErrConflict) || Away(err) {
			t.Errorf("%s: %v", name, err)
		}
		want(t, NewMemoryWith(t, opening(1), opening(2)).Commit(ctx, c), dispatch.ErrConflict)
	}
	must(t, s.Health())
	for _, err := range []error{dispatch.ErrRepeated, &dispatch.RepeatedError{}, fmt.Errorf("x: %w", dispatch.ErrNotFound), dispatch.ErrStale, nil} {
		if Away(err) {
			t.Errorf("%v is an answer", err)
		}
	}
	for _, err := range []error{ErrClosed, context.DeadlineExceeded, errGone, sql.ErrConnDone} {
		if !Away(err) {
			t.Errorf("%v is no answer", err)
		}
	}
}

func nanOf(zero float64) float64 { return zero / zero }

// NewMemoryWith is a memory twin with these changes in it.
func NewMemoryWith(t *testing.T, changes ...dispatch.Change) *Memory {
	t.Helper()
	m := NewMemory()
	for _, c := range changes {
		must(t, m.Commit(t.Context(), c))
	}
	return m
}

// A database that another process holds: callers leave in time, nothing of
// theirs is done later, Health says so, and all is well when it is let go.
func TestLocked(t *testing.T) {
	t.Parallel()
	s, _, path := healthy(t)
	must(t, s.Commit(t.Context(), opening(1)))
	other, err := sql.Open("sqlite", dsn(path))
	must(t, err)
	t.Cleanup(func() { must(t, other.Close()) })
	hold, err := other.BeginTx(t.Context(), nil)
	must(t, err)
	for n := 2; n < 5; n++ {
		began := time.Now()
		err := s.Commit(within(t, 50*time.Millisecond), opening(n))
		if !Away(err) || time.Since(began) > time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	}
	eventually(t, "a locked database is healthy", func() bool { return s.Health() != nil })
	_, err = s.Load(within(t, time.Second), "t1") // reading goes on
	must(t, err)
	must(t, hold.Rollback())
	must(t, s.Commit(t.Context(), opening(9)))
	must(t, s.Health())
	for n := 2; n < 5; n++ {
		_, err := s.Load(t.Context(), fmt.Sprint("t", n))
		want(t, err, dispatch.ErrNotFound)
	}
}

// A short write of another process is waited for.
func TestBusyWait(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Path, cfg.OpenWait = made(t), time.Millisecond // of no matter once it is open
	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	run(t, s)
	other, err := sql.Open("sqlite", dsn(cfg.Path))
	must(t, err)
	t.Cleanup(func() { must(t, other.Close()) })
	hold, err := other.BeginTx(t.Context(), nil)
	must(t, err)
	patient, gone := make(chan error, 1), make(chan error, 1)
	go func() { patient <- s.Commit(t.Context(), opening(11)) }()
	go func() { gone <- s.Commit(within(t, 100*time.Millisecond), opening(12)) }()
	select {
	case err := <-patient:
		t.Fatalf("committed beside another process's write: %v", err)
	case err := <-gone:
		want(t, err, context.DeadlineExceeded)
	}
	must(t, hold.Rollback())
	must(t, <-patient)
	must(t, s.Commit(t.Context(), opening(13)))
	_, err = s.Load(t.Context(), "t12") // its caller had gone before it began
	want(t, err, dispatch.ErrNotFound)
}

// A process that keeps the whole file to itself lets nobody open it, for now.
func TestKeptByAnother(t *testing.T) {
	t.Parallel()
	path := made(t)
	other, err := sql.Open("sqlite", dsn(path, "locking_mode(EXCLUSIVE)"))
	must(t, err)
	_, err = other.ExecContext(t.Context(), `UPDATE counters SET value = 60`)
	must(t, err)
	cfg := Default()
	cfg.Path, cfg.OpenWait = path, time.Millisecond
	_, err = Open(t.Context(), cfg, Deps{})
	want(t, err, ErrNotNow)
	must(t, other.Close())
	must(t, at(t, path).Commit(t.Context(), opening(2)))
}

// A question that the disk does not answer is left when its time is over.
func TestReadersLeave(t *testing.T) {
	t.Parallel()
	s := open(t)
	hold := make(chan struct{})
	defer close(hold)
	_, err := ask(within(t, 10*time.Millisecond), s, func(context.Context, *bun.DB) (int, error) { <-hold; return 0, nil })
	want(t, err, context.DeadlineExceeded)
}

// A commit that does not come back is seen before it does.
func TestHangs(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Path = filepath.Join(t.TempDir(), "vahta.db")
	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	s.hang = 50 * time.Millisecond
	run(t, s)
	hold, ended := make(chan struct{}), make(chan error, 1)
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	go func() {
		ended <- s.submit(t.Context(), func(context.Context, *writer) error { <-hold; return nil })
	}()
	eventually(t, "a hanging disk is healthy", func() bool { return s.Health() != nil })
	if err := s.Health(); !strings.Contains(err.Error(), "under way for more than 50ms") {
		t.Error(err)
	}
	began := time.Now()
	if err := s.Commit(within(t, 20*time.Millisecond), opening(1)); !Away(err) || time.Since(began) > time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	release()
	must(t, <-ended)
	eventually(t, "still ill", func() bool { return s.Health() == nil })
	_, err = s.Load(t.Context(), "t1")
	want(t, err, dispatch.ErrNotFound)
}

// A connection that has become read-only is replaced.
func TestReadOnlyConnection(t *testing.T) {
	t.Parallel()
	s, book, _ := healthy(t)
	must(t, s.Commit(t.Context(), opening(1)))
	s.pragma(t, "PRAGMA query_only = 1")
	if err := s.Commit(t.Context(), opening(2)); !Away(err) || s.Health() == nil {
		t.Fatalf("%v, health %v", err, s.Health())
	}
	must(t, s.Commit(t.Context(), opening(2)))
	must(t, s.Health())
	if n := book.count("the database takes changes again"); n != 1 {
		t.Errorf("recovery told %d times", n)
	}
}

// A file that is moved away and put back is the same file: nothing is lost.
func TestFileMovedAndBack(t *testing.T) {
	t.Parallel()
	s, _, path := healthy(t)
	must(t, s.Commit(t.Context(), opening(1)))
	must(t, os.Rename(path, path+".away"))
	if err := s.Commit(t.Context(), opening(2)); !Away(err) || !errors.Is(err, errGone) {
		t.Fatal(err)
	}
	want(t, s.Health(), errGone)
	must(t, os.Rename(path+".away", path))
	eventually(t, "the file that is back is not taken by itself", func() bool { return s.Health() == nil })
	must(t, s.Commit(t.Context(), opening(2)))
	_, err := s.Load(t.Context(), "t1")
	must(t, err)
	must(t, s.IntegrityCheck(t.Context()))
}

// A file that goes while a change is written takes the change with it: nobody
// hears that it was stored.
func TestFileGoesMeanwhile(t *testing.T) {
	t.Parallel()
	s, _, path := healthy(t)
	want(t, s.submit(t.Context(), func(context.Context, *writer) error { return os.Remove(path) }), errGone)
	want(t, s.Health(), errGone)
}

// An idle store sees that its file is gone when it is asked, too.
func TestIdleFileGone(t *testing.T) {
	t.Parallel()
	s, book, path := healthy(t)
	must(t, s.Health())
	must(t, os.Remove(path))
	want(t, s.Health(), errGone)
	want(t, s.Health(), errGone)
	if n := book.count("the database takes no changes now"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// A copy that is put in the place of a deleted file is opened by itself, as
// soon as it is whole; its companions do not come from the lost one.
func TestFileRestored(t *testing.T) {
	t.Parallel()
	s, _, path := healthy(t)
	must(t, s.Commit(t.Context(), opening(1)))
	_, err := s.read.Load().ExecContext(t.Context(), "PRAGMA wal_checkpoint")
	must(t, err)
	backup, err := os.ReadFile(path)
	must(t, err)
	for n := range 20 {
		must(t, s.Commit(t.Context(), opening(n+2)))
	}
	must(t, os.Remove(path))
	if err := s.Commit(t.Context(), opening(50)); !errors.Is(err, errGone) {
		t.Fatal(err)
	}
	must(t, os.WriteFile(path, nil, 0o600)) // a copy begins
	want(t, s.Commit(t.Context(), opening(51)), errGone)
	must(t, os.WriteFile(path, backup[:len(backup)/2], 0o600))
	eventually(t, "half a file is not tried", func() bool {
		err := s.Commit(t.Context(), opening(52))
		if !errors.Is(err, errGone) {
			t.Fatalf("opened half a file: %v", err)
		}
		return code(err) != 0
	})
	must(t, os.WriteFile(path, backup, 0o600))
	eventually(t, "the restored file is not opened by itself", func() bool { return s.Health() == nil })
	must(t, s.Commit(t.Context(), opening(53)))
	_, err = s.Load(t.Context(), "t1")
	must(t, err)
	_, err = s.Load(t.Context(), "t5") // after the backup
	want(t, err, dispatch.ErrNotFound)
	must(t, s.IntegrityCheck(t.Context()))
}

// An older copy that takes the place of the file at once does not get the newer
// pages of the lost one: they are kept beside it.
func TestOlderCopy(t *testing.T) {
	t.Parallel()
	s, _, path := healthy(t)
	must(t, s.Commit(t.Context(), opening(1)))
	_, err := s.read.Load().ExecContext(t.Context(), "PRAGMA wal_checkpoint")
	must(t, err)
	old, err := os.ReadFile(path)
	must(t, err)
	backup := path + ".backup"
	must(t, os.WriteFile(backup, old, 0o600))
	must(t, s.Commit(t.Context(), opening(2)))
	must(t, os.Rename(backup, path))
	eventually(t, "the copy is not opened", func() bool { return s.Commit(t.Context(), opening(3)) == nil })
	must(t, s.IntegrityCheck(t.Context()))
	_, err = s.Load(t.Context(), "t2")
	want(t, err, dispatch.ErrNotFound)
	kept, err := filepath.Glob(path + "-wal.lost-*")
	must(t, err)
	if len(kept) != 1 {
		t.Errorf("kept of the lost database: %v", kept)
	}
}

// What is acknowledged survives the power cut: SQLite is told so on the
// connection that writes.
func TestDurable(t *testing.T) {
	t.Parallel()
	s := open(t)
	const full = 2
	must(t, s.submit(t.Context(), func(ctx context.Context, w *writer) error {
		var sync int
		var mode string
		if err := errors.Join(w.row(ctx, "PRAGMA synchronous", nil, &sync), w.row(ctx, "PRAGMA journal_mode", nil, &mode)); err != nil {
			return err
		}
		if sync != full || mode != "wal" {
			t.Errorf("synchronous %d, journal %s", sync, mode)
		}
		return nil
	}))
}

// Companions that are deleted are made anew without a loss.
func TestCompanionsDeleted(t *testing.T) {
	t.Parallel()
	for _, part := range parts[1:] {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			s, _, path := healthy(t)
			for n := range 3 {
				must(t, s.Commit(t.Context(), opening(n+1)))
			}
			_, err := s.Load(t.Context(), "t1") // a reader has them open too
			must(t, err)
			must(t, os.Remove(path+part))
			eventually(t, "not opened anew", func() bool { return s.Commit(t.Context(), opening(4)) == nil })
			all, err := s.Tickets(t.Context(), dispatch.TicketFilter{})
			must(t, err)
			if len(all) != 4 {
				t.Errorf("%d tickets", len(all))
			}
			must(t, s.IntegrityCheck(t.Context()))
		})
	}
}

// Old IDs are found by their time, not by reading them all.
func TestForgettingIsCheap(t *testing.T) {
	t.Parallel()
	s := open(t)
	var id, parent, unused int
	var plan string
	must(t, s.read.Load().QueryRowContext(t.Context(), `EXPLAIN QUERY PLAN SELECT id FROM changes WHERE at < 5 ORDER BY at LIMIT 9`).
		Scan(&id, &parent, &unused, &plan))
	if !strings.Contains(plan, "changes_time") {
		t.Error(plan)
	}
	for n := range 1200 {
		go func() { _ = s.Commit(context.WithoutCancel(t.Context()), dispatch.Change{ID: fmt.Sprint(n)}) }()
	}
	count := func() (n int) {
		must(t, s.read.Load().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM changes`).Scan(&n))
		return n
	}
	eventually(t, "not stored", func() bool { return count() == 1200 })
	must(t, s.Forget(t.Context(), time.Now().Add(time.Hour)))
	if d := cmp.Diff(0, count()); d != "" {
		t.Error(d)
	}
}

// mounted returns a small file system of the test's own, in a process whose
// mounts nobody else sees.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	must(t, syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	must(t, syscall.Mount("vahta-test", dir, "tmpfs", 0, options))
	t.Cleanup(func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}
