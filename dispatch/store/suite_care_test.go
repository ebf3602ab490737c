package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
)

func suiteAccess(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	_, err := s.FindToken(ctx, "h1")
	want(t, err, dispatch.ErrNotFound)
	board := dispatch.Token{Hash: "h1", Name: "wall board", Scopes: []string{"oncall:read"}, Created: t0, By: "olga", Until: t0.Add(time.Hour)}
	feed := dispatch.Token{Hash: "h2", Name: "calendar of Anna", Person: "anna", Scopes: []string{"feed:person:anna"}, Created: t0, By: "anna"}
	bare := dispatch.Token{Hash: "h3", Name: "bare", Scopes: []string{}, Created: t0, By: "olga"}
	for _, token := range []dispatch.Token{board, feed, bare} {
		must(t, s.AddToken(ctx, token))
	}
	for name, token := range map[string]dispatch.Token{
		"the name is taken":   {Hash: "h4", Name: "wall board", Created: t0},
		"the secret is taken": {Hash: "h1", Name: "another", Created: t0},
	} {
		err := s.AddToken(ctx, token)
		want(t, err, dispatch.ErrConflict)
		if Away(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	found, err := s.FindToken(ctx, "h1")
	must(t, err)
	if d := cmp.Diff(board, found); d != "" {
		t.Error(d)
	}

	must(t, s.UseToken(ctx, "h1", t0.Add(90*time.Minute)))
	must(t, s.UseToken(ctx, "h1", t0.Add(119*time.Minute)))
	must(t, s.UseToken(ctx, "h1", t0)) // a node whose clock is behind
	want(t, s.UseToken(ctx, "none", t0), dispatch.ErrNotFound)
	board.Used = t0.Add(time.Hour)

	must(t, s.RevokeToken(ctx, "wall board", t0.Add(2*time.Hour)))
	want(t, s.RevokeToken(ctx, "wall board", t0), dispatch.ErrNotFound)
	want(t, s.RevokeToken(ctx, "none", t0), dispatch.ErrNotFound)
	board.Revoked = t0.Add(2 * time.Hour)
	next := dispatch.Token{Hash: "h5", Name: "wall board", Scopes: []string{"oncall:read"}, Created: t0.Add(3 * time.Hour), By: "olga"}
	must(t, s.AddToken(ctx, next)) // the name is free again
	list, err := s.ListTokens(ctx)
	must(t, err)
	if d := cmp.Diff([]dispatch.Token{bare, feed, board, next}, list); d != "" {
		t.Error(d)
	}
	found, err = s.FindToken(ctx, "h1") // who comes with a revoked one is told that it is
	must(t, err)
	if !found.Revoked.Equal(t0.Add(2 * time.Hour)) {
		t.Errorf("revoked: %+v", found)
	}
}

// Of fifty who want one name, one gets it.
func suiteTokenRace(t *testing.T, s record) {
	t.Helper()
	var wg sync.WaitGroup
	var got atomic.Int32
	for n := range 50 {
		wg.Go(func() {
			if s.AddToken(t.Context(), dispatch.Token{Hash: string(rune('A' + n)), Name: "one", Created: t0}) == nil {
				got.Add(1)
			}
		})
	}
	wg.Wait()
	if n := got.Load(); n != 1 {
		t.Errorf("%d tokens of one name", n)
	}
}

func suiteCare(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	anna := dispatch.Confirmation{Schedule: "main", Track: "primary", Person: "anna", Start: t0, At: t0.Add(-time.Hour), By: "anna", How: "voice"}
	boris := dispatch.Confirmation{Schedule: "main", Track: "primary", Person: "boris", Start: t0.Add(24 * time.Hour), At: t0, By: "olga", How: "cli"}
	late := anna
	late.At, late.By, late.How = t0, "olga", "cli"
	lead := anna
	lead.Track, lead.Person = "lead", "vera"
	cannot, changes := boris, anna
	cannot.How, changes.How = dispatch.HowDeclined, dispatch.HowDeclined // replaced by a word to come; replaces none
	for _, c := range []dispatch.Confirmation{cannot, boris, anna, late, changes, lead} {
		must(t, s.ConfirmTurn(ctx, c))
	}
	for since, want := range map[time.Time][]dispatch.Confirmation{
		{}:                       {lead, anna, boris},
		t0:                       {lead, anna, boris},
		t0.Add(time.Microsecond): {boris},
		t0.Add(48 * time.Hour):   nil,
	} {
		list, err := s.Confirmations(ctx, since)
		must(t, err)
		if d := cmp.Diff(want, list); d != "" {
			t.Errorf("since %v: %s", since, d)
		}
	}

	registered := dispatch.Proof{Person: "anna", Device: "sip:anna", How: "registered", At: t0.Add(time.Minute)}
	old := registered
	old.At = t0
	key := dispatch.Proof{Person: "anna", Device: "+79210000001", How: "key", At: t0}
	other := dispatch.Proof{Person: "anna", Device: "sip:anna", How: "key", At: t0}
	for _, p := range []dispatch.Proof{old, registered, old, key, other} {
		must(t, s.Prove(ctx, p))
	}
	proofs, err := s.Proofs(ctx)
	must(t, err)
	if d := cmp.Diff([]dispatch.Proof{key, other, registered}, proofs); d != "" {
		t.Error(d)
	}
}

// A beat tells what the node works with, and so does a node that has stopped.
func suiteNodeRota(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	v := dispatch.RotaVersion{Revision: 7, EditedAt: t0, Hash: "h"}
	beat := func(node string, v dispatch.RotaVersion) {
		t.Helper()
		must(t, s.Beat(ctx, dispatch.Node{ID: node, Until: t0.Add(time.Minute), Rota: v}, t0))
	}
	beat("a", dispatch.RotaVersion{})
	beat("b", v)
	nodes, err := s.Nodes(ctx)
	must(t, err)
	if d := cmp.Diff([]dispatch.Node{{ID: "a", Until: t0.Add(time.Minute)}, {ID: "b", Until: t0.Add(time.Minute), Rota: v}}, nodes); d != "" {
		t.Error(d)
	}
	next := dispatch.RotaVersion{Revision: 8, EditedAt: t0.Add(time.Hour), Hash: "h8"}
	beat("a", next)
	must(t, s.Leave(ctx, "b"))
	nodes, err = s.Nodes(ctx)
	must(t, err)
	if d := cmp.Diff([]dispatch.Node{{ID: "a", Until: t0.Add(time.Minute), Rota: next}, {ID: "b", Rota: v}}, nodes); d != "" {
		t.Error(d)
	}
}
