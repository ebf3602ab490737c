package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// postgres is the record in a PostgreSQL database, which any number of nodes share.
//
// One transaction writes at a time, among all nodes: it begins by taking an
// advisory lock. So what is true of SQLite is true here, nothing is decided on
// what another one is changing, and there are no deadlocks; the group commit
// makes up for it. The server ends the session of a node that has the lock and
// does nothing for idleAtMost: a frozen one holds nobody up for longer.
type postgres struct {
	*SQL

	config *pgx.ConnConfig
	alone  *pgx.Conn // holds the lock of a serving process; nil = it is none. Owned by Run
}

// Locks of the record among the sessions of its database.
const (
	lockWrite = 0x7661_6874_6100 + iota // in hexadecimal it says vahta
	lockOpen
	lockServe
)

// Bounds of a session.
const (
	lockStep      = 250 * time.Millisecond // the writer waits for the lock in such steps, to look whether anybody still waits for it
	idleAtMost    = 3 * time.Second        // a transaction in which nothing happens for longer is ended by the server
	batchAtMost   = 8 * time.Second        // longer than that no batch waits for an answer of the server
	connectAtMost = 3 * time.Second
	deadAfter     = 20 * time.Second // a peer that acknowledges no packet is gone
)

// nameOf is a database as it is shown: where it is, nothing that is secret.
func nameOf(c *pgx.ConnConfig) string {
	return (&url.URL{Scheme: "postgres", Host: net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), Path: "/" + c.Database}).String()
}

// parseURL reads the address of a database. The error does not repeat it: it may hold a password.
func parseURL(address string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("url: want postgres://user:password@host:5432/database, with ?sslmode=verify-full over a network; the parts must be URL-encoded")
	}
	return c, nil
}

// openPostgres makes the pools and brings the schema up to date.
func (s *SQL) openPostgres(ctx context.Context) error {
	c, err := parseURL(s.cfg.URL)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectAtMost
	}
	if c.ValidateConnect == nil { // of several hosts the one that takes changes; a standby of itself would lag behind
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	}
	maps.Copy(c.RuntimeParams, map[string]string{
		"application_name": "vahta", "default_transaction_isolation": "read committed",
		"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3", "tcp_user_timeout": millis(deadAfter),
	})
	p := &postgres{SQL: s, config: c}
	s.db, s.name = p, nameOf(c)
	if err := p.upgrade(ctx); err != nil {
		return err
	}
	s.write = stdlib.OpenDB(*p.session(map[string]string{
		"lock_timeout": millis(lockStep), "statement_timeout": millis(s.cfg.BusyWait), "idle_in_transaction_session_timeout": millis(idleAtMost),
	}))
	s.write.SetMaxOpenConns(1)
	asks := p.session(map[string]string{ // a transaction of several questions sees one moment
		"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on", "idle_in_transaction_session_timeout": "60s",
	})
	asks.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // the arguments are in the text already
	readers := stdlib.OpenDB(*asks)
	readers.SetMaxOpenConns(s.cfg.Readers)
	readers.SetMaxIdleConns(s.cfg.Readers)
	s.read.Store(bun.NewDB(readers, pgdialect.New(), bun.WithDiscardUnknownColumns()))
	return nil
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// session returns the configuration of connections with further settings.
func (p *postgres) session(settings map[string]string) *pgx.ConnConfig {
	c := p.config.Copy()
	maps.Copy(c.RuntimeParams, settings)
	return c
}

