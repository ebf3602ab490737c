package library

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Deps are what a Library works with.
type Deps struct {
	Texts    dispatch.Texts
	Articles dispatch.Articles
	Tickets  Tickets
	// Directory tells what kind of thing an asset is; nil = nothing is known of assets.
	Directory *dispatch.Directory
	Now       func() time.Time // nil = time.Now
	Log       *slog.Logger     // nil = silent
}

// Tickets is where tickets are read.
type Tickets interface {
	Load(ctx context.Context, id string) (dispatch.Case, error)
	Find(ctx context.Context, number ticket.Number) (ticket.Ticket, error)
	Events(ctx context.Context, ticketID string) ([]ticket.Event, error)
}

// Library finds texts and keeps articles.
type Library struct {
	deps Deps
	log  *slog.Logger
	seen *seen
}

// New checks its parts; Run keeps the index up to date.
func New(deps Deps) (*Library, error) {
	if deps.Texts == nil || deps.Articles == nil || deps.Tickets == nil {
		return nil, errors.New("set up library: texts, articles and tickets are required")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Library{deps, deps.Log, &seen{}}, nil
}
