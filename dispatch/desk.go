package dispatch

import (
	"context"
	"errors"
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

// TakenError says who has a ticket that somebody else wants to take.
type TakenError struct {
	Number string
	Name   string // the holder's
	At     time.Time

	refusal *ticket.IllegalError
}

// Error implements error.
func (e *TakenError) Error() string {
	return fmt.Sprintf("ticket %s: already taken by %s at %s", e.Number, e.Name, e.At.Format("15:04"))
}

// Unwrap returns the ticket's own refusal.
func (e *TakenError) Unwrap() error { return e.refusal }

// taken puts the refusal of an acknowledgement into words: with the holder's
// name, and the time in the company's zone.
func (d *Dispatcher) taken(c Case, err error) error {
	refusal, ok := errors.AsType[*ticket.IllegalError](err)
	by := c.Ticket.Acknowledged
	if !ok || !c.Ticket.Open() || by.IsZero() {
		return err
	}
	e := &TakenError{Number: c.Ticket.Number.String(), Name: by.By, At: by.At.In(d.numbers.zone), refusal: refusal}
	if p, ok := d.dir.Load().Roster.Person(by.By); ok {
		e.Name = p.Name
	}
	return e
}

// Amend puts one decision of a person into force: acknowledge, note, move,
// categorise, prioritise. It returns a *ticket.IllegalError when the ticket
// cannot take it. To take a ticket twice is to take it once.
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
	_, takes := body.(ticket.Acknowledged)
	err = d.amend(ctx, ref.ID, func(c Case) (Change, error) {
		if takes && c.Ticket.Open() && c.Ticket.Acknowledged.By == by.Person && by.Person != "" {
			return Change{}, nil
		}
		change, err := c.take(Change{}, ticket.Event{
			Ticket: c.Ticket.ID, At: by.At, By: by.Person, Channel: string(by.Channel), Body: body,
		})
		if takes && err != nil {
			err = d.taken(c, err)
		}
		return change, err
	})
	if _, held := errors.AsType[*TakenError](err); err != nil && !held {
		return fmt.Errorf("amend ticket %s: %w", ref.Number, err)
	}
	return err
}
