package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var (
	_ dispatch.Erasing = (*SQL)(nil)
	_ dispatch.Erasing = (*Memory)(nil)
)

// erasure is one of a ticket with its JSON made in the caller's goroutine.
type erasure struct {
	dispatch.TicketErasure
	state   []byte
	bodies  [][]byte // of the events
	details [][]byte // of the calls
	signals [][]byte // what is left of the calls that signals were
	reseals []dispatch.Reseal
}

func encodeErasure(e dispatch.TicketErasure) (*erasure, error) {
	x := &erasure{TicketErasure: e}
	var faults []error
	put := func(v any) []byte {
		b, err := json.Marshal(v)
		faults = append(faults, err)
		return b
	}
	if e.Ticket == nil && len(e.Events)+len(e.Signals) > 0 {
		return nil, refuse("erase: lines and signals belong to a ticket, and none is given")
	}
	log := ""
	if e.Ticket != nil {
		x.state, log = put(e.Ticket), dispatch.TicketLog(e.Ticket.ID)
	}
	for _, ev := range e.Events {
		body := put(ev.Body)
		x.bodies = append(x.bodies, body)
		x.reseals = append(x.reseals, dispatch.Reseal{Seq: int64(ev.Seq), Was: ev.Hash, Is: ticket.Chain(ev, body, ev.Seq, ev.Prev).Hash})
	}
	for _, c := range e.Calls {
		x.details = append(x.details, put(c.Detail))
	}
	for _, sig := range e.Signals {
		call := []byte(nil)
		if sig.Call != nil {
			call = put(sig.Call)
		}
		x.signals = append(x.signals, call)
	}
	if log == "" {
		log = "calls"
	}
	x.Audit = x.Audit.WithReseals(log, x.reseals)
	if e.Ticket != nil {
		x.Audit.Ticket = e.Ticket.Number.String()
	}
	audit, err := auditable(x.Audit)
	x.Audit = audit
	return x, errors.Join(append(faults, err)...)
}

// EraseTicket implements dispatch.Erasing.
func (s *SQL) EraseTicket(ctx context.Context, e dispatch.TicketErasure) error {
	x, err := encodeErasure(e)
	if err != nil {
		return fmt.Errorf("erase words of a ticket: %w", err)
	}
	if err := s.submit(ctx, x.write); err != nil {
		return fmt.Errorf("erase words of a ticket: %w", away(err))
	}
	return nil
}

func (x *erasure) write(ctx context.Context, w *writer) error {
	if _, err := w.audit(ctx, x.Audit); err != nil {
		return err
	}
	for i, c := range x.Calls {
		_, err := w.exec(ctx, `UPDATE calls SET caller = ?, caller_name = ?, detail = ? WHERE id = ? AND ended_at <> 0`,
			string(c.Caller), c.CallerName, string(x.details[i]), c.ID)
		if err != nil {
			return fmt.Errorf("erase in call %s: %w", c.ID, err)
		}
	}
	if x.Ticket == nil {
		return nil
	}
	was := x.Ticket.Version
	after := *x.Ticket
	after.Version++ // whoever decides on what was read before has to read again
	if err := writeRow(ctx, w, after, was, x.state); err != nil {
		return err
	}
	for i, ev := range x.Events {
		n, err := w.exec(ctx, `UPDATE events SET body = ? WHERE ticket = ? AND seq = ? AND hash = ?`, string(x.bodies[i]), ev.Ticket, ev.Seq, ev.Hash)
		if err != nil {
			return fmt.Errorf("erase in line %d: %w", ev.Seq, err)
		}
		if n == 0 {
			return fmt.Errorf("erase in line %d: %w", ev.Seq, dispatch.ErrConflict)
		}
	}
	for i, sig := range x.Signals {
		_, err := w.exec(ctx, `UPDATE signals SET raw = ?, call = ?, fault = '' WHERE channel = ? AND key = ?`, []byte{}, string(x.signals[i]), string(sig.Channel), sig.Key)
		if err != nil {
			return fmt.Errorf("erase signal %s: %w", sig.Key, err)
		}
	}
	if err := w.eraseNotices(ctx, x.Ticket.ID); err != nil {
		return err
	}
	return w.reindex(ctx, x.Ticket.ID)
}

