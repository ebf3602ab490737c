package desk_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// scripted answers with what a test has set.
type scripted struct {
	desk.Rota

	err  error
	edit edit.Edit
	by   edit.Author
	base map[string]int64
}

func (s *scripted) Commit(_ context.Context, e edit.Edit, by edit.Author, base map[string]int64) (rota.Committed, error) {
	s.edit, s.by, s.base = e, by, base
	return rota.Committed{Version: dispatch.RotaVersion{Revision: 7}}, s.err
}

func (s *scripted) View(context.Context) (rota.View, error) {
	p := oncall.Person{ID: "anna", Name: "Анна", Devices: []oncall.Device{{Kind: oncall.Mobile, Number: "+79210000001", RingTime: 20 * time.Second}}}
	return rota.View{Version: dispatch.RotaVersion{Revision: 7}, Roster: oncall.Roster{People: []oncall.Person{p}}, Revisions: map[string]int64{"person anna": 7}}, s.err
}

// rotaOverSocket serves a rota on a control socket and opens it as a command does.
func rotaOverSocket(t *testing.T, r desk.Rota) desk.Rota {
	t.Helper()
	data := t.TempDir()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", filepath.Join(data, desk.Socket))
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: desk.HandleRota(http.NotFoundHandler(), r), ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		<-served
	})
	remote, done, err := desk.OpenRota(t.Context(), data, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = done() })
	return remote
}

// What commands branch on crosses the socket as what it is.
func TestRotaRefusalsCrossTheSocket(t *testing.T) {
	t.Parallel()
	s := &scripted{}
	remote := rotaOverSocket(t, s)
	commit := func(err error) error {
		s.err = err
		_, err = remote.Commit(t.Context(), edit.Edit{}, edit.Author{Person: "anna"}, nil)
		return err
	}
	var refusal *edit.Refusal
	if err := commit(fmt.Errorf("edit: %w", edit.RefuseInUse("lines[0]"))); !errors.As(err, &refusal) || refusal.Code != edit.InUse || refusal.Text("ru") == "" {
		t.Errorf("refusal: %v", err)
	}
	theirs := edit.Record{Key: edit.Key{Kind: edit.Person, ID: "anna"}, Revision: 6, Body: []byte(`{"id":"anna","name":"<Анна>"}`)}
	var conflict *dispatch.RotaConflict
	if err := commit(&dispatch.RotaConflict{Theirs: []edit.Record{theirs}, Version: dispatch.RotaVersion{Revision: 6}}); !errors.As(err, &conflict) ||
		!errors.Is(err, dispatch.ErrConflict) || len(conflict.Theirs) != 1 || conflict.Theirs[0].Key != theirs.Key || conflict.Version.Revision != 6 {
		t.Errorf("conflict: %v, %+v", err, conflict)
	}
	if err := commit(fmt.Errorf("edit: %w", rota.ErrAway)); !errors.Is(err, rota.ErrAway) || err.Error() != "edit: "+rota.ErrAway.Error() {
		t.Errorf("away: %v", err)
	}
	if err := commit(errors.New("else")); err == nil || err.Error() != "else" || errors.Is(err, rota.ErrAway) {
		t.Errorf("else: %v", err)
	}
	if err := commit(nil); err != nil {
		t.Errorf("done: %v", err)
	}
}

// An edit reaches the server as it was written, also a whole rota of some megabytes.
func TestRotaEditsCrossTheSocket(t *testing.T) {
	t.Parallel()
	s := &scripted{}
	remote := rotaOverSocket(t, s)
	view, err := remote.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := s.View(t.Context())
	if !reflect.DeepEqual(want, view) {
		t.Errorf("the view changed on its way:\n%+v\n%+v", want, view)
	}
	e := edit.Edit{Reason: "a whole company"}
	for i := range 10_000 {
		p := view.Roster.People[0]
		p.ID = fmt.Sprintf("person-%d", i)
		e.Import = append(e.Import, edit.Edit{Person: &p})
	}
	by, base := edit.Author{Person: "boris", Channel: "cli", Roles: []oncall.Role{}}, map[string]int64{"person anna": 7}
	done, err := remote.Commit(t.Context(), e, by, base)
	if err != nil || done.Version.Revision != 7 {
		t.Fatalf("%+v, %v", done, err)
	}
	if !reflect.DeepEqual(e, s.edit) || !reflect.DeepEqual(by, s.by) || !reflect.DeepEqual(base, s.base) {
		t.Errorf("the edit changed on its way: %d things by %+v on %v", len(s.edit.Import), s.by, s.base)
	}
	if _, err := remote.Commit(t.Context(), edit.Edit{Take: &edit.Take{Schedule: "duty", For: 90 * time.Minute}}, edit.Author{}, nil); err != nil || s.edit.Take.For != 90*time.Minute || s.by.Roles != nil {
		t.Errorf("%v, %+v by %+v", err, s.edit.Take, s.by)
	}
}
