package journal

import (
	"context"

	"github.com/butlerspb/vahta/dispatch"
)

// The audit is in the SQL store alone: what must leave a trace does not happen while it is away.

// WriteAudit implements dispatch.Audit.
func (s *Store) WriteAudit(ctx context.Context, e dispatch.AuditEntry) (dispatch.AuditEntry, error) {
	return inquire(s, func(in Inner) (dispatch.AuditEntry, error) { return in.WriteAudit(ctx, e) })
}

// AuditTrail implements dispatch.Audit.
func (s *Store) AuditTrail(ctx context.Context, f dispatch.AuditFilter) ([]dispatch.AuditEntry, error) {
	return inquire(s, func(in Inner) ([]dispatch.AuditEntry, error) { return in.AuditTrail(ctx, f) })
}

// EraseTicket implements dispatch.Erasing.
func (s *Store) EraseTicket(ctx context.Context, e dispatch.TicketErasure) error {
	return tell(s, func(in Inner) error { return in.EraseTicket(ctx, e) })
}

// EraseEdits implements dispatch.Erasing.
func (s *Store) EraseEdits(ctx context.Context, e dispatch.EditsErasure) error {
	return tell(s, func(in Inner) error { return in.EraseEdits(ctx, e) })
}
