package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
)

// KeepReport implements dispatch.Papers.
func (s *SQL) KeepReport(ctx context.Context, hash string, body []byte) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `INSERT INTO reports (hash, body, kept_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, hash, body, micros(time.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep report %s: %w", hash, away(err))
	}
	return nil
}

// Report implements dispatch.Papers.
func (s *SQL) Report(ctx context.Context, hash string) ([]byte, error) {
	body, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (body []byte, err error) {
		err = db.QueryRowContext(ctx, `SELECT body FROM reports WHERE hash = ?`, hash).Scan(&body)
		return body, err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = dispatch.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read report %s: %w", hash, away(err))
	}
	return body, nil
}

// Secret implements dispatch.Papers.
func (s *SQL) Secret(ctx context.Context, name string, fresh []byte) (body []byte, err error) {
	err = s.submit(ctx, func(ctx context.Context, w *writer) error {
		if fresh != nil {
			_, err := w.exec(ctx, `INSERT INTO secrets (name, body, kept_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, name, fresh, micros(time.Now()))
			if err != nil {
				return err
			}
		}
		body = nil // do may run twice
		return w.row(ctx, `SELECT body FROM secrets WHERE name = ?`, []any{name}, &body)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = dispatch.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, away(err))
	}
	return body, nil
}

// ListSealKeys implements dispatch.SealKeys.
func (s *SQL) ListSealKeys(ctx context.Context) ([]dispatch.SealKey, error) {
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (list []dispatch.SealKey, err error) {
		rows, err := db.QueryContext(ctx, `SELECT org, recipient, sealed, master, made_at, destroyed_at FROM seal_keys ORDER BY org`)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			k, err := scanSealKey(rows.Scan)
			if err != nil {
				return nil, err
			}
			list = append(list, k)
		}
		return list, rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list keys of the vault: %w", away(err))
	}
	return list, nil
}

func scanSealKey(scan func(...any) error) (dispatch.SealKey, error) {
	var k dispatch.SealKey
	var made, destroyed int64
	err := scan(&k.Org, &k.Recipient, &k.Sealed, &k.Master, &made, &destroyed)
	if k.Made, k.Destroyed = instant(made), instant(destroyed); len(k.Sealed) == 0 {
		k.Sealed = nil // the engines differ in what an empty value is
	}
	return k, err
}

// AddSealKey implements dispatch.SealKeys.
func (s *SQL) AddSealKey(ctx context.Context, k dispatch.SealKey) (kept dispatch.SealKey, err error) {
	err = s.submit(ctx, func(ctx context.Context, w *writer) (err error) {
		_, err = w.exec(ctx, `INSERT INTO seal_keys (org, recipient, sealed, master, made_at, destroyed_at) VALUES (?, ?, ?, ?, ?, 0)
			ON CONFLICT (org) DO UPDATE SET recipient = excluded.recipient, sealed = excluded.sealed, master = excluded.master,
			made_at = excluded.made_at, destroyed_at = 0 WHERE seal_keys.destroyed_at > 0`, k.Org, k.Recipient, k.Sealed, k.Master, micros(k.Made))
		if err != nil {
			return err
		}
		kept, err = scanSealKey(func(dest ...any) error {
			return w.row(ctx, `SELECT org, recipient, sealed, master, made_at, destroyed_at FROM seal_keys WHERE org = ?`, []any{k.Org}, dest...)
		})
		return err
	})
	if err != nil {
		return kept, fmt.Errorf("keep the vault's key of %q: %w", k.Org, away(err))
	}
	return kept, nil
}

// DestroySealKey implements dispatch.SealKeys.
func (s *SQL) DestroySealKey(ctx context.Context, org string, now time.Time) error {
	return s.one(ctx, fmt.Sprintf("destroy the vault's key of %q", org),
		`UPDATE seal_keys SET sealed = ?, destroyed_at = ? WHERE org = ? AND destroyed_at = 0`, []byte{}, micros(now), org)
}

// one carries out a change of one row, and fails with dispatch.ErrNotFound when
// there is none.
func (s *SQL) one(ctx context.Context, what, query string, args ...any) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		n, err := w.exec(ctx, query, args...)
		if err == nil && n == 0 {
			err = dispatch.ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, away(err))
	}
	return nil
}

// AddAttachment implements dispatch.Attachments.
func (s *SQL) AddAttachment(ctx context.Context, a dispatch.Attachment) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `INSERT INTO attachments (ticket, hash, org, name, type, bytes, at, erased_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0)
			ON CONFLICT (ticket, hash) DO UPDATE SET erased_at = 0, name = CASE WHEN attachments.name = '' THEN excluded.name ELSE attachments.name END`, a.Ticket, a.Hash, a.Org, a.Name, a.Type, a.Bytes, micros(a.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep attachment %s: %w", a.Hash, away(err))
	}
	return nil
}

// ListAttachments implements dispatch.Attachments.
func (s *SQL) ListAttachments(ctx context.Context, f dispatch.AttachmentFilter) ([]dispatch.Attachment, error) {
	query, args := ` WHERE 1 = 1`, []any{}
	for _, c := range []struct {
		sql, value string
	}{{` AND org = ?`, f.Org}, {` AND ticket = ?`, f.Ticket}, {` AND hash = ?`, f.Hash}} {
		if c.value != "" {
			query, args = query+c.sql, append(args, c.value)
		}
	}
	if !f.Before.IsZero() {
		query, args = query+` AND at < ?`, append(args, micros(f.Before))
	}
	query, args = query+` ORDER BY at, ticket, hash LIMIT ?`, append(args, limit(f.Limit))
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (list []dispatch.Attachment, err error) {
		rows, err := db.QueryContext(ctx, `SELECT ticket, hash, org, name, type, bytes, at, erased_at FROM attachments`+query, args...)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var a dispatch.Attachment
			var at, erased int64
			if err := rows.Scan(&a.Ticket, &a.Hash, &a.Org, &a.Name, &a.Type, &a.Bytes, &at, &erased); err != nil {
				return nil, err
			}
			a.At, a.Erased = instant(at), instant(erased)
			list = append(list, a)
		}
		return list, rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list attachments: %w", away(err))
	}
	return list, nil
}

// EraseAttachment implements dispatch.Attachments.
func (s *SQL) EraseAttachment(ctx context.Context, ticket, hash string, now time.Time) error {
	return s.one(ctx, "note that attachment "+hash+" is erased",
		`UPDATE attachments SET erased_at = ?, name = '' WHERE ticket = ? AND hash = ? AND erased_at = 0`, micros(now), ticket, hash)
}
