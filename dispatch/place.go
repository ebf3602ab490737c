package dispatch

import (
	"context"
	"time"
)

// Place is what one reader among all nodes holds: a mailbox, a bot, anything
// that two must not read at a time. Whoever takes it goes on where the last one
// stopped.
type Place struct {
	Name   string // such as "imap/support" or "telegram/main"
	Holder string // who holds it, such as a node's name; empty = nobody
	// Token numbers the holders: it grows with each new one, and never goes back.
	Token int64
	Until time.Time // end of the lease; zero = it was freed
	// Cursor says how far it was read, in the words of its readers; nil = it was
	// never moved.
	Cursor []byte
}

// MaxCursor is the longest cursor that is kept, in bytes.
const MaxCursor = 64 << 10

// Places keeps which node reads what, and how far it is. It is in the record
// that all nodes share and fails with ErrAway while that is away. A lease keeps
// two readers apart in good order only: one that was frozen may wake and read
// on beside its heir, so what is read must be stored under a key that counts
// once. It can not move the cursor, which its token forbids.
type Places interface {
	// HoldPlace takes the place when it is free, expired or the holder's own, and
	// prolongs it in the last case; a holder that comes back before anybody else
	// took it keeps its token. While another one holds it, it fails with
	// ErrConflict and returns the place as that one holds it.
	HoldPlace(ctx context.Context, name, holder string, now, until time.Time) (Place, error)
	// MovePlace sets the cursor. It fails with ErrConflict when the token is not
	// the latest.
	MovePlace(ctx context.Context, name string, token int64, cursor []byte) error
	// FreePlace ends the lease, so that another one can take the place at once; to
	// free what is free is no fault. It fails with ErrConflict when the token is
	// not the latest.
	FreePlace(ctx context.Context, name string, token int64) error
}
