package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	if t.Kind != TimerPage {
		return fmt.Errorf("wake timer %q of ticket %s: unknown kind; it was written by a newer version", t.Kind, t.Ticket)
	}
	late := lateness(t.DueAt, d.now())
	if late > 0 {
		d.metrics.lateTimer()
	}
	if c, ok := d.board.get(t.Ticket); ok && c.pageTimer().Gen < t.Gen {
		d.board.markStale(t.Ticket) // another node has moved it
	}
	err = d.amend(ctx, t.Ticket, func(c Case) (Change, error) {
		switch {
		case !c.Ticket.NeedsPage():
			return Change{Drop: []TimerKey{{t.Ticket, TimerPage}}}, nil
		case c.pageTimer().Gen == 0:
			return Change{}, nil
		case d.hunting(t.Ticket, "") || d.huntsElsewhere(ctx, t.Ticket):
			return Change{Timers: []Timer{c.pageTimer().moved(d.now().Add(d.cfg.HuntGuard))}}, nil
		}
		return d.page(c, Change{}, escalation.Event{Kind: escalation.Wake}, late)
	})
	if err != nil {
		return fmt.Errorf("page for ticket %s: %w", t.Ticket, err)
	}
	return nil
}

// page runs one step of paging and adds its effects to the change.
func (d *Dispatcher) page(c Case, change Change, ev escalation.Event, late time.Duration) (Change, error) {
	now, s := d.now().UTC(), d.dir.Load()
	step := stepPaging(s, c, ev, now)
	var err error
	raise := func(reason string) {
		if err == nil {
			change, err = c.take(change, ticket.Event{
				Ticket: c.Ticket.ID, At: now, By: byVahta, Body: ticket.PageRaised{Reason: reason, Late: late},
			})
		}
	}
	if c.Ticket.PageReason == "" {
		raise("unattended")
	}
	timer := c.pageTimer().moved(step.state.Due)
	for _, a := range step.actions {
		switch a.Kind {
		case escalation.PageNow:
			t := c.Ticket
			if change.Ticket != nil {
				t = *change.Ticket
			}
			change.Notices = append(change.Notices, pageNotice(s, t, a.Page, timer.Gen, now, late))
		case escalation.FallBack:
			d.log.Warn("the escalation steps find nobody: the line's chain is paged, or everyone", "ticket", c.Ticket.Number.String())
		case escalation.NobodyToPage:
			d.log.Error("nobody can be paged: no eligible person and no static number", "ticket", c.Ticket.Number.String())
			if c.Ticket.PageReason != reasonNobody {
				raise(reasonNobody)
			}
		case escalation.CancelPage:
			change.Superseded = append(change.Superseded, PageRef{c.Ticket.ID, a.Page.Number})
		case escalation.Finish: // the ticket's own events end paging
		}
	}
	if timer.State, err = stateJSON(step.state, err); err != nil {
		return change, err
	}
	change.Timers = append(change.Timers, timer)
	return change, nil
}

// reasonNobody is the page reason when a whole round found nobody to page.
const reasonNobody = "nobody_to_page"

func stateJSON(s pagingState, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("keep paging state: %w", err)
	}
	return raw, nil
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

// StillNeeded is asked right before a notice is sent: it returns the notice as
// it is to be sent, and whether to send it. A page is needed while the ticket is
// open, Critical and not acknowledged, and paging has not gone on to somebody
// else; it gets the person and devices as the directory knows them now. A recall
// is needed while the ticket is open, nobody has talked to the client since his
// call was cut, and he has not called again. An event always is.
func (d *Dispatcher) StillNeeded(ctx context.Context, n Notice) (Notice, bool) {
	switch n.Kind {
	case NoticeEvent:
		return n, true
	case NoticeRecall:
		return d.recallStillNeeded(ctx, n)
	case NoticePage:
	}
	ctx, cancel := context.WithTimeout(ctx, readBudget)
	defer cancel()
	c, err := d.store.Load(ctx, n.Ref.ID)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return n, false
		}
		d.log.Warn("the board decides about a page because the store does not answer", "ticket", n.Ref.Number, "err", err)
		if c, _ = d.board.get(n.Ref.ID); c.Ticket.ID == "" {
			return n, false
		}
	}
	if !c.Ticket.NeedsPage() || !currentPage(c, n) {
		return n, false
	}
	return d.dir.Load().address(n), true
}

// currentPage reports whether the notice is the page that the machine waits for.
func currentPage(c Case, n Notice) bool {
	var s escalation.State
	if err := json.Unmarshal(c.pageTimer().State, &s); err != nil {
		return true
	}
	return s.Current.Number == n.Page && (s.Phase == escalation.Ringing || s.Phase == escalation.Asking)
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
	case del.Notice.Kind != NoticePage || del.Result == ResultWithdrawn:
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
	change.Delivery = &del
	change.ID = fmt.Sprintf("delivery:%s:%d", del.Notice.ID, del.Notice.Attempt) // a repeat must not count tries twice
	events, c, err := c.fold(pageAttempts(del))
	for _, e := range events {
		if err == nil {
			change, err = c.take(change, e)
		}
	}
	if err != nil {
		return change, err
	}
	outcome, ended := outcomeOf(del.Result)
	if !ended || !c.Ticket.NeedsPage() {
		return change, nil
	}
	if outcome == escalation.Acked {
		return c.take(change, ticket.Event{
			Ticket: c.Ticket.ID, At: d.now(), By: del.Notice.To, Channel: string(del.Notice.Channel),
			Body: ticket.Acknowledged{How: string(del.Notice.Channel) + "_page"},
		})
	}
	if c.pageTimer().Gen == 0 {
		return change, nil
	}
	return d.page(c, change, escalation.Event{Kind: escalation.Result, Page: del.Notice.Page, Outcome: outcome}, 0)
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
