package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// Wake is what a due timer does. For a page timer: nothing but its removal
// when the ticket needs nobody any more; a postponement while a call hunts for
// the ticket, because its ladder is the page; else one step of paging. It may
// be called early, late and twice.
func (d *Dispatcher) Wake(ctx context.Context, t Timer) (err error) {
	began := d.now()
	defer func() { d.metrics.verb("wake", began, err) }()
	if t.Kind == TimerClock || t.Kind.tasks() {
		return d.wakeDesk(ctx, t)
	}
	search := t.Kind.beside()
	if t.Kind != TimerPage && !search {
		return fmt.Errorf("wake timer %q of ticket %s: unknown kind; it was written by a newer version", t.Kind, t.Ticket)
	}
	late := lateness(t.DueAt, d.now())
	if late > 0 {
		d.metrics.lateTimer()
	}
	if c, ok := d.board.get(t.Ticket); ok && c.timer(t.Kind).Gen < t.Gen {
		d.board.markStale(t.Ticket) // another node has moved it
	}
	err = d.amend(ctx, t.Ticket, func(c Case) (Change, error) {
		switch {
		case search:
			return d.search(c, Change{}, questOf(t.Kind), escalation.Event{Kind: escalation.Wake})
		case !c.Ticket.NeedsPage() && !c.watched():
			return Change{Drop: []TimerKey{{t.Ticket, TimerPage}}}, nil
		case c.pageTimer().Gen == 0:
			return Change{}, nil
		case c.Ticket.NeedsPage() && (d.hunting(t.Ticket, "") || d.huntsElsewhere(ctx, t.Ticket)):
			return Change{Timers: []Timer{c.pageTimer().moved(d.now().Add(d.cfg.HuntGuard))}}, nil
		}
		return d.page(c, Change{}, escalation.Event{Kind: escalation.Wake}, late)
	})
	if err != nil {
		return fmt.Errorf("page for ticket %s: %w", t.Ticket, err)
	}
	return nil
}

// watched reports whether the ticket is taken and its policy has something left
// to do all the same.
func (c Case) watched() bool {
	if !c.Ticket.Open() || c.Ticket.Priority != ticket.Critical || c.Ticket.Acknowledged.IsZero() {
		return false
	}
	s, ok := readPaging(c.pageTimer().State)
	return ok && s.Machine.Phase != escalation.Finished && s.Machine.Watched()
}

// Why paging goes on, where no call says so.
const (
	reasonUnattended = "unattended"     // nobody has taken the ticket
	reasonNobody     = "nobody_to_page" // a whole round found nobody
	reasonForgotten  = ticket.Forgotten // who took the ticket has done nothing since
)

// page runs one step of paging and adds its effects to the change.
func (d *Dispatcher) page(c Case, change Change, ev escalation.Event, late time.Duration) (Change, error) {
	now, s := d.now().UTC(), d.dir.Load()
	step := stepPaging(s, c, ev, d.turns.last, now)
	var err error
	raise := func(p ticket.PageRaised) {
		if err == nil {
			change, err = c.take(change, ticket.Event{Ticket: c.Ticket.ID, At: now, By: byVahta, Body: p})
		}
	}
	if c.Ticket.PageReason == "" && c.Ticket.NeedsPage() {
		raise(ticket.PageRaised{Reason: reasonUnattended, Late: late})
	}
	timer := c.pageTimer().moved(step.state.due())
	for _, a := range step.actions {
		switch a.Kind {
		case escalation.PageNow:
			t := c.Ticket
			if change.Ticket != nil {
				t = *change.Ticket
			}
			if !t.NeedsPage() {
				t.PageReason = ReasonHeld
			}
			change.Notices = append(change.Notices, pageNotices(s, t, a.Page, timer.Gen, now, late)...)
		case escalation.FallBack:
			d.log.Warn("the escalation steps find nobody: the line's chain is paged, then everyone", "ticket", c.Ticket.Number.String())
		case escalation.NobodyToPage:
			d.log.Error("nobody can be paged: no eligible person and no static number", "ticket", c.Ticket.Number.String())
			if c.Ticket.PageReason != reasonNobody {
				raise(ticket.PageRaised{Reason: reasonNobody, Late: late})
			}
		case escalation.Forgotten:
			d.log.Warn("nobody has acted on a ticket since it was taken: it is paged again", "ticket", c.Ticket.Number.String(), "person", c.Ticket.Acknowledged.By)
			raise(ticket.PageRaised{Reason: reasonForgotten, Again: true, Late: late})
		case escalation.CancelPage:
			change.Superseded = append(change.Superseded, PageRef{c.Ticket.ID, a.Page.Number})
		case escalation.Finish, escalation.GiveUp: // the ticket's own events end paging
		}
	}
	if step.nobody && err == nil {
		body := ticket.NobodyReached{Since: step.state.Began, Pages: step.state.Machine.Number - step.state.First}
		d.log.Error("nobody was reached; paging goes on", "ticket", c.Ticket.Number.String(), "attempt", body.Pages)
		d.metrics.nobodyReached()
		change, err = c.take(change, ticket.Event{Ticket: c.Ticket.ID, At: now, By: byVahta, Body: body})
	}
	if err != nil {
		return change, err
	}
	if step.state.Machine.Phase == escalation.Finished {
		change.Drop = append(change.Drop, TimerKey{c.Ticket.ID, TimerPage})
		return change, nil
	}
	if timer.State, err = step.state.encode(); err != nil {
		return change, err
	}
	return change.set(timer), nil
}

