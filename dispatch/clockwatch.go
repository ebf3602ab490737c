package dispatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Clocks returns how the clocks of a ticket stand now.
func (d *Dispatcher) Clocks(ctx context.Context, ref Ref) ([]sla.Clock, error) {
	log, err := d.wholeLog(ctx, ref)
	if err != nil {
		return nil, err
	}
	return ticket.Clocks(log, d.now()), nil
}

// rules are the clocks' rules that a ticket of the organisation is opened with:
// those of its contract, and where that says nothing of the first contact, the
// dispatcher's own limit.
func (d *Dispatcher) rules(b *client.Book, org string) sla.Policy {
	p := b.Policy(org)
	if _, ok := p.Limits[sla.FirstContactClock]; !ok {
		p.Limits = maps.Clone(p.Limits)
		if p.Limits == nil {
			p.Limits = map[sla.Name]sla.Limit{}
		}
		p.Limits[sla.FirstContactClock] = sla.Limit{Time: d.cfg.FirstContact}
	}
	return p
}

// Dossier returns everything that the log of a ticket tells.
func (d *Dispatcher) Dossier(ctx context.Context, ref Ref) (ticket.Dossier, error) {
	log, err := d.wholeLog(ctx, ref)
	if err != nil {
		return ticket.Dossier{}, err
	}
	return ticket.Compile(log)
}

// movesClocks reports whether an event may change what is due next.
func movesClocks(b ticket.Body) bool {
	switch b.(type) {
	case ticket.Prioritised, ticket.Classified, ticket.Moved, ticket.Planned, ticket.PlanTold, ticket.Sent, ticket.Unsent,
		ticket.Updated, ticket.Restored, ticket.Paused, ticket.Resumed, ticket.Reopened, ticket.RootCaused, ticket.Approved,
		ticket.Reported, ticket.Absorbed, ticket.Released, ticket.Unmerged, ticket.T0Moved, ticket.Recomputed:
		return true
	}
	return false
}

// clocked has the clocks of an open ticket looked at anew after an event that
// may have moved them.
func (c Case) clocked(change Change, after ticket.Ticket, e ticket.Event) Change {
	if !after.Open() || !movesClocks(e.Body) {
		return change
	}
	return change.set(c.timer(TimerClock).moved(e.At))
}

// withClocks sets the clock timer of a ticket that the change opens.
func (c Change) withClocks(zone *time.Location) Change {
	if c.Ticket == nil || c.Was > 0 || !c.Ticket.Open() {
		return c
	}
	var log []ticket.Event
	for _, e := range c.Events {
		if e.Ticket == c.Ticket.ID {
			log = append(log, e)
		}
	}
	if len(log) == 0 || slices.ContainsFunc(c.Timers, func(t Timer) bool { return t.Ticket == c.Ticket.ID && t.Kind == TimerClock }) {
		return c
	}
	if _, next := dueLevels(log, zone, log[0].At); !next.IsZero() {
		c.Timers = append(slices.Clip(c.Timers), Timer{Ticket: c.Ticket.ID, Kind: TimerClock, DueAt: next, Gen: 1})
	}
	return c
}

// dueLevel is a level of a clock that has been reached and not been told yet.
type dueLevel struct {
	clock sla.Clock
	level sla.Level
	left  int // levels that follow it; 0 = the breach
}

func (l dueLevel) key() string {
	return fmt.Sprintf("clock:%s:%d:%d:%s:%d", l.clock.Name, l.clock.Report, l.clock.Cycle, l.level.Name, l.level.At.UnixMicro())
}

