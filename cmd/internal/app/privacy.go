package app

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/dispatch/privacy"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/vault"
)

// buildPrivacy makes what answers for the data of one person; clients and vault are there.
func (a *App) buildPrivacy() (err error) {
	a.privacy, err = privacy.New(privacy.Deps{
		Record: a.journal, Signals: a.journal, Rotas: a.journal, Directory: a.desk.Directory(), Cards: a.clients, Vault: a.vault, Node: a.cfg.Node, Now: a.now,
	})
	return err
}

// PrivacyOnRecord answers for the data of one person when no server runs.
func PrivacyOnRecord(c config.Config, now func() time.Time) func(context.Context, *store.SQL) (desk.Privacy, error) {
	return func(ctx context.Context, db *store.SQL) (desk.Privacy, error) {
		keeper, directory, err := keeperOnRecord(ctx, c, db, now)
		if err != nil {
			return nil, err
		}
		clients, err := clientele.New(clientele.Deps{Store: db, Directory: directory, Tickets: db, Audit: db, Refresh: keeper.Refresh, Node: c.Node, Now: now})
		if err != nil {
			return nil, err
		}
		v, err := vault.New(vaultConfig(c), vault.Deps{Keys: db, Files: db, Archive: db, Audit: db, Recordings: c.Hotline.Recordings, Node: c.Node, Now: now})
		if err != nil {
			return nil, err
		}
		_ = v.Open(ctx) // what is wrong is told when something is opened
		return privacy.New(privacy.Deps{
			Record: db, Signals: db, Rotas: db, Directory: directory, Cards: clients, Vault: v, Node: c.Node, Now: now,
		})
	}
}
