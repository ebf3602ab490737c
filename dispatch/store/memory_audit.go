package store

import (
	"context"
	"slices"

	"github.com/butlerspb/vahta/dispatch"
)

// WriteAudit implements dispatch.Audit.
func (m *Memory) WriteAudit(ctx context.Context, e dispatch.AuditEntry) (dispatch.AuditEntry, error) {
	e, err := auditable(e)
	if err != nil {
		return e, err
	}
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.AuditEntry{}, err
	}
	defer leave()
	e = m.db.chained(e)
	m.db.audit = append(m.db.audit, e)
	return e, nil
}

// AuditTrail implements dispatch.Audit.
func (m *Memory) AuditTrail(ctx context.Context, f dispatch.AuditFilter) ([]dispatch.AuditEntry, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.AuditEntry
	for _, e := range slices.Backward(m.db.audit) {
		wanted := (f.Act == "" || f.Act == e.Act) && (f.By == "" || f.By == e.By) && (f.Ticket == "" || f.Ticket == e.Ticket) &&
			(f.Since.IsZero() || !e.At.Before(f.Since)) && (f.Before <= 0 || e.Seq < f.Before)
		if wanted && int64(len(list)) < limit(f.Limit) {
			list = append(list, e)
		}
	}
	return list, nil
}

// VerifyAudit checks the chain of the audit, and returns its last line.
func (m *Memory) VerifyAudit(ctx context.Context) (dispatch.AuditEntry, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.AuditEntry{}, err
	}
	defer leave()
	return dispatch.VerifyAudit(m.db.audit)
}
