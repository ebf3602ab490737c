package dispatch

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// ErrAway says that the store cannot be asked now: it is not there, or it
// refuses. Work goes on without it.
var ErrAway = errors.New("the record is away")

// Rebase returns the change as it is to be committed to a case that looks
// different from the one it was decided on: its events are applied to the
// ticket as it is stored now, versions and generations follow. What the stored
// ticket cannot take is returned as its *ticket.IllegalError. A change that
// opens a ticket is rebased on the zero Case: another ticket of its party is
// open, so it loses its party, keeps its number, and says so in its log; on a
// case that is stored already it is ErrRepeated. Any other change to the zero
// Case is ErrNotFound.
func Rebase(c Case, change Change) (Change, error) {
	if change.opens() {
		if c.Ticket.ID != "" {
			return change, ErrRepeated
		}
		return alone(change)
	}
	if c.Ticket.ID == "" {
		return change, ErrNotFound
	}
	after := c.Ticket
	for _, e := range change.Events {
		if e.Ticket != c.Ticket.ID {
			continue
		}
		var err error
		if after, err = after.Apply(e); err != nil {
			return change, err
		}
	}
	if change.Open != "" && !c.Ticket.Open() {
		change.Open = ""
		change = change.note(after, "The call came while the record was away; the ticket had been closed by then.")
	}
	change.Ticket, change.Was = nil, 0
	if after.Version != c.Ticket.Version {
		change.Ticket, change.Was = &after, c.Ticket.Version
	}
	return change.retimed(c, after), nil
}

// Lengthens reports whether the change only adds to a ticket's log, its calls
// and the tries of the outbox: it fits the ticket whatever that looks like.
func (c Change) Lengthens() bool {
	return c.Signal == nil && c.Ticket == nil && len(c.Also) == 0 && c.Open == "" && len(c.Timers)+len(c.Drop) == 0
}

// opens reports whether the change opens a ticket.
func (c Change) opens() bool { return c.Ticket != nil && c.Was == 0 }

// alone is the opening of a ticket whose party has another open one by now.
func alone(change Change) (Change, error) {
	party := change.Ticket.Party
	if party == "" {
		return change, nil
	}
	change.Events = slices.Clone(change.Events)
	var after ticket.Ticket
	for i, e := range change.Events {
		if o, ok := e.Body.(ticket.Opened); ok {
			o.Party = ""
			change.Events[i].Body = o
		}
		var err error
		if after, err = after.Apply(change.Events[i]); err != nil {
			return change, err
		}
	}
	change.Ticket = &after
	return change.note(after, "Taken while the record was away; the caller has another open ticket."), nil
}

// note adds a line of Vahta's own to the ticket's log.
func (c Change) note(t ticket.Ticket, text string) Change {
	e := ticket.Event{Ticket: t.ID, At: t.OpenedAt, By: byVahta, Body: ticket.Noted{Text: text}}
	if n := len(c.Events); n > 0 {
		e.At = c.Events[n-1].At
	}
	c.Events = append(slices.Clip(c.Events), e)
	return c
}

// retimed moves the change's timers on from those that are stored, so that the
// ticket has a page timer exactly while it needs a page or is watched.
func (c Change) retimed(stored Case, after ticket.Ticket) Change {
	id, have := after.ID, stored.pageTimer()
	var timers []Timer
	paged := false
	for _, t := range c.Timers {
		if t.Ticket != id {
			timers = append(timers, t)
			continue
		}
		watched := Case{after, []Timer{t}}.watched()
		if t.Kind == TimerPage && !after.NeedsPage() && !watched || t.Kind != TimerPage && !t.Kind.tasks() && !after.Open() {
			continue
		}
		paged = paged || t.Kind == TimerPage
		t.Gen = stored.timer(t.Kind).Gen + 1
		timers = append(timers, t)
	}
	c.Drop = slices.DeleteFunc(slices.Clone(c.Drop), func(k TimerKey) bool { return k == TimerKey{id, TimerPage} })
	watched := Case{after, stored.Timers}.watched()
	switch {
	case !after.NeedsPage() && !paged && have.Gen > 0 && !watched:
		c.Drop = append(c.Drop, TimerKey{id, TimerPage})
	case !after.NeedsPage() && !paged && watched && stored.Ticket.NeedsPage():
		timers = append(timers, have.moved(after.Acknowledged.At)) // it was taken while the record was away
	case after.NeedsPage() && have.Gen == 0 && !paged:
		due := after.OpenedAt // at once: whoever needs a page has waited for the record
		timers = append(timers, Timer{Ticket: id, Kind: TimerPage, DueAt: due, Gen: 1})
	}
	c.Timers = timers
	return c
}

