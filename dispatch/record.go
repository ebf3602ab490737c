package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// RecordAttempt writes one try to reach a person into the ticket's log.
func (d *Dispatcher) RecordAttempt(ctx context.Context, a Attempt) (err error) {
	began := d.now()
	defer func() { d.metrics.verb("record_attempt", began, err) }()
	e := attemptEvent(a)
	err = d.appendTo(ctx, a.Ref.ID, func(c Case) (Change, error) { return c.take(Change{}, e) })
	if err != nil {
		return fmt.Errorf("record attempt %s on ticket %s: %w", a.ID, a.Ref.Number, err)
	}
	return nil
}

func attemptEvent(a Attempt) ticket.Event {
	e := ticket.Event{
		Ticket: a.Ref.ID, At: a.At, By: byVahta, Channel: string(ChannelCall),
		Body: ticket.Attempted{
			Attempt: a.ID, Page: a.Kind == AttemptPage, Call: a.Call, Person: a.Person, Device: a.Device.Kind.String(),
			Outcome: string(a.Outcome), Cause: a.Cause, Status: a.Status, Q850: a.Q850, Took: a.Took,
		},
	}
	if a.Kind == AttemptPage {
		e.Channel = string(ChannelVoice)
	}
	if a.ID != "" {
		e.Key = "attempt:" + a.ID
	}
	return e
}

// RecordAccepted makes the accept key durable: it stops the first-contact
// clock, acknowledges the ticket and ends paging. The bridge is reported only
// after it has returned nil.
func (d *Dispatcher) RecordAccepted(ctx context.Context, a Accepted) (err error) {
	began := d.now()
	defer func() { d.metrics.verb("record_accepted", began, err) }()
	var accepted CallRecord
	err = d.amend(ctx, a.Ref.ID, func(c Case) (Change, error) {
		call := d.callRecord(a.Call, c.Ticket, a.T0)
		call.AcceptedAt, call.AcceptedBy = a.At, a.Person
		call.Detail = CallDetail{AcceptedBy: a.Person, AcceptedAt: a.At, Legs: a.Legs, Recording: Recording{Path: a.Recording}, Out: a.Out}
		accepted = call
		return c.take(Change{Calls: []CallRecord{call}}, ticket.Event{
			Ticket: c.Ticket.ID, At: a.At, By: a.Person, Channel: string(ChannelCall), Key: "accepted:" + a.Call,
			Body: ticket.Accepted{Call: a.Call, Person: a.Person, Device: a.Device.Kind.String()},
		})
	})
	if err != nil {
		return fmt.Errorf("record acceptance of call %s on ticket %s: %w", a.Call, a.Ref.Number, err)
	}
	d.board.accepted(accepted)
	return nil
}

// RecordOutcome ends a call and keeps its detail. When the call ended without
// a human and the ticket still needs one, paging is due from that moment on,
// in the same commit. When the call broke, or began after the acknowledgement
// and reached nobody, an open Critical ticket needs one again, whoever has it:
// somebody must call back. That is the one exception from "what is acknowledged
// is never paged".
func (d *Dispatcher) RecordOutcome(ctx context.Context, o Outcome) error {
	return d.recordOutcome(ctx, o, nil)
}

// recordOutcome is RecordOutcome for a call of which known is all that is
// known; nil = the board tells. Who ends a call that is on record as ended
// changes nothing: a node that was taken over learns here that it is too late.
func (d *Dispatcher) recordOutcome(ctx context.Context, o Outcome, known *CallRecord) (err error) {
	began := d.now()
	defer func() { d.metrics.verb("record_outcome", began, err) }()
	d.board.rest(o.Call) // before the page timer is due: seen as a hunt, this call would put the page off
	lost := o.Result.Lost()
	if lost && d.life.nodes != nil {
		d.board.markStale(o.Ref.ID) // whether somebody must be paged is decided on what the other nodes know
	}
	err = d.learn(ctx, o.Ref.ID, func(c, _ Case) (Change, error) {
		call := d.callRecord(o.Call, c.Ticket, time.Time{})
		if known != nil {
			call = *known
		}
		hunting := d.hunting(c.Ticket.ID, o.Call) || lost && d.huntsElsewhere(ctx, c.Ticket.ID)
		return decideOutcome(c, call, o, hunting, d.CallBackAllowed(call.Caller))
	})
	if err != nil {
		return fmt.Errorf("record outcome %s of call %s on ticket %s: %w", o.Result, o.Call, o.Ref.Number, err)
	}
	d.board.end(o.Call)
	return nil
}

