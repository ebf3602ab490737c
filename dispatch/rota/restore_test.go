package rota_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall/edit"
)

// restorable is a record that can become another one while nodes run.
type restorable struct{ *store.Memory }

// keep starts a keeper on a record.
func keep(t *testing.T, s *restorable, now func() time.Time) (*dispatch.Keeper, *dispatch.Directory) {
	t.Helper()
	k, err := dispatch.NewKeeper(dispatch.KeeperDeps{
		Store: s, Rotas: s, Node: "a", Now: now,
		Encode: func(src dispatch.Source) ([]byte, error) { return json.Marshal(src) },
		Decode: func(raw []byte) (src dispatch.Source, err error) { return src, json.Unmarshal(raw, &src) },
	})
	must(t, err)
	dir, err := k.Load(t.Context(), source(t))
	must(t, err)
	return k, dir
}

// backup is the record as it was when the office began.
func backup(t *testing.T) *store.Memory {
	t.Helper()
	s := &restorable{store.NewMemory()}
	keep(t, s, began)
	return s.Memory
}

// The record is restored older, and an edit is the first to meet it: what this node had in force stays, and the edit comes on
// top of it.
func TestEditMeetsARestoredRecordFirst(t *testing.T) {
	t.Parallel()
	for name, base := range map[string]bool{"whatever is there": false, "looked at": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &restorable{store.NewMemory()}
			o := &office{now: began()}
			clock := func() time.Time { return o.now }
			o.keeper, o.dir = keep(t, s, clock)
			var err error
			o.Rota, err = rota.New(rota.Deps{Store: s, Directory: o.dir, Refresh: o.keeper.Follow, Node: "a", Now: clock})
			must(t, err)
			_, err = o.Commit(t.Context(), cover(), scheduler(), nil)
			must(t, err)
			s.Memory = backup(t)
			o.now = o.now.Add(time.Minute)
			view, err := o.View(t.Context())
			must(t, err)
			vera, _ := view.Roster.Person("vera")
			vera.Name = "Vera"
			var looked map[string]int64
			if base {
				looked = map[string]int64{"person vera": view.Revisions["person vera"]}
			}
			done, err := o.Commit(t.Context(), edit.Edit{Person: &vera}, scheduler(), looked)
			must(t, err)
			must(t, o.keeper.Refresh(t.Context()))
			o.now = o.now.Add(2 * time.Hour)
			if p, _ := o.dir.Load().Roster.Person("vera"); p.Name != "Vera" || o.duty() != "vera" || !o.dir.Load().Rota.Same(done.Version) {
				t.Errorf("on duty %s by %+v, vera is called %q", o.duty(), o.dir.Load().Rota, p.Name)
			}
		})
	}
}

// While the node's rota can not be written back nothing is edited.
func TestNothingIsEditedOnAnOlderRecord(t *testing.T) {
	t.Parallel()
	older := &meddled{}
	o := open(t, func(s *store.Memory) dispatch.Rotas { older.Memory = s; return older })
	_, err := o.Commit(t.Context(), cover(), scheduler(), nil)
	must(t, err)
	older.Memory = backup(t) // and the keeper does not see it
	var clash *dispatch.RotaConflict
	if _, err := o.Commit(t.Context(), edit.Edit{Remove: &edit.Key{Kind: edit.Person, ID: "boris"}}, scheduler(), nil); !errors.As(err, &clash) {
		t.Errorf("got %v", err)
	}
	if v, err := older.RotaVersion(t.Context()); err != nil || v.Revision != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}