// dueLevels reads a log: which levels are reached at now and not told, in the
// order of their times, and when there is the next thing to do: a level, or a
// pause that ends.
func dueLevels(log []ticket.Event, zone *time.Location, now time.Time) (due []dueLevel, next time.Time) {
	told := map[string]bool{}
	for _, e := range log {
		if _, ok := e.Body.(ticket.Warned); ok {
			told[e.Key] = true
		}
	}
	for _, c := range ticket.Clocks(log, now) {
		levels := sla.Levels(c)
		for i, l := range levels {
			one := dueLevel{c, l, len(levels) - 1 - i}
			at := l.At
			if paperwork(c.Name) {
				at = byDay(at, zone)
			}
			switch {
			case at.After(now):
				next = earliest(next, at)
			case !told[one.key()]:
				due = append(due, one)
			}
		}
	}
	slices.SortStableFunc(due, func(a, b dueLevel) int { return a.level.At.Compare(b.level.At) })
	return due, next
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// paperwork reports whether a clock is one of the analysis: it runs for days, and
// nobody is woken for it.
func paperwork(n sla.Name) bool { return n == sla.RootCauseClock || n == sla.ReportClock }

// The hours in which people are told of the clocks of the analysis.
const (
	dayBegins = 9
	dayEnds   = 20
)

// byDay is the moment itself or, at night, the next morning.
func byDay(at time.Time, zone *time.Location) time.Time {
	local := at.In(zone)
	day := local.Day()
	switch hour := local.Hour(); {
	case hour >= dayEnds:
		day++
	case hour >= dayBegins:
		return at
	}
	return time.Date(local.Year(), local.Month(), day, dayBegins, 0, 0, 0, zone)
}

// reachOf is who is paged at a level; ok is false when nobody is: the first
// contact has the ladder of paging.
func reachOf(l dueLevel) (to reach, ok bool) {
	switch l.clock.Name {
	case sla.PlanClock:
		return [...]reach{reachHead, reachLead, reachSecond, reachHolder}[min(l.left, 3)], true
	case sla.StabiliseClock:
		if l.left == 0 {
			return reachHead, true
		}
		return reachHolder, true
	case sla.UpdateClock:
		if l.left == 0 {
			return reachLead, true
		}
		return reachHolder, true
	case sla.RootCauseClock, sla.ReportClock:
		return reachOffice, true
	case sla.FirstContactClock:
	}
	return 0, false
}

// clockAgain is when the clocks are looked at again while the log can not be read.
const clockAgain = 15 * time.Second

// wakeClock ends the pauses whose time is over and tells the levels that have
// been reached: each once, in the log and to the subscribers, and by a page when
// the ticket may wake people. After an outage all that are overdue are told,
// marked late; of one clock only the last one pages.
func (d *Dispatcher) wakeClock(ctx context.Context, c Case) (Change, error) {
	timer := c.timer(TimerClock)
	if timer.Gen == 0 {
		return Change{}, nil
	}
	if !c.Ticket.Open() {
		return Change{}.without(TimerKey{c.Ticket.ID, TimerClock}), nil
	}
	now := d.now().UTC()
	log, err := d.wholeLog(ctx, refOf(c.Ticket))
	if errors.Is(err, ErrAway) {
		return Change{Timers: []Timer{timer.moved(now.Add(clockAgain))}}, nil
	}
	if err != nil {
		return Change{}, err
	}
	change, err := d.endPauses(c, Change{}, now)
	if err != nil {
		return change, err
	}
	due, next := dueLevels(slices.Concat(log, change.Events), d.numbers.zone, now)
	for i, l := range due {
		final := !slices.ContainsFunc(due[i+1:], func(o dueLevel) bool { return o.clock.Name == l.clock.Name })
		if change, err = d.warn(ctx, c, change, l, final, now); err != nil {
			return change, err
		}
	}
	for _, p := range c.Ticket.Pauses {
		if p.Until.After(now) {
			next = earliest(next, p.Until)
		}
	}
	change.Timers = slices.DeleteFunc(change.Timers, func(t Timer) bool { return t.Kind == TimerClock })
	if next.IsZero() {
		return change.without(TimerKey{c.Ticket.ID, TimerClock}), nil
	}
	return change.set(timer.moved(next)), nil
}

// endPauses ends the pauses whose time is over.
func (d *Dispatcher) endPauses(c Case, change Change, now time.Time) (_ Change, err error) {
	for _, p := range c.Ticket.Pauses {
		if err == nil && !p.Until.IsZero() && !p.Until.After(now) {
			change, err = c.take(change, ticket.Event{
				Ticket: c.Ticket.ID, At: now, By: byVahta, Key: "pause-ended:" + p.Pause, Body: ticket.Resumed{Pause: p.Pause, Reason: "due"},
			})
		}
	}
	return change, err
}

// warn tells one level.
func (d *Dispatcher) warn(_ context.Context, c Case, change Change, l dueLevel, page bool, now time.Time) (Change, error) {
	body := ticket.Warned{Clock: l.clock.Name, Report: l.clock.Report, Level: l.level.Name, Late: lateness(l.level.At, now)}
	d.log.Warn("a clock of a ticket has reached a level", "ticket", c.Ticket.Number.String(), "clock", string(l.clock.Name), "level", l.level.Name)
	before := len(change.Notices)
	var err error
	if to, wakes := reachOf(l); page && wakes {
		if change, err = d.alarmTo(c, change, string(l.clock.Name)+"/"+l.level.Name, to); err != nil {
			return change, err
		}
	}
	for _, n := range change.Notices[before:] {
		if n.Kind == NoticePage && !slices.Contains(body.To, n.To) {
			body.To = append(body.To, n.To)
		}
	}
	return c.take(change, ticket.Event{Ticket: c.Ticket.ID, At: now, By: byVahta, Key: l.key(), Body: body})
}

// wakeDesk does what a due timer of the desk asks for.
func (d *Dispatcher) wakeDesk(ctx context.Context, t Timer) (err error) {
	if c, ok := d.board.get(t.Ticket); ok && c.timer(t.Kind).Gen < t.Gen {
		d.board.markStale(t.Ticket) // another node has moved it
	}
	err = d.amend(ctx, t.Ticket, func(c Case) (Change, error) {
		if t.Kind == TimerClock {
			return d.wakeClock(ctx, c)
		}
		return d.wakeTask(ctx, c, t.Kind)
	})
	if errors.Is(err, ErrNotFound) {
		return nil // the journal has given its ticket up; nothing can be done for it
	}
	if err != nil {
		return fmt.Errorf("watch the time of ticket %s: %w", t.Ticket, err)
	}
	return nil
}
