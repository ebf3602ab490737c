package dispatch

import (
	"context"
	"time"
)

// Send is one page that went out to a person. Pages are counted by it, so that
// nobody is called more often than people bear.
type Send struct {
	Notice  string    // id of the notice
	Person  string    // whom, or the number of last resort
	Channel Channel   // how
	Ticket  string    // about what
	Page    int       // which page of the ticket: its parts, and its repeats after a crash, count once
	Party   string    // of the client: organisation or, where none is known, whoever the ticket belongs to
	At      time.Time // when it went out
}

// Sends keeps the pages that went out. It is shared by all nodes, so that a
// person bears no more because there are several of them, or one has restarted.
type Sends interface {
	// Admit shows allow what the person was sent by the channel since then,
	// oldest first, and records the send when it returns true. Nobody else
	// records a send of the person between the two. allow may be called again
	// and must not remember.
	Admit(ctx context.Context, s Send, since time.Time, allow func(sent []Send) bool) error
	// TakeBack forgets a send that reached nobody, as it was admitted or earlier;
	// one that is not there is no fault.
	TakeBack(ctx context.Context, s Send) error
}

// Reached reports whether a page that ended so disturbed somebody. What did not
// is no reason to spare the person the next one.
func (r Result) Reached() bool {
	switch r {
	case ResultDelivered, ResultAcknowledged, ResultEscalate, ResultNoAck, ResultNoAnswer, ResultBusy, ResultDeclined:
		return true
	case ResultUnreachable, ResultWithdrawn, ResultPostponed, ResultLimited, ResultBundled, ResultFailed:
	}
	return false
}

// Reached reports whether a try that ended so disturbed somebody.
func (o AttemptOutcome) Reached() bool {
	switch o {
	case AttemptAccepted, AttemptAcknowledged, AttemptEscalated, AttemptDeclined, AttemptNoKey, AttemptBusy, AttemptNoAnswer:
		return true
	case AttemptSilent, AttemptUnreachable, AttemptFailed, AttemptCancelled:
	}
	return false
}

// DeadLetter is an event that was given up: its receiver has not taken it for
// too long, or has refused it for good.
type DeadLetter struct {
	ID       string    `json:"id"`
	Channel  Channel   `json:"channel"`
	To       string    `json:"to"`             // the receiver's name
	Type     string    `json:"type,omitempty"` // of the event
	Ticket   string    `json:"ticket,omitempty"`
	MadeAt   time.Time `json:"made_at"`
	DeadAt   time.Time `json:"dead_at"`
	Attempts int       `json:"attempts"`
	Cause    string    `json:"cause,omitempty"` // of the last failure
}

// DeadFilter chooses dead letters; zero fields do not limit.
type DeadFilter struct {
	IDs   []string
	To    string
	Limit int // 0 = 100
}

// DeadLetters keeps the events that were given up, until somebody has them sent
// again.
type DeadLetters interface {
	// Dead lists dead letters, newest first.
	Dead(ctx context.Context, f DeadFilter) ([]DeadLetter, error)
	// Revive has dead letters sent again as if they were new at now, all that
	// the filter chooses whatever its Limit, and returns how many there were.
	Revive(ctx context.Context, f DeadFilter, now time.Time) (int, error)
}
