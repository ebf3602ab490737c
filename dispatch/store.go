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
	// ID makes the change count once however often it is committed: the store
	// fails with ErrRepeated when it is there. Empty = not remembered.
	ID string
	// Signal stores the raw signal, or fails with a *RepeatedError when its
	// (channel, key) is stored and already has a ticket. Taken says which ticket
	// it became; the zero Taken stores it raw.
	Signal *Signal
	Taken  Taken
	// Ticket is the new state. The store fails with ErrConflict unless the
	// stored version is Was (0 = it must not exist), or when another open
	// ticket has the same Party.
	Ticket *ticket.Ticket
	Was    int64
	// Also are further tickets that the change moves, each under the rule of
	// Ticket and Was: two that merge. While the record is away it takes no such
	// change.
	Also []Row
	// Open names a ticket that must be open; else the store fails with
	// ErrConflict. It is how a fact joins a ticket without changing it.
	Open string
	// Events are appended to the logs of their tickets; Seq and hashes are set
	// by the store. It fails with ErrRepeated when one with a Key is in the log.
	Events  []ticket.Event
	Calls   []CallRecord // by id: inserted, or its later fields (accepted, ended, result, detail) set
	Notices []Notice
	// Timers are set or moved. The store fails with ErrConflict unless the
	// stored Gen is Gen-1 (Gen 1: none is stored). Setting ends a claim.
	Timers   []Timer
	Drop     []TimerKey // timers to remove, if they are there
	Delivery *Delivery  // a try of the outbox to record and settle
	// Superseded are pages that paging has given up; they are withdrawn after
	// the commit and are nothing to store.
	Superseded []PageRef
}

// Row is the new state of one of several tickets, with the version it follows.
type Row struct {
	Ticket ticket.Ticket
	Was    int64
}

// PageRef names a page of a ticket.
type PageRef struct {
	Ticket string
	Page   int
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
	ErrKeyUsed  = errors.New("the key was used for another body: nothing of this one is kept; send it with a key of its own")
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
	Load(ctx context.Context, id string) (Case, error)
	// Board returns what the dispatcher keeps in memory: all open tickets and
	// the calls without an end.
	Board(ctx context.Context) (Board, error)
	// Reserve hands out n unused sequence numbers of the year, from first on.
	Reserve(ctx context.Context, year, n int) (first uint32, err error)
}

// Sharing is a Store that may answer from a memory of its own, which does not
// know what other nodes do.
type Sharing interface {
	// LoadShared is Load from what all nodes share, as long as that can be had
	// and this node knows nothing newer.
	LoadShared(ctx context.Context, id string) (Case, error)
}

// Case is a ticket with its timers.
type Case struct {
	Ticket ticket.Ticket
	Timers []Timer
}

// Board is the state a dispatcher starts from: open tickets and the calls
// without an end.
type Board struct {
	Cases []Case
	Calls []CallRecord
}

// Archive answers the questions of the commands and screens.
type Archive interface {
	Tickets(ctx context.Context, f TicketFilter) ([]ticket.Ticket, error)
	Find(ctx context.Context, number ticket.Number) (ticket.Ticket, error)
	// Events fails with ErrAway when the beginning of the log can not be read now;
	// what can be read of it comes with the error.
	Events(ctx context.Context, ticketID string) ([]ticket.Event, error)
	Calls(ctx context.Context, f CallFilter) ([]CallRecord, error)
	Call(ctx context.Context, id string) (CallRecord, error)
}

// Queue hands out due work under a lease, so that one worker has it at a time.
type Queue interface {
	ClaimNotices(ctx context.Context, kind NoticeKind, now time.Time, lease time.Duration, limit int) ([]Notice, error)
	ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Timer, error)
	// NextNotice and NextTimer return when the next one falls due; zero =
	// nothing waits. What is under a lease falls due when the lease ends.
	NextNotice(ctx context.Context, kind NoticeKind) (time.Time, error)
	NextTimer(ctx context.Context) (time.Time, error)
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
