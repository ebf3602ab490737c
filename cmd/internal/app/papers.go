package app

import (
	"context"
	"io"
	"path/filepath"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/vault"
)

// vaultConfig has relative paths in the data folder.
func vaultConfig(c config.Config) vault.Config {
	v := c.Vault
	for _, path := range []*string{&v.Key, &v.Files} {
		if !filepath.IsAbs(*path) {
			*path = filepath.Join(c.Data, *path)
		}
	}
	return v
}

// terms says how long things of an organisation are kept, by its card as it is in force.
func terms(d *dispatch.Directory) vault.Terms {
	return func(org string) vault.Term {
		book := d.Load().Book
		if book == nil || org == "" {
			return vault.Term{}
		}
		o, _ := book.Resolve(org)
		r := o.Contract.Retention
		return vault.Term{Recordings: r.Recordings(), Attachments: r.Attachments(), Hold: o.LegalHold}
	}
}

// pageLinks makes the addresses of clients' pages.
func pageLinks(c config.Config) *reports.Links {
	if !c.Portal.Enabled {
		return reports.NewLinks("")
	}
	return reports.NewLinks(c.Portal.PublicURL)
}

// buildPapers makes what keeps recordings and files, and the reports.
func (a *App) buildPapers() (err error) {
	directory := a.desk.Directory()
	a.vault, err = vault.New(vaultConfig(a.cfg), vault.Deps{
		Keys: a.journal, Files: a.journal, Archive: a.journal, Audit: a.journal, Terms: terms(directory), Recordings: a.cfg.Hotline.Recordings,
		Node: a.cfg.Node, Now: a.now, Log: a.part("vault"),
	})
	if err != nil {
		return err
	}
	a.reports, err = reports.New(a.cfg.Reports, reports.Deps{
		Desk: a.desk, Papers: a.journal, Files: a.journal, Directory: directory, Links: a.pages, Zone: a.cfg.Dispatch.Zone, Now: a.now, Log: a.part("reports"),
	})
	if err != nil {
		return err
	}
	return a.buildPrivacy()
}

// enclosed reads what goes with a message to a client: a report, or a file of the ticket.
func (a *App) enclosed(ctx context.Context, about dispatch.Ref, e dispatch.Enclosure) (io.ReadCloser, error) {
	if e.Hash == "" {
		return a.reports.Open(ctx, about, e)
	}
	_, in, err := a.vault.GetFile(ctx, about.ID, e.Hash)
	return in, err
}

// papersDesk is what the commands ask of reports and recordings.
func (a *App) papersDesk() desk.Papers {
	return &desk.LocalPapers{Reports: a.reports, Vault: a.vault, Audit: a.journal, Tickets: a.desk, Calls: a.desk, Node: a.cfg.Node, Now: a.now}
}

// PapersOnRecord answers the commands about reports and recordings when no server runs.
func PapersOnRecord(c config.Config) func(context.Context, *store.SQL) (desk.Papers, error) {
	return func(ctx context.Context, db *store.SQL) (desk.Papers, error) {
		_, directory, err := keeperOnRecord(ctx, c, db, nil)
		if err != nil {
			return nil, err
		}
		links := pageLinks(c)
		if err := links.Load(ctx, db); err != nil {
			return nil, err
		}
		d, err := dispatch.New(toClients(c, links, nil), dispatch.Deps{Store: db, Archive: db, Signals: db, Directory: directory, Node: c.Node})
		if err != nil {
			return nil, err
		}
		v, err := vault.New(vaultConfig(c), vault.Deps{Keys: db, Files: db, Archive: db, Audit: db, Recordings: c.Hotline.Recordings, Node: c.Node})
		if err != nil {
			return nil, err
		}
		r, err := reports.New(c.Reports, reports.Deps{Desk: d, Papers: db, Files: db, Directory: directory, Links: links, Zone: c.Dispatch.Zone})
		if err != nil {
			return nil, err
		}
		return &desk.LocalPapers{Reports: r, Vault: v, Audit: db, Tickets: d, Calls: d, Node: c.Node}, nil
	}
}
