package desk

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/dispatch/shift"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
)

// Shifts are the care of shifts as the commands handle it; a shift.Carer is one.
type Shifts interface {
	// Confirm takes a person's word for the present turn and the next ones; by is who says so.
	Confirm(ctx context.Context, person, by, how string) ([]oncall.Turn, error)
	// Readiness reports on everybody's devices, certificates and next turn.
	Readiness(ctx context.Context) ([]shift.Ready, error)
	// Handover makes the note of a schedule for an instant.
	Handover(ctx context.Context, schedule string, at time.Time) (shift.Note, error)
	// Test rings every device of a person and asks for a key. Only a running server can.
	Test(ctx context.Context, person string) ([]shift.Tested, error)
}

var _ Shifts = (*shift.Carer)(nil)

// saying is what the socket carries of a confirmation.
type saying struct {
	Person string `json:"person"`
	By     string `json:"by"`
	How    string `json:"how"`
}

// handing is what it carries of a hand-over.
type handing struct {
	Schedule string    `json:"schedule"`
	At       time.Time `json:"at"`
}

// HandleShifts serves the care of shifts on the control socket besides the rest.
func HandleShifts(rest http.Handler, s Shifts) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /shifts/confirm", answer(func(r *http.Request, in saying) (any, error) {
		return s.Confirm(r.Context(), in.Person, in.By, in.How)
	}))
	mux.HandleFunc("POST /shifts/readiness", answer(func(r *http.Request, _ struct{}) (any, error) { return s.Readiness(r.Context()) }))
	mux.HandleFunc("POST /shifts/handover", answer(func(r *http.Request, in handing) (any, error) {
		return s.Handover(r.Context(), in.Schedule, in.At)
	}))
	mux.HandleFunc("POST /shifts/test", answer(func(r *http.Request, person string) (any, error) { return s.Test(r.Context(), person) }))
	return mux
}

// RemoteShifts are the shifts of a running server, behind its control socket.
type RemoteShifts struct{ remote *Remote }

var _ Shifts = RemoteShifts{}

// Confirm implements Shifts.
func (s RemoteShifts) Confirm(ctx context.Context, person, by, how string) ([]oncall.Turn, error) {
	return ask[[]oncall.Turn](ctx, s.remote, "/shifts/confirm", saying{person, by, how})
}

// Readiness implements Shifts.
func (s RemoteShifts) Readiness(ctx context.Context) ([]shift.Ready, error) {
	return ask[[]shift.Ready](ctx, s.remote, "/shifts/readiness", struct{}{})
}

// Handover implements Shifts.
func (s RemoteShifts) Handover(ctx context.Context, schedule string, at time.Time) (shift.Note, error) {
	return ask[shift.Note](ctx, s.remote, "/shifts/handover", handing{schedule, at})
}

// Test implements Shifts.
func (s RemoteShifts) Test(ctx context.Context, person string) ([]shift.Tested, error) {
	return ask[[]shift.Tested](ctx, s.remote, "/shifts/test", person)
}

// OpenShifts returns the care of shifts of the data folder: the running server's, or else what onRecord makes of the record
// itself, the record at database. The function it returns must be called when done.
func OpenShifts(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) (Shifts, error)) (Shifts, func() error, error) {
	if r, err := Dial(ctx, filepath.Join(data, Socket)); err == nil {
		return RemoteShifts{r}, func() error { r.client.CloseIdleConnections(); return nil }, nil
	}
	if !store.There(database) {
		return nil, nil, noRecord(data, database)
	}
	db, done, err := runRecord(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	s, err := onRecord(ctx, db)
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return s, done, nil
}
