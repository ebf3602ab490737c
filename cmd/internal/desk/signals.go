package desk

import (
	"context"
	"net/http"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Signals answers the commands about what was received; a dispatch.Dispatcher is one.
type Signals interface {
	// ListSignals returns stored signals, newest first.
	ListSignals(ctx context.Context, f dispatch.SignalFilter) ([]dispatch.SignalRecord, error)
	// Receive stores a signal. A running server takes it in at once, else the next one that starts does.
	Receive(ctx context.Context, sig dispatch.Signal) (dispatch.SignalID, error)
	// Intake returns the ticket of a stored signal.
	Intake(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error)
	// Reprocess takes a stored signal in anew.
	Reprocess(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error)
}

var _ Signals = (*dispatch.Dispatcher)(nil)

// maxSignal bounds a signal on the socket, in bytes: base64 of what a channel may bring.
const maxSignal = 48 << 20

// HandleSignals serves what was received on the control socket besides the rest.
func HandleSignals(rest http.Handler, s Signals) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /signals", answer(func(r *http.Request, f dispatch.SignalFilter) (any, error) { return s.ListSignals(r.Context(), f) }))
	mux.HandleFunc("POST /signals/receive", answerUpTo(maxSignal, func(r *http.Request, sig dispatch.Signal) (any, error) {
		return s.Receive(r.Context(), sig)
	}))
	mux.HandleFunc("POST /signals/intake", answer(func(r *http.Request, id dispatch.SignalID) (any, error) { return s.Intake(r.Context(), id) }))
	mux.HandleFunc("POST /signals/reprocess", answer(func(r *http.Request, id dispatch.SignalID) (any, error) {
		return s.Reprocess(r.Context(), id)
	}))
	return mux
}

// RemoteSignals is what a running server has received, behind its control socket.
type RemoteSignals struct{ remote *Remote }

var _ Signals = RemoteSignals{}

// ListSignals implements Signals.
func (s RemoteSignals) ListSignals(ctx context.Context, f dispatch.SignalFilter) ([]dispatch.SignalRecord, error) {
	return ask[[]dispatch.SignalRecord](ctx, s.remote, "/signals", f)
}

// Receive implements Signals.
func (s RemoteSignals) Receive(ctx context.Context, sig dispatch.Signal) (dispatch.SignalID, error) {
	return ask[dispatch.SignalID](ctx, s.remote, "/signals/receive", sig)
}

// Intake implements Signals.
func (s RemoteSignals) Intake(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error) {
	return ask[dispatch.Opened](ctx, s.remote, "/signals/intake", id)
}

// Reprocess implements Signals.
func (s RemoteSignals) Reprocess(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error) {
	return ask[dispatch.Opened](ctx, s.remote, "/signals/reprocess", id)
}

// OpenSignals returns what was received of the data folder: through the running server, or else through what onRecord makes of the
// record itself, at the place that database names. The function it returns must be called when done.
func OpenSignals(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) (Signals, error)) (Signals, func() error, error) {
	return openOn(ctx, data, database, func(r *Remote) Signals { return RemoteSignals{r} }, onRecord)
}
