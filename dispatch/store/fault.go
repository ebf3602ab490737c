package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/butlerspb/vahta/dispatch"
)

// ErrNotNow marks errors of Open that may pass by themselves: another process
// holds the database for a while, the disk is full, read-only or does not
// answer, there are no descriptors left. All other errors of Open stay until somebody acts:
// the file is no database, a newer vahta made it, another node holds it, the
// folder belongs to somebody else.
var ErrNotNow = errors.New("the database can not be opened now")

// notNowError is also ErrNotNow and keeps its own words.
type notNowError struct{ error }

func (e notNowError) Unwrap() error        { return e.error }
func (e notNowError) Is(target error) bool { return target == ErrNotNow }

// Away reports whether an error of a store says that the store refuses or does
// not answer. The other errors are its answer to the very change or question:
// ErrConflict, ErrRepeated, ErrNotFound and the like; asked again, it says the
// same.
func Away(err error) bool {
	if err == nil {
		return false
	}
	return !slices.ContainsFunc([]error{
		dispatch.ErrConflict, dispatch.ErrRepeated, dispatch.ErrNotFound, dispatch.ErrAssigned, dispatch.ErrStale, dispatch.ErrTakenOver,
	}, func(answer error) bool { return errors.Is(err, answer) })
}

// away marks an error that says that the store refuses or does not answer with dispatch.ErrAway, for questions that no journal
// stands before.
func away(err error) error {
	if !Away(err) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", dispatch.ErrAway, err)
}

// code returns SQLite's primary result code; 0 = err is not SQLite's.
func code(err error) int {
	const primary = 0xff // the low byte of an extended result code
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & primary
	}
	return 0
}

// ofChange reports whether the database refused for what the change says.
func ofChange(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_CONSTRAINT || c == sqlite3.SQLITE_TOOBIG || c == sqlite3.SQLITE_MISMATCH || pgOfChange(err)
}

// busy reports whether another process holds the database.
func busy(err error) bool { return code(err) == sqlite3.SQLITE_BUSY || state(err) == codeLock }

// storeFault returns err when the database itself refused: no room, no file, no
// right to write, damage, a broken connection.
func storeFault(err error) error {
	if code(err) != 0 && !ofChange(err) || lostConn(err) || pgFault(err) {
		return err
	}
	return nil
}

func lostConn(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}

// spoils reports whether a connection is better opened again after err. A full
// disk and a held lock pass without that.
func spoils(err error) bool {
	if errors.Is(err, errGone) || lostConn(err) || pgSpoils(err) {
		return true
	}
	switch code(err) {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB,
		sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PERM:
		return true
	}
	return false
}

// passing marks an error of Open with ErrNotNow if it may pass by itself.
func passing(err error) error {
	if err == nil {
		return nil
	}
	if pgPassing(err) {
		return notNowError{err}
	}
	switch code(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return notNowError{err}
	}
	for _, cause := range []error{
		context.Canceled, context.DeadlineExceeded,
		syscall.EROFS, // what a file system becomes after an error of its disk
		syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EBUSY,
		syscall.ETIMEDOUT, syscall.ESTALE, syscall.EINTR,
	} {
		if errors.Is(err, cause) {
			return notNowError{err}
		}
	}
	return err
}
