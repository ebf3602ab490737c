package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"
)

// Migrations are written once, in the words that both engines share; what has
// no common words is a pair NNNN_name.sqlite.sql and NNNN_name.postgres.sql.
//
//go:embed migrations/*.sql
var migrations embed.FS

// engine names a kind of database.
type engine string

// Engines.
const (
	engineSQLite   engine = "sqlite"
	enginePostgres engine = "postgres"
)

// script is the migrations as one engine takes them.
type script struct {
	fs.FS
	engine engine
}

// migrationsFor returns the engine's migrations.
func migrationsFor(e engine) (script, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return script{}, fmt.Errorf("read embedded migrations: %w", err)
	}
	return script{files, e}, nil
}

// Glob implements fs.GlobFS: the other engine's half of a pair is not there.
func (s script) Glob(pattern string) ([]string, error) {
	all, err := fs.Glob(s.FS, pattern)
	list := all[:0]
	for _, name := range all {
		other := engineSQLite
		if s.engine == engineSQLite {
			other = enginePostgres
		}
		if !strings.HasSuffix(name, "."+string(other)+".sql") {
			list = append(list, name)
		}
	}
	return list, err
}

// Open implements fs.FS.
func (s script) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if err != nil || s.engine != enginePostgres || strings.HasSuffix(name, ".postgres.sql") {
		return f, err
	}
	defer f.Close() //nolint:errcheck // it is in memory
	body, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read migration %s: %w", name, err)
	}
	return &rewritten{File: f, Reader: strings.NewReader(forPostgres(string(body)))}, nil
}

// rewritten is a migration in an engine's own words.
type rewritten struct {
	fs.File
	*strings.Reader
}

func (r *rewritten) Read(p []byte) (int, error) { return r.Reader.Read(p) }

// Close implements fs.File; the file was closed when it was read.
func (r *rewritten) Close() error { return nil }

var (
	wordBlob    = regexp.MustCompile(`\bBLOB\b`)
	wordText    = regexp.MustCompile(`\bTEXT\b`)
	withoutRows = regexp.MustCompile(`\)\s*WITHOUT ROWID\b`)
)

// forPostgres says a shared migration in PostgreSQL's words. Texts are ordered
// by their bytes, as in SQLite and in Go, whatever the locale of the database.
func forPostgres(text string) string {
	text = wordBlob.ReplaceAllString(text, "BYTEA")
	text = wordText.ReplaceAllString(text, `TEXT COLLATE "C"`)
	return withoutRows.ReplaceAllString(text, ")")
}

// numbered puts PostgreSQL's placeholders ($1, $2 …) for the question marks of
// a query. Those inside of quotes are text.
func numbered(query string) string {
	if !strings.Contains(query, "?") {
		return query
	}
	var b bytes.Buffer
	n := 0
	var quote byte
	for i := range len(query) {
		c := query[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			n++
			fmt.Fprintf(&b, "$%d", n)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// newProvider returns what moves the schema of a database of the engine.
func newProvider(db *sql.DB, e engine) (*goose.Provider, error) {
	files, err := migrationsFor(e)
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	if e == enginePostgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, db, files, goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	return p, nil
}

// upgrade brings the schema up to date. A schema that is newer than this
// program is left alone.
func upgrade(ctx context.Context, db *sql.DB, e engine, name string) error {
	provider, err := newProvider(db, e)
	if err != nil {
		return err
	}
	is, knows, err := provider.GetVersions(ctx)
	if err == nil && is > knows {
		return fmt.Errorf("open database %s: a newer vahta made it (schema %d, this one knows %d); install that version, or restore the backup made before the upgrade",
			name, is, knows)
	}
	if err == nil {
		_, err = provider.Up(ctx)
	}
	if err != nil {
		return fmt.Errorf("bring database %s up to date: %w; if the file is damaged, move it away and restore a backup; "+
			"if another program holds it, stop that program", name, err)
	}
	return nil
}
