package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var (
	_ dispatch.Store    = (*SQL)(nil)
	_ dispatch.Releaser = (*SQL)(nil)
	_ dispatch.Archive  = (*SQL)(nil)
	_ dispatch.Queue    = (*SQL)(nil)

	_ dispatch.Arbiter     = (*SQL)(nil)
	_ dispatch.Nodes       = (*SQL)(nil)
	_ dispatch.Definitions = (*SQL)(nil)
	_ dispatch.Phones      = (*SQL)(nil)
	_ dispatch.Numbered    = (*SQL)(nil)

	_ dispatch.Rotas  = (*SQL)(nil)
	_ dispatch.Tokens = (*SQL)(nil)
	_ dispatch.Care   = (*SQL)(nil)

	_ dispatch.Sends       = (*SQL)(nil)
	_ dispatch.DeadLetters = (*SQL)(nil)

	_ dispatch.Signals = (*SQL)(nil)
)

// Commit implements dispatch.Store.
func (s *SQL) Commit(ctx context.Context, c dispatch.Change) error {
	e, err := encode(c)
	if err != nil {
		return err
	}
	e.at = micros(s.now())
	return s.submit(ctx, e.write)
}

// CommitAll stores the changes in their order, in one transaction: all of them
// or, with the error of the first that cannot be, none.
func (s *SQL) CommitAll(ctx context.Context, list []dispatch.Change) error {
	all := make([]*encoded, len(list))
	for i, c := range list {
		e, err := encode(c)
		if err != nil {
			return err
		}
		e.at = micros(s.now())
		all[i] = e
	}
	return s.submit(ctx, func(ctx context.Context, w *writer) error {
		for _, e := range all {
			if err := e.write(ctx, w); err != nil {
				return err
			}
		}
		return nil
	})
}

