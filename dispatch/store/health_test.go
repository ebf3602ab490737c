package store

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
)

// logbook is a log that may be read while it is written.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

func healthy(t *testing.T) (*SQL, *logbook, string) {
	t.Helper()
	cfg := Default()
	cfg.Path = filepath.Join(t.TempDir(), "vahta.db")
	book := &logbook{}
	s, err := Open(t.Context(), cfg, Deps{Log: slog.New(slog.NewTextHandler(book, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, book, cfg.Path
}

func fill(t *testing.T, s *SQL, key string) error {
	t.Helper()
	return s.Commit(t.Context(), dispatch.Change{Signal: &dispatch.Signal{Channel: "call", Key: key, Raw: make([]byte, 64<<10)}})
}

func (s *SQL) pragma(t *testing.T, text string) {
	t.Helper()
	if err := s.submit(t.Context(), func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// A full disk is told once, seen in Health, and told again when it is over.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s, book, _ := healthy(t)
	if err := fill(t, s, "before"); err != nil || s.Health() != nil {
		t.Fatal(err, s.Health())
	}
	s.pragma(t, "PRAGMA max_page_count = 1")
	for _, key := range []string{"a", "b", "c"} {
		if err := fill(t, s, key); err == nil || s.Health() == nil {
			t.Fatalf("%s: %v, health %v", key, err, s.Health())
		}
	}
	if n := book.count("the database takes no changes now"); n != 1 {
		t.Errorf("told %d times", n)
	}
	s.pragma(t, "PRAGMA max_page_count = 100000")
	if err := fill(t, s, "after"); err != nil || s.Health() != nil {
		t.Fatal(err, s.Health())
	}
	if n := book.count("the database takes changes again"); n != 1 {
		t.Errorf("recovery told %d times", n)
	}
}

// A refusal of one change is no fault of the disk.
func TestRefusalIsHealthy(t *testing.T) {
	t.Parallel()
	s, _, _ := healthy(t)
	if err := s.Commit(t.Context(), dispatch.Change{Open: "nothing"}); err == nil {
		t.Fatal("joined nothing")
	}
	if s.Health() != nil {
		t.Error(s.Health())
	}
}

func TestFileIsGone(t *testing.T) {
	t.Parallel()
	s, book, path := healthy(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_ = fill(t, s, "a")
	if err := s.Health(); err == nil || book.count("the database takes no changes now") != 1 {
		t.Errorf("health %v", err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	s, _, path := healthy(t)
	if err := fill(t, s, "a"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(p), info.Mode().Perm())
		}
	}
	old := filepath.Join(t.TempDir(), "old.db")
	if err := os.WriteFile(old, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, restrict(old))
	if info, err := os.Stat(old); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("an old file: %v, %v", info, err)
	}
}
