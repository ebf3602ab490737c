package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch/journal"
	"github.com/butlerspb/vahta/dispatch/store"
)

// How the database is waited for when it cannot be opened at the start.
const (
	openBudget = 500 * time.Millisecond // longest wait for another program that holds it: at the start callers wait, later the journal stands in
	openEvery  = 5 * time.Second        // afterwards
)

// record is the database, which may come later than the calls: until it can be opened the journal stands in for it.
type record struct {
	// set at New
	cfg      store.Config
	known    string // file that names the database this data folder has worked with
	journal  *journal.Store
	log      *slog.Logger
	registry *prometheus.Registry

	mu sync.Mutex
	db *store.SQLite // guarded by mu; nil = not open yet
	// guarded by mu; why it is not open
	why error
}

// open tries once. A database that cannot be opened now is no fault of the start; one that is refused for good is.
func (r *record) open(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, openBudget)
	defer cancel()
	err := r.try(limited)
	if err == nil {
		return nil
	}
	if !errors.Is(err, store.ErrNotNow) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	r.log.Error("the database cannot be opened now; calls are taken and tickets kept in the journal until it can", "err", err.Error())
	return nil
}

// try opens the database and gives it to the journal. Metrics of an attempt that failed are thrown away with it.
func (r *record) try(ctx context.Context) error {
	metrics := prometheus.NewRegistry()
	var db *store.SQLite
	err := r.missing()
	if err == nil {
		db, err = store.Open(ctx, r.cfg, store.Deps{Log: r.log, Registerer: metrics})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why = err; err != nil {
		return err
	}
	if err := r.registry.Register(metrics); err != nil {
		return errors.Join(fmt.Errorf("register the store's metrics: %w", err), db.Close())
	}
	r.db = db
	r.journal.Attach(db)
	if err := os.WriteFile(r.known, []byte(r.path()), 0o600); err != nil {
		r.log.Warn("the database's place could not be noted; should it get lost, the next start makes an empty one", "err", err)
	}
	return nil
}

// path is the database's place, as it is noted.
func (r *record) path() string {
	path, err := filepath.Abs(r.cfg.Path)
	if err != nil {
		return r.cfg.Path
	}
	return path
}

// missing reports a database that was there at an earlier start and is not now. A new, empty one in its place would hide
// that every open ticket has been lost; so nobody makes one but by deleting the note.
func (r *record) missing() error {
	noted, err := os.ReadFile(r.known)
	if err != nil || string(noted) != r.path() {
		return nil //nolint:nilerr // never noted, or another database now
	}
	if _, err := os.Stat(r.cfg.Path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("%w: %s, with all tickets, is gone; put it back, or restore a copy. To begin with an empty record, delete %s",
		store.ErrNotNow, r.path(), r.known)
}

// run opens the database when that was not possible before, and writes to it until ctx ends.
func (r *record) run(ctx context.Context) error {
	tick := time.NewTicker(openEvery)
	defer tick.Stop()
	for r.opened() == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := r.try(ctx); err == nil {
			r.log.Warn("the database is open at last")
		}
	}
	return r.opened().Run(ctx)
}

// opened returns the database; nil when it is not open yet.
func (r *record) opened() *store.SQLite {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.db
}

// health says why changes do not reach the database; nil = they do.
func (r *record) health(ctx context.Context) error {
	r.mu.Lock()
	db, why := r.db, r.why
	r.mu.Unlock()
	if db == nil {
		return fmt.Errorf("not open yet: %w", why)
	}
	if err := db.Health(); err != nil { //nolint:contextcheck // its own probe of the disk outlives the question
		return err
	}
	_, err := db.NextTimer(ctx)
	return err
}

// close closes the database if it is open; run must have ended.
func (r *record) close() error {
	if db := r.opened(); db != nil {
		return db.Close()
	}
	return nil
}
