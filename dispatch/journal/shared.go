package journal

import (
	"context"
	"errors"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// What several nodes agree on is in the SQL store alone: without it each method
// of this file fails with ErrAway.

// attached returns the SQL store.
func (s *Store) attached() (Inner, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inner == nil {
		return nil, ErrAway
	}
	return s.inner, nil
}

// arbiter asks the SQL store unless it is known to give no answer: a call waits
// for it. A store too slow for changes may still decide between nodes; one that
// fails the question is not asked again before it takes a change.
func (s *Store) arbiter(ask func(Inner) error) error {
	s.mu.Lock()
	in := s.inner
	if s.passage == nil && !s.answers && s.deaf {
		in = nil
	}
	s.mu.Unlock()
	if in == nil {
		return ErrAway
	}
	err := ask(in)
	if err != nil && !errors.Is(err, dispatch.ErrAssigned) && !errors.Is(err, dispatch.ErrStale) && !errors.Is(err, context.Canceled) {
		s.mu.Lock()
		s.deaf = true
		s.mu.Unlock()
	}
	return err
}

// Assign implements dispatch.Arbiter.
func (s *Store) Assign(ctx context.Context, a dispatch.Assignment, now time.Time) error {
	return s.arbiter(func(in Inner) error { return in.Assign(ctx, a, now) })
}

// Confirm implements dispatch.Arbiter.
func (s *Store) Confirm(ctx context.Context, a dispatch.Assignment, now time.Time) error {
	return s.arbiter(func(in Inner) error { return in.Confirm(ctx, a, now) })
}

// Extend implements dispatch.Arbiter.
func (s *Store) Extend(ctx context.Context, list []dispatch.Assignment) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.Extend(ctx, list)
}

// Unassign implements dispatch.Arbiter.
func (s *Store) Unassign(ctx context.Context, a dispatch.Assignment) error {
	return s.arbiter(func(in Inner) error { return in.Unassign(ctx, a) })
}

// RaiseEpoch implements dispatch.Arbiter.
func (s *Store) RaiseEpoch(ctx context.Context) (epoch uint64, err error) {
	err = s.arbiter(func(in Inner) error {
		var fault error
		epoch, fault = in.RaiseEpoch(ctx)
		return fault
	})
	return epoch, err
}

// Beat implements dispatch.Nodes.
func (s *Store) Beat(ctx context.Context, n dispatch.Node, now time.Time) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.Beat(ctx, n, now)
}

// Leave implements dispatch.Nodes.
func (s *Store) Leave(ctx context.Context, node string) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.Leave(ctx, node)
}

// TakeOver implements dispatch.Nodes.
func (s *Store) TakeOver(ctx context.Context, heir string, own bool, now time.Time) ([]dispatch.CallRecord, error) {
	in, err := s.attached()
	if err != nil {
		return nil, err
	}
	return in.TakeOver(ctx, heir, own, now)
}

// Nodes implements dispatch.Nodes.
func (s *Store) Nodes(ctx context.Context) ([]dispatch.Node, error) {
	in, err := s.attached()
	if err != nil {
		return nil, err
	}
	return in.Nodes(ctx)
}

// SaveDefinition implements dispatch.Definitions.
func (s *Store) SaveDefinition(ctx context.Context, v dispatch.Version, body []byte) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.SaveDefinition(ctx, v, body)
}

// Definition implements dispatch.Definitions.
func (s *Store) Definition(ctx context.Context) (dispatch.Version, []byte, error) {
	in, err := s.attached()
	if err != nil {
		return dispatch.Version{}, nil, err
	}
	return in.Definition(ctx)
}

// DefinitionVersion implements dispatch.Definitions.
func (s *Store) DefinitionVersion(ctx context.Context) (dispatch.Version, error) {
	in, err := s.attached()
	if err != nil {
		return dispatch.Version{}, err
	}
	return in.DefinitionVersion(ctx)
}

// KnownDefinition implements dispatch.Definitions.
func (s *Store) KnownDefinition(ctx context.Context, hash string) (bool, error) {
	in, err := s.attached()
	if err != nil {
		return false, err
	}
	return in.KnownDefinition(ctx, hash)
}

// PhoneAccounts implements dispatch.Phones.
func (s *Store) PhoneAccounts(ctx context.Context) ([]dispatch.PhoneAccount, error) {
	in, err := s.attached()
	if err != nil {
		return nil, err
	}
	return in.PhoneAccounts(ctx)
}

// AddPhone implements dispatch.Phones.
func (s *Store) AddPhone(ctx context.Context, a dispatch.PhoneAccount) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.AddPhone(ctx, a)
}

// LinkPhone implements dispatch.Phones.
func (s *Store) LinkPhone(ctx context.Context, user, link string, until time.Time) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.LinkPhone(ctx, user, link, until)
}

// SpendPhone implements dispatch.Phones.
func (s *Store) SpendPhone(ctx context.Context, a dispatch.PhoneAccount, link string, now time.Time) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.SpendPhone(ctx, a, link, now)
}

// RevokePhone implements dispatch.Phones.
func (s *Store) RevokePhone(ctx context.Context, user string, now time.Time) error {
	in, err := s.attached()
	if err != nil {
		return err
	}
	return in.RevokePhone(ctx, user, now)
}

// HoldPlace implements dispatch.Places. After ErrAway the place may be held all the same: ask again with the same holder.
func (s *Store) HoldPlace(ctx context.Context, name, holder string, now, until time.Time) (dispatch.Place, error) {
	return inquire(s, func(in Inner) (dispatch.Place, error) { return in.HoldPlace(ctx, name, holder, now, until) })
}

// MovePlace implements dispatch.Places.
func (s *Store) MovePlace(ctx context.Context, name string, token int64, cursor []byte) error {
	return tell(s, func(in Inner) error { return in.MovePlace(ctx, name, token, cursor) })
}

// FreePlace implements dispatch.Places.
func (s *Store) FreePlace(ctx context.Context, name string, token int64) error {
	return tell(s, func(in Inner) error { return in.FreePlace(ctx, name, token) })
}
