package store

import (
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// server returns the connection to a PostgreSQL server; nil = it is none.
func (w *writer) server() (c *pgx.Conn) {
	if w.conn == nil || w.engine != enginePostgres {
		return nil
	}
	_ = w.conn.Raw(func(d any) error { // fails only on a connection that is gone
		if conn, ok := d.(*stdlib.Conn); ok {
			c = conn.Conn()
		}
		return nil
	})
	return c
}

// cut ends the connection to a server without a word: one that does not answer
// would be waited for with each statement that is put away.
func (w *writer) cut() {
	if c := w.server(); c != nil {
		_ = c.PgConn().Conn().Close() // it is given up
	}
}

// broken marks an error after which there is no connection.
func (w *writer) broken(err error) error {
	if err == nil || w.engine != enginePostgres {
		return err
	}
	if c := w.server(); c == nil || c.IsClosed() {
		return lostError{err}
	}
	return err
}

var errAborted = errors.New("a statement of the transaction failed and nobody said so")

// sound reports a transaction that must not be committed: the server would take
// the COMMIT of one that has failed for a ROLLBACK, and say that all is well.
func (w *writer) sound() error {
	const inTransaction = 'T'
	if c := w.server(); c != nil && !c.IsClosed() && c.PgConn().TxStatus() != inTransaction {
		return errAborted
	}
	return nil
}
