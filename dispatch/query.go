package dispatch

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

var errNoArchive = errors.New("this dispatcher was set up without an archive")

// ListTickets returns tickets, newest first.
func (d *Dispatcher) ListTickets(ctx context.Context, f TicketFilter) ([]ticket.Ticket, error) {
	if d.archive == nil {
		return nil, errNoArchive
	}
	return d.archive.Tickets(ctx, f)
}

// Ticket finds a ticket by its id or by its number as people write it.
func (d *Dispatcher) Ticket(ctx context.Context, idOrNumber string) (ticket.Ticket, error) {
	if d.archive == nil {
		return ticket.Ticket{}, errNoArchive
	}
	return FindTicket(ctx, d.archive, d.store, idOrNumber)
}

// Events returns a ticket's log, oldest first. With ErrAway comes what can be
// read of it now: its beginning is missing.
func (d *Dispatcher) Events(ctx context.Context, ref Ref) ([]ticket.Event, error) {
	if d.archive == nil {
		return nil, errNoArchive
	}
	return d.archive.Events(ctx, ref.ID)
}

// ListCalls returns calls, newest first.
func (d *Dispatcher) ListCalls(ctx context.Context, f CallFilter) ([]CallRecord, error) {
	if d.archive == nil {
		return nil, errNoArchive
	}
	return d.archive.Calls(ctx, f)
}

// Call returns one call with its detail.
func (d *Dispatcher) Call(ctx context.Context, id string) (CallRecord, error) {
	if d.archive == nil {
		return CallRecord{}, errNoArchive
	}
	return d.archive.Call(ctx, id)
}

// FindTicket finds a ticket by id or number in an archive.
func FindTicket(ctx context.Context, a Archive, s Store, idOrNumber string) (ticket.Ticket, error) {
	const uuidLength = 36
	if len(idOrNumber) == uuidLength && strings.Count(idOrNumber, "-") == 4 {
		c, err := s.Load(ctx, idOrNumber)
		if err != nil {
			return ticket.Ticket{}, fmt.Errorf("find ticket %s: %w", idOrNumber, err)
		}
		return c.Ticket, nil
	}
	n, err := ticket.ParseNumber(idOrNumber)
	if err != nil {
		return ticket.Ticket{}, err
	}
	t, err := a.Find(ctx, n)
	if err != nil {
		return ticket.Ticket{}, fmt.Errorf("find ticket %s: %w", n, err)
	}
	return t, nil
}
