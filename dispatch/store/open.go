package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the "sqlite" driver of database/sql
)

// SQL is the record in an SQL database: one SQLite file, or a database of a
// PostgreSQL server.
type SQL struct {
	// set at Open
	cfg     Config
	name    string // of the database, as it is shown
	db      database
	log     *slog.Logger
	metrics *metrics
	now     func() time.Time
	lock    *os.File // of the file, held while open when Exclusive
	hang    time.Duration

	write *sql.DB                // one connection; owned by Run, before and after it by Open and Close
	tried time.Time              // owned by Run; the last try to open again
	stale bool                   // owned by Run; all connections are to be opened again
	read  atomic.Pointer[bun.DB] // replaced when the file is opened again
	files atomic.Pointer[files]  // as they were opened

	health health
	owed   owed
	lost   lost
	queue  chan *request
	done   chan struct{} // closed when Run has ended
}

// Deps are what a store works with; all may be nil.
type Deps struct {
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time // stamps what the store keeps for a time of its own
}

// Open opens the database, bringing its schema up to date. Run must follow; Close
// ends it. Errors say what is wrong with the folder and what to do; those that
// may pass by themselves are ErrNotNow, and Open may be called again.
func Open(ctx context.Context, cfg Config, deps Deps) (*SQL, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up store: %w", err)
	}
	s := &SQL{
		cfg: cfg, log: deps.Log, metrics: newMetrics(deps.Registerer), now: deps.Now, hang: hangAfter,
		queue: make(chan *request, cfg.Queue), done: make(chan struct{}),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	open := s.openFile
	if cfg.URL != "" {
		open = s.openPostgres
	}
	if err := open(ctx); err != nil {
		return nil, passing(errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *SQL) openFile(ctx context.Context) (err error) {
	s.db, s.name = file{s}, s.cfg.Path
	if err := prepareFolder(filepath.Dir(s.cfg.Path)); err != nil {
		return err
	}
	if s.cfg.Exclusive {
		if s.lock, err = lockFile(s.cfg.Path + ".lock"); err != nil {
			return err
		}
	}
	alone, err := enterOpen(ctx, s.cfg.Path, s.cfg.openWait())
	if err != nil {
		return err
	}
	defer alone.Close() //nolint:errcheck // nothing was written to it
	if err := restrict(s.cfg.Path); err != nil {
		return err
	}
	if err := s.attach(ctx); err != nil {
		return err
	}
	if s.cfg.Exclusive {
		return releaseAll(ctx, s.write)
	}
	return nil
}

// attach opens the pools on the file at the path and brings its schema up to
// date; the lock of enterOpen is held.
func (s *SQL) attach(ctx context.Context) (err error) {
	pragmas := []string{
		fmt.Sprintf("busy_timeout(%d)", s.cfg.openWait().Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)",
	}
	if s.write, err = sql.Open("sqlite", dsn(s.cfg.Path, append(pragmas, "foreign_keys(1)")...)); err != nil {
		return fmt.Errorf("open database %s: %w", s.cfg.Path, err)
	}
	s.write.SetMaxOpenConns(1)
	if err := upgrade(ctx, s.write, engineSQLite, s.cfg.Path); err != nil {
		return err
	}
	readers, err := sql.Open("sqlite", dsn(s.cfg.Path, append(pragmas, "query_only(1)")...))
	if err != nil {
		return fmt.Errorf("open database %s for reading: %w", s.cfg.Path, err)
	}
	readers.SetMaxOpenConns(s.cfg.Readers)
	readers.SetMaxIdleConns(s.cfg.Readers)
	opened, err := look(s.cfg.Path)
	if err != nil {
		return errors.Join(err, readers.Close())
	}
	s.files.Store(opened)
	if old := s.read.Swap(bun.NewDB(readers, sqlitedialect.New(), bun.WithDiscardUnknownColumns())); old != nil {
		return old.Close()
	}
	return nil
}

// releaseAll ends the leases of a serving process that is gone, so that its
// pages and timers go on at once and not when the leases lapse.
func releaseAll(ctx context.Context, db *sql.DB) error {
	for _, q := range []string{
		`UPDATE outbox SET lease_until = 0 WHERE done_at = 0 AND lease_until <> 0`,
		`UPDATE timers SET lease_until = 0 WHERE lease_until <> 0`,
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("release the leases of the last run: %w", err)
		}
	}
	return nil
}

// dsn builds the driver's address of the file.
func dsn(path string, pragmas ...string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	u.RawQuery = q.Encode()
	return u.String()
}

// Close closes the database; Run must have ended.
func (s *SQL) Close() error {
	var faults []error
	s.stopProbe()
	if read := s.read.Load(); read != nil {
		faults = append(faults, read.Close())
	}
	if s.write != nil {
		faults = append(faults, s.write.Close())
	}
	if p, is := s.db.(*postgres); is {
		faults = append(faults, p.close())
	}
	if s.lock != nil {
		faults = append(faults, s.lock.Close())
	}
	return errors.Join(faults...)
}
