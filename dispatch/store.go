package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Change is one transaction: all of it or nothing, durable when Commit
// returns nil. Empty parts are left out.
type Change struct {
	// Signal stores the raw signal, or fails with a *RepeatedError when its
	// (channel, key) is stored and already has a ticket. Taken says which ticket
	// it became; the zero Taken stores it raw.
	Signal *Signal
	Taken  Taken
	// Ticket is the new state. Its Version must be Was+1 or more; the store
	// fails with ErrConflict unless the stored version is Was (0 = it must not
	// exist), or when another open ticket has the same Party.
	Ticket *ticket.Ticket
	Was    int64
	// Events are appended to the logs of their tickets; Seq and hashes are set
	// by the store.
	Events []ticket.Event
	Calls  []CallRecord // inserted or replaced by id
	// Attempt keys that must be new: fails with ErrRepeated when one is stored.
	Once    []string
	Notices []Notice
	Timers  []Timer // set or moved
	// Expect, when set, is the timer whose claim this change settles: the store
	// fails with ErrConflict when its Gen has moved on.
	Expect   *Timer
	Drop     []TimerKey // timers to remove
	Delivery *Delivery  // a try of the outbox to record and settle
}

// Taken says what a signal became.
type Taken struct {
	Ticket string
	Number string
	Joined bool
}

// TimerKey names a timer.
type TimerKey struct {
	Ticket string
	Kind   TimerKind
}

// Errors of a Store that the dispatcher branches on.
var (
	ErrConflict = errors.New("the ticket has changed meanwhile")
	ErrNotFound = errors.New("not found")
	ErrRepeated = errors.New("recorded before")
)

// RepeatedError says that the signal has become a ticket before.
type RepeatedError struct{ Taken Taken }

// Error implements error.
func (e *RepeatedError) Error() string {
	return "the signal became ticket " + e.Taken.Number + " before"
}

// Is makes errors.Is(err, ErrRepeated) true.
func (e *RepeatedError) Is(target error) bool { return target == ErrRepeated }

// Store keeps the record. Commit is safe for many goroutines; changes of
// concurrent callers may share one disk write, and each caller gets the
// result of his own.
type Store interface {
	Commit(ctx context.Context, c Change) error
	Signal(ctx context.Context, id SignalID) (Signal, Taken, error)
	Ticket(ctx context.Context, id string) (ticket.Ticket, error)
	// Board returns what the dispatcher keeps in memory: all open tickets and
	// the calls without an end.
	Board(ctx context.Context) (Board, error)
	// Reserve hands out n unused sequence numbers of the year, from first on.
	Reserve(ctx context.Context, year, n int) (first uint32, err error)
}

// Board is the state a dispatcher starts from.
type Board struct {
	Tickets []ticket.Ticket
	Calls   []CallRecord
}

// Archive answers the questions of the commands and screens.
type Archive interface {
	Tickets(ctx context.Context, f TicketFilter) ([]ticket.Ticket, error)
	Find(ctx context.Context, number ticket.Number) (ticket.Ticket, error)
	Events(ctx context.Context, ticketID string) ([]ticket.Event, error)
	Calls(ctx context.Context, f CallFilter) ([]CallRecord, error)
	Call(ctx context.Context, id string) (CallRecord, error)
}

// Queue hands out due work under a lease, so that one worker has it at a time.
type Queue interface {
	ClaimNotices(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Notice, error)
	ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Timer, error)
	// NextDue returns when the next notice or timer falls due; zero = nothing waits.
	NextDue(ctx context.Context) (notice, timer time.Time, err error)
}

// TicketFilter chooses tickets; zero fields do not limit. Newest first.
type TicketFilter struct {
	OpenOnly bool
	Stage    *ticket.Stage
	Org      string
	Before   time.Time
	Limit    int // 0 = 100
}

// CallFilter chooses calls; zero fields do not limit. Newest first.
type CallFilter struct {
	Ticket string
	Result CallResult
	Before time.Time
	Limit  int // 0 = 100
}