// eraseNotices takes out what went out about a ticket, and to whom. That it went out, how and when stays.
func (w *writer) eraseNotices(ctx context.Context, id string) error {
	if _, err := w.exec(ctx, `UPDATE sends SET party = '' WHERE ticket = ?`, id); err != nil {
		return fmt.Errorf("erase the party of pages: %w", err)
	}
	rows, err := w.rows(ctx, `SELECT id, notice FROM outbox WHERE ticket = ? AND done_at <> 0`, id)
	if err != nil {
		return fmt.Errorf("read what went out: %w", err)
	}
	bare := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return errors.Join(fmt.Errorf("read what went out: %w", err), rows.Close())
		}
		var n dispatch.Notice
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			n = dispatch.Notice{ID: name} // nobody can read it; it goes too
		}
		short, err := json.Marshal(bareNotice(n))
		if err != nil {
			return errors.Join(err, rows.Close())
		}
		bare[name] = string(short)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("read what went out: %w", err)
	}
	for name, short := range bare {
		if _, err := w.exec(ctx, `UPDATE outbox SET notice = ? WHERE id = ?`, short, name); err != nil {
			return fmt.Errorf("erase notice %s: %w", name, err)
		}
	}
	return nil
}

// bareNotice is a delivered notice without what it said of the client, and to whom of them.
func bareNotice(n dispatch.Notice) dispatch.Notice {
	if n.Kind == dispatch.NoticeClient || n.Kind == dispatch.NoticeRecall {
		n.To = ""
	}
	n.Message = dispatch.ClientMessage{ID: n.Message.ID, Purpose: n.Message.Purpose, Report: n.Message.Report, Version: n.Message.Version}
	n.Client, n.Caller, n.Party, n.Texts, n.Body = "", "", "", nil, nil
	return n
}

// reindex takes the text of a ticket out of the index, and has it made anew.
func (w *writer) reindex(ctx context.Context, id string) error {
	var doc int64
	err := w.row(ctx, `SELECT doc FROM texts WHERE kind = ? AND ref = ?`, []any{string(dispatch.TextTicket), id}, &doc)
	if err == nil {
		err = w.unindex(ctx, doc)
	}
	if err == nil && w.engine != enginePostgres { // a deleted text is only struck out; the pages lose its terms when they are written anew
		_, err = w.exec(ctx, `INSERT INTO texts_terms (texts_terms) VALUES ('optimize')`)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("take ticket %s out of the index: %w", id, err)
	}
	if _, err := w.exec(ctx, `INSERT INTO texts_due (ticket) VALUES (?) ON CONFLICT (ticket) DO NOTHING`, id); err != nil {
		return fmt.Errorf("have ticket %s indexed anew: %w", id, err)
	}
	return nil
}

// erased returns the line of the log of edits with the words that it is to have.
func (e rotaEdit) erased(to dispatch.RotaEntry) (rotaEdit, error) {
	var err, fault error
	e.reason, e.edit = to.Reason, string(to.Edit)
	e.before, err = plainJSON(to.Before)
	e.after, fault = plainJSON(to.After)
	return e, errors.Join(err, fault)
}

// EraseEdits implements dispatch.Erasing.
func (s *SQL) EraseEdits(ctx context.Context, e dispatch.EditsErasure) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		var reseals []dispatch.Reseal
		for _, to := range e.Entries {
			rows, err := w.rows(ctx, `SELECT `+editColumns+` FROM rota_edits WHERE revision = ? AND hash = ?`, to.Revision, to.Hash)
			if err != nil {
				return err
			}
			list, err := scanEdits(rows)
			if err != nil {
				return err
			}
			if len(list) != 1 {
				return fmt.Errorf("edit %d: %w", to.Revision, dispatch.ErrConflict)
			}
			line, err := list[0].erased(to)
			if err != nil {
				return err
			}
			_, err = w.exec(ctx, `UPDATE rota_edits SET reason = ?, edit = ?, before = ?, after = ? WHERE revision = ?`,
				line.reason, line.edit, line.before, line.after, line.revision)
			if err != nil {
				return err
			}
			reseals = append(reseals, dispatch.Reseal{Seq: line.revision, Was: line.hash, Is: line.sum()})
		}
		audit, err := auditable(e.Audit.WithReseals(dispatch.EditsLog, reseals))
		if err == nil {
			_, err = w.audit(ctx, audit)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("erase words of the log of edits: %w", away(err))
	}
	return nil
}

// reseals reads which lines of chained logs stand with other words than were hashed.
func (s *SQL) reseals(ctx context.Context) (dispatch.Reseals, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (dispatch.Reseals, error) { return readReseals(ctx, db) })
}

func readReseals(ctx context.Context, db asking) (dispatch.Reseals, error) {
	list, err := readAudit(ctx, db, ` WHERE act = '`+string(dispatch.ActRedact)+`' ORDER BY seq`)
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", away(err))
	}
	return dispatch.ReadReseals(list), nil
}

// verifyLog checks the chain of a ticket's log.
func verifyLog(h history, reseals dispatch.Reseals) error {
	return ticket.VerifyErased(h.events, h.bodies, func(seq int, was, is string) bool {
		return reseals.Allows(dispatch.TicketLog(h.events[0].Ticket), int64(seq), was, is)
	})
}
