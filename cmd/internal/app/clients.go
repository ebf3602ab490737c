package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/dispatch/store"
)

// buildClients makes what edits cards, and what finds texts.
func (a *App) buildClients() (err error) {
	directory := a.desk.Directory()
	a.clients, err = clientele.New(clientele.Deps{
		Store: a.journal, Directory: directory, Tickets: a.journal, Audit: a.journal, Refresh: a.keeper.Follow, Node: a.cfg.Node, Now: a.now,
		Log: a.part("clients"),
	})
	if err != nil {
		return err
	}
	a.library, err = library.New(library.Deps{
		Texts: a.journal, Articles: a.journal, Tickets: a.journal, Directory: directory, Now: a.now, Log: a.part("library"),
	})
	return err
}

// handleClients serves cards, search and articles on the control socket besides the rest.
func (a *App) handleClients(rest http.Handler) http.Handler {
	return desk.HandleLibrary(desk.HandleClients(rest, a.clients), a.library)
}

// OpenClients returns the cards of clients as the commands look at them: of the running server, or of the record. Where there is
// none, it is made and begun with what the configuration file has, as `vahta serve` would. now may be nil. The function it
// returns must be called when done.
func OpenClients(ctx context.Context, c config.Config, now func() time.Time) (desk.Clients, func() error, error) {
	onRecord := func(ctx context.Context, db *store.SQL) (desk.Clients, error) {
		return clientsOnRecord(ctx, c, db, now)
	}
	if store.There(c.Database()) {
		return desk.OpenClients(ctx, c.Data, c.Database(), onRecord)
	}
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		return nil, nil, fmt.Errorf("make the data folder: %w", err)
	}
	db, done, err := desk.MakeRecord(context.WithoutCancel(ctx), c.Database())
	if err != nil {
		return nil, nil, err
	}
	clients, err := clientsOnRecord(ctx, c, db, now)
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return clients, done, nil
}

// clientsOnRecord is the cards of the record itself.
func clientsOnRecord(ctx context.Context, c config.Config, db *store.SQL, now func() time.Time) (desk.Clients, error) {
	keeper, directory, err := keeperOnRecord(ctx, c, db, now)
	if err != nil {
		return nil, err
	}
	return clientele.New(clientele.Deps{Store: db, Directory: directory, Tickets: db, Audit: db, Refresh: keeper.Refresh, Node: c.Node, Now: now})
}

// LibraryOnRecord answers the commands about articles and search when no server runs: the index is brought up to date first.
func LibraryOnRecord(c config.Config, now func() time.Time) func(context.Context, *store.SQL) (desk.Library, error) {
	return func(ctx context.Context, db *store.SQL) (desk.Library, error) {
		_, directory, err := keeperOnRecord(ctx, c, db, now)
		if err != nil {
			return nil, err
		}
		l, err := library.New(library.Deps{Texts: db, Articles: db, Tickets: db, Directory: directory, Now: now})
		if err != nil {
			return nil, err
		}
		if _, err := l.Refresh(ctx); err != nil && !errors.Is(err, dispatch.ErrAway) {
			return nil, err
		}
		return l, nil
	}
}
