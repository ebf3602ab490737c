package store

import (
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE classes and codes of PostgreSQL (its manual, appendix A).
const (
	classData       = "22" // what is not of the column's type: no UTF-8, a number too large
	classConstraint = "23"
	classLimit      = "54" // too large for an index or a row
	codeLock        = "55P03"
	codeDeadlock    = "40P01"
	codeSerialize   = "40001"
	codeCanceled    = "57014"
	codeNoText      = "22021"
	classResources  = "53" // disk full, out of memory, too many connections
)

// state returns PostgreSQL's code of an error; "" = err is not the server's.
func state(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func class(code string) string {
	const length = 2
	return code[:min(length, len(code))]
}

// pgOfChange reports whether the server refused for what the change says.
func pgOfChange(err error) bool {
	return slices.Contains([]string{classData, classConstraint, classLimit}, class(state(err)))
}

// pgFault reports whether the server itself refused, or is not there.
func pgFault(err error) bool {
	return state(err) != "" && !pgOfChange(err) || errors.Is(err, errLost) || errors.Is(err, errAborted)
}

// pgSpoils reports whether a connection is better opened again after err. What
// another program holds, and a full disk, pass without that.
func pgSpoils(err error) bool {
	passes := []string{codeLock, codeDeadlock, codeSerialize, codeCanceled}
	code := state(err)
	return pgFault(err) && !slices.Contains(passes, code) && class(code) != classResources
}

// again reports that the server has undone a transaction for the sake of
// another one: the same may be tried at once.
func again(err error) bool {
	code := state(err)
	return code == codeDeadlock || code == codeSerialize
}

// pgPassing reports whether an error of Open may pass by itself: the server is
// away, starts, stops or is full. A wrong password, a database that is not
// there and a missing right stay.
func pgPassing(err error) bool {
	code := state(err)
	if code == "" {
		return errors.Is(err, errLost)
	}
	return slices.Contains([]string{"08", "25", "40", classResources, "55", "57", "58", "XX"}, class(code))
}
