package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// PhoneAccounts implements dispatch.Phones.
func (m *Memory) PhoneAccounts(ctx context.Context) ([]dispatch.PhoneAccount, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.PhoneAccount
	for _, user := range slices.Sorted(maps.Keys(m.db.phones)) {
		a := m.db.phones[user]
		a.Hashes = maps.Clone(a.Hashes)
		list = append(list, a)
	}
	return list, nil
}

// AddPhone implements dispatch.Phones.
func (m *Memory) AddPhone(ctx context.Context, a dispatch.PhoneAccount) error {
	return m.phone(ctx, "add", a.User, func(was dispatch.PhoneAccount, known bool) (dispatch.PhoneAccount, error) {
		if known && was.Revoked.IsZero() {
			return was, dispatch.ErrConflict
		}
		if known {
			a.Version = was.Version + 1
		}
		a.Hashes, a.Created = keptHashes(a.Hashes), instant(micros(a.Created))
		a.Revoked, a.Link, a.LinkUntil = time.Time{}, "", time.Time{}
		return a, nil
	})
}

// keptHashes are hashes as SQLite gives them back.
func keptHashes(h map[string]string) map[string]string {
	kept := map[string]string{}
	maps.Copy(kept, h)
	return kept
}

// LinkPhone implements dispatch.Phones.
func (m *Memory) LinkPhone(ctx context.Context, user, link string, until time.Time) error {
	return m.phone(ctx, "link", user, func(a dispatch.PhoneAccount, known bool) (dispatch.PhoneAccount, error) {
		if !known || !a.Revoked.IsZero() {
			return a, dispatch.ErrNotFound
		}
		a.Link, a.LinkUntil = link, instant(micros(until))
		return a, nil
	})
}

// SpendPhone implements dispatch.Phones.
func (m *Memory) SpendPhone(ctx context.Context, is dispatch.PhoneAccount, link string, now time.Time) error {
	return m.phone(ctx, "set up", is.User, func(a dispatch.PhoneAccount, known bool) (dispatch.PhoneAccount, error) {
		if !known || !a.Revoked.IsZero() || link == "" || a.Link != link || micros(a.LinkUntil) <= micros(now) {
			return a, dispatch.ErrNotFound
		}
		a.Realm, a.Version, a.Hashes = is.Realm, is.Version, keptHashes(is.Hashes)
		a.Link, a.LinkUntil = "", time.Time{}
		return a, nil
	})
}

// RevokePhone implements dispatch.Phones.
func (m *Memory) RevokePhone(ctx context.Context, user string, now time.Time) error {
	return m.phone(ctx, "revoke", user, func(a dispatch.PhoneAccount, known bool) (dispatch.PhoneAccount, error) {
		if !known || !a.Revoked.IsZero() {
			return a, dispatch.ErrNotFound
		}
		a.Revoked, a.Hashes = instant(micros(now)), map[string]string{}
		a.Link, a.LinkUntil = "", time.Time{}
		return a, nil
	})
}

// phone lets step change one account.
func (m *Memory) phone(ctx context.Context, what, user string, step func(was dispatch.PhoneAccount, known bool) (dispatch.PhoneAccount, error)) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	was, known := m.db.phones[user]
	is, err := step(was, known)
	if err != nil {
		return fmt.Errorf("%s phone account %s: %w", what, user, err)
	}
	m.db.phones[user] = is
	return nil
}
