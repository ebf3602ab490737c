package dispatch

import (
	"context"
	"time"
)

// Overdue is an open ticket whose next step should have been taken before.
type Overdue struct {
	Ref  Ref
	Kind TimerKind     // which timer; of a ticket that must be paged and has none, TimerPage
	By   time.Duration // how long ago
	None bool          // there is no timer at all
}

// Bounds of one look: how many tickets are told, and how many read anew.
const (
	overdueMost  = 20
	overdueReads = 200
)

// OverdueSteps looks at all open tickets for steps that should have been taken
// patience ago, and for tickets that must be paged and nothing will wake. It
// reads the suspects anew, because another node may have taken the step, and
// gives those without a page timer one. What remains is told, at most twenty.
func (d *Dispatcher) OverdueSteps(ctx context.Context, patience time.Duration) (list []Overdue) {
	now := d.now()
	var untimed bool
	reads := 0
	for _, c := range d.board.open() {
		if len(list) == overdueMost || reads == overdueReads || ctx.Err() != nil {
			break
		}
		if _, late := c.overdue(now.Add(-patience)); !late {
			continue
		}
		reads++
		fresh, err := d.renewed(ctx, c.Ticket.ID)
		if err != nil {
			fresh = c
		}
		if o, late := fresh.overdue(now.Add(-patience)); late {
			untimed = untimed || o.None
			o.By = (o.By + patience).Round(time.Second)
			list = append(list, o)
		}
	}
	if untimed {
		d.setPageTimers(ctx)
		d.waker.TimersDue()
	}
	return list
}

// renewed reads a ticket after the work on it that is under way.
func (d *Dispatcher) renewed(ctx context.Context, id string) (Case, error) {
	ctx, cancel := context.WithTimeout(ctx, readBudget)
	defer cancel()
	leave, err := d.gates.enter(ctx, id)
	if err != nil {
		return Case{}, err
	}
	defer leave()
	return d.reload(ctx, id)
}

// overdue returns the step of the case that was due longest ago, if one was
// before then.
func (c Case) overdue(then time.Time) (o Overdue, late bool) {
	if !c.Ticket.Open() {
		return o, false
	}
	o.Ref = refOf(c.Ticket)
	if c.Ticket.NeedsPage() && c.pageTimer().Gen == 0 {
		o.Kind, o.None = TimerPage, true
		return o, c.Ticket.OpenedAt.Before(then)
	}
	for _, t := range c.Timers {
		if by := then.Sub(t.DueAt); by > o.By {
			o.Kind, o.By, late = t.Kind, by, true
		}
	}
	return o, late
}