// rate sets how urgent the timers and pages of a change are, by their tickets.
func (d *Dispatcher) rate(c Change) {
	of := func(id string) int {
		if c.Ticket != nil && c.Ticket.ID == id {
			return urgencyOf(*c.Ticket)
		}
		for _, also := range c.Also {
			if also.Ticket.ID == id {
				return urgencyOf(also.Ticket)
			}
		}
		open, _ := d.board.get(id)
		return urgencyOf(open.Ticket)
	}
	for i := range c.Timers {
		c.Timers[i].Urgency = of(c.Timers[i].Ticket)
	}
	for i := range c.Notices {
		if c.Notices[i].Kind == NoticePage {
			c.Notices[i].Urgency = of(c.Notices[i].Ref.ID)
		}
	}
}

// setPageTimers gives each open ticket that needs a page its timer. Where one
// is refused, Run tries again.
func (d *Dispatcher) setPageTimers(ctx context.Context) {
	var failed error
	for _, c := range d.board.open() {
		if !c.Ticket.NeedsPage() || c.pageTimer().Gen > 0 {
			continue
		}
		err := d.commit(ctx, Change{Timers: []Timer{c.pageTimer().moved(d.now())}})
		if errors.Is(err, ErrConflict) {
			d.board.markStale(c.Ticket.ID) // another node has set it
			continue
		}
		if err != nil {
			failed = fmt.Errorf("set page timer of ticket %s: %w", c.Ticket.Number, err)
		}
		if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			break // the store does not answer: the others would wait for nothing
		}
	}
	if told := d.untimed.Swap(failed != nil); failed != nil && !told && ctx.Err() == nil {
		d.log.Error("a ticket is without its page timer; it is tried again", "err", failed)
	}
}

// readBudget bounds the look into the store right before a page. When the
// store does not answer, memory decides: a page too many is better than none.
const readBudget = 200 * time.Millisecond

// Where several nodes share the store, memory may not know what another one was
// told: the store gets more time, and is asked again when it refuses.
const (
	sharedRead  = 3 * time.Second
	sharedAgain = 250 * time.Millisecond
	sharedLooks = 3 // with another budget each, when this process slept through one
)

// loadBefore returns a ticket as it is now, right before something is sent for it.
func (d *Dispatcher) loadBefore(ctx context.Context, id string) (c Case, err error) {
	if d.life.nodes == nil {
		ctx, cancel := context.WithTimeout(ctx, readBudget)
		defer cancel()
		return d.store.Load(ctx, id)
	}
	load := d.store.Load
	if s, ok := d.store.(Sharing); ok {
		load = s.LoadShared
	}
	for range sharedLooks {
		began := d.wall()
		c, err = insist(ctx, id, load)
		if err == nil || errors.Is(err, ErrNotFound) || ctx.Err() != nil || d.wall().Sub(began) < 2*sharedRead {
			break
		}
	}
	return c, err
}

