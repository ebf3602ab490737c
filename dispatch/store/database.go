package store

import (
	"context"
	"fmt"

	sqlite3 "modernc.org/sqlite/lib"
)

// database is what SQLite and PostgreSQL differ in.
type database interface {
	// ready gives the writer a sound connection; nil changes nothing of one that is open.
	ready(ctx context.Context, w *writer) error
	// begin begins a transaction that alone may write, or fails with an error that is busy.
	begin(ctx context.Context, w *writer) error
	// rollback undoes it. A connection of which nothing certain is known is dropped, which undoes it too.
	rollback(ctx context.Context, w *writer)
	// gone says that what is committed now goes where nobody finds it again.
	gone() error
	// check looks for damage as far as the database does by itself.
	check(ctx context.Context) error
}

// file is the record in one SQLite file.
type file struct{ *SQL }

func (f file) begin(ctx context.Context, w *writer) error {
	_, err := w.exec(ctx, "BEGIN IMMEDIATE")
	return err
}

// rollback implements database. SQLite has undone some by itself, on a full
// disk for one, and says that there is none.
func (f file) rollback(ctx context.Context, w *writer) {
	if _, err := w.exec(ctx, "ROLLBACK"); err != nil && code(err) != sqlite3.SQLITE_ERROR {
		w.drop()
	}
}

// check runs SQLite's own check of the whole file.
func (f file) check(ctx context.Context) error {
	var answer string
	if err := f.read.Load().QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&answer); err != nil {
		return fmt.Errorf("check integrity of %s: %w", f.name, err)
	}
	if answer != "ok" {
		return fmt.Errorf("check integrity of %s: %s; stop vahta and restore the last backup", f.name, answer)
	}
	return nil
}

// IntegrityCheck looks for damage as far as the database does by itself.
func (s *SQL) IntegrityCheck(ctx context.Context) error { return s.db.check(ctx) }