// write carries the change out inside the writer's transaction.
func (e *encoded) write(ctx context.Context, w *writer) error {
	steps := []func(context.Context, *writer) error{
		e.writeID, e.writeSignal, e.writeTicket, e.writeEvents, e.writeTasks, e.writeCalls, e.writeTimers, e.writeNotices, e.writeDelivery,
	}
	for _, step := range steps {
		if err := step(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// writeID goes first: a change that was stored before does nothing else.
func (e *encoded) writeID(ctx context.Context, w *writer) error {
	if e.ID == "" {
		return nil
	}
	n, err := w.exec(ctx, `INSERT INTO changes (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING`, e.ID, e.at)
	if err != nil {
		return fmt.Errorf("write id of change: %w", err)
	}
	if n == 0 {
		return dispatch.ErrRepeated
	}
	return nil
}

func (e *encoded) writeSignal(ctx context.Context, w *writer) error {
	if e.Signal == nil {
		return nil
	}
	sig := e.Signal
	raw := sig.Raw
	if raw == nil {
		raw = []byte{}
	}
	n, err := w.exec(ctx, `INSERT INTO signals (channel, key, at, raw, call, ticket, number, joined, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (channel, key) DO UPDATE SET ticket = excluded.ticket, number = excluded.number, joined = excluded.joined,
		due_at = 0, fault = '', settled = ''
		WHERE signals.ticket = '' AND excluded.ticket <> ''`,
		string(sig.Channel), sig.Key, micros(sig.At), raw, string(e.call), e.Taken.Ticket, e.Taken.Number, flag(e.Taken.Joined), micros(e.signalDue()))
	if err != nil {
		return fmt.Errorf("write signal: %w", err)
	}
	if n > 0 {
		return nil
	}
	var taken dispatch.Taken
	err = w.row(ctx, `SELECT ticket, number, joined FROM signals WHERE channel = ? AND key = ?`,
		[]any{string(sig.Channel), sig.Key}, &taken.Ticket, &taken.Number, &taken.Joined)
	if err != nil {
		return fmt.Errorf("read signal: %w", err)
	}
	return &dispatch.RepeatedError{Taken: taken}
}

func (e *encoded) writeTicket(ctx context.Context, w *writer) error {
	if e.Open != "" {
		var is bool
		err := w.row(ctx, `SELECT is_open FROM tickets WHERE id = ?`, []any{e.Open}, &is)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read ticket %s: %w", e.Open, err)
		}
		if !is {
			return dispatch.ErrConflict
		}
	}
	if e.Ticket != nil {
		if err := writeRow(ctx, w, *e.Ticket, e.Was, e.state); err != nil {
			return err
		}
	}
	for i, r := range e.Also {
		if err := writeRow(ctx, w, r.Ticket, r.Was, e.also[i]); err != nil {
			return err
		}
	}
	return nil
}

// writeRow inserts a ticket or moves it on from the version it was.
func writeRow(ctx context.Context, w *writer, t ticket.Ticket, was int64, state []byte) error {
	var n int64
	var err error
	if was == 0 {
		n, err = w.exec(ctx, `INSERT INTO tickets (id, year, seq, stage, is_open, priority, party, org, opened_at, version, state)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			t.ID, t.Number.Year, t.Number.Seq, t.Stage.String(), flag(t.Open()), t.Priority.String(), t.Party, t.Client.Org,
			micros(t.OpenedAt), t.Version, string(state))
	} else {
		n, err = w.exec(ctx, `UPDATE tickets SET stage = ?, is_open = ?, priority = ?, party = ?, org = ?, version = ?, state = ?
			WHERE id = ? AND version = ?`,
			t.Stage.String(), flag(t.Open()), t.Priority.String(), t.Party, t.Client.Org, t.Version, string(state), t.ID, was)
	}
	if err != nil {
		return fmt.Errorf("write ticket %s: %w", t.Number, err)
	}
	if n == 0 {
		return dispatch.ErrConflict
	}
	return nil
}

func (e *encoded) writeEvents(ctx context.Context, w *writer) error {
	var seq int
	var head, of string
	for i, ev := range e.Events {
		if of != ev.Ticket {
			of, seq, head = ev.Ticket, 0, ""
			if _, first := ev.Body.(ticket.Opened); !first {
				err := w.row(ctx, `SELECT seq, hash FROM events WHERE ticket = ? ORDER BY seq DESC LIMIT 1`, []any{of}, &seq, &head)
				if err != nil && !errors.Is(err, sql.ErrNoRows) {
					return fmt.Errorf("read log head: %w", err)
				}
			}
		}
		seq++
		ev = ticket.Chain(ev, e.bodies[i], seq, head)
		head = ev.Hash
		n, err := w.exec(ctx, `INSERT INTO events (ticket, seq, at, author, channel, kind, body, prev, hash, key)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			ev.Ticket, seq, micros(ev.At), ev.By, ev.Channel, string(ev.Body.Kind()), string(e.bodies[i]), ev.Prev, ev.Hash, ev.Key)
		if err != nil {
			return fmt.Errorf("write event %s: %w", ev.Body.Kind(), err)
		}
		if n == 0 {
			return dispatch.ErrRepeated
		}
	}
	return nil
}

func (e *encoded) writeCalls(ctx context.Context, w *writer) error {
	for i, c := range e.Calls {
		_, err := w.exec(ctx, `INSERT INTO calls (id, ticket, number, line, did, caller, caller_name, trunk, node,
			started_at, accepted_at, accepted_by, ended_at, result, cause, detail)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET
			accepted_at = CASE WHEN excluded.accepted_at <> 0 THEN excluded.accepted_at ELSE calls.accepted_at END,
			accepted_by = CASE WHEN excluded.accepted_by <> '' THEN excluded.accepted_by ELSE calls.accepted_by END,
			ended_at = excluded.ended_at, result = excluded.result, cause = excluded.cause, detail = excluded.detail
			WHERE calls.ended_at = 0`,
			c.ID, c.Ref.ID, c.Ref.Number, c.Line, c.DID, string(c.Caller), c.CallerName, c.Trunk, c.Node,
			micros(c.StartedAt), micros(c.AcceptedAt), c.AcceptedBy, micros(c.EndedAt), string(c.Result), c.Cause, string(e.details[i]))
		if err != nil {
			return fmt.Errorf("write call %s: %w", c.ID, err)
		}
	}
	return nil
}

func (e *encoded) writeTimers(ctx context.Context, w *writer) error {
	for _, k := range e.Drop {
		if _, err := w.exec(ctx, `DELETE FROM timers WHERE ticket = ? AND kind = ?`, k.Ticket, string(k.Kind)); err != nil {
			return fmt.Errorf("drop timer: %w", err)
		}
	}
	for _, t := range e.Timers {
		var n int64
		var err error
		if t.Gen <= 1 {
			n, err = w.exec(ctx, `INSERT INTO timers (ticket, kind, due_at, gen, state, lease_until, urgency) VALUES (?, ?, ?, ?, ?, 0, ?)
				ON CONFLICT DO NOTHING`, t.Ticket, string(t.Kind), micros(t.DueAt), t.Gen, string(t.State), t.Urgency)
		} else {
			n, err = w.exec(ctx, `UPDATE timers SET due_at = ?, gen = ?, state = ?, lease_until = 0, urgency = ?
				WHERE ticket = ? AND kind = ? AND gen = ?`, micros(t.DueAt), t.Gen, string(t.State), t.Urgency, t.Ticket, string(t.Kind), t.Gen-1)
		}
		if err != nil {
			return fmt.Errorf("write timer: %w", err)
		}
		if n == 0 {
			return dispatch.ErrConflict
		}
	}
	return nil
}

func (e *encoded) writeNotices(ctx context.Context, w *writer) error {
	for i, n := range e.Notices {
		_, err := w.exec(ctx, `INSERT INTO outbox (id, rank, channel, ticket, due_at, lease_until, attempts, done_at, result, notice, urgency, chain, chain_at)
			VALUES (?, ?, ?, ?, ?, 0, 0, 0, '', ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			n.ID, rank(n.Kind), string(n.Channel), n.Ref.ID, micros(n.DueAt), string(e.notices[i]), n.Urgency, n.Chain, micros(n.DueAt))
		if err != nil {
			return fmt.Errorf("write notice %s: %w", n.ID, err)
		}
	}
	return nil
}

func (e *encoded) writeDelivery(ctx context.Context, w *writer) error {
	d := e.Delivery
	if d == nil {
		return nil
	}
	if d.Result == dispatch.ResultPostponed {
		_, err := w.exec(ctx, `UPDATE outbox SET due_at = ?, lease_until = 0, attempts = attempts - 1 WHERE id = ? AND done_at = 0`,
			micros(d.RetryAt), d.Notice.ID)
		if err != nil {
			return fmt.Errorf("postpone notice: %w", err)
		}
		return nil
	}
	_, err := w.exec(ctx, `INSERT INTO deliveries (notice, attempt, at, took_us, result, fault) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, d.Notice.ID, d.Notice.Attempt, micros(d.At), d.Took.Microseconds(), string(d.Result), d.Err)
	if err != nil {
		return fmt.Errorf("write delivery: %w", err)
	}
	due, done := micros(d.RetryAt), int64(0)
	if d.Final {
		due, done = micros(d.Notice.DueAt), micros(d.At.Add(d.Took))
	}
	_, err = w.exec(ctx, `UPDATE outbox SET due_at = ?, lease_until = 0, done_at = ?, result = ? WHERE id = ? AND done_at = 0`,
		due, done, string(d.Result), d.Notice.ID)
	if err != nil {
		return fmt.Errorf("settle notice: %w", err)
	}
	return nil
}

// numbersOf names the counter of a year's ticket numbers.
func numbersOf(year int) string { return fmt.Sprintf("ticket-numbers-%d", year) }

// Release implements dispatch.Releaser.
func (s *SQL) Release(ctx context.Context, year int, first, end uint32) error {
	return s.submit(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `UPDATE counters SET value = ? WHERE name = ? AND value = ?`, int64(first)-1, numbersOf(year), int64(end)-1)
		return err
	})
}

// Reserve implements dispatch.Store.
func (s *SQL) Reserve(ctx context.Context, year, n int) (first uint32, err error) {
	name := numbersOf(year)
	var value int64
	err = s.submit(ctx, func(ctx context.Context, w *writer) error {
		return w.row(ctx, `INSERT INTO counters (name, value) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value`, []any{name, n}, &value)
	})
	if err != nil {
		return 0, err
	}
	const maxSeq = 1<<32 - 1
	if value > maxSeq {
		return 0, fmt.Errorf("reserve %d ticket numbers of %d: the year's numbers are used up", n, year)
	}
	return uint32(value - int64(n) + 1), nil
}
