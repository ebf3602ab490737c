package app_test

import (
	"context"
	"database/sql"
	"errors"
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
