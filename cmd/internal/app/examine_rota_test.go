package app_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // alters the record by hand

	"github.com/butlerspb/vahta/cmd/internal/app"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall/edit"
)

// TestDoctorReadsTheLogOfTheRota: no record, one without a rota, a sound one, one that was altered by hand.
func TestDoctorReadsTheLogOfTheRota(t *testing.T) {
	t.Parallel()
	cfg := base(t, startPhone(t, "client", "udp", accepting()))
	cfg.Trunks.Operators = nil
	rota := func() (app.Finding, bool) {
		for _, f := range app.Examine(t.Context(), cfg) {
			if f.What == "rota" {
				return f, true
			}
		}
		return app.Finding{}, false
	}
	if f, told := rota(); told {
		t.Errorf("without a record: %+v", f)
	}
	edits := func(put ...edit.Record) {
		t.Helper()
		sc := store.Default()
		sc.Path = cfg.Database()
		db, err := store.Open(t.Context(), sc, store.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- db.Run(ctx) }()
		if len(put) > 0 {
			_, err = db.CommitRota(t.Context(), dispatch.RotaChange{Put: put})
		}
		stop()
		if err := errors.Join(err, <-ended, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	edits()
	if f, _ := rota(); !f.OK || !strings.Contains(f.Text, "configuration file") {
		t.Errorf("before the first start: %+v", f)
	}
	edits(edit.Record{Key: edit.Key{Kind: edit.Person, ID: "anna"}, Body: []byte(`{"id":"anna"}`)})
	if f, _ := rota(); !f.OK || !strings.Contains(f.Text, "revision 1") {
		t.Errorf("a sound one: %+v", f)
	}
	db, err := sql.Open("sqlite", cfg.Database())
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `UPDATE rota SET body = '{"id":"mallory"}'`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if f, _ := rota(); f.OK || !strings.Contains(f.Text, "person anna") {
		t.Errorf("one that was altered: %+v", f)
	}
}

// The first edit of a data folder without a record makes the record, begins it with the file, and is not held against it.
func TestFirstEditMakesTheRecord(t *testing.T) {
	t.Parallel()
	cfg := base(t, startPhone(t, "client", "udp", accepting()))
	cfg.Data = filepath.Join(cfg.Data, "made")
	r, done, err := app.OpenRota(t.Context(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	view, err := r.View(t.Context())
	if err != nil || view.Version.Revision != 0 || len(view.Roster.People) != 1 {
		t.Fatalf("of the file: %+v, %v", view, err)
	}
	p := view.Roster.People[0]
	p.Name = "Somebody"
	by := edit.Author{Person: "test", Channel: "cli"}
	if c, err := r.Commit(t.Context(), edit.Edit{Person: &p}, by, map[string]int64{"person nobody": 0}); err != nil || c.Version.Revision != 2 {
		t.Fatalf("the first edit: %+v, %v", c, err)
	}
	if _, err := r.Commit(t.Context(), edit.Edit{Person: &p}, by, map[string]int64{"person nobody": 1}); !errors.Is(err, dispatch.ErrConflict) {
		t.Errorf("an edit of what has changed: %v", err)
	}
	if err := done(); err != nil {
		t.Error(err)
	}
}
