package app

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/store/pgtest"
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

// TestEmptiedServerIsNotMadeAnew: the database of a server was emptied between two starts. Nobody makes tables in it, and
// one in which somebody has is not taken for the record; the copy is.
func TestEmptiedServerIsNotMadeAnew(t *testing.T) {
	t.Parallel()
	ctx, server, data := t.Context(), pgtest.Start(t, pgtest.Options{}), t.TempDir()
	name, err := server.Database(ctx)
	if err != nil {
		t.Fatal(err)
	}
	open := func(data string) error {
		r := opening(t, "", data)
		r.cfg.URL = server.URL(name)
		err := r.try(ctx)
		if end := r.close(); end != nil {
			t.Error(end)
		}
		r.db, r.name = nil, nil
		return err
	}
	exec := func(database, statement string) {
		t.Helper()
		if err := server.ExecIn(ctx, database, statement); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := open(data); err != nil {
			t.Fatal(err)
		}
	}
	copied, err := server.Copy(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	exec(name, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	for range 2 {
		if err := open(data); !errors.Is(err, store.ErrNotNow) || !strings.Contains(err.Error(), "has no tables any more") {
			t.Errorf("an emptied database: %v", err)
		}
	}
	if err := open(t.TempDir()); err != nil { // a node that does not know better
		t.Fatal(err)
	}
	if err := open(data); !errors.Is(err, store.ErrNotNow) || !strings.Contains(err.Error(), "is another one") {
		t.Errorf("a new record in its place: %v", err)
	}
	exec("postgres", "DROP DATABASE "+name)
	exec("postgres", "ALTER DATABASE "+copied+" RENAME TO "+name)
	if err := open(data); err != nil {
		t.Errorf("the copy: %v", err)
	}
}

// TestDoctorOnPostgres: what doctor says of a server that is there, that is not, and that does not let us in.
func TestDoctorOnPostgres(t *testing.T) {
	t.Parallel()
	ctx, server := t.Context(), pgtest.Start(t, pgtest.Options{})
	at := server.URL("postgres")
	if f := examineDatabase(ctx, at); f.OK || !strings.Contains(f.Text, "answers after") || !strings.Contains(f.Text, "fsync=off") {
		t.Errorf("a server that may lose what it has: %+v", f)
	}
	if err := server.Exec(ctx, `CREATE ROLE locked LOGIN PASSWORD 'right'; DO $$ BEGIN EXECUTE format(
		'COPY (VALUES (''local all all trust''), (''host all all all scram-sha-256'')) TO %L', current_setting('hba_file')); END $$`); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(ctx); err != nil { // reads who is let in
		t.Fatal(err)
	}
	if f := examineDatabase(ctx, strings.Replace(at, "vahta@", "locked:right@", 1)); !strings.Contains(f.Text, "answers after") {
		t.Errorf("the right password: %+v", f)
	}
	for name, c := range map[string]struct{ url, want string }{
		"not let in":  {strings.Replace(at, "vahta@", "locked:hunter2@", 1), "password authentication failed"},
		"no password": {strings.Replace(at, "vahta@", "locked@", 1), "password"},
		"no database": {strings.Replace(server.URL("nowhere"), "vahta@", "locked:right@", 1), "does not exist"},
		"not there":   {server.URLAt("127.0.0.1:1", "postgres"), "refused"},
		"no address":  {"postgres://:bad:5432:/", "postgres://user:password@host"},
	} {
		f := examineDatabase(ctx, c.url)
		if f.OK || f.What != "database" || !strings.Contains(f.Text, c.want) || !strings.Contains(f.Text, "store.url") || strings.Contains(f.Text, "hunter2") {
			t.Errorf("%s: %+v, want %q", name, f, c.want)
		}
	}
}
