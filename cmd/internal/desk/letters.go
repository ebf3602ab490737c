package desk

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// Letters are the events that were given up, as the commands handle them.
type Letters struct {
	// Store keeps them.
	Store dispatch.DeadLetters
	// Wake is told that some are to be sent again; nil = nobody sends now.
	Wake func()
}

// DeadLetters lists and revives events that were given up.
type DeadLetters interface {
	// Dead lists them, newest first.
	Dead(ctx context.Context, f dispatch.DeadFilter) ([]dispatch.DeadLetter, error)
	// Retry has them sent again and returns how many there were.
	Retry(ctx context.Context, f dispatch.DeadFilter) (int, error)
}

var (
	_ DeadLetters = Letters{}
	_ DeadLetters = RemoteLetters{}
)

// Dead implements DeadLetters.
func (l Letters) Dead(ctx context.Context, f dispatch.DeadFilter) ([]dispatch.DeadLetter, error) {
	return l.Store.Dead(ctx, f)
}

// Retry implements DeadLetters.
func (l Letters) Retry(ctx context.Context, f dispatch.DeadFilter) (int, error) {
	n, err := l.Store.Revive(ctx, f, time.Now())
	if n > 0 && l.Wake != nil {
		l.Wake()
	}
	return n, err
}

// HandleLetters serves dead letters on the control socket besides the rest.
func HandleLetters(rest http.Handler, l DeadLetters) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /letters/dead", answer(func(r *http.Request, f dispatch.DeadFilter) (any, error) { return l.Dead(r.Context(), f) }))
	mux.HandleFunc("POST /letters/dead/retry", answer(func(r *http.Request, f dispatch.DeadFilter) (any, error) { return l.Retry(r.Context(), f) }))
	return mux
}

// RemoteLetters are the dead letters of a running server, behind its control socket.
type RemoteLetters struct{ remote *Remote }

// Dead implements DeadLetters.
func (l RemoteLetters) Dead(ctx context.Context, f dispatch.DeadFilter) ([]dispatch.DeadLetter, error) {
	return ask[[]dispatch.DeadLetter](ctx, l.remote, "/letters/dead", f)
}

// Retry implements DeadLetters.
func (l RemoteLetters) Retry(ctx context.Context, f dispatch.DeadFilter) (int, error) {
	return ask[int](ctx, l.remote, "/letters/dead/retry", f)
}

// OpenLetters returns the dead letters of the data folder: the running server's, or else those of the record itself. The function
// it returns must be called when done.
func OpenLetters(ctx context.Context, data, database string) (DeadLetters, func() error, error) {
	if r, err := Dial(ctx, filepath.Join(data, Socket)); err == nil {
		return RemoteLetters{r}, func() error { r.client.CloseIdleConnections(); return nil }, nil
	}
	if !store.There(database) {
		return nil, nil, noRecord(data, database)
	}
	db, done, err := runRecord(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	return Letters{Store: db}, done, nil
}
