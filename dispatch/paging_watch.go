package dispatch

import (
	"slices"

	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// acts reports whether an event is somebody's work on the ticket, so that it is
// not forgotten: a note, a decision, a conversation. Attempts to reach people
// are not.
func acts(e ticket.Event) bool {
	switch b := e.Body.(type) {
	case ticket.Acknowledged:
		return false // it is what the watch begins with
	case ticket.Accepted, ticket.SpecialistTook:
		return true
	case ticket.CallEnded:
		return b.Person != ""
	}
	return ofTheDesk(e.Body) && e.By != byVahta && e.By != byCaller && e.By != byClient || tellsClient(e)
}

// tellsClient reports whether a person has told the client something.
func tellsClient(e ticket.Event) bool {
	switch b := e.Body.(type) {
	case ticket.Messaged:
		return b.Human
	case ticket.Updated:
		return true
	}
	return false
}

// watchFrom is the state of a page timer at the opening of a ticket: empty, or
// with the policy when that watches who takes the ticket on a call, before
// anybody is paged.
func watchFrom(p escalation.Policy) ([]byte, error) {
	if p.RepageAfter == 0 {
		return nil, nil
	}
	return pagingState{Machine: escalation.State{Policy: &p}}.encode()
}

// keepWatch keeps the page timer of a ticket that somebody has: due at once, when
// he has just taken it, so that paging learns of it; else with the note that
// somebody has acted, where that counts.
func (c Case) keepWatch(change Change, taken bool, e ticket.Event) (_ Change, err error) {
	state, timer := c.pagingState(), c.pageTimer()
	due := timer.DueAt
	switch {
	case taken:
		due, state.Tried = e.At, nil
	case acts(e) && state.Machine.Policy.RepageAfter > 0:
		state.Machine = state.Machine.Touch(e.At)
	default:
		return change, nil
	}
	timer = timer.moved(due)
	if timer.State, err = state.encode(); err != nil {
		return change, err
	}
	return change.set(timer), nil
}

// follow brings the timers of paging in line with what an event has made of the
// ticket. Its page timer stays while it needs a page, or is watched; searches
// for specialists, alarms and clocks end with the ticket.
func (c Case) follow(change Change, before, after ticket.Ticket, e ticket.Event) (Change, error) {
	for _, t := range c.Timers {
		over := !after.Open() && (t.Kind.beside() || t.Kind == TimerClock)
		if over || t.Kind.alarms() && after.Priority != ticket.Critical {
			change = change.without(TimerKey{after.ID, t.Kind})
		}
	}
	change = c.clocked(change, after, e)
	if c.pageTimer().Gen == 0 || after.NeedsPage() {
		return change, nil
	}
	taken := before.NeedsPage()
	if taken {
		change.Events = append(change.Events, c.untold()...)
	}
	if (Case{after, c.Timers}).watched() {
		return c.keepWatch(change, taken, e)
	}
	if taken || after.Version != before.Version {
		change = change.without(TimerKey{after.ID, TimerPage})
	}
	return change, nil
}

// without returns the change that removes a timer.
func (c Change) without(k TimerKey) Change {
	if !slices.Contains(c.Drop, k) {
		c.Drop = append(c.Drop, k)
	}
	return c
}
