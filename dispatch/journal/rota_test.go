package journal

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall/edit"
)

// questions are all that concerns the rota, tokens and shift care.
func questions(ctx context.Context, s *Store) map[string]error {
	_, version := s.RotaVersion(ctx)
	_, _, rota := s.Rota(ctx)
	_, commit := s.CommitRota(ctx, anna(0))
	_, history := s.RotaHistory(ctx, dispatch.RotaFilter{})
	_, tokens := s.ListTokens(ctx)
	_, token := s.FindToken(ctx, "h")
	_, confirmations := s.Confirmations(ctx, t0)
	_, proofs := s.Proofs(ctx)
	return map[string]error{
		"version": version, "rota": rota, "commit": commit, "history": history, "tokens": tokens, "token": token,
		"add token": s.AddToken(ctx, dispatch.Token{Hash: "h", Name: "n"}), "use token": s.UseToken(ctx, "h", t0),
		"revoke token": s.RevokeToken(ctx, "n", t0), "confirm": s.ConfirmTurn(ctx, dispatch.Confirmation{Person: "anna"}),
		"confirmations": confirmations, "prove": s.Prove(ctx, dispatch.Proof{Person: "anna"}), "proofs": proofs,
	}
}

func anna(revision int64) dispatch.RotaChange {
	return dispatch.RotaChange{
		Put: []edit.Record{{Key: edit.Key{Kind: edit.Person, ID: "anna"}, Revision: revision, Body: []byte(`{"id":"anna"}`)}}, At: t0,
	}
}

// Nothing of the rota is kept here: without the SQL store all of it is away, and nothing of it is brought later.
func TestRotaIsNotJournaled(t *testing.T) {
	t.Parallel()
	s, _ := start(t, config(t), Deps{}, nil)
	for what, err := range questions(t.Context(), s) {
		if !errors.Is(err, dispatch.ErrAway) {
			t.Errorf("%s without a store: %v", what, err)
		}
	}
	in := store.NewMemory()
	in.Fail(errDown)
	s.Attach(in)
	for what, err := range questions(t.Context(), s) {
		if !errors.Is(err, dispatch.ErrAway) || !errors.Is(err, errDown) {
			t.Errorf("%s while the store refuses: %v", what, err)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	in.Fail(nil)
	for what, err := range questions(gone, s) {
		if !errors.Is(err, context.Canceled) || errors.Is(err, dispatch.ErrAway) {
			t.Errorf("%s for nobody: %v", what, err)
		}
	}
	if v, err := s.RotaVersion(t.Context()); err != nil || v.Revision != 0 {
		t.Errorf("something was brought later: %+v %v", v, err)
	}
}

// What the store answers is passed on as it is.
func TestRotaPassesThrough(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cfg := store.Default()
	cfg.Path = filepath.Join(t.TempDir(), "vahta.db")
	in, err := store.Open(ctx, cfg, store.Deps{})
	must(t, err)
	running, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- in.Run(running) }()
	t.Cleanup(func() { stop(); must(t, errors.Join(<-ended, in.Close())) })
	s, _ := start(t, config(t), Deps{}, in)

	v, err := s.CommitRota(ctx, anna(0))
	must(t, err)
	if is, list, err := s.Rota(ctx); err != nil || is != v || len(list) != 1 {
		t.Errorf("rota %+v %+v %v", is, list, err)
	}
	_, err = s.CommitRota(ctx, anna(7))
	if they, ok := errors.AsType[*dispatch.RotaConflict](err); !ok || len(they.Theirs) != 1 || errors.Is(err, dispatch.ErrAway) {
		t.Errorf("conflict: %v", err)
	}
	if log, err := s.RotaHistory(ctx, dispatch.RotaFilter{}); err != nil || len(log) != 1 {
		t.Errorf("history %+v %v", log, err)
	}
	_, err = s.FindToken(ctx, "h")
	want(t, err, dispatch.ErrNotFound)
	must(t, s.AddToken(ctx, dispatch.Token{Hash: "h", Name: "n", Created: t0}))
	want(t, s.AddToken(ctx, dispatch.Token{Hash: "g", Name: "n", Created: t0}), dispatch.ErrConflict)
	must(t, s.UseToken(ctx, "h", t0))
	must(t, s.RevokeToken(ctx, "n", t0))
	want(t, s.RevokeToken(ctx, "n", t0), dispatch.ErrNotFound)
	if list, err := s.ListTokens(ctx); err != nil || len(list) != 1 || !list[0].Revoked.Equal(t0) {
		t.Errorf("tokens %+v %v", list, err)
	}
	must(t, s.ConfirmTurn(ctx, dispatch.Confirmation{Person: "anna", Start: t0, At: t0}))
	if list, err := s.Confirmations(ctx, t0.Add(-time.Hour)); err != nil || len(list) != 1 {
		t.Errorf("confirmations %+v %v", list, err)
	}
	must(t, s.Prove(ctx, dispatch.Proof{Person: "anna", Device: "sip:anna", How: "key", At: t0}))
	if list, err := s.Proofs(ctx); err != nil || len(list) != 1 {
		t.Errorf("proofs %+v %v", list, err)
	}
}
