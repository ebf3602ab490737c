package store

import (
	"errors"
	"strings"
	"unicode/utf8"

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

// plainText puts U+FFFD for what is no text in the sense of all databases:
// broken UTF-8 and NUL, as telephones and mail programs send them. Bytes as
// they came go into a column of bytes.
func plainText(args []any) []any {
	for i, a := range args {
		if s, is := a.(string); is && !isText(s) {
			args[i] = asText(s)
		}
	}
	return args
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func asText(s string) string {
	if isText(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
