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

// Beat implements dispatch.Nodes.
func (s *SQL) Beat(ctx context.Context, n dispatch.Node, now time.Time) error {
	_ = now // the lease counts from its end; the beat itself is not kept
	err := s.urgent(ctx, func(ctx context.Context, w *writer) error {
		var taken bool
		err := w.row(ctx, `SELECT taken_over FROM nodes WHERE id = ?`, []any{n.ID}, &taken)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if taken {
			s.owed.tell(n.ID)
		}
		_, err = w.exec(ctx, `INSERT INTO nodes (id, lease_until, taken_over, rota, rota_edited_at, rota_hash) VALUES (?, ?, 0, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until, taken_over = 0,
			rota = excluded.rota, rota_edited_at = excluded.rota_edited_at, rota_hash = excluded.rota_hash`,
			n.ID, micros(n.Until), n.Rota.Revision, micros(n.Rota.EditedAt), n.Rota.Hash)
		return err
	})
	if err != nil {
		return fmt.Errorf("renew the lease of node %s: %w", n.ID, err)
	}
	if s.owed.tellNow(n.ID) {
		return dispatch.ErrTakenOver
	}
	return nil
}

// Leave implements dispatch.Nodes.
func (s *SQL) Leave(ctx context.Context, node string) error {
	err := s.urgent(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `UPDATE nodes SET lease_until = 0 WHERE id = ?`, node)
		return err
	})
	if err != nil {
		return fmt.Errorf("end the lease of node %s: %w", node, err)
	}
	return nil
}

// orphaned is the condition of calls that have lost their node: its lease has
// ended. Arguments: the heir and now.
const orphaned = `ended_at = 0 AND node IN (SELECT id FROM nodes WHERE id <> ? AND lease_until <= ?)`

// TakeOver implements dispatch.Nodes. A node that has left counts as one whose
// lease has ended, should it have left a call open. Calls of nobody, written
// before nodes had names, go to the first heir that asks for its own.
func (s *SQL) TakeOver(ctx context.Context, heir string, own bool, now time.Time) ([]dispatch.CallRecord, error) {
	var list []dispatch.CallRecord
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		var err error
		list, err = s.takeOver(ctx, w, heir, own, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("take over calls of dead nodes: %w", err)
	}
	s.owed.done(heir)
	return list, nil
}

func (s *SQL) takeOver(ctx context.Context, w *writer, heir string, own bool, now time.Time) ([]dispatch.CallRecord, error) {
	found, err := w.calls(ctx, orphaned, heir, micros(now))
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		if _, err := w.exec(ctx, `UPDATE nodes SET taken_over = 1 WHERE id = ?`, c.Node); err != nil {
			return nil, err
		}
	}
	if own {
		mine, err := w.calls(ctx, `ended_at = 0 AND node IN (?, '')`, heir)
		if err != nil {
			return nil, err
		}
		found = append(found, mine...)
	} else {
		for _, id := range s.owed.handed(heir) {
			late, err := w.calls(ctx, `ended_at = 0 AND node = ? AND id = ?`, heir, id)
			if err != nil {
				return nil, err
			}
			found = append(found, late...)
		}
	}
	list := make([]dispatch.CallRecord, 0, len(found))
	for _, r := range found {
		if _, err := w.exec(ctx, `UPDATE calls SET node = ? WHERE id = ?`, heir, r.ID); err != nil {
			return nil, err
		}
		s.owed.hand(heir, r.ID)
		r.Node = heir
		c, err := r.record()
		if err != nil { // the rest of it is worth having
			s.log.Error("the detail of a call that was taken over can not be read", "call_id", r.ID, "err", err)
		}
		list = append(list, c)
	}
	sortCalls(list)
	return list, nil
}

// calls reads the calls that meet a condition.
func (w *writer) calls(ctx context.Context, where string, args ...any) ([]callRow, error) {
	rows, err := w.rows(ctx, `SELECT id, ticket, number, line, did, caller, caller_name, trunk, node,
		started_at, accepted_at, accepted_by, ended_at, result, cause, detail FROM calls WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end below
	var list []callRow
	for rows.Next() {
		var r callRow
		err := rows.Scan(&r.ID, &r.Ticket, &r.Number, &r.Line, &r.DID, &r.Caller, &r.CallerName, &r.Trunk, &r.Node,
			&r.StartedAt, &r.AcceptedAt, &r.AcceptedBy, &r.EndedAt, &r.Result, &r.Cause, &r.Detail)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// Nodes implements dispatch.Nodes.
func (s *SQL) Nodes(ctx context.Context) ([]dispatch.Node, error) {
	list, err := ask(ctx, s, readNodes)
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	return list, nil
}

func readNodes(ctx context.Context, db *bun.DB) ([]dispatch.Node, error) {
	rows, err := db.QueryContext(ctx, `SELECT id, lease_until, rota, rota_edited_at, rota_hash FROM nodes ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end below
	var list []dispatch.Node
	for rows.Next() {
		var n dispatch.Node
		var until, edited int64
		if err := rows.Scan(&n.ID, &until, &n.Rota.Revision, &edited, &n.Rota.Hash); err != nil {
			return nil, err
		}
		n.Until, n.Rota.EditedAt = instant(until), instant(edited)
		list = append(list, n)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}
