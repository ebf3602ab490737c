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

// readSeat reads what is known of a person; the zero seat when nothing is.
func (w *writer) readSeat(ctx context.Context, person string) (seat, error) {
	var s seat
	var token int64
	err := w.row(ctx, `SELECT token, call, attempt, node, lease_until FROM assignments WHERE person = ?`, []any{person},
		&token, &s.call, &s.attempt, &s.node, &s.until)
	if errors.Is(err, sql.ErrNoRows) {
		return seat{}, nil
	}
	s.token = uint64(token)
	return s, err
}

func (w *writer) writeSeat(ctx context.Context, person string, s seat) error {
	_, err := w.exec(ctx, `INSERT INTO assignments (person, token, call, attempt, node, lease_until) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (person) DO UPDATE SET token = excluded.token, call = excluded.call, attempt = excluded.attempt,
		node = excluded.node, lease_until = excluded.lease_until`,
		person, int64(s.token), s.call, s.attempt, s.node, s.until)
	return err
}

// seat lets step move a person's seat.
func (w *writer) seat(ctx context.Context, person string, step func(seat) (seat, error)) error {
	was, err := w.readSeat(ctx, person)
	if err != nil {
		return err
	}
	is, err := step(was)
	if err != nil || is == was {
		return err
	}
	return w.writeSeat(ctx, person, is)
}

// Assign implements dispatch.Arbiter.
func (s *SQL) Assign(ctx context.Context, a dispatch.Assignment, now time.Time) error {
	err := s.urgent(ctx, func(ctx context.Context, w *writer) error {
		return w.seat(ctx, a.Person, func(was seat) (seat, error) { return was.assign(a, now) })
	})
	if err != nil {
		return fmt.Errorf("assign %s to call %s: %w", a.Person, a.Call, err)
	}
	return nil
}

// Confirm implements dispatch.Arbiter. It reads what is committed, and waits
// for the writer only when the assignment has run out and is to be opened again.
func (s *SQL) Confirm(ctx context.Context, a dispatch.Assignment, now time.Time) error {
	was, err := s.committedSeat(ctx, a.Person)
	is := was
	if err == nil {
		is, err = was.confirm(a, now)
	}
	if err == nil && is != was {
		err = s.urgent(ctx, func(ctx context.Context, w *writer) error {
			return w.seat(ctx, a.Person, func(was seat) (seat, error) { return was.confirm(a, now) })
		})
	}
	if err != nil {
		return fmt.Errorf("confirm %s for call %s: %w", a.Person, a.Call, err)
	}
	return nil
}

// committedSeat is readSeat for those who need no writer.
func (s *SQL) committedSeat(ctx context.Context, person string) (seat, error) {
	is, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (is seat, err error) {
		var token int64
		err = db.QueryRowContext(ctx, `SELECT token, call, attempt, node, lease_until FROM assignments WHERE person = ?`, person).
			Scan(&token, &is.call, &is.attempt, &is.node, &is.until)
		is.token = uint64(token)
		return is, err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return seat{}, nil
	}
	return is, err
}

// Extend implements dispatch.Arbiter.
func (s *SQL) Extend(ctx context.Context, list []dispatch.Assignment) error {
	if len(list) == 0 {
		return nil
	}
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		for _, a := range list {
			if err := w.seat(ctx, a.Person, func(was seat) (seat, error) { return was.extend(a), nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("extend %d assignments: %w", len(list), err)
	}
	return nil
}

// Unassign implements dispatch.Arbiter.
func (s *SQL) Unassign(ctx context.Context, a dispatch.Assignment) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		return w.seat(ctx, a.Person, func(was seat) (seat, error) { return was.release(a), nil })
	})
	if err != nil {
		return fmt.Errorf("release %s from call %s: %w", a.Person, a.Call, err)
	}
	return nil
}

// epochs names the counter of the epochs.
const epochs = "rotation-epoch"

// RaiseEpoch implements dispatch.Arbiter.
func (s *SQL) RaiseEpoch(ctx context.Context) (uint64, error) {
	var epoch uint64
	err := s.urgent(ctx, func(ctx context.Context, w *writer) error {
		var last, token int64
		err := w.row(ctx, `SELECT value FROM counters WHERE name = ?`, []any{epochs}, &last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		// The highest as an unsigned number: those that SQL takes for negative come first.
		err = w.row(ctx, `SELECT token FROM assignments ORDER BY token < 0 DESC, token DESC LIMIT 1`, nil, &token)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		epoch = nextEpoch(uint64(last), uint64(token))
		_, err = w.exec(ctx, `INSERT INTO counters (name, value) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, epochs, int64(epoch))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("raise the epoch: %w", err)
	}
	return epoch, nil
}
