package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the "sqlite" driver of database/sql
)

//go:embed migrations/*.sql
var migrations embed.FS

// SQLite is the record in one SQLite file.
type SQLite struct {
	// set at Open
	cfg     Config
	log     *slog.Logger
	metrics *metrics
	write   *sql.DB // one connection, used by Run alone
	read    *bun.DB
	lock    *os.File    // held while open when Exclusive
	file    os.FileInfo // the database file as it was opened

	now    func() time.Time
	health health
	owed   owed
	queue  chan *request
	done   chan struct{} // closed when Run has ended
}

// Deps are what a store works with; all may be nil.
type Deps struct {
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time // stamps what the store keeps for a time of its own
}

// Open opens the file, bringing its schema up to date. Run must follow; Close
// ends it. Errors say what is wrong with the folder and what to do.
func Open(ctx context.Context, cfg Config, deps Deps) (*SQLite, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up store: %w", err)
	}
	if err := prepareFolder(filepath.Dir(cfg.Path)); err != nil {
		return nil, err
	}
	s := &SQLite{
		cfg: cfg, log: deps.Log, metrics: newMetrics(deps.Registerer),
		queue: make(chan *request, cfg.Queue), done: make(chan struct{}),
	}
	if s.now = deps.Now; s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *SQLite) open(ctx context.Context) (err error) {
	if s.cfg.Exclusive {
		if s.lock, err = lockFile(s.cfg.Path + ".lock"); err != nil {
			return err
		}
	}
	if s.file, err = restrict(s.cfg.Path); err != nil {
		return err
	}
	pragmas := []string{
		fmt.Sprintf("busy_timeout(%d)", s.cfg.BusyWait.Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)",
	}
	if s.write, err = sql.Open("sqlite", dsn(s.cfg.Path, append(pragmas, "foreign_keys(1)")...)); err != nil {
		return fmt.Errorf("open database %s: %w", s.cfg.Path, err)
	}
	s.write.SetMaxOpenConns(1)
	provider, err := newProvider(s.write)
	if err != nil {
		return err
	}
	if _, err = provider.Up(ctx); err != nil {
		return fmt.Errorf("bring database %s up to date: %w; if the file is damaged, move it away and restore a backup; "+
			"if another program holds it, stop that program", s.cfg.Path, err)
	}
	if s.cfg.Exclusive {
		if err := releaseAll(ctx, s.write); err != nil {
			return err
		}
	}
	readers, err := sql.Open("sqlite", dsn(s.cfg.Path, append(pragmas, "query_only(1)")...))
	if err != nil {
		return fmt.Errorf("open database %s for reading: %w", s.cfg.Path, err)
	}
	readers.SetMaxOpenConns(s.cfg.Readers)
	readers.SetMaxIdleConns(s.cfg.Readers)
	s.read = bun.NewDB(readers, sqlitedialect.New(), bun.WithDiscardUnknownColumns())
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

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	return p, nil
}

// dsn builds the driver's address of the file.
func dsn(path string, pragmas ...string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	u.RawQuery = q.Encode()
	return u.String()
}

// prepareFolder makes the folder and proves that files can be made in it.
func prepareFolder(dir string) error {
	const shared = 0o750 // the group may reach the socket of the commands
	if err := os.MkdirAll(dir, shared); err != nil {
		return fmt.Errorf("make data folder %s: %w; make it yourself or name another with the setting data", dir, err)
	}
	f, err := os.CreateTemp(dir, ".vahta-write-test-*")
	if err != nil {
		return fmt.Errorf("write to data folder %s as user id %d: %w; give that user the folder (chown) or name another with the setting data",
			dir, os.Getuid(), err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// lockFile takes the lock that one serving process holds per database. The
// kernel releases it when the process ends, however it ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, private)
	if err != nil {
		return nil, fmt.Errorf("open lock %s: %w; check the owner of the file", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w; another vahta serves from this folder: stop it or name another folder with the setting data", path, err), f.Close())
	}
	return f, nil
}

// Close closes the file; Run must have ended.
func (s *SQLite) Close() error {
	var faults []error
	s.stopProbe()
	if s.read != nil {
		faults = append(faults, s.read.Close())
	}
	if s.write != nil {
		faults = append(faults, s.write.Close())
	}
	if s.lock != nil {
		faults = append(faults, s.lock.Close())
	}
	return errors.Join(faults...)
}

// IntegrityCheck runs SQLite's own check of the whole file.
func (s *SQLite) IntegrityCheck(ctx context.Context) error {
	var answer string
	if err := s.read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&answer); err != nil {
		return fmt.Errorf("check integrity of %s: %w", s.cfg.Path, err)
	}
	if answer != "ok" {
		return fmt.Errorf("check integrity of %s: %s; stop vahta and restore the last backup", s.cfg.Path, answer)
	}
	return nil
}
