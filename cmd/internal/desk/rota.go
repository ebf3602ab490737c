package desk

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Rota is people and schedules as the commands look at them and edit them; a rota.Rota is one. Whoever wants to know who is on
// duty evaluates the View.
type Rota interface {
	View(ctx context.Context) (rota.View, error)
	// Preview shows what an edit would do. It writes nothing; the error is an *edit.Refusal.
	Preview(ctx context.Context, e edit.Edit, by edit.Author) (edit.Preview, error)
	// Commit makes the edit. The error is an *edit.Refusal, a *dispatch.RotaConflict or rota.ErrAway.
	Commit(ctx context.Context, e edit.Edit, by edit.Author, base map[string]int64) (rota.Committed, error)
	// History lists the log of edits, newest first.
	History(ctx context.Context, f dispatch.RotaFilter) ([]dispatch.RotaEntry, error)
	// Taken lists who really took calls.
	Taken(ctx context.Context, from, to time.Time) ([]oncall.Taken, error)
}

var _ Rota = (*rota.Rota)(nil)

// maxEdit bounds an edit on the socket, in bytes: a whole rota may be imported at once.
const maxEdit = 8 << 20

// editing is what the socket carries of an edit.
type editing struct {
	Edit edit.Edit        `json:"edit"`
	By   edit.Author      `json:"by"`
	Base map[string]int64 `json:"base,omitempty"`
}

// span is a span of time on the socket.
type span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// HandleRota serves the rota on the control socket besides the rest.
func HandleRota(rest http.Handler, r Rota) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /rota", answer(func(q *http.Request, _ struct{}) (any, error) { return r.View(q.Context()) }))
	mux.HandleFunc("POST /rota/preview", answerUpTo(maxEdit, func(q *http.Request, in editing) (any, error) {
		return r.Preview(q.Context(), in.Edit, in.By)
	}))
	mux.HandleFunc("POST /rota/commit", answerUpTo(maxEdit, func(q *http.Request, in editing) (any, error) {
		return r.Commit(q.Context(), in.Edit, in.By, in.Base)
	}))
	mux.HandleFunc("POST /rota/history", answer(func(q *http.Request, f dispatch.RotaFilter) (any, error) {
		return r.History(q.Context(), f)
	}))
	mux.HandleFunc("POST /rota/taken", answer(func(q *http.Request, in span) (any, error) {
		return r.Taken(q.Context(), in.From, in.To)
	}))
	return mux
}

// RemoteRota is the rota of a running server, behind its control socket.
type RemoteRota struct{ remote *Remote }

var _ Rota = RemoteRota{}

// View implements Rota.
func (r RemoteRota) View(ctx context.Context) (rota.View, error) {
	return ask[rota.View](ctx, r.remote, "/rota", struct{}{})
}

// Preview implements Rota.
func (r RemoteRota) Preview(ctx context.Context, e edit.Edit, by edit.Author) (edit.Preview, error) {
	return ask[edit.Preview](ctx, r.remote, "/rota/preview", editing{Edit: e, By: by})
}

// Commit implements Rota.
func (r RemoteRota) Commit(ctx context.Context, e edit.Edit, by edit.Author, base map[string]int64) (rota.Committed, error) {
	return ask[rota.Committed](ctx, r.remote, "/rota/commit", editing{e, by, base})
}

// History implements Rota.
func (r RemoteRota) History(ctx context.Context, f dispatch.RotaFilter) ([]dispatch.RotaEntry, error) {
	return ask[[]dispatch.RotaEntry](ctx, r.remote, "/rota/history", f)
}

// Taken implements Rota.
func (r RemoteRota) Taken(ctx context.Context, from, to time.Time) ([]oncall.Taken, error) {
	return ask[[]oncall.Taken](ctx, r.remote, "/rota/taken", span{from, to})
}

// OpenRota returns the rota of the data folder: the running server's, or else what onRecord makes of the record itself, the
// record at database; it gets nil when there is none yet. The function it returns must be called when done.
func OpenRota(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) (Rota, error)) (Rota, func() error, error) {
	if r, err := Dial(ctx, filepath.Join(data, Socket)); err == nil {
		return RemoteRota{r}, func() error { r.client.CloseIdleConnections(); return nil }, nil
	}
	if !store.There(database) {
		r, err := onRecord(ctx, nil)
		return r, func() error { return nil }, err
	}
	db, done, err := runRecord(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	r, err := onRecord(ctx, db)
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return r, done, nil
}