// hunting reports whether a call other than except hunts for the ticket. A hunt
// that has lasted as long as the promise of first contact is no excuse any
// more, nor is a call that was forgotten: then people are paged beside it.
func (d *Dispatcher) hunting(ticketID, except string) bool {
	return d.board.hunting(ticketID, except, d.now().Add(-d.cfg.FirstContact))
}

// huntsElsewhere reports whether a call that another living node serves hunts
// for the ticket. When the store does not answer it is false: a page too many
// is better than none.
func (d *Dispatcher) huntsElsewhere(ctx context.Context, ticketID string) bool {
	if d.life.nodes == nil || d.archive == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, readBudget)
	defer cancel()
	calls, err := d.archive.Calls(ctx, CallFilter{Ticket: ticketID})
	if err != nil {
		return false
	}
	now := d.wall()
	hunters := map[string]bool{}
	for _, c := range calls {
		if c.Node != d.life.id && c.Node != "" && c.EndedAt.IsZero() && c.AcceptedAt.IsZero() && c.StartedAt.After(now.Add(-d.cfg.FirstContact)) {
			hunters[c.Node] = true
		}
	}
	if len(hunters) == 0 {
		return false
	}
	nodes, err := d.life.nodes.Nodes(ctx)
	if err != nil {
		return false
	}
	for _, n := range nodes {
		if hunters[n.ID] && n.Until.After(now) {
			return true
		}
	}
	return false
}

// decideOutcome ends a call. hunting says that another call of the ticket
// still hunts: its ladder is the page. refused says why the caller may not be
// called back, should the call have been cut.
func decideOutcome(c Case, call CallRecord, o Outcome, hunting bool, refused client.Refusal) (Change, error) {
	call.EndedAt, call.Result, call.Cause, call.Detail = o.At, o.Result, o.Cause, o.Detail
	if call.AcceptedBy == "" {
		call.AcceptedBy, call.AcceptedAt = o.Detail.AcceptedBy, o.Detail.AcceptedAt
	}
	change, err := c.take(Change{Calls: []CallRecord{call}}, ticket.Event{
		Ticket: c.Ticket.ID, At: o.At, By: byVahta, Channel: string(ChannelCall), Key: "ended:" + o.Call,
		Body: ticket.CallEnded{
			Call: o.Call, Result: string(o.Result), Person: o.Detail.AcceptedBy, Talk: o.Detail.Talk,
			Recording: o.Detail.Recording.Path, Cause: o.Cause,
		},
	})
	if err == nil {
		change, err = askRecall(c, change, call, o, refused)
	}
	if worked, ok := talked(change.Events); ok && err == nil {
		change, err = c.take(change, worked)
	}
	needed := o.Result.Lost() && !hunting && c.Ticket.NeedsPage()
	again := needsAgain(c.Ticket, call, o, hunting)
	if err != nil || !needed && !again {
		return change, err
	}
	change, err = c.take(change, ticket.Event{
		Ticket: c.Ticket.ID, At: o.At, By: byVahta, Body: ticket.PageRaised{Reason: string(o.Result), Again: again},
	})
	// Paging that is under way already takes an early wake for nothing.
	change.Timers = append(change.Timers, c.pageTimer().moved(o.At))
	return change, err
}

// needsAgain reports whether the end of a call takes the acknowledgement of its
// open Critical ticket away: Vahta cut the call, or the client has called after
// the acknowledgement and reached nobody. Then somebody knows of the first
// trouble, and nobody of this call.
func needsAgain(t ticket.Ticket, call CallRecord, o Outcome, hunting bool) bool {
	if !t.Open() || t.Priority != ticket.Critical {
		return false
	}
	later := !t.Acknowledged.IsZero() && t.Acknowledged.At.Before(call.StartedAt)
	return o.Result == CallBroken || o.Result.Lost() && !hunting && later && call.AcceptedBy == "" && o.Detail.AcknowledgedBy == ""
}

// callRecord returns the call as its opening told, or as much as its ticket
// knows when it was opened by a process that is gone.
func (d *Dispatcher) callRecord(id string, t ticket.Ticket, started time.Time) CallRecord {
	if call, ok := d.board.call(id); ok {
		return call
	}
	if started.IsZero() {
		started = t.OpenedAt
	}
	return CallRecord{ID: id, Ref: refOf(t), Line: t.Line, Caller: t.Caller, CallerName: t.Name, Node: d.life.id, StartedAt: started}
}
