package app

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/store"
)

// opening returns a record of node a that is to be opened at the path, with a data folder of its own.
func opening(t *testing.T, path, data string) *record {
	t.Helper()
	jc := journal.Default()
	jc.Path, jc.Size = filepath.Join(t.TempDir(), "journal"), 1
	j, err := journal.Open(jc, journal.Deps{Overlay: func() journal.Overlay { return store.NewMemory() }})
	if err != nil {
		t.Fatal(err)
	}
	sc := store.Default()
	sc.Path = path
	r := &record{cfg: sc, node: "a", known: filepath.Join(data, "record"), journal: j, log: slog.New(slog.DiscardHandler), registry: prometheus.NewRegistry()}
	t.Cleanup(func() {
		if err := errors.Join(r.close(), j.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestNameIsTakenWithTheDatabase: a node that starts while the database's folder is away takes its name there when the
// database is opened at last, so that no second one of that name gets in.
func TestNameIsTakenWithTheDatabase(t *testing.T) {
	t.Parallel()
	folder, data := filepath.Join(t.TempDir(), "mount"), t.TempDir()
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "vahta.db")
	before := opening(t, path, data)
	if err := before.try(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := before.close(); err != nil {
		t.Fatal(err)
	}
	before.db, before.name = nil, nil
	if err := os.Rename(folder, folder+".away"); err != nil {
		t.Fatal(err)
	}
	one, other := opening(t, path, data), opening(t, path, t.TempDir())
	if err := one.try(t.Context()); !errors.Is(err, store.ErrNotNow) {
		t.Fatalf("opened: %v", err)
	}
	if err := os.Rename(folder+".away", folder); err != nil {
		t.Fatal(err)
	}
	fails := one.cfg
	one.cfg.Readers = 0 // it cannot be opened yet
	if err := one.try(t.Context()); err == nil {
		t.Fatal("opened")
	}
	if err := other.try(t.Context()); !errors.Is(err, errNameTaken) {
		t.Errorf("a second node of that name beside one that tries: %v", err)
	}
	one.cfg = fails
	if err := os.Remove(path + ".node-a"); err != nil { // as if another file system had been mounted there
		t.Fatal(err)
	}
	if err := one.try(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := other.try(t.Context()); !errors.Is(err, errNameTaken) {
		t.Errorf("a second node of that name: %v", err)
	}
}

// TestNoteIsNotWrittenAgain: a start leaves the note of the database's place as it is.
func TestNoteIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	path, data := filepath.Join(t.TempDir(), "vahta.db"), t.TempDir()
	var seen [2]os.FileInfo
	for i := range seen {
		r := opening(t, path, data)
		if err := r.try(t.Context()); err != nil {
			t.Fatal(err)
		}
		var err error
		if seen[i], err = os.Stat(r.known); err != nil {
			t.Fatal(err)
		}
		if err := r.close(); err != nil {
			t.Fatal(err)
		}
		r.db, r.name = nil, nil
	}
	if !seen[0].ModTime().Equal(seen[1].ModTime()) || !os.SameFile(seen[0], seen[1]) {
		t.Error("it was written again")
	}
	if left, err := os.ReadDir(data); err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}
