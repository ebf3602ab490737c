package dispatch_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall/edit"
)

// newer is a person as a newer version writes it.
func newer(name string) edit.Record {
	return edit.Record{Key: edit.Key{Kind: edit.Person, ID: "anna"}, Revision: 1, Body: []byte(`{"id":"anna","name":"` + name + `","telepathy":true}`)}
}

// What this version can not read is said and read once, until it changes.
func TestUnreadableRotaIsSaidOnce(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := keep(t, s, t.TempDir(), "a")
	a.load(t, renamed("one"))
	said := func() int { return strings.Count(a.log.String(), "the rota in force can not be used on this node") }
	for n := range 2 {
		put := newer(strings.Repeat("x", n+1))
		put.Revision = int64(n + 1)
		_, err := s.CommitRota(t.Context(), dispatch.RotaChange{Put: []edit.Record{put}, At: time.Now(), Edit: []byte("{}")})
		must(t, err)
		for range 30 {
			if err := a.Refresh(t.Context()); err == nil {
				t.Fatalf("%v, %+v", err, a.Status())
			}
		}
		if said() != n+1 {
			t.Errorf("said %d times of %d versions", said(), n+1)
		}
	}
}

// Nor is a definition that can not be read said at each look.
func TestUnreadableDefinitionIsSaidOnce(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	a := keep(t, s, t.TempDir(), "a")
	a.load(t, named("one"))
	body := []byte("{")
	must(t, s.SaveDefinition(t.Context(), dispatch.Version{Hash: hashOf(body), MadeAt: time.Now(), Node: "x"}, body))
	for range 30 {
		if err := a.Refresh(t.Context()); err == nil {
			t.Fatal("it was read")
		}
	}
	if n := strings.Count(a.log.String(), "the directory in force can not be used"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

// A local copy that can not be read may hold the only last edits: it is kept, and said loudly.
func TestUnreadableLocalCopyIsKept(t *testing.T) {
	t.Parallel()
	s, folder := store.NewMemory(), t.TempDir()
	a := keep(t, s, folder, "a")
	a.load(t, named("one"))
	s.Fail(errors.New("locked"))
	for n, aside := range []string{".unread", ".unread2"} {
		text := []byte(strings.Repeat("?", n+1))
		must(t, os.WriteFile(a.file, text, 0o600))
		b := keep(t, s, folder, "a")
		if got := b.load(t, named("one")); got != "one" || !strings.Contains(b.log.String(), "kept="+a.file+aside) {
			t.Errorf("%s, log %s", got, b.log)
		}
		if kept, err := os.ReadFile(a.file + aside); err != nil || string(kept) != string(text) {
			t.Errorf("kept %q, %v", kept, err)
		}
	}
}
