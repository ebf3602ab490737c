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
	// Key names the form or the request that the act comes by: a repeat with the
	// same key is the same act. Empty = every time is a new one.
	Key string
	// Seen is the Seq of the log's last line that the author has looked at. When
	// somebody else has acted since, the act fails with a *SeenError. 0 = not asked.
	Seen int
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

// Close ends the ticket; a paging under way is withdrawn. An emergency needs its
// root cause and a report that was sent; see CloseUnreported.
func (d *Dispatcher) Close(ctx context.Context, ref Ref, by Author, reason string) error {
	return d.Amend(ctx, ref, by, ticket.Moved{To: ticket.Closed, Reason: reason})
}

// CloseUnreported is Close for an emergency that has no root cause or no report;
// why is kept on record.
func (d *Dispatcher) CloseUnreported(ctx context.Context, ref Ref, by Author, reason, why string) error {
	return d.Amend(ctx, ref, by, ticket.Moved{To: ticket.Closed, Reason: reason, Unreported: why})
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

// Amend puts one decision of a person into force, or writes down one fact that
// he tells: see decisions for the bodies. It returns a *ticket.IllegalError when
// the ticket cannot take it. To take a ticket twice is to take it once.
func (d *Dispatcher) Amend(ctx context.Context, ref Ref, by Author, body ticket.Body) error {
	_, err := d.Do(ctx, ref, by, body)
	return err
}

// Do is Amend that returns the event as it was recorded: with the names that
// the dispatcher has given to what had none (a pause, a session, a task). A
// repeat by Author.Key returns what the first one has recorded. The zero Event
// means that there was nothing to do.
func (d *Dispatcher) Do(ctx context.Context, ref Ref, by Author, body ticket.Body) (_ ticket.Event, err error) {
	began := d.now()
	defer func() { d.metrics.verb("amend", began, err) }()
	if !ofTheDesk(body) {
		return ticket.Event{}, fmt.Errorf("amend ticket %s: %s is not a decision of the desk", ref.Number, body.Kind())
	}
	_, takes := body.(ticket.Acknowledged)
	var fault error
	done, err := d.perform(ctx, ref, by, func(a *act) error {
		t := a.ticket()
		if takes && t.Open() && t.Acknowledged.By == a.by.Person && a.by.Person != "" {
			return nil
		}
		if fault = d.decided(a, body); takes && fault != nil {
			fault = d.taken(a.c, fault)
		}
		return fault
	})
	if _, held := errors.AsType[*TakenError](err); err != nil && !held {
		err = fmt.Errorf("amend ticket %s: %w", ref.Number, err)
	}
	if err != nil || len(done) == 0 {
		return ticket.Event{}, err
	}
	return done[0], nil
}
