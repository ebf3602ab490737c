package desk

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Cases is the work on tickets as the commands do it; a casework.Worker is one.
type Cases interface {
	// Look returns all that there is to see of a ticket, by its number or id.
	Look(ctx context.Context, idOrNumber string) (casework.Sight, error)
	// Carry carries one act of a person out.
	Carry(ctx context.Context, o casework.Order) (casework.Done, error)
	// Tasks returns the tasks of all tickets that fit.
	Tasks(ctx context.Context, f dispatch.TaskFilter) ([]dispatch.TaskRow, error)
}

var _ Cases = (*casework.Worker)(nil)

// maxOrder bounds an order on the socket, in bytes: it may hold a long text for the client.
const maxOrder = 1 << 20

// HandleCases serves the work on tickets on the control socket besides the rest.
func HandleCases(rest http.Handler, c Cases) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /tasks", answer(func(r *http.Request, f dispatch.TaskFilter) (any, error) { return c.Tasks(r.Context(), f) }))
	mux.HandleFunc("POST /cases/{id}", answer(func(r *http.Request, _ struct{}) (any, error) { return c.Look(r.Context(), r.PathValue("id")) }))
	mux.HandleFunc("POST /cases", answerUpTo(maxOrder, func(r *http.Request, o casework.Order) (any, error) { return c.Carry(r.Context(), o) }))
	return mux
}

// RemoteCases is the work on tickets of a running server, behind its control socket.
type RemoteCases struct{ remote *Remote }

var _ Cases = RemoteCases{}

// Look implements Cases.
func (c RemoteCases) Look(ctx context.Context, idOrNumber string) (casework.Sight, error) {
	return ask[casework.Sight](ctx, c.remote, "/cases/"+url.PathEscape(idOrNumber), struct{}{})
}

// Carry implements Cases.
func (c RemoteCases) Carry(ctx context.Context, o casework.Order) (casework.Done, error) {
	return ask[casework.Done](ctx, c.remote, "/cases", o)
}

// Tasks implements Cases.
func (c RemoteCases) Tasks(ctx context.Context, f dispatch.TaskFilter) ([]dispatch.TaskRow, error) {
	return ask[[]dispatch.TaskRow](ctx, c.remote, "/tasks", f)
}

// OpenCases returns the work on tickets of the data folder: the running server's, or else what onRecord makes of the record itself,
// at the place that database names. The function it returns must be called when done.
func OpenCases(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) (Cases, error)) (Cases, func() error, error) {
	return openOn(ctx, data, database, func(r *Remote) Cases { return RemoteCases{r} }, onRecord)
}

// openOn opens one thing of the data folder: the running server's, or else what onRecord makes of the record itself.
func openOn[T any](ctx context.Context, data, database string, remote func(*Remote) T, onRecord func(context.Context, *store.SQL) (T, error)) (v T, done func() error, err error) {
	if r, err := Dial(ctx, filepath.Join(data, Socket)); err == nil {
		return remote(r), func() error { r.client.CloseIdleConnections(); return nil }, nil
	}
	if !store.There(database) {
		return v, nil, noRecord(data, database)
	}
	db, done, err := runRecord(ctx, database)
	if err != nil {
		return v, nil, err
	}
	if v, err = onRecord(ctx, db); err != nil {
		_ = done() // the first fault is the one to show
		return v, nil, err
	}
	return v, done, nil
}
