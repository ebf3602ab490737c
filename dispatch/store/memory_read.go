package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Signal implements dispatch.Store.
func (m *Memory) Signal(ctx context.Context, id dispatch.SignalID) (dispatch.Signal, dispatch.Taken, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.Signal{}, dispatch.Taken{}, err
	}
	defer leave()
	r, ok := m.db.signals[id]
	if !ok {
		return dispatch.Signal{}, dispatch.Taken{}, dispatch.ErrNotFound
	}
	return r.sig, r.taken, nil
}

// Load implements dispatch.Store.
func (m *Memory) Load(ctx context.Context, id string) (dispatch.Case, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.Case{}, err
	}
	defer leave()
	t, ok := m.db.tickets[id]
	if !ok {
		return dispatch.Case{}, dispatch.ErrNotFound
	}
	return dispatch.Case{Ticket: t, Timers: m.timersOf(id)}, nil
}

// timersOf returns the timers of a ticket; mu is held.
func (m *Memory) timersOf(id string) []dispatch.Timer {
	var list []dispatch.Timer
	for k, r := range m.db.timers {
		if k.Ticket == id {
			list = append(list, r.timer)
		}
	}
	return list
}

// Board implements dispatch.Store.
func (m *Memory) Board(ctx context.Context) (dispatch.Board, error) {
	var b dispatch.Board
	leave, err := m.enter(ctx)
	if err != nil {
		return b, err
	}
	defer leave()
	for _, t := range m.db.tickets {
		if t.Open() {
			b.Cases = append(b.Cases, dispatch.Case{Ticket: t, Timers: m.timersOf(t.ID)})
		}
	}
	for _, c := range m.db.calls {
		if c.EndedAt.IsZero() {
			b.Calls = append(b.Calls, c)
		}
	}
	slices.SortFunc(b.Cases, func(x, y dispatch.Case) int { return x.Ticket.OpenedAt.Compare(y.Ticket.OpenedAt) })
	slices.SortFunc(b.Calls, func(x, y dispatch.CallRecord) int { return x.StartedAt.Compare(y.StartedAt) })
	return b, nil
}

// Tickets implements dispatch.Archive.
func (m *Memory) Tickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []ticket.Ticket
	for _, t := range m.db.tickets {
		switch {
		case f.OpenOnly && !t.Open(), f.Stage != nil && t.Stage != *f.Stage, f.Org != "" && t.Client.Org != f.Org,
			!f.Before.IsZero() && !t.OpenedAt.Before(f.Before):
			continue
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b ticket.Ticket) int {
		if d := b.OpenedAt.Compare(a.OpenedAt); d != 0 {
			return d
		}
		return int(b.Number.Seq) - int(a.Number.Seq)
	})
	return list[:min(int(limit(f.Limit)), len(list))], nil
}

// Find implements dispatch.Archive.
func (m *Memory) Find(ctx context.Context, number ticket.Number) (ticket.Ticket, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return ticket.Ticket{}, err
	}
	defer leave()
	for _, t := range m.db.tickets {
		if t.Number == number {
			return t, nil
		}
	}
	return ticket.Ticket{}, dispatch.ErrNotFound
}

// Events implements dispatch.Archive.
func (m *Memory) Events(ctx context.Context, ticketID string) ([]ticket.Event, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.Clone(m.db.events[ticketID]), nil
}

// Calls implements dispatch.Archive.
func (m *Memory) Calls(ctx context.Context, f dispatch.CallFilter) ([]dispatch.CallRecord, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.CallRecord
	for _, c := range m.db.calls {
		switch {
		case f.Ticket != "" && c.Ref.ID != f.Ticket, f.Result != "" && c.Result != f.Result,
			!f.Before.IsZero() && !c.StartedAt.Before(f.Before):
			continue
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b dispatch.CallRecord) int {
		if d := b.StartedAt.Compare(a.StartedAt); d != 0 {
			return d
		}
		return strings.Compare(b.ID, a.ID)
	})
	return list[:min(int(limit(f.Limit)), len(list))], nil
}

// Call implements dispatch.Archive.
func (m *Memory) Call(ctx context.Context, id string) (dispatch.CallRecord, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.CallRecord{}, err
	}
	defer leave()
	c, ok := m.db.calls[id]
	if !ok {
		return c, fmt.Errorf("find call %s: %w", id, dispatch.ErrNotFound)
	}
	return c, nil
}
