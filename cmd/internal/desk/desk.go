package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Desk answers the commands. Its methods may be called from any goroutine.
type Desk interface {
	// Tickets lists tickets, newest first.
	Tickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error)
	// Ticket shows one ticket by its number or id, its timeline in the given language.
	Ticket(ctx context.Context, idOrNumber, language string) (View, error)
	// Calls lists calls, newest first.
	Calls(ctx context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error)
	// Call shows one call with its detail.
	Call(ctx context.Context, id string) (dispatch.CallRecord, error)
}

// View is a ticket as it is shown.
type View struct {
	Ticket   ticket.Ticket         `json:"ticket"`
	Timeline string                `json:"timeline"`          // head and one line an event, in the asked language
	Partial  bool                  `json:"partial,omitempty"` // the record is away, and with it the beginning of the log
	Calls    []dispatch.CallRecord `json:"calls"`             // its calls, newest first
	// Searches are those for specialists, oldest first.
	Searches []dispatch.Search `json:"searches,omitempty"`
}

// Local is a desk on a dispatcher in this process.
type Local struct {
	d    *dispatch.Dispatcher
	zone *time.Location // of the times it shows

	// Files is where files have their names; nil = they are shown by their hashes. It is set before the first question.
	Files dispatch.Attachments
}

// NewLocal returns a desk on d that shows times in the zone, an IANA name.
func NewLocal(d *dispatch.Dispatcher, zone string) (*Local, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("set up desk: %w", err)
	}
	return &Local{d: d, zone: loc}, nil
}

var _ Desk = (*Local)(nil)

// Tickets implements Desk.
func (l *Local) Tickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error) {
	return l.d.ListTickets(ctx, f)
}

// Ticket implements Desk.
func (l *Local) Ticket(ctx context.Context, idOrNumber, language string) (View, error) {
	t, err := l.d.Ticket(ctx, idOrNumber)
	if err != nil {
		return View{}, err
	}
	events, err := l.d.Events(ctx, dispatch.Ref{ID: t.ID, Number: t.Number.String()})
	partial := errors.Is(err, dispatch.ErrAway)
	if err != nil && !partial {
		return View{}, fmt.Errorf("read the log of ticket %s: %w", t.Number, err)
	}
	calls, err := l.d.ListCalls(ctx, dispatch.CallFilter{Ticket: t.ID})
	if err != nil {
		return View{}, fmt.Errorf("read the calls of ticket %s: %w", t.Number, err)
	}
	text := dispatch.Timeline(t, events, dispatch.TimelineOptions{Language: language, Zone: l.zone, Name: l.name, File: l.files(ctx, t.ID), Now: time.Now(), Partial: partial})
	return View{Ticket: t, Timeline: text, Partial: partial, Calls: calls, Searches: dispatch.Searches(events)}, nil
}

// name returns a person's name by id.
// files names the files of a ticket. While the record is away they have none.
func (l *Local) files(ctx context.Context, ticketID string) func(hash string) string {
	names := map[string]string{}
	if l.Files != nil {
		list, err := l.Files.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: ticketID, Limit: mostFiles})
		if err != nil {
			return nil
		}
		for _, a := range list {
			names[a.Hash] = a.Name
		}
	}
	return func(hash string) string { return names[hash] }
}

func (l *Local) name(id string) string {
	if p, ok := l.d.Directory().Load().Roster.Person(id); ok {
		return p.Name
	}
	return id
}

// Calls implements Desk.
func (l *Local) Calls(ctx context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error) {
	return l.d.ListCalls(ctx, f)
}

// Call implements Desk.
func (l *Local) Call(ctx context.Context, id string) (dispatch.CallRecord, error) {
	return l.d.Call(ctx, id)
}
