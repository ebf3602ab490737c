package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
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
	node     string // this process's name among those who share the database; empty = nobody shares it
	known    string // file that names the database this data folder has worked with
	journal  *journal.Store
	log      *slog.Logger
	registry *prometheus.Registry

	name *os.File // holds the node's name; nil = not yet. Owned by the start, then by run, then by close

	mu sync.Mutex
	db *store.SQL // guarded by mu; nil = not open yet
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
	db, err := r.take(ctx, metrics)
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
	if err := r.note(ctx); err != nil {
		r.log.Warn("the database's place could not be noted; should it get lost, the next start makes an empty one", "err", err)
	}
	return nil
}

// take takes the node's name at the database and opens it: in this order, for an open one is told what this node left
// behind. The name is kept also when it cannot be opened.
func (r *record) take(ctx context.Context, metrics prometheus.Registerer) (*store.SQL, error) {
	if err := r.missing(ctx); err != nil {
		return nil, err
	}
	unnamed := r.takeName()
	if errors.Is(unnamed, errNameTaken) {
		return nil, unnamed
	}
	db, err := store.Open(ctx, r.cfg, store.Deps{Log: r.log, Registerer: metrics})
	if err != nil || unnamed == nil {
		return db, err
	}
	if unnamed = r.takeName(); errors.Is(unnamed, errNameTaken) { // opening has made the folder
		return nil, errors.Join(unnamed, db.Close())
	} else if unnamed != nil {
		r.log.Error("this node's name at the database is not held: a second process with the same name would end its calls; let the user that runs vahta write there", "err", unnamed)
	}
	return db, nil
}

// takeName takes the node's name unless nobody shares the database, a server keeps the names, or the name is held. One that was taken before
// another file system was mounted there is not.
func (r *record) takeName() error {
	if r.node == "" || r.cfg.URL != "" || r.name != nil && isAt(r.name, r.name.Name()) {
		return nil
	}
	if r.name != nil {
		_ = r.name.Close() // nothing was written to it
		r.name = nil
	}
	name, err := takeName(r.cfg.Path, r.node)
	r.name = name
	return err
}

// isAt reports whether the open file is the one at the path.
func isAt(f *os.File, path string) bool {
	is, err := f.Stat()
	if err != nil {
		return false
	}
	at, err := os.Stat(path)
	return err == nil && os.SameFile(is, at)
}

// note keeps the database's place for the next start. What is noted already stays: a start that is cut off here must not
// lose it.
func (r *record) note(ctx context.Context) error {
	is := r.path()
	if r.cfg.URL != "" {
		made, err := store.Made(ctx, r.cfg.URL)
		if err != nil {
			return err
		}
		is += "\n" + made
	}
	if noted, err := os.ReadFile(r.known); err == nil && string(noted) == is {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(r.known), filepath.Base(r.known)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(is)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), r.known)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// path is the database's place, as it is noted.
func (r *record) path() string {
	if r.cfg.URL != "" {
		return store.Show(r.cfg.URL)
	}
	path, err := filepath.Abs(r.cfg.Path)
	if err != nil {
		return r.cfg.Path
	}
	return path
}

// missing reports a database that was there at an earlier start and is not now. A new, empty one in its place would hide
// that every open ticket has been lost; so nobody makes one but by deleting the note.
func (r *record) missing(ctx context.Context) error {
	noted, err := os.ReadFile(r.known)
	place, made, _ := strings.Cut(string(noted), "\n")
	if err != nil || place != r.path() {
		return nil //nolint:nilerr // never noted, or another database now
	}
	if r.cfg.URL != "" {
		return r.emptied(ctx, made)
	}
	if _, err := os.Stat(r.cfg.Path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("%w: %s, with all tickets, is gone; put it back, or restore a copy. To begin with an empty record, delete %s",
		store.ErrNotNow, r.path(), r.known)
}

// emptied is missing for a database of a server, whose tables were made at another time: it is empty, or somebody began a
// new record in it. made is empty in notes of versions that did not keep it.
func (r *record) emptied(ctx context.Context, made string) error {
	is, err := store.Made(ctx, r.cfg.URL)
	if err != nil || is != "" && (is == made || made == "") {
		return nil //nolint:nilerr // opening it will tell, in better words
	}
	what := "has no tables any more"
	if is != "" {
		what = fmt.Sprintf("is another one: its tables were made %s, those of this node's record %s", is, made)
	}
	return fmt.Errorf("%w: %s, with all tickets, %s; restore a copy. To work with what is there now, delete %s", store.ErrNotNow, r.path(), what, r.known)
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
		before := r.reason()
		if err := r.try(ctx); err == nil {
			r.log.Warn("the database is open at last")
		} else if err.Error() != before && ctx.Err() == nil {
			r.log.Error("the database still cannot be opened; it is tried again", "err", err.Error())
		}
	}
	return r.opened().Run(ctx)
}

// reason is why the database is not open.
func (r *record) reason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why == nil {
		return ""
	}
	return r.why.Error()
}

// opened returns the database; nil when it is not open yet.
func (r *record) opened() *store.SQL {
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
	var errs []error
	if db := r.opened(); db != nil {
		errs = append(errs, db.Close())
	}
	if r.name != nil {
		errs = append(errs, r.name.Close())
	}
	return errors.Join(errs...)
}
