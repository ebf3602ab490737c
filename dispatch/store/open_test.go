package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, []byte("x"), 0o600))
	damaged := filepath.Join(dir, "damaged.db")
	must(t, os.WriteFile(damaged, []byte(strings.Repeat("not a database ", 1000)), 0o600))
	busy := filepath.Join(dir, "busy.db")
	cfg := Default()
	cfg.Path, cfg.Exclusive = busy, true
	held, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	run(t, held)
	for name, c := range map[string]struct {
		path, says string
	}{
		"folder is a file":   {filepath.Join(file, "x.db"), "name another with the setting data"},
		"file is damaged":    {damaged, "restore a backup"},
		"another one serves": {busy, "another vahta serves from this folder"},
		"no path":            {"", "path: required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			cfg.Path = c.path
			s, err := Open(t.Context(), cfg, Deps{})
			if err == nil {
				must(t, s.Close())
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
		})
	}
}

func TestUnwritableFolder(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Path = "/proc/self/vahta.db" // not even root may make files there
	if _, err := Open(t.Context(), cfg, Deps{}); err == nil || !strings.Contains(err.Error(), "chown") {
		t.Errorf("error %v", err)
	}
}

// A change that fails in a shared transaction takes no other with it.
func TestGroupCommitIsolates(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.Commit(t.Context(), opening(1)))
	hold := make(chan struct{})
	entered := make(chan struct{})
	go func() {
		_ = s.submit(t.Context(), func(context.Context, *writer) error { close(entered); <-hold; return nil })
	}()
	<-entered
	results := make(chan error, 3)
	commit := func(c dispatch.Change) { results <- s.Commit(t.Context(), c) }
	go commit(opening(2))
	go commit(opening(1))
	go commit(opening(3))
	for len(s.queue) < 3 {
		select {
		case err := <-results:
			t.Fatalf("a commit ended while the writer was held: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	close(hold)
	failed := 0
	for range 3 {
		if err := <-results; errors.Is(err, dispatch.ErrRepeated) {
			failed++
		} else {
			must(t, err)
		}
	}
	if failed != 1 {
		t.Errorf("%d changes failed, want the repeated one alone", failed)
	}
	for _, id := range []string{"t1", "t2", "t3"} {
		_, err := s.Load(t.Context(), id)
		must(t, err)
	}
}

// A caller who gives up while the writer is busy is answered at once, and his
// change is not written later.
func TestBudget(t *testing.T) {
	t.Parallel()
	s := open(t)
	hold, entered, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.submit(t.Context(), func(context.Context, *writer) error { close(entered); <-hold; return nil })
	}()
	<-entered
	slow := errors.New("too slow")
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, slow)
	defer cancel()
	want(t, s.Commit(ctx, opening(1)), slow)
	close(hold)
	<-ended
	must(t, s.Commit(t.Context(), opening(2)))
	_, err := s.Load(t.Context(), "t1")
	want(t, err, dispatch.ErrNotFound)
}

func TestClosed(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Path = filepath.Join(t.TempDir(), "vahta.db")
	s, err := Open(t.Context(), cfg, Deps{})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	must(t, s.Run(ctx))
	want(t, s.Commit(t.Context(), opening(1)), ErrClosed)
	must(t, s.Close())
}

func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.Commit(t.Context(), opening(1)))
	must(t, s.Commit(t.Context(), note(1, "a")))
	must(t, s.Verify(t.Context(), "t1"))
	must(t, s.submit(t.Context(), func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `UPDATE events SET body = '{"text":"y"}' WHERE ticket = 't1' AND seq = 2`)
		return err
	}))
	if err := s.Verify(t.Context(), "t1"); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("verify: %v", err)
	}
}

// The next serving process takes over what the last one had claimed.
func TestExclusiveTakesOverLeases(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Path, cfg.Exclusive = filepath.Join(t.TempDir(), "vahta.db"), true
	for round := range 2 {
		s, err := Open(t.Context(), cfg, Deps{})
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		if round == 0 {
			c := opening(1)
			c.Notices = []dispatch.Notice{{ID: "p", Kind: dispatch.NoticePage, DueAt: t0}}
			must(t, s.Commit(t.Context(), c))
		}
		now := t0.Add(time.Hour)
		pages, err := s.ClaimNotices(t.Context(), dispatch.NoticePage, now, time.Hour, 10)
		must(t, err)
		timers, err := s.ClaimTimers(t.Context(), now, time.Hour, 10)
		must(t, err)
		if len(pages) != 1 || len(timers) != 1 || pages[0].Attempt != round+1 {
			t.Errorf("round %d: %+v %+v", round, pages, timers)
		}
		stop()
		must(t, errors.Join(<-ended, s.Close()))
	}
}
