package dispatch

import (
	"context"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Word is what is told to a client in writing.
type Word struct {
	Purpose ticket.Purpose
	Report  int              // whose requester is told; 0 = those of all reports
	To      []ticket.Contact // the ways to him, best first; empty = those on record
	Subject string           // empty = made of the ticket's number
	Text    string
	Version int      // of the plan or the report that it tells
	Link    string   // the ticket's page; empty = none
	Files   []string // content hashes of attachments
}

// Told is one message on its way to one requester.
type Told struct {
	Message string // its id in the ticket's log
	Report  int
	To      ticket.Contact // where it goes first
}

// Tell sends a word of a person to the client: to one requester, or to all of
// the ticket. Each message is in the log before it is sent; Sent or Unsent tell
// what became of it. What fails for good goes out by the next way on record;
// when there is none, whoever has the ticket is called.
func (d *Dispatcher) Tell(ctx context.Context, ref Ref, by Author, w Word) ([]Told, error) {
	return nil, nil
}

// Bounced says that a message which a transport had accepted did not arrive. A
// hard bounce takes away what the message was good for, and the client is told
// by another way; a soft one is only noted.
func (d *Dispatcher) Bounced(ctx context.Context, ref Ref, message string, hard bool, cause string) error {
	return nil
}
