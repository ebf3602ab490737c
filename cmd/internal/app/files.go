package app

import (
	"context"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/vault"
)

// filesDesk is what the commands ask of the files of tickets.
func (a *App) filesDesk() desk.Files {
	return &desk.LocalFiles{Vault: a.vault, Index: a.journal, Audit: a.journal, Tickets: a.desk, Node: a.cfg.Node, Now: a.now}
}

// FilesOnRecord answers the commands about files of tickets when no server runs.
func FilesOnRecord(c config.Config) func(context.Context, *store.SQL) (desk.Files, error) {
	return func(ctx context.Context, db *store.SQL) (desk.Files, error) {
		_, directory, err := keeperOnRecord(ctx, c, db, nil)
		if err != nil {
			return nil, err
		}
		d, err := dispatch.New(c.Dispatch, dispatch.Deps{Store: db, Archive: db, Directory: directory, Node: c.Node})
		if err != nil {
			return nil, err
		}
		v, err := vaultOnRecord(c, db, directory)
		if err != nil {
			return nil, err
		}
		return &desk.LocalFiles{Vault: v, Index: db, Audit: db, Tickets: d, Node: c.Node}, nil
	}
}

// vaultOnRecord is the vault when no server runs. One that is locked says why when something is asked of it.
func vaultOnRecord(c config.Config, db *store.SQL, directory *dispatch.Directory) (*vault.Vault, error) {
	return vault.New(vaultConfig(c), vault.Deps{
		Keys: db, Files: db, Archive: db, Audit: db, Terms: terms(directory), Recordings: c.Hotline.Recordings, Node: c.Node,
	})
}
