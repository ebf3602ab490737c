package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// AddToken implements dispatch.Tokens.
func (m *Memory) AddToken(ctx context.Context, t dispatch.Token) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	_, taken := m.db.tokens[t.Hash]
	for _, other := range m.db.tokens {
		taken = taken || other.Name == t.Name && other.Revoked.IsZero()
	}
	if taken {
		return fmt.Errorf("add token %s: %w", t.Name, refuse("a token of this name is in force"))
	}
	t.Scopes = append([]string{}, t.Scopes...)
	t.Created, t.Until = instant(micros(t.Created)), instant(micros(t.Until))
	t.Used, t.Revoked = time.Time{}, time.Time{}
	m.db.tokens[t.Hash] = t
	return nil
}

// ListTokens implements dispatch.Tokens.
func (m *Memory) ListTokens(ctx context.Context) ([]dispatch.Token, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.Token
	for _, t := range m.db.tokens {
		t.Scopes = slices.Clone(t.Scopes)
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b dispatch.Token) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.Created.Compare(b.Created), strings.Compare(a.Hash, b.Hash))
	})
	return list, nil
}

// FindToken implements dispatch.Tokens.
func (m *Memory) FindToken(ctx context.Context, hash string) (dispatch.Token, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.Token{}, err
	}
	defer leave()
	t, known := m.db.tokens[hash]
	if !known {
		return dispatch.Token{}, fmt.Errorf("find a token: %w", dispatch.ErrNotFound)
	}
	t.Scopes = slices.Clone(t.Scopes)
	return t, nil
}

// RevokeToken implements dispatch.Tokens.
func (m *Memory) RevokeToken(ctx context.Context, name string, now time.Time) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for hash, t := range m.db.tokens {
		if t.Name == name && t.Revoked.IsZero() {
			t.Revoked = instant(micros(now))
			m.db.tokens[hash] = t
			return nil
		}
	}
	return fmt.Errorf("revoke token %s: %w", name, dispatch.ErrNotFound)
}

// UseToken implements dispatch.Tokens.
func (m *Memory) UseToken(ctx context.Context, hash string, now time.Time) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	t, known := m.db.tokens[hash]
	if !known {
		return fmt.Errorf("find a token: %w", dispatch.ErrNotFound)
	}
	if used := instant(micros(now.Truncate(usedTo))); t.Used.Before(used) {
		t.Used = used
		m.db.tokens[hash] = t
	}
	return nil
}

// turnKey names a turn that somebody knows of.
type turnKey struct {
	schedule, track, person string

	start int64
}

// ConfirmTurn implements dispatch.Care.
func (m *Memory) ConfirmTurn(ctx context.Context, c dispatch.Confirmation) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	k := turnKey{c.Schedule, c.Track, c.Person, micros(c.Start)}
	if word, known := m.db.turns[k]; !known || word.How == dispatch.HowDeclined {
		c.Start, c.At = instant(micros(c.Start)), instant(micros(c.At))
		m.db.turns[k] = c
	}
	return nil
}

// Confirmations implements dispatch.Care.
func (m *Memory) Confirmations(ctx context.Context, since time.Time) ([]dispatch.Confirmation, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.Confirmation
	for k, c := range m.db.turns {
		if k.start >= micros(since) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b dispatch.Confirmation) int {
		return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.Schedule, b.Schedule), strings.Compare(a.Track, b.Track), strings.Compare(a.Person, b.Person))
	})
	return list, nil
}

// proofKey names what was proved.
type proofKey struct{ person, device, how string }

// Prove implements dispatch.Care.
func (m *Memory) Prove(ctx context.Context, p dispatch.Proof) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	k := proofKey{p.Person, p.Device, p.How}
	p.At = instant(micros(p.At))
	if was, known := m.db.proofs[k]; !known || was.At.Before(p.At) {
		m.db.proofs[k] = p
	}
	return nil
}

// Proofs implements dispatch.Care.
func (m *Memory) Proofs(ctx context.Context) ([]dispatch.Proof, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.SortedFunc(maps.Values(m.db.proofs), func(a, b dispatch.Proof) int {
		return cmp.Or(strings.Compare(a.Person, b.Person), strings.Compare(a.Device, b.Device), strings.Compare(a.How, b.How))
	}), nil
}
