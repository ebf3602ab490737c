package dispatch

import (
	"context"
	"strings"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Assign gives a ticket to a person, who is paged about it when it may wake
// people: he was not asked.
func (d *Dispatcher) Assign(ctx context.Context, ref Ref, by Author, to, reason string) error {
	return d.Amend(ctx, ref, by, ticket.Assigned{To: to, Reason: reason})
}

// alarmAssigned is the alarm that a ticket was given to somebody who was not asked.
const alarmAssigned = "assigned"

func (a *act) assign(b ticket.Assigned) error {
	if err := a.d.dir.Load().known(b.To); err != nil {
		return a.refuse(b, "%v", err)
	}
	if err := a.holderChanges(); err != nil {
		return err
	}
	if err := a.do(b); err != nil {
		return err
	}
	if b.To == a.by.Person {
		return nil
	}
	if a.ticket().NeedsPage() {
		return a.pageAnew()
	}
	change, err := a.d.alarmTo(a.c, a.change, alarmAssigned+"/"+b.To, reachHolder)
	a.change = change
	return err
}

// pageAnew lets the ladder begin anew: whom the ticket was given to is asked first.
func (a *act) pageAnew() error {
	timer, state := a.c.pageTimer(), a.c.pagingState()
	if timer.Gen == 0 {
		return nil
	}
	state.Machine = state.Machine.Anew()
	timer = timer.moved(a.at)
	raw, err := state.encode()
	if err != nil {
		return err
	}
	timer.State = raw
	a.change = a.change.set(timer)
	return nil
}

// HandOver gives a ticket to a person who has agreed, with what he must know.
func (d *Dispatcher) HandOver(ctx context.Context, ref Ref, by Author, to, note string) error {
	return d.Amend(ctx, ref, by, ticket.HandedOver{To: to, Note: note})
}

func (a *act) handOver(b ticket.HandedOver) error {
	if err := a.d.dir.Load().known(b.To); err != nil {
		return a.refuse(b, "%v", err)
	}
	if strings.TrimSpace(b.Note) == "" {
		return a.refuse(b, "it needs what %s must know", b.To)
	}
	if b.From == "" {
		b.From = a.ticket().Assignee
	}
	if err := a.holderChanges(); err != nil {
		return err
	}
	return a.do(b)
}

// holderChanges writes down the time of who has had the ticket so far.
func (a *act) holderChanges() error {
	log, err := a.log()
	if err != nil {
		return nil //nolint:nilerr // a ticket can be handed over while the record is away
	}
	return a.stageOver(log, a.ticket())
}
