package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
)

// Admit implements dispatch.Sends. What is older than since is let go: nobody
// asks for it again.
func (s *SQL) Admit(ctx context.Context, one dispatch.Send, since time.Time, allow func([]dispatch.Send) bool) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		sent, err := readSends(ctx, w, one, micros(since))
		if err != nil || !allow(sent) {
			return err
		}
		if _, err := w.exec(ctx, `DELETE FROM sends WHERE person = ? AND channel = ? AND at < ?`, one.Person, string(one.Channel), micros(since)); err != nil {
			return err
		}
		_, err = w.exec(ctx, `INSERT INTO sends (person, channel, notice, at, ticket, page, party) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, one.Person, string(one.Channel), one.Notice, micros(one.At), one.Ticket, int64(one.Page), one.Party)
		return err
	})
	if err != nil {
		return fmt.Errorf("count a page to %s: %w", one.Person, away(err))
	}
	return nil
}

// TakeBack implements dispatch.Sends.
func (s *SQL) TakeBack(ctx context.Context, one dispatch.Send) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `DELETE FROM sends WHERE person = ? AND channel = ? AND notice = ? AND at <= ?`,
			one.Person, string(one.Channel), one.Notice, micros(one.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("take back the count of a page to %s: %w", one.Person, away(err))
	}
	return nil
}

// readSends returns what a person was sent by a channel, oldest first.
func readSends(ctx context.Context, w *writer, of dispatch.Send, since int64) (list []dispatch.Send, err error) {
	rows, err := w.rows(ctx, `SELECT notice, at, ticket, page, party FROM sends WHERE person = ? AND channel = ? AND at >= ? ORDER BY at, notice`,
		of.Person, string(of.Channel), since)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one := dispatch.Send{Person: of.Person, Channel: of.Channel}
		var at, page int64
		if err := rows.Scan(&one.Notice, &at, &one.Ticket, &page, &one.Party); err != nil {
			return nil, err
		}
		one.At, one.Page = instant(at), int(page)
		list = append(list, one)
	}
	return list, rows.Err()
}

// dead is what makes a row of the outbox a dead letter.
const dead = `rank = 1 AND result = 'failed' AND done_at > 0`

// mostDead is how many dead letters are listed when nobody says how many.
const mostDead = 100

// deadWhere returns the filter in SQL.
func deadWhere(f dispatch.DeadFilter) (where string, args []any) {
	where = dead
	if len(f.IDs) > 0 {
		where += ` AND id IN (?` + strings.Repeat(`, ?`, len(f.IDs)-1) + `)`
		for _, id := range f.IDs {
			args = append(args, id)
		}
	}
	return where, args
}

// Dead implements dispatch.DeadLetters.
func (s *SQL) Dead(ctx context.Context, f dispatch.DeadFilter) ([]dispatch.DeadLetter, error) {
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]dispatch.DeadLetter, error) { return readDead(ctx, db, f) })
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", away(err))
	}
	return list, nil
}

func readDead(ctx context.Context, db *bun.DB, f dispatch.DeadFilter) (list []dispatch.DeadLetter, err error) {
	where, args := deadWhere(f)
	rows, err := db.QueryContext(ctx, `SELECT notice, done_at, attempts,
		COALESCE((SELECT fault FROM deliveries WHERE deliveries.notice = outbox.id ORDER BY attempt DESC LIMIT 1), '')
		FROM outbox WHERE `+where+` ORDER BY done_at DESC, id`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	limit := f.Limit
	if limit == 0 {
		limit = mostDead
	}
	for rows.Next() && len(list) < limit {
		var body, cause string
		var done, attempts int64
		if err := rows.Scan(&body, &done, &attempts, &cause); err != nil {
			return nil, err
		}
		var n dispatch.Notice
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			return nil, fmt.Errorf("read a dead letter: %w", err)
		}
		if f.To == "" || n.To == f.To {
			list = append(list, deadLetter(n, instant(done), int(attempts), cause))
		}
	}
	return list, rows.Err()
}

// deadLetter returns how a notice that was given up is shown.
func deadLetter(n dispatch.Notice, at time.Time, attempts int, cause string) dispatch.DeadLetter {
	var head struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(n.Body, &head) // of a body without a type none is shown
	return dispatch.DeadLetter{
		ID: n.ID, Channel: n.Channel, To: n.To, Type: head.Type, Ticket: n.Ref.Number, MadeAt: n.DueAt, DeadAt: at, Attempts: attempts, Cause: cause,
	}
}

// Revive implements dispatch.DeadLetters.
func (s *SQL) Revive(ctx context.Context, f dispatch.DeadFilter, now time.Time) (n int, err error) {
	err = s.submit(ctx, func(ctx context.Context, w *writer) error {
		n = 0
		list, err := deadNotices(ctx, w, f)
		if err != nil {
			return err
		}
		for _, notice := range list {
			notice.DueAt = now
			body, err := json.Marshal(notice)
			if err != nil {
				return err
			}
			if _, err := w.exec(ctx, `UPDATE outbox SET done_at = 0, result = '', attempts = 0, lease_until = 0, due_at = ?, chain_at = ?, notice = ? WHERE id = ?`,
				micros(now), micros(now), string(body), notice.ID); err != nil {
				return err
			}
			if _, err := w.exec(ctx, `DELETE FROM deliveries WHERE notice = ?`, notice.ID); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("send dead letters again: %w", away(err))
	}
	return n, nil
}

func deadNotices(ctx context.Context, w *writer, f dispatch.DeadFilter) (list []dispatch.Notice, err error) {
	where, args := deadWhere(f)
	rows, err := w.rows(ctx, `SELECT notice FROM outbox WHERE `+where+` ORDER BY done_at DESC, id`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		var n dispatch.Notice
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			return nil, fmt.Errorf("read a dead letter: %w", err)
		}
		if f.To == "" || n.To == f.To {
			list = append(list, n)
		}
	}
	return list, rows.Err()
}
