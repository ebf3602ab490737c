package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/edit"
)

// The rota, the tokens and what shift care knows are in the SQL store alone, and nothing of them is journaled: an edit that only
// one node knows of would be a second truth. Whatever the SQL store says that is no answer to the very question is ErrAway.

// inquire asks the SQL store.
func inquire[T any](s *Store, ask func(Inner) (T, error)) (v T, err error) {
	in, err := s.attached()
	if err != nil {
		return v, err
	}
	if v, err = ask(in); refused(err) && !errors.Is(err, ErrAway) && !errors.Is(err, context.Canceled) {
		return v, fmt.Errorf("%w: %w", ErrAway, err)
	}
	return v, err
}

// tell is inquire for what answers with an error only.
func tell(s *Store, say func(Inner) error) error {
	_, err := inquire(s, func(in Inner) (struct{}, error) { return struct{}{}, say(in) })
	return err
}

// RotaVersion implements dispatch.Rotas.
func (s *Store) RotaVersion(ctx context.Context) (dispatch.RotaVersion, error) {
	return inquire(s, func(in Inner) (dispatch.RotaVersion, error) { return in.RotaVersion(ctx) })
}

// Rota implements dispatch.Rotas.
func (s *Store) Rota(ctx context.Context) (v dispatch.RotaVersion, list []edit.Record, err error) {
	err = tell(s, func(in Inner) (err error) {
		v, list, err = in.Rota(ctx)
		return err
	})
	return v, list, err
}

// CommitRota implements dispatch.Rotas. After ErrAway the change may have been made all the same: commit it again with its ID.
func (s *Store) CommitRota(ctx context.Context, c dispatch.RotaChange) (dispatch.RotaVersion, error) {
	return inquire(s, func(in Inner) (dispatch.RotaVersion, error) { return in.CommitRota(ctx, c) })
}

// RotaHistory implements dispatch.Rotas.
func (s *Store) RotaHistory(ctx context.Context, f dispatch.RotaFilter) ([]dispatch.RotaEntry, error) {
	return inquire(s, func(in Inner) ([]dispatch.RotaEntry, error) { return in.RotaHistory(ctx, f) })
}

// AddToken implements dispatch.Tokens.
func (s *Store) AddToken(ctx context.Context, t dispatch.Token) error {
	return tell(s, func(in Inner) error { return in.AddToken(ctx, t) })
}

// ListTokens implements dispatch.Tokens.
func (s *Store) ListTokens(ctx context.Context) ([]dispatch.Token, error) {
	return inquire(s, func(in Inner) ([]dispatch.Token, error) { return in.ListTokens(ctx) })
}

// FindToken implements dispatch.Tokens.
func (s *Store) FindToken(ctx context.Context, hash string) (dispatch.Token, error) {
	return inquire(s, func(in Inner) (dispatch.Token, error) { return in.FindToken(ctx, hash) })
}

// RevokeToken implements dispatch.Tokens.
func (s *Store) RevokeToken(ctx context.Context, name string, now time.Time) error {
	return tell(s, func(in Inner) error { return in.RevokeToken(ctx, name, now) })
}

// UseToken implements dispatch.Tokens.
func (s *Store) UseToken(ctx context.Context, hash string, now time.Time) error {
	return tell(s, func(in Inner) error { return in.UseToken(ctx, hash, now) })
}

// ConfirmTurn implements dispatch.Care.
func (s *Store) ConfirmTurn(ctx context.Context, c dispatch.Confirmation) error {
	return tell(s, func(in Inner) error { return in.ConfirmTurn(ctx, c) })
}

// Confirmations implements dispatch.Care.
func (s *Store) Confirmations(ctx context.Context, since time.Time) ([]dispatch.Confirmation, error) {
	return inquire(s, func(in Inner) ([]dispatch.Confirmation, error) { return in.Confirmations(ctx, since) })
}

// Prove implements dispatch.Care.
func (s *Store) Prove(ctx context.Context, p dispatch.Proof) error {
	return tell(s, func(in Inner) error { return in.Prove(ctx, p) })
}

// Proofs implements dispatch.Care.
func (s *Store) Proofs(ctx context.Context) ([]dispatch.Proof, error) {
	return inquire(s, func(in Inner) ([]dispatch.Proof, error) { return in.Proofs(ctx) })
}
