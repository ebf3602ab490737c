package desk

import (
	"context"
	"errors"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Socket is the name of the control socket in the data folder.
const Socket = "vahta.sock"

// Open returns a desk for the data folder: the running server's, or else one on the record itself, at database (a file, or the
// URL of a server's).
// The function it returns must be called when done.
func Open(ctx context.Context, data, database string, cfg dispatch.Config, src dispatch.Source) (Desk, func() error, error) {
	if r, err := Dial(ctx, filepath.Join(data, Socket)); err == nil {
		return r, func() error { r.client.CloseIdleConnections(); return nil }, nil
	}
	if !store.There(database) {
		return nil, nil, noRecord(data, database)
	}
	return openRecord(ctx, database, cfg, src)
}

func openRecord(ctx context.Context, place string, cfg dispatch.Config, src dispatch.Source) (Desk, func() error, error) {
	db, done, err := runRecord(ctx, place)
	if err != nil {
		return nil, nil, err
	}
	snapshot, err := snapshotOf(ctx, db, src)
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	d, err := dispatch.New(cfg, dispatch.Deps{Store: db, Archive: db, Directory: dispatch.NewDirectory(snapshot)})
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	local, err := NewLocal(d, cfg.Zone)
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	local.Files = db
	return local, done, nil
}

// snapshotOf has the people and clients of the record in place of the configuration's, whose part is to begin a record.
func snapshotOf(ctx context.Context, db *store.SQL, src dispatch.Source) (*dispatch.Snapshot, error) {
	v, records, err := db.Rota(ctx)
	if err != nil {
		return nil, err
	}
	if clients, err := dispatch.Organisations(records); err != nil {
		return nil, err
	} else if len(clients) > 0 {
		src.Clients = clients
	}
	configured, err := dispatch.NewSnapshot(src)
	if err != nil || v.Revision == 0 {
		return configured, err
	}
	roster, err := edit.Assemble(records)
	if err != nil {
		return nil, err
	}
	snapshot, err := configured.WithRoster(roster)
	if err != nil {
		return configured, nil //nolint:nilerr // lines that do not fit take no part in what commands show
	}
	return snapshot, nil
}

// runRecord opens the record for this process, until the function it returns is called.
func runRecord(ctx context.Context, place string) (*store.SQL, func() error, error) {
	db, err := store.Open(ctx, store.At(place), store.Deps{})
	if err != nil {
		return nil, nil, err
	}
	run, stop := context.WithCancel(ctx)
	g, run := errgroup.WithContext(run)
	g.Go(func() error { return db.Run(run) })
	return db, func() error {
		stop()
		err := g.Wait()
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		return errors.Join(err, db.Close())
	}, nil
}

// MakeRecord makes the record, in a folder that is there, and opens it for this process, until the function it returns is
// called.
func MakeRecord(ctx context.Context, place string) (*store.SQL, func() error, error) {
	return runRecord(ctx, place)
}
