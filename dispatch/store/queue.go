package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
)

// ClaimNotices implements dispatch.Queue. A claim counts as one more attempt.
func (s *SQL) ClaimNotices(ctx context.Context, kind dispatch.NoticeKind, now time.Time, lease time.Duration, limit int) ([]dispatch.Notice, error) {
	var list []dispatch.Notice
	const free = `UPDATE outbox SET lease_until = 0, attempts = attempts - 1 WHERE done_at = 0 AND rank = ? AND lease_until = ?`
	err := s.claim(ctx, string(kind), now, now.Add(lease), free, []any{rank(kind)}, func(ctx context.Context, w *writer) error {
		list = list[:0]
		var unreadable []string
		found, err := w.rows(ctx, `SELECT id, notice, attempts FROM outbox WHERE done_at = 0 AND rank = ? AND due_at <= ? AND lease_until <= ?
			AND `+firstOfChain+` ORDER BY `+order(kind)+` LIMIT ?`, rank(kind), micros(now), micros(now), limit)
		if err != nil {
			return err
		}
		defer found.Close() //nolint:errcheck // read to its end below
		for found.Next() {
			var id, body string
			var attempts int
			if err := found.Scan(&id, &body, &attempts); err != nil {
				return err
			}
			var n dispatch.Notice
			if err := json.Unmarshal([]byte(body), &n); err != nil {
				s.log.Error("a notice can not be read and is set aside", "id", id, "err", err)
				unreadable = append(unreadable, id)
				continue
			}
			n.Attempt = attempts + 1
			list = append(list, n)
		}
		if err := errors.Join(found.Err(), found.Close()); err != nil {
			return err
		}
		for _, id := range unreadable {
			if _, err := w.exec(ctx, `UPDATE outbox SET done_at = ?, result = 'unreadable' WHERE id = ?`, micros(now), id); err != nil {
				return err
			}
		}
		for _, n := range list {
			if _, err := w.exec(ctx, `UPDATE outbox SET lease_until = ?, attempts = ? WHERE id = ?`, micros(now.Add(lease)), n.Attempt, n.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim notices: %w", err)
	}
	return list, nil
}

// firstOfChain holds for what is a link of no chain, and for the first link that
// is not settled: the next one goes out after it.
const firstOfChain = `(chain = '' OR NOT EXISTS (SELECT 1 FROM outbox earlier WHERE earlier.done_at = 0 AND earlier.chain <> ''
	AND earlier.chain = outbox.chain AND (earlier.chain_at < outbox.chain_at OR earlier.chain_at = outbox.chain_at AND earlier.id < outbox.id)))`

// order is how due notices of a kind go out. Pages go by urgency first: after an
// outage all of them are due, and each person has one ear.
func order(kind dispatch.NoticeKind) string {
	if kind == dispatch.NoticePage {
		return "urgency, due_at, id"
	}
	return "due_at, id"
}

// ClaimTimers implements dispatch.Queue.
func (s *SQL) ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.Timer, error) {
	var list []dispatch.Timer
	const free = `UPDATE timers SET lease_until = 0 WHERE lease_until = ?`
	err := s.claim(ctx, "timers", now, now.Add(lease), free, nil, func(ctx context.Context, w *writer) error {
		list = list[:0]
		found, err := w.rows(ctx, `SELECT ticket, kind, due_at, gen, state FROM timers WHERE due_at <= ? AND lease_until <= ?
			ORDER BY urgency, due_at LIMIT ?`, micros(now), micros(now), limit)
		if err != nil {
			return err
		}
		defer found.Close() //nolint:errcheck // read to its end below
		for found.Next() {
			var t timerRow
			if err := found.Scan(&t.Ticket, &t.Kind, &t.DueAt, &t.Gen, &t.State); err != nil {
				return err
			}
			list = append(list, t.timer())
		}
		if err := errors.Join(found.Err(), found.Close()); err != nil {
			return err
		}
		for _, t := range list {
			if _, err := w.exec(ctx, `UPDATE timers SET lease_until = ? WHERE ticket = ? AND kind = ?`,
				micros(now.Add(lease)), t.Ticket, string(t.Kind)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim timers: %w", err)
	}
	return list, nil
}

// NextNotice implements dispatch.Queue.
func (s *SQL) NextNotice(ctx context.Context, kind dispatch.NoticeKind) (time.Time, error) {
	return s.next(ctx, `SELECT MIN(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END)
		FROM outbox WHERE done_at = 0 AND rank = ? AND `+firstOfChain, rank(kind))
}

// NextTimer implements dispatch.Queue.
func (s *SQL) NextTimer(ctx context.Context) (time.Time, error) {
	return s.next(ctx, `SELECT MIN(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END) FROM timers`)
}

func (s *SQL) next(ctx context.Context, query string, args ...any) (time.Time, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (time.Time, error) {
		var us sql.NullInt64
		if err := db.QueryRowContext(ctx, query, args...).Scan(&us); err != nil {
			return time.Time{}, fmt.Errorf("read what is due next: %w", err)
		}
		return instant(us.Int64), nil
	})
}