// insist asks for a ticket until there is an answer, or the time is over.
func insist(ctx context.Context, id string, load func(context.Context, string) (Case, error)) (Case, error) {
	ctx, cancel := context.WithTimeout(ctx, sharedRead)
	defer cancel()
	for {
		c, err := load(ctx, id)
		if err == nil || errors.Is(err, ErrNotFound) {
			return c, err
		}
		select {
		case <-time.After(sharedAgain):
		case <-ctx.Done():
			return c, err
		}
	}
}

// StillNeeded is asked right before a notice is sent: it returns the notice as
// it is to be sent, and whether to send it. A page is needed while it is under
// way: the ticket is open, Critical and not acknowledged, or the page is one
// that is wanted all the same, and paging has not gone on to somebody else; it
// gets the person and devices as the directory knows them now. A recall is
// needed while the ticket is open, nobody has talked to the client since his
// call was cut, and he has not called again. An event always is.
func (d *Dispatcher) StillNeeded(ctx context.Context, n Notice) (Notice, bool) {
	switch n.Kind {
	case NoticeEvent:
		return n, !n.stale(d.now())
	case NoticeClient:
		return n, true
	case NoticeRecall:
		return d.recallStillNeeded(ctx, n)
	case NoticeShift:
		return n, false // whoever cares for shifts decides
	case NoticePage:
	}
	c, err := d.loadBefore(ctx, n.Ref.ID)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return n, false
		}
		if ctx.Err() != nil {
			return n, true // whoever asked has left: he knows why, and sends nothing
		}
		d.log.Warn("the board decides about a page because the store does not answer", "ticket", n.Ref.Number, "err", err)
		if c, _ = d.board.get(n.Ref.ID); c.Ticket.ID == "" {
			return n, false
		}
	}
	if !c.wants(n) || n.stale(d.now()) {
		return n, false
	}
	if !n.Beside() && c.Ticket.Open() && !c.Ticket.NeedsPage() {
		n.Reason = ReasonHeld // somebody took the ticket meanwhile
	}
	return d.dir.Load().address(n)
}

// wants reports whether a page is under way and somebody is still needed.
func (c Case) wants(n Notice) bool {
	if !c.Ticket.Open() {
		return false
	}
	s, known := readPaging(c.timer(n.timer()).State)
	page, current := s.Machine.UnderWay(n.Page)
	switch {
	case s.wentEarly(n):
		return false
	case n.Beside():
		return current
	case c.Ticket.NeedsPage():
		return current || !known
	}
	return current && page.AfterAck && !c.Ticket.TakenBy(n.To)
}

// RecordDelivery settles one try of the outbox. For a page it also writes the
// attempts into the ticket's log, acknowledges the ticket when key 1 was
// pressed, and lets paging go on at once when it was not.
func (d *Dispatcher) RecordDelivery(ctx context.Context, del Delivery) (err error) {
	began := d.now()
	defer func() { d.metrics.verb("record_delivery", began, err) }()
	switch {
	case del.Notice.Kind == NoticeRecall && del.Result != ResultPostponed:
		err = d.recordRecall(ctx, del)
	case del.Notice.Kind == NoticeClient:
		err = d.recordTold(ctx, del)
	case del.Notice.Kind != NoticePage || del.Result == ResultWithdrawn || del.Result == ResultPostponed:
		err = d.commit(ctx, Change{Delivery: &del})
	default:
		if d.life.nodes != nil {
			d.board.markStale(del.Notice.Ref.ID)
		}
		err = d.amend(ctx, del.Notice.Ref.ID, func(c Case) (Change, error) { return d.pageResult(c, del) })
	}
	if err != nil {
		return fmt.Errorf("record delivery of notice %s: %w", del.Notice.ID, err)
	}
	return nil
}