// upgrade brings the schema up to date. Nodes that start together do it one
// after the other; the only serving process makes sure that it is.
func (p *postgres) upgrade(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, p.session(map[string]string{"lock_timeout": millis(p.cfg.openWait())}))
	if err != nil {
		return p.unreachable(err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it held a lock and nothing else
	if p.cfg.Exclusive || p.cfg.Node != "" {
		if err := p.serve(ctx); err != nil {
			return err
		}
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(lockOpen)); err != nil {
		return fmt.Errorf("open database %s, which another process opens: %w", p.name, err)
	}
	db := openDB(p.config)
	defer db.Close() //nolint:errcheck // nothing is under way
	if err := upgrade(ctx, db, enginePostgres, p.name); err != nil {
		return err
	}
	if p.cfg.Exclusive {
		return releaseAll(ctx, db)
	}
	return nil
}

// ErrServed says that another process serves the record: under this node's name, or at all when nodes do not share it.
var ErrServed = errors.New("another vahta serves this record")

// serve takes the lock that one serving process holds: of all when nodes do not
// share the record, else of its name. The server releases it when the process
// ends, however it ends; it may need a moment to see that.
func (p *postgres) serve(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, p.session(map[string]string{"lock_timeout": millis(p.cfg.openWait())}))
	if err != nil {
		return p.unreachable(err)
	}
	_, err = conn.Exec(ctx, "SELECT pg_advisory_lock($1, $2)", int32(lockServe&math.MaxInt32), nameKey(p.cfg))
	if busy(err) {
		err = fmt.Errorf("%w: database %s: stop that one, or give this one its own name (node) or its own database (store.url); "+
			"nodes that share one need redis.url", ErrServed, p.name)
	}
	if err != nil {
		return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	p.alone = conn
	return nil
}

// nameKey is the lock of a name; 0 = of all.
func nameKey(c Config) int32 {
	if c.Exclusive {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.Node)) // never fails
	return int32(h.Sum32() | 1)
}

// close ends what the record holds of the server beside its pools.
func (p *postgres) close() error {
	if p.alone == nil {
		return nil
	}
	return p.alone.PgConn().Conn().Close() // a server that hangs is not waited for
}

// unreachable says what to do when there is no connection.
func (p *postgres) unreachable(err error) error {
	return fmt.Errorf("connect to database %s: %w; check that the server runs and the setting store.url", p.name, hideSecret(err))
}

// hideSecret keeps what a connection error says without what it was tried with.
func hideSecret(err error) error {
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return lostError{e.Unwrap()}
	}
	return lostError{err}
}

// lostError says that the server can not be reached, or that the connection
// to it has broken.
type lostError struct{ error }

func (e lostError) Unwrap() error        { return e.error }
func (e lostError) Is(target error) bool { return target == errLost }

var errLost = errors.New("the connection to the database is lost")

// ready implements database.
func (p *postgres) ready(ctx context.Context, w *writer) error {
	if w.conn != nil {
		return nil
	}
	conn, err := p.write.Conn(ctx)
	if err != nil {
		return p.unreachable(err)
	}
	w.conn, w.stmts, w.engine = conn, map[string]*sql.Stmt{}, enginePostgres
	if p.alone != nil && p.alone.IsClosed() {
		if err := p.serve(ctx); err != nil {
			w.drop()
			return err
		}
	}
	return nil
}

// begin implements database.
func (p *postgres) begin(ctx context.Context, w *writer) error {
	err := w.plain(ctx, "BEGIN; SELECT pg_advisory_xact_lock("+strconv.Itoa(lockWrite)+")")
	if err != nil {
		p.rollback(ctx, w)
	}
	return err
}

// rollback implements database.
func (p *postgres) rollback(ctx context.Context, w *writer) {
	if w.conn == nil {
		return
	}
	if err := w.plain(ctx, "ROLLBACK"); err != nil {
		w.drop()
	}
}

func (p *postgres) gone() error { return nil }

// check implements database: the server checks its pages when it reads them.
func (p *postgres) check(ctx context.Context) error {
	if err := p.read.Load().PingContext(ctx); err != nil {
		return fmt.Errorf("check integrity of %s: %w", p.name, err)
	}
	return nil
}

// openDB returns a pool for work of a moment.
func openDB(c *pgx.ConnConfig) *sql.DB { return stdlib.OpenDB(*c) }
