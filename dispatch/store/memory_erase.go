package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/butlerspb/vahta/dispatch"
)

// EraseTicket implements dispatch.Erasing.
func (m *Memory) EraseTicket(ctx context.Context, e dispatch.TicketErasure) error {
	x, err := encodeErasure(e)
	if err != nil {
		return fmt.Errorf("erase words of a ticket: %w", err)
	}
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := m.db.erasable(x); err != nil {
		return fmt.Errorf("erase words of a ticket: %w", err)
	}
	m.db.audit = append(m.db.audit, m.db.chained(x.Audit))
	for i, c := range x.Calls {
		is, known := m.db.calls[c.ID]
		if !known || is.EndedAt.IsZero() {
			continue
		}
		is.Caller, is.CallerName, is.Detail = c.Caller, c.CallerName, dispatch.CallDetail{}
		if err := json.Unmarshal(x.details[i], &is.Detail); err != nil {
			return fmt.Errorf("read call detail: %w", err)
		}
		m.db.calls[c.ID] = is
	}
	if x.Ticket == nil {
		return nil
	}
	after := *x.Ticket
	after.Version++
	m.db.place(after)
	log := slices.Clone(m.db.events[after.ID])
	for _, ev := range x.Events {
		log[ev.Seq-1].Body = ev.Body
	}
	m.db.events[after.ID] = log
	for _, sig := range x.Signals {
		if r, known := m.db.signals[sig.ID()]; known {
			r.sig.Raw, r.sig.Call, r.fault = []byte{}, sig.Call, ""
			m.db.signals[sig.ID()] = r
		}
	}
	for id, r := range m.db.outbox {
		if r.done && r.notice.Ref.ID == after.ID {
			r.notice = bareNotice(r.notice)
			m.db.outbox[id] = r
		}
	}
	for k, s := range m.db.sends {
		if s.Ticket == after.ID {
			s.Party = ""
			m.db.sends[k] = s
		}
	}
	if i := m.db.texts.find(dispatch.TextKey{Kind: dispatch.TextTicket, Ref: after.ID}); i >= 0 {
		m.db.texts.docs = slices.Delete(m.db.texts.docs, i, i+1)
	}
	return nil
}

// erasable reports whether an erasure was decided on what there is.
func (db *tables) erasable(x *erasure) error {
	if x.Ticket == nil {
		return nil
	}
	if is, known := db.tickets[x.Ticket.ID]; !known || is.Version != x.Ticket.Version {
		return dispatch.ErrConflict
	}
	log := db.events[x.Ticket.ID]
	for _, ev := range x.Events {
		if ev.Seq < 1 || ev.Seq > len(log) || log[ev.Seq-1].Hash != ev.Hash {
			return fmt.Errorf("line %d: %w", ev.Seq, dispatch.ErrConflict)
		}
	}
	return nil
}

// chained is a line of the audit after those that there are.
func (db *tables) chained(e dispatch.AuditEntry) dispatch.AuditEntry {
	head := ""
	if n := len(db.audit); n > 0 {
		head = db.audit[n-1].Hash
	}
	return e.Chain(int64(len(db.audit))+1, head)
}

// EraseEdits implements dispatch.Erasing.
func (m *Memory) EraseEdits(ctx context.Context, e dispatch.EditsErasure) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	log := slices.Clone(m.db.rota.log)
	var reseals []dispatch.Reseal
	for _, to := range e.Entries {
		at := slices.IndexFunc(log, func(l rotaEdit) bool { return l.revision == to.Revision && l.hash == to.Hash })
		if at < 0 {
			return fmt.Errorf("erase words of the log of edits: edit %d: %w", to.Revision, dispatch.ErrConflict)
		}
		if log[at], err = log[at].erased(to); err != nil {
			return err
		}
		reseals = append(reseals, dispatch.Reseal{Seq: to.Revision, Was: to.Hash, Is: log[at].sum()})
	}
	audit, err := auditable(e.Audit.WithReseals(dispatch.EditsLog, reseals))
	if err != nil {
		return err
	}
	m.db.audit, m.db.rota.log = append(m.db.audit, m.db.chained(audit)), log
	return nil
}