// Refused is what is left of a change that Rebase refused on the case: what the
// ticket can take stays, and a line in the log tells of each decision that could
// not be put into force. Subscribers are not told of it.
func Refused(c Case, change Change) Change {
	after := c.Ticket
	change.Events = slices.Clone(change.Events)
	for i, e := range change.Events {
		if e.Ticket != c.Ticket.ID {
			continue
		}
		next, err := after.Apply(e)
		if err == nil {
			after = next
			continue
		}
		change.Events[i] = ticket.Event{Ticket: e.Ticket, At: e.At, By: byVahta, Channel: e.Channel, Key: e.Key, Body: ticket.Noted{
			Text: fmt.Sprintf("Not put into force, for the record was away: %s by %s. %v", e.Body.Kind(), e.By, err),
		}}
	}
	change.Notices = slices.DeleteFunc(slices.Clone(change.Notices), func(n Notice) bool { return n.Kind == NoticeEvent })
	return change
}

// Redirect turns a change about one ticket into one about another: the contact
// it tells of became that ticket when the store was away.
func Redirect(c Change, from string, to Ref) Change {
	c.Ticket, c.Was, c.Signal = nil, 0, nil
	if c.Open == from {
		c.Open = to.ID
	}
	c.Events, c.Calls, c.Notices = slices.Clone(c.Events), slices.Clone(c.Calls), slices.Clone(c.Notices)
	c.Timers, c.Drop = slices.Clone(c.Timers), slices.Clone(c.Drop)
	for i := range c.Events {
		if c.Events[i].Ticket == from {
			c.Events[i].Ticket = to.ID
		}
	}
	for i := range c.Calls {
		if c.Calls[i].Ref.ID == from {
			c.Calls[i].Ref = to
		}
	}
	for i := range c.Notices {
		if c.Notices[i].Ref.ID == from {
			c.Notices[i].Ref = to
		}
	}
	for i := range c.Timers {
		if c.Timers[i].Ticket == from {
			c.Timers[i].Ticket = to.ID
		}
	}
	for i := range c.Drop {
		if c.Drop[i].Ticket == from {
			c.Drop[i].Ticket = to.ID
		}
	}
	return c
}

// Renumber gives the ticket that a change opens another number: its own is
// another ticket's by now. The log tells both.
func Renumber(c Change, n ticket.Number) Change {
	if !c.opens() {
		return c
	}
	old, t := c.Ticket.Number, *c.Ticket
	t.Number = n
	c.Ticket, c.Taken.Number = &t, n.String()
	c.Events, c.Calls, c.Notices = slices.Clone(c.Events), slices.Clone(c.Calls), slices.Clone(c.Notices)
	for i, e := range c.Events {
		if o, ok := e.Body.(ticket.Opened); ok {
			o.Number = n
			c.Events[i].Body = o
		}
	}
	for i := range c.Calls {
		c.Calls[i].Ref = refOf(t)
	}
	for i := range c.Notices {
		c.Notices[i].Ref = refOf(t)
	}
	return c.note(t, fmt.Sprintf("Announced as %s while the record was away; that number is another ticket's.", old))
}

// Remark is a change that only adds a line of Vahta's own to a ticket's log.
func Remark(id, ticketID, text string, at time.Time) Change {
	return Change{ID: id, Events: []ticket.Event{{Ticket: ticketID, At: at, By: byVahta, Body: ticket.Noted{Text: text}}}}
}
