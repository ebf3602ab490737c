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
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// signalColumns are what scanSignal reads, in its order; the bytes come last.
const signalColumns = `channel, key, at, call, ticket, number, joined, due_at, tries, fault, settled, LENGTH(raw)`

// scanner is one row of a result.
type scanner interface{ Scan(dest ...any) error }

func scanSignal(row scanner, raw bool) (dispatch.SignalRecord, error) {
	var r dispatch.SignalRecord
	var at, due int64
	var call string
	dest := []any{
		&r.Channel, &r.Key, &at, &call, &r.Taken.Ticket, &r.Taken.Number, &r.Taken.Joined,
		&due, &r.Tries, &r.Fault, &r.Settled, &r.Size,
	}
	if raw {
		dest = append(dest, &r.Raw)
	}
	if err := row.Scan(dest...); err != nil {
		return r, err
	}
	r.At, r.DueAt = instant(at), instant(due)
	if call != "" {
		r.Call = &dispatch.CallSignal{}
		if err := json.Unmarshal([]byte(call), r.Call); err != nil {
			return r, fmt.Errorf("read stored call signal: %w", err)
		}
	}
	return r, nil
}

// ClaimSignals implements dispatch.Signals.
func (s *SQL) ClaimSignals(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.SignalRecord, error) {
	var list []dispatch.SignalRecord
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		list = list[:0]
		var due []dispatch.SignalRecord
		found, err := w.rows(ctx, `SELECT `+signalColumns+`, raw FROM signals WHERE due_at > 0 AND due_at <= ? ORDER BY due_at, at LIMIT ?`,
			micros(now), limit)
		if err != nil {
			return err
		}
		defer found.Close() //nolint:errcheck // read to its end below
		for found.Next() {
			r, err := scanSignal(found, true)
			if err != nil {
				return err
			}
			due = append(due, r)
		}
		if err := errors.Join(found.Err(), found.Close()); err != nil {
			return err
		}
		for _, r := range due {
			n, err := w.exec(ctx, `UPDATE signals SET due_at = ?, tries = tries + 1 WHERE channel = ? AND key = ? AND due_at = ?`,
				micros(now.Add(lease)), string(r.Channel), r.Key, micros(r.DueAt))
			if err != nil {
				return err
			}
			if n > 0 { // else another node was faster
				r.Tries, r.DueAt = r.Tries+1, instant(micros(now.Add(lease)))
				list = append(list, r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim signals: %w", away(err))
	}
	return list, nil
}

// NextSignal implements dispatch.Signals.
func (s *SQL) NextSignal(ctx context.Context) (time.Time, error) {
	return s.next(ctx, `SELECT MIN(due_at) FROM signals WHERE due_at > 0`)
}

// SettleSignal implements dispatch.Signals.
func (s *SQL) SettleSignal(ctx context.Context, id dispatch.SignalID, how dispatch.Settling) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `UPDATE signals SET due_at = ?, fault = ?, settled = ? WHERE channel = ? AND key = ? AND ticket = ''`,
			micros(how.RetryAt), how.Fault, how.Settled, string(id.Channel), id.Key)
		return err
	})
	if err != nil {
		return fmt.Errorf("note how signal %s of channel %s stands: %w", id.Key, id.Channel, away(err))
	}
	return nil
}

// ListSignals implements dispatch.Signals.
func (s *SQL) ListSignals(ctx context.Context, f dispatch.SignalFilter) ([]dispatch.SignalRecord, error) {
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]dispatch.SignalRecord, error) { return readSignals(ctx, db, f) })
	if err != nil {
		return nil, fmt.Errorf("list signals: %w", away(err))
	}
	return list, nil
}

// signalStates are the conditions of dispatch.SignalRecord.State.
func signalStates(s dispatch.SignalState) string {
	switch s {
	case dispatch.SignalTaken:
		return `ticket <> ''`
	case dispatch.SignalSettled:
		return `ticket = '' AND settled <> ''`
	case dispatch.SignalFailing:
		return `ticket = '' AND settled = '' AND fault <> ''`
	case dispatch.SignalWaiting:
		return `ticket = '' AND settled = '' AND fault = ''`
	}
	return `1 = 0` // no such state
}

func readSignals(ctx context.Context, db *bun.DB, f dispatch.SignalFilter) (list []dispatch.SignalRecord, err error) {
	columns, where, args := signalColumns, []string{`1 = 1`}, []any(nil)
	if f.Raw {
		columns += `, raw`
	}
	limits := func(condition string, value any) {
		where, args = append(where, condition), append(args, value)
	}
	if f.Channel != "" {
		limits(`channel = ?`, string(f.Channel))
	}
	if f.Key != "" {
		limits(`key = ?`, f.Key)
	}
	if f.Ticket != "" {
		limits(`ticket = ? AND ticket <> ''`, f.Ticket)
	}
	if !f.Before.IsZero() {
		limits(`at < ?`, micros(f.Before))
	}
	if f.State != "" {
		where = append(where, signalStates(f.State))
	}
	rows, err := db.QueryContext(ctx, `SELECT `+columns+` FROM signals WHERE `+strings.Join(where, ` AND `)+
		` ORDER BY at DESC, channel, key LIMIT ?`, append(args, limit(f.Limit))...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		r, err := scanSignal(rows, f.Raw)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// LastTicket implements dispatch.Signals.
func (s *SQL) LastTicket(ctx context.Context, party string) (ticket.Ticket, error) {
	t, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (ticket.Ticket, error) {
		var row ticketRow
		err := db.NewSelect().Model(&row).Where("party = ?", party).Where("party <> ''").Order("opened_at DESC", "seq DESC").Limit(1).Scan(ctx)
		if err != nil {
			return ticket.Ticket{}, notFound(err)
		}
		return decodeTicket(row.State, row.Version)
	})
	if err != nil {
		return t, fmt.Errorf("find the last ticket of a party: %w", away(err))
	}
	return t, nil
}

// signalDue is when a signal that is stored is tried first by a worker: whoever
// has received it takes it in by himself before that. One that comes with its
// ticket is not tried.
func (e *encoded) signalDue() time.Time {
	if e.Taken.Ticket != "" {
		return time.Time{}
	}
	return e.Signal.At.Add(dispatch.SignalGrace)
}
