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

// PhoneAccounts implements dispatch.Phones.
func (s *SQL) PhoneAccounts(ctx context.Context) ([]dispatch.PhoneAccount, error) {
	list, err := ask(ctx, s, readPhones)
	if err != nil {
		return nil, fmt.Errorf("list phone accounts: %w", err)
	}
	return list, nil
}

func readPhones(ctx context.Context, db *bun.DB) ([]dispatch.PhoneAccount, error) {
	rows, err := db.QueryContext(ctx, `SELECT name, person, realm, version, hashes, created_at, revoked_at, link, link_until
		FROM phone_accounts ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end below
	var list []dispatch.PhoneAccount
	for rows.Next() {
		var a dispatch.PhoneAccount
		var hashes string
		var created, revoked, until int64
		if err := rows.Scan(&a.User, &a.Person, &a.Realm, &a.Version, &hashes, &created, &revoked, &a.Link, &until); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(hashes), &a.Hashes); err != nil {
			return nil, fmt.Errorf("account %s: %w", a.User, err)
		}
		a.Created, a.Revoked, a.LinkUntil = instant(created), instant(revoked), instant(until)
		list = append(list, a)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// encodeHashes writes hashes as they are kept; none is an empty object.
func encodeHashes(hashes map[string]string) (string, error) {
	if hashes == nil {
		hashes = map[string]string{}
	}
	body, err := json.Marshal(hashes)
	return string(body), err
}

// AddPhone implements dispatch.Phones.
func (s *SQL) AddPhone(ctx context.Context, a dispatch.PhoneAccount) error {
	hashes, err := encodeHashes(a.Hashes)
	if err != nil {
		return fmt.Errorf("add phone account %s: %w", a.User, err)
	}
	return s.phone(ctx, "add", a.User, dispatch.ErrConflict, `INSERT INTO phone_accounts
		(name, person, realm, version, hashes, created_at, revoked_at, link, link_until) VALUES (?, ?, ?, ?, ?, ?, 0, '', 0)
		ON CONFLICT (name) DO UPDATE SET person = excluded.person, realm = excluded.realm, version = phone_accounts.version + 1,
			hashes = excluded.hashes, created_at = excluded.created_at, revoked_at = 0, link = '', link_until = 0
			WHERE phone_accounts.revoked_at <> 0`,
		a.User, a.Person, a.Realm, a.Version, hashes, micros(a.Created))
}

// LinkPhone implements dispatch.Phones.
func (s *SQL) LinkPhone(ctx context.Context, user, link string, until time.Time) error {
	return s.phone(ctx, "link", user, dispatch.ErrNotFound,
		`UPDATE phone_accounts SET link = ?, link_until = ? WHERE name = ? AND revoked_at = 0`, link, micros(until), user)
}

// SpendPhone implements dispatch.Phones.
func (s *SQL) SpendPhone(ctx context.Context, a dispatch.PhoneAccount, link string, now time.Time) error {
	if link == "" {
		return fmt.Errorf("set up phone account %s: %w", a.User, dispatch.ErrNotFound)
	}
	hashes, err := encodeHashes(a.Hashes)
	if err != nil {
		return fmt.Errorf("set up phone account %s: %w", a.User, err)
	}
	return s.phone(ctx, "set up", a.User, dispatch.ErrNotFound, `UPDATE phone_accounts
		SET realm = ?, version = ?, hashes = ?, link = '', link_until = 0
		WHERE name = ? AND link = ? AND link_until > ? AND revoked_at = 0`,
		a.Realm, a.Version, hashes, a.User, link, micros(now))
}

// RevokePhone implements dispatch.Phones.
func (s *SQL) RevokePhone(ctx context.Context, user string, now time.Time) error {
	return s.phone(ctx, "revoke", user, dispatch.ErrNotFound, `UPDATE phone_accounts
		SET revoked_at = ?, hashes = '{}', link = '', link_until = 0 WHERE name = ? AND revoked_at = 0`, micros(now), user)
}

// phone changes one account; otherwise is the error when there was none to change.
func (s *SQL) phone(ctx context.Context, what, user string, otherwise error, query string, args ...any) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		n, err := w.exec(ctx, query, args...)
		if err == nil && n == 0 {
			err = otherwise
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s phone account %s: %w", what, user, err)
	}
	return nil
}
