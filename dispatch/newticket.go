package dispatch

import (
	"context"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// NewTicket is a ticket that a person opens by hand, or a calendar.
type NewTicket struct {
	Class    ticket.Class
	Priority ticket.Priority // 0 = Critical for an incident, else Normal
	Category ticket.Category
	Org      string         // the client; empty = found by From
	From     ticket.Contact // who has asked; may be empty
	Line     string         // whose people serve it; empty = the first line
	Text     string
	Language string
	Assignee string // who has it from the start; empty = nobody
}

// Open makes a ticket by hand. An incident that is Critical pages like any
// other until somebody has it.
func (d *Dispatcher) Open(ctx context.Context, by Author, n NewTicket) (Ref, error) {
	return Ref{}, nil
}