func (d *Dispatcher) pageResult(c Case, del Delivery) (change Change, err error) {
	n := del.Notice
	change.Delivery = &del
	change.ID = fmt.Sprintf("delivery:%s:%d", n.ID, n.Attempt) // a repeat must not count tries twice
	events, c, err := c.fold(pageAttempts(del), !n.Beside())
	for _, e := range events {
		if err == nil {
			change, err = c.take(change, e)
		}
	}
	if err != nil {
		return change, err
	}
	outcome, ended := outcomeOf(del.Result)
	switch {
	case !ended || !c.Ticket.Open():
		return change, nil
	case outcome == escalation.Acked:
		return d.acked(c, change, n, d.now())
	case n.Beside():
		return d.search(c, change, questOf(n.timer()), escalation.Event{Kind: escalation.Result, Page: n.Page, Outcome: outcome}, n)
	case !c.Ticket.NeedsPage() && !c.watched() || c.pageTimer().Gen == 0:
		return change, nil
	}
	state := c.pagingState()
	outcome, ended = state.end(n, outcome)
	if refused := outcome != escalation.NoAnswer && outcome != escalation.NoKey; refused && !ended {
		if next, ahead := d.dir.Load().sooner(n, d.now().UTC()); ahead {
			state.hasten(next)
			change.Notices = append(change.Notices, next)
		}
	}
	raw, err := state.encode()
	if err != nil {
		return change, err
	}
	c = c.withState(TimerPage, raw)
	if !ended {
		return change.set(c.pageTimer().moved(c.pageTimer().DueAt)), nil
	}
	return d.page(c, change, escalation.Event{Kind: escalation.Result, Page: n.Page, Outcome: outcome}, 0)
}

// withState returns the case with another state behind a timer.
func (c Case) withState(k TimerKind, raw []byte) Case {
	c.Timers = slices.Clone(c.Timers)
	for i := range c.Timers {
		if c.Timers[i].Kind == k {
			c.Timers[i].State = raw
		}
	}
	return c
}

// AcknowledgePage says that the person of a page pressed the acknowledge key.
// It is refused when nobody is needed any more.
func (d *Dispatcher) AcknowledgePage(ctx context.Context, n Notice, at time.Time) (err error) {
	began := d.now()
	defer func() { d.metrics.verb("acknowledge_page", began, err) }()
	err = d.amend(ctx, n.Ref.ID, func(c Case) (Change, error) {
		if !c.Ticket.NeedsPage() && !c.wants(n) && !c.Ticket.TakenBy(n.To) {
			return Change{}, &ticket.IllegalError{
				Number: c.Ticket.Number, Stage: c.Ticket.Stage, Event: ticket.KindAcknowledged, Why: "nobody is needed any more",
			}
		}
		return d.acked(c, Change{}, n, at)
	})
	if err != nil {
		return fmt.Errorf("acknowledge page of ticket %s: %w", n.Ref.Number, err)
	}
	return nil
}

// acked adds the acknowledgement of a page to the change: of the ticket, when
// nobody has it, and of what the page itself was for.
func (d *Dispatcher) acked(c Case, change Change, n Notice, at time.Time) (_ Change, err error) {
	if n.Beside() {
		if change, err = d.found(c, change, n, at); err != nil {
			return change, err
		}
	}
	if c.Ticket.NeedsPage() {
		return c.take(change, ticket.Event{
			Ticket: c.Ticket.ID, At: at, By: n.To, Channel: string(n.Channel), Body: ticket.Acknowledged{How: string(n.Channel) + "_page"},
		})
	}
	if n.Beside() || !c.watched() {
		return change, nil
	}
	return d.page(c, change, escalation.Event{Kind: escalation.Result, Page: n.Page, Outcome: escalation.Acked, Person: n.To}, 0)
}

// pageAttempts are the tries of a page as the notifier reported them, or one
// derived from the result.
func pageAttempts(del Delivery) []Attempt {
	if len(del.Attempts) == 0 {
		return []Attempt{{
			Ref: del.Notice.Ref, ID: fmt.Sprintf("%s-%d", del.Notice.ID, del.Notice.Attempt), Person: del.Notice.To,
			Kind: AttemptPage, Outcome: AttemptOutcome(del.Result), Cause: del.Err, At: del.At, Took: del.Took,
		}}
	}
	for i := range del.Attempts {
		a := &del.Attempts[i]
		a.Ref, a.Kind = del.Notice.Ref, AttemptPage
		// ours, not the notifier's: two alike would make the whole result count as recorded before
		a.ID = fmt.Sprintf("%s-%d-%d", del.Notice.ID, del.Notice.Attempt, i)
	}
	return del.Attempts
}
