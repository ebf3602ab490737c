package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/triage"
)

// Catalogue returns the check lists and runbooks in force: those that ship, with the company's own over them. When the company's
// file can not be taken it returns what ships, and the fault.
func Catalogue(c config.Config) (*triage.Catalogue, error) {
	shipped, err := triage.Shipped()
	if err != nil || c.Triage.File == "" {
		return shipped, err
	}
	text, err := os.ReadFile(c.Triage.File)
	if err != nil {
		return shipped, fmt.Errorf("triage.file: %w; the check lists that ship are in force", err)
	}
	own, err := triage.Parse(text)
	var all *triage.Catalogue
	if err == nil {
		all, err = shipped.With(own)
	}
	if err != nil {
		return shipped, fmt.Errorf("triage.file %s: %w; the check lists that ship are in force", c.Triage.File, err)
	}
	return all, nil
}

// newWorker makes what carries the orders of commands and programs.
func newWorker(c config.Config, d *dispatch.Dispatcher, audit dispatch.Audit, now func() time.Time) (_ *casework.Worker, faulty, err error) {
	catalogue, faulty := Catalogue(c)
	if catalogue == nil {
		return nil, nil, faulty
	}
	zone, err := time.LoadLocation(c.Dispatch.Zone)
	if err != nil {
		return nil, nil, fmt.Errorf("dispatch.zone: %w", err)
	}
	w, err := casework.New(casework.Deps{Dispatcher: d, Catalogue: catalogue, Audit: audit, Zone: zone, Node: c.Node, Now: now})
	return w, faulty, err
}

// buildCases makes the work on tickets.
func (a *App) buildCases() error {
	w, faulty, err := newWorker(a.cfg, a.desk, a.journal, a.clock)
	if faulty != nil {
		a.log.Error("the company's own check lists are not in force", "service", "triage", "err", faulty.Error())
	}
	a.cases = w
	return err
}

// handleCases serves the work on tickets and the audit on the control socket besides the rest.
func (a *App) handleCases(rest http.Handler) http.Handler {
	return desk.HandleAudit(desk.HandleCases(rest, a.cases), a.journal, a.cfg.Database())
}

// CasesOnRecord answers the commands about the work on tickets when no server runs.
func CasesOnRecord(c config.Config) func(context.Context, *store.SQL) (desk.Cases, error) {
	return func(ctx context.Context, db *store.SQL) (desk.Cases, error) {
		_, directory, err := keeperOnRecord(ctx, c, db, nil)
		if err != nil {
			return nil, err
		}
		dc, err := toClientsOnRecord(ctx, c, db)
		if err != nil {
			return nil, err
		}
		d, err := dispatch.New(dc, dispatch.Deps{Store: db, Archive: db, Directory: directory, Node: c.Node})
		if err != nil {
			return nil, err
		}
		w, _, err := newWorker(c, d, db, time.Now)
		return w, err
	}
}

// examineTriage looks at the company's own check lists.
func examineTriage(c config.Config) []Finding {
	if c.Triage.File == "" {
		return nil
	}
	all, err := Catalogue(c)
	if err != nil {
		return []Finding{{"check lists", false, err.Error()}}
	}
	return []Finding{{"check lists", true, fmt.Sprintf("%d topic(s), %d check list(s), %d runbook(s), with %s", len(all.Topics), len(all.Lists), len(all.Runbooks), c.Triage.File)}}
}

// startAgain is how long after a failure the audit is told of the start again.
const startAgain = 10 * time.Second

// auditStart notes in the audit with which settings this node has started, when they are not those of its last start. While the
// record is away it is tried again: calls do not wait for it.
func (a *App) auditStart(ctx context.Context) error {
	for {
		err := a.noteSettings(ctx)
		if err == nil {
			<-ctx.Done()
			return nil
		}
		a.log.Debug("the audit could not be told of the settings", "service", "audit", "err", err.Error())
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(startAgain):
		}
	}
}

func (a *App) noteSettings(ctx context.Context) error {
	text, err := (&config.Loaded{Config: a.cfg}).Print(false) // without secrets
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	object := "settings " + hex.EncodeToString(sum[:8])
	last, err := a.journal.AuditTrail(ctx, dispatch.AuditFilter{Act: dispatch.ActConfig})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(last, func(e dispatch.AuditEntry) bool { return e.Node == a.cfg.Node })
	if at >= 0 && last[at].Object == object && last[at].Detail == a.Product {
		return nil
	}
	_, err = a.journal.WriteAudit(ctx, dispatch.AuditEntry{
		At: time.Now(), By: "vahta", Act: dispatch.ActConfig, Object: object, Detail: a.Product, Node: a.cfg.Node,
	})
	return err
}
