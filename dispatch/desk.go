package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Author says who does something at the desk, by which way and when.
type Author struct {
	Person  string
	Channel Channel
	At      time.Time // zero = now
}

// Acknowledge says that a person has taken the ticket: paging stops at once.
// It is refused when somebody else has it or the ticket is closed.
func (d *Dispatcher) Acknowledge(ctx context.Context, ref Ref, by, how string, at time.Time) error {
	return d.Amend(ctx, ref, Author{Person: by, At: at}, ticket.Acknowledged{How: how})
}

// Note adds a line of text to the ticket's log.
func (d *Dispatcher) Note(ctx context.Context, ref Ref, by Author, note ticket.Noted) error {
	return d.Amend(ctx, ref, by, note)
}

// Close ends the ticket; a paging under way is withdrawn.
func (d *Dispatcher) Close(ctx context.Context, ref Ref, by Author, reason string) error {
	return d.Amend(ctx, ref, by, ticket.Moved{To: ticket.Closed, Reason: reason})
}

// Amend puts one decision of a person into force: acknowledge, note, move,
// categorise, prioritise. It returns a *ticket.IllegalError when the ticket
// cannot take it.
func (d *Dispatcher) Amend(ctx context.Context, ref Ref, by Author, body ticket.Body) (err error) {
	began := d.now()
	defer func() { d.metrics.verb("amend", began, err) }()
	switch body.(type) {
	case ticket.Acknowledged, ticket.Noted, ticket.Moved, ticket.Categorised, ticket.Prioritised:
	default:
		return fmt.Errorf("amend ticket %s: %s is not a decision of the desk", ref.Number, body.Kind())
	}
	if by.At.IsZero() {
		by.At = d.now()
	}
	err = d.amend(ctx, ref.ID, func(c Case) (Change, error) {
		return c.take(Change{}, ticket.Event{
			Ticket: c.Ticket.ID, At: by.At, By: by.Person, Channel: string(by.Channel), Body: body,
		})
	})
	if err != nil {
		return fmt.Errorf("amend ticket %s: %w", ref.Number, err)
	}
	return nil
}
