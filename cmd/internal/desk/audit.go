package desk

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// HandleAudit serves the audit on the control socket besides the rest; database names the record, for a check of it.
func HandleAudit(rest http.Handler, a dispatch.Audit, database string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /audit", answer(func(r *http.Request, f dispatch.AuditFilter) (any, error) { return a.AuditTrail(r.Context(), f) }))
	mux.HandleFunc("POST /audit/write", answer(func(r *http.Request, e dispatch.AuditEntry) (any, error) { return a.WriteAudit(r.Context(), e) }))
	mux.HandleFunc("POST /audit/verify", answer(func(r *http.Request, _ struct{}) (any, error) {
		return VerifyRecord(r.Context(), database, func(int, int) {})
	}))
	return mux
}

// RemoteAudit is the audit of a running server, behind its control socket.
type RemoteAudit struct{ remote *Remote }

var _ dispatch.Audit = RemoteAudit{}

// WriteAudit implements dispatch.Audit.
func (a RemoteAudit) WriteAudit(ctx context.Context, e dispatch.AuditEntry) (dispatch.AuditEntry, error) {
	return ask[dispatch.AuditEntry](ctx, a.remote, "/audit/write", e)
}

// AuditTrail implements dispatch.Audit.
func (a RemoteAudit) AuditTrail(ctx context.Context, f dispatch.AuditFilter) ([]dispatch.AuditEntry, error) {
	return ask[[]dispatch.AuditEntry](ctx, a.remote, "/audit", f)
}

// OpenAudit returns the audit of the data folder: the running server's, or that of the record itself, at the place that database
// names. The function it returns must be called when done.
func OpenAudit(ctx context.Context, data, database string) (dispatch.Audit, func() error, error) {
	return openOn(ctx, data, database, func(r *Remote) dispatch.Audit { return RemoteAudit{r} },
		func(_ context.Context, db *store.SQL) (dispatch.Audit, error) { return db, nil })
}

// Verified is what a check of the whole record has found.
type Verified struct {
	Tickets int                  `json:"tickets"` // logs that were checked
	Rota    dispatch.RotaVersion `json:"rota"`    // as its log makes it
	Audit   dispatch.AuditEntry  `json:"audit"`   // the last line
	Faults  []string             `json:"faults"`  // all that is not in order
}

// Verify checks every chain of the record: the logs of all tickets, the log of the rota's edits, the audit. A running server checks
// its own record; told hears how far the tickets are when this process does.
func Verify(ctx context.Context, data, database string, told func(done, all int)) (Verified, error) {
	if r, err := Dial(ctx, filepath.Join(data, Socket)); err == nil {
		defer r.client.CloseIdleConnections()
		return ask[Verified](ctx, r, "/audit/verify", struct{}{})
	}
	if !store.There(database) {
		return Verified{}, noRecord(data, database)
	}
	return VerifyRecord(ctx, database, told)
}

// VerifyRecord is Verify in this process. It brings the schema up to date, so no server of another version may run on the record.
func VerifyRecord(ctx context.Context, database string, told func(done, all int)) (v Verified, err error) {
	db, done, err := runRecord(ctx, database)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, done()) }()
	var faults [3]error
	v.Tickets, faults[0] = db.VerifyTickets(ctx, told)
	if faults[1] = db.VerifyRota(ctx); faults[1] == nil {
		v.Rota, faults[1] = db.RotaVersion(ctx)
	}
	v.Audit, faults[2] = db.VerifyAudit(ctx)
	for _, fault := range faults {
		if fault == nil {
			continue
		}
		if ctx.Err() != nil || errors.Is(fault, dispatch.ErrAway) {
			return v, fault
		}
		v.Faults = append(v.Faults, strings.Split(fault.Error(), "\n")...)
	}
	return v, nil
}
