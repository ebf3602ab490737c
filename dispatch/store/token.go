package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
)

// usedTo is how exactly the last use of a token is known.
const usedTo = time.Hour

// keptScopes are scopes as they are kept.
func keptScopes(scopes []string) (string, error) {
	if scopes == nil {
		scopes = []string{}
	}
	return plainJSON(scopes)
}

// AddToken implements dispatch.Tokens.
func (s *SQL) AddToken(ctx context.Context, t dispatch.Token) error {
	scopes, err := keptScopes(t.Scopes)
	if err != nil {
		return fmt.Errorf("add token %s: %w", t.Name, err)
	}
	return s.token(ctx, "add", t.Name, refuse("a token of this name is in force"), `INSERT INTO tokens
		(hash, name, person, scopes, created_at, author, until, used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT DO NOTHING`,
		t.Hash, t.Name, t.Person, scopes, micros(t.Created), t.By, micros(t.Until))
}

// ListTokens implements dispatch.Tokens.
func (s *SQL) ListTokens(ctx context.Context) ([]dispatch.Token, error) {
	list, err := s.tokens(ctx, ` ORDER BY name, created_at, hash`)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", away(err))
	}
	return list, nil
}

// FindToken implements dispatch.Tokens.
func (s *SQL) FindToken(ctx context.Context, hash string) (dispatch.Token, error) {
	list, err := s.tokens(ctx, ` WHERE hash = ?`, hash)
	if err == nil && len(list) == 0 {
		err = dispatch.ErrNotFound
	}
	if err != nil {
		return dispatch.Token{}, fmt.Errorf("find a token: %w", away(err))
	}
	return list[0], nil
}

func (s *SQL) tokens(ctx context.Context, query string, args ...any) ([]dispatch.Token, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]dispatch.Token, error) {
		return readTokens(ctx, db, query, args...)
	})
}

func readTokens(ctx context.Context, db *bun.DB, query string, args ...any) (list []dispatch.Token, err error) {
	rows, err := db.QueryContext(ctx, `SELECT hash, name, person, scopes, created_at, author, until, used_at, revoked_at FROM tokens`+query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var t dispatch.Token
		var scopes string
		var created, until, used, revoked int64
		if err := rows.Scan(&t.Hash, &t.Name, &t.Person, &scopes, &created, &t.By, &until, &used, &revoked); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(scopes), &t.Scopes); err != nil {
			return nil, fmt.Errorf("token %s: %w", t.Name, err)
		}
		t.Created, t.Until, t.Used, t.Revoked = instant(created), instant(until), instant(used), instant(revoked)
		list = append(list, t)
	}
	return list, rows.Err()
}

// RevokeToken implements dispatch.Tokens.
func (s *SQL) RevokeToken(ctx context.Context, name string, now time.Time) error {
	return s.token(ctx, "revoke", name, dispatch.ErrNotFound,
		`UPDATE tokens SET revoked_at = ? WHERE name = ? AND revoked_at = 0`, micros(now), name)
}

// UseToken implements dispatch.Tokens. A token in steady use is written once an hour.
func (s *SQL) UseToken(ctx context.Context, hash string, now time.Time) error {
	used := now.Truncate(usedTo)
	t, err := s.FindToken(ctx, hash)
	if err != nil || !t.Used.Before(used) {
		return err
	}
	return s.token(ctx, "note a use of", t.Name, nil, `UPDATE tokens SET used_at = ? WHERE hash = ? AND used_at < ?`, micros(used), hash, micros(used))
}

// token changes one token; otherwise is the error when there was none to change.
func (s *SQL) token(ctx context.Context, what, name string, otherwise error, query string, args ...any) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		n, err := w.exec(ctx, query, args...)
		if err == nil && n == 0 {
			err = otherwise
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s token %s: %w", what, name, away(err))
	}
	return nil
}
