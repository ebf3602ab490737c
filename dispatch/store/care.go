package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
)

// ConfirmTurn implements dispatch.Care.
func (s *SQL) ConfirmTurn(ctx context.Context, c dispatch.Confirmation) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `INSERT INTO confirmations (schedule, track, person, start_at, at, author, how) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (schedule, track, person, start_at) DO UPDATE SET at = excluded.at, author = excluded.author, how = excluded.how
			WHERE confirmations.how = '`+dispatch.HowDeclined+`'`, c.Schedule, c.Track, c.Person, micros(c.Start), micros(c.At), c.By, c.How)
		return err
	})
	if err != nil {
		return fmt.Errorf("write that %s knows of the turn on %s: %w", c.Person, c.Schedule, away(err))
	}
	return nil
}

// Confirmations implements dispatch.Care.
func (s *SQL) Confirmations(ctx context.Context, since time.Time) ([]dispatch.Confirmation, error) {
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]dispatch.Confirmation, error) {
		return readConfirmations(ctx, db, micros(since))
	})
	if err != nil {
		return nil, fmt.Errorf("list confirmations: %w", away(err))
	}
	return list, nil
}

func readConfirmations(ctx context.Context, db *bun.DB, since int64) (list []dispatch.Confirmation, err error) {
	rows, err := db.QueryContext(ctx, `SELECT schedule, track, person, start_at, at, author, how FROM confirmations
		WHERE start_at >= ? ORDER BY start_at, schedule, track, person`, since)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c dispatch.Confirmation
		var start, at int64
		if err := rows.Scan(&c.Schedule, &c.Track, &c.Person, &start, &at, &c.By, &c.How); err != nil {
			return nil, err
		}
		c.Start, c.At = instant(start), instant(at)
		list = append(list, c)
	}
	return list, rows.Err()
}

// Prove implements dispatch.Care.
func (s *SQL) Prove(ctx context.Context, p dispatch.Proof) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `INSERT INTO proofs (person, device, how, at) VALUES (?, ?, ?, ?)
			ON CONFLICT (person, device, how) DO UPDATE SET at = excluded.at WHERE proofs.at < excluded.at`, p.Person, p.Device, p.How, micros(p.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("write that a device of %s works: %w", p.Person, away(err))
	}
	return nil
}

// Proofs implements dispatch.Care.
func (s *SQL) Proofs(ctx context.Context) ([]dispatch.Proof, error) {
	list, err := ask(ctx, s, readProofs)
	if err != nil {
		return nil, fmt.Errorf("list proofs of devices: %w", away(err))
	}
	return list, nil
}

func readProofs(ctx context.Context, db *bun.DB) (list []dispatch.Proof, err error) {
	rows, err := db.QueryContext(ctx, `SELECT person, device, how, at FROM proofs ORDER BY person, device, how`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p dispatch.Proof
		var at int64
		if err := rows.Scan(&p.Person, &p.Device, &p.How, &at); err != nil {
			return nil, err
		}
		p.At = instant(at)
		list = append(list, p)
	}
	return list, rows.Err()
}
