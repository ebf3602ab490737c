package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var (
	_ dispatch.Audit = (*SQL)(nil)
	_ dispatch.Audit = (*Memory)(nil)
)

// auditable is a line as any SQL store keeps it: microseconds, and no bytes that are no text.
func auditable(e dispatch.AuditEntry) (dispatch.AuditEntry, error) {
	if e.Act == "" || e.By == "" || e.At.IsZero() {
		return e, refuse("a line of the audit says who (%q) did what (%q), and when (%s)", e.By, e.Act, e.At.Format(time.RFC3339))
	}
	e.At = instant(micros(e.At))
	channel, act := string(e.Channel), string(e.Act)
	for _, part := range []*string{&e.By, &channel, &e.From, &act, &e.Object, &e.Ticket, &e.Reason, &e.Detail, &e.Node} {
		if !utf8.ValidString(*part) || strings.ContainsRune(*part, 0) {
			*part = strings.ReplaceAll(strings.ToValidUTF8(*part, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	e.Channel, e.Act = dispatch.Channel(channel), dispatch.AuditAct(act)
	return e, nil
}

// WriteAudit implements dispatch.Audit.
func (s *SQL) WriteAudit(ctx context.Context, e dispatch.AuditEntry) (dispatch.AuditEntry, error) {
	e, err := auditable(e)
	if err != nil {
		return e, err
	}
	var kept dispatch.AuditEntry
	err = s.submit(ctx, func(ctx context.Context, w *writer) (err error) {
		kept, err = w.audit(ctx, e)
		return err
	})
	if err != nil {
		return dispatch.AuditEntry{}, fmt.Errorf("write %s by %s into the audit: %w", e.Act, e.By, away(err))
	}
	return kept, nil
}

// audit appends a line.
func (w *writer) audit(ctx context.Context, e dispatch.AuditEntry) (dispatch.AuditEntry, error) {
	var seq int64
	var head string
	err := w.row(ctx, `SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`, nil, &seq, &head)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return e, fmt.Errorf("read the head of the audit: %w", err)
	}
	kept := e.Chain(seq+1, head)
	_, err = w.exec(ctx, `INSERT INTO audit (seq, at, author, channel, source, act, object, ticket, reason, detail, node, prev, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		kept.Seq, micros(kept.At), kept.By, string(kept.Channel), kept.From, string(kept.Act), kept.Object, kept.Ticket, kept.Reason,
		kept.Detail, kept.Node, kept.Prev, kept.Hash)
	return kept, err
}

// AuditTrail implements dispatch.Audit.
func (s *SQL) AuditTrail(ctx context.Context, f dispatch.AuditFilter) ([]dispatch.AuditEntry, error) {
	query, args := ` WHERE at >= ?`, []any{micros(f.Since)}
	if f.Since.IsZero() {
		query, args = ` WHERE 1 = 1`, nil
	}
	and := func(condition string, arg any) { query, args = query+` AND `+condition, append(args, arg) }
	if f.Act != "" {
		and(`act = ?`, string(f.Act))
	}
	if f.By != "" {
		and(`author = ?`, f.By)
	}
	if f.Ticket != "" {
		and(`ticket = ?`, f.Ticket)
	}
	if f.Before > 0 {
		and(`seq < ?`, f.Before)
	}
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]dispatch.AuditEntry, error) {
		return readAudit(ctx, db, query+` ORDER BY seq DESC LIMIT ?`, append(args, limit(f.Limit))...)
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", away(err))
	}
	return list, nil
}

func readAudit(ctx context.Context, db asking, query string, args ...any) (list []dispatch.AuditEntry, err error) {
	rows, err := db.QueryContext(ctx, `SELECT seq, at, author, channel, source, act, object, ticket, reason, detail, node, prev, hash FROM audit`+query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var e dispatch.AuditEntry
		var at int64
		if err := rows.Scan(&e.Seq, &at, &e.By, &e.Channel, &e.From, &e.Act, &e.Object, &e.Ticket, &e.Reason, &e.Detail, &e.Node, &e.Prev, &e.Hash); err != nil {
			return nil, err
		}
		e.At = instant(at)
		list = append(list, e)
	}
	return list, rows.Err()
}

// VerifyAudit checks the chain of the audit, and returns its last line.
func (s *SQL) VerifyAudit(ctx context.Context) (dispatch.AuditEntry, error) {
	log, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]dispatch.AuditEntry, error) {
		return readAudit(ctx, db, ` ORDER BY seq`)
	})
	if err != nil {
		return dispatch.AuditEntry{}, fmt.Errorf("read the audit: %w", away(err))
	}
	return dispatch.VerifyAudit(log)
}

// VerifyTickets checks the logs of all tickets: the chain of each, that it makes a ticket, and that this ticket stands where the
// stored one does. told is called after each with how many there are. The error names every ticket that is not in order.
func (s *SQL) VerifyTickets(ctx context.Context, told func(done, all int)) (n int, err error) {
	ids, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (ids []string, err error) {
		err = db.NewRaw(`SELECT id FROM tickets UNION SELECT ticket FROM events ORDER BY 1`).Scan(ctx, &ids)
		return ids, err
	})
	if err != nil {
		return 0, fmt.Errorf("list the tickets: %w", away(err))
	}
	reseals, err := s.reseals(ctx)
	if err != nil {
		return 0, err
	}
	var faults []error
	for i, id := range ids {
		if err := s.verifyTicket(ctx, id, reseals); err != nil {
			if ctx.Err() != nil || errors.Is(err, dispatch.ErrAway) {
				return i, err
			}
			faults = append(faults, err)
		}
		told(i+1, len(ids))
	}
	return len(ids), errors.Join(faults...)
}

func (s *SQL) verifyTicket(ctx context.Context, id string, reseals dispatch.Reseals) error {
	h, err := s.history(ctx, id)
	if err != nil {
		return err
	}
	if err := verifyLog(h, reseals); err != nil {
		return err
	}
	made, err := ticket.Fold(h.events)
	if err != nil {
		return fmt.Errorf("verify log of ticket %s: %w", id, err)
	}
	stored, err := s.Load(ctx, id)
	if err != nil {
		if errors.Is(err, dispatch.ErrNotFound) {
			return fmt.Errorf("verify log of ticket %s: there is a log, and no ticket", id)
		}
		return err
	}
	if stored.Ticket.Stage != made.Stage || stored.Ticket.ID != made.ID {
		return fmt.Errorf("verify ticket %s: it is stored as %s, and its log says %s", stored.Ticket.Number, stored.Ticket.Stage, made.Stage)
	}
	return nil
}
