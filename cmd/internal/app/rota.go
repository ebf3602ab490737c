package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// directoryFile is the local copy of the directory in the data folder.
const directoryFile = "directory.json"

// OpenRota returns people and schedules as the commands look at them: of the running server, or of the record, or, when there
// is none yet, of the configuration file; then the first edit makes the record and begins the rota in it, as `vahta serve` would.
// now may be nil. The function it returns must be called when done.
func OpenRota(ctx context.Context, c config.Config, now func() time.Time) (desk.Rota, func() error, error) {
	var file *unbegun
	r, done, err := desk.OpenRota(ctx, c.Data, c.Database(), func(ctx context.Context, db *store.SQL) (_ desk.Rota, err error) {
		if db != nil {
			return rotaOnRecord(ctx, c, db, now)
		}
		file, err = rotaOfFile(c, now)
		return file, err
	})
	if file != nil && err == nil {
		done = func() error { return file.close() }
	}
	return r, done, err
}

// rotaOnRecord is the rota of the record itself.
func rotaOnRecord(ctx context.Context, c config.Config, db *store.SQL, now func() time.Time) (*rota.Rota, error) {
	keeper, directory, err := keeperOnRecord(ctx, c, db, now)
	if err != nil {
		return nil, err
	}
	return rota.New(rota.Deps{Store: db, Directory: directory, Calls: db, Refresh: keeper.Refresh, Rest: c.Rest, Node: c.Node, Now: now})
}

// keeperOnRecord reads the directory that the record makes, and its keeper.
func keeperOnRecord(ctx context.Context, c config.Config, db *store.SQL, now func() time.Time) (*dispatch.Keeper, *dispatch.Directory, error) {
	keeper, err := dispatch.NewKeeper(dispatch.KeeperDeps{
		Store: db, Rotas: db, File: filepath.Join(c.Data, directoryFile), Node: c.Node, Observe: true,
		Encode: config.EncodeSource, Decode: config.DecodeSource, Now: now,
	})
	if err != nil {
		return nil, nil, err
	}
	directory, err := keeper.Load(ctx, c.Source())
	if err != nil {
		return nil, nil, err
	}
	return keeper, directory, nil
}

// unbegun is the rota of a data folder without a record: the file's, until the first edit makes the record.
type unbegun struct {
	desk.Rota

	c     config.Config
	now   func() time.Time
	begun bool
	close func() error
}

func rotaOfFile(c config.Config, now func() time.Time) (*unbegun, error) {
	snapshot, err := dispatch.NewSnapshot(c.Source())
	if err != nil {
		return nil, err
	}
	r, err := rota.New(rota.Deps{Directory: dispatch.NewDirectory(snapshot), Rest: c.Rest, Node: c.Node, Now: now})
	if err != nil {
		return nil, err
	}
	return &unbegun{Rota: r, c: c, now: now, close: func() error { return nil }}, nil
}

// Commit implements desk.Rota.
func (u *unbegun) Commit(ctx context.Context, e edit.Edit, by edit.Author, base map[string]int64) (rota.Committed, error) {
	if !u.begun {
		if err := u.begin(ctx); err != nil {
			return rota.Committed{}, err
		}
		base = nil // what the author has looked at is the file, which has just begun the record
	}
	return u.Rota.Commit(ctx, e, by, base)
}

// begin makes the record.
func (u *unbegun) begin(ctx context.Context) error {
	if err := os.MkdirAll(u.c.Data, 0o750); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	db, done, err := desk.MakeRecord(context.WithoutCancel(ctx), u.c.Database())
	if err != nil {
		return err
	}
	r, err := rotaOnRecord(ctx, u.c, db, u.now)
	if err != nil {
		return errors.Join(err, done())
	}
	u.Rota, u.begun, u.close = r, true, done
	return nil
}

// rosterOf returns the people and schedules of a record; those of the configuration when it has none or can not be asked.
func rosterOf(ctx context.Context, store dispatch.Rotas, configured oncall.Roster) oncall.Roster {
	v, records, err := store.Rota(ctx)
	if err != nil || v.Revision == 0 {
		return configured
	}
	roster, err := edit.Assemble(records)
	if err != nil {
		return configured
	}
	return roster
}
