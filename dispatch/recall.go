package dispatch

import (
	"context"
	"errors"
	"fmt"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// askRecall adds to the end of a cut call that its caller is called back: the
// mark on the ticket, and the notice when his number may be dialled.
func askRecall(c Case, change Change, call CallRecord, o Outcome, refused client.Refusal) (Change, error) {
	if o.Result != CallBroken || !c.Ticket.Open() {
		return change, nil
	}
	change, err := c.take(change, ticket.Event{
		Ticket: c.Ticket.ID, At: o.At, By: byVahta, Key: "recall-asked:" + o.Call,
		Body: ticket.RecallAsked{Call: o.Call, Number: call.Caller, Refused: string(refused)},
	})
	if err == nil && refused == client.NoRefusal {
		change.Notices = append(change.Notices, recallNotice(c.Ticket, call, o))
	}
	return change, err
}

// recallNotice is the order to call the caller of a cut call back. It is one
// per call, however often its end is recorded.
func recallNotice(t ticket.Ticket, call CallRecord, o Outcome) Notice {
	n := Notice{
		ID: "recall-" + o.Call, Kind: NoticeRecall, Channel: ChannelVoice, To: string(call.Caller), Call: o.Call, Ref: refOf(t),
		Reason: string(o.Result), Line: call.Line, Language: t.Language, Client: t.Client.Spoken, Caller: call.Caller.Masked(),
		OpenedAt: t.OpenedAt, DueAt: o.At,
	}
	if n.Line == "" {
		n.Line = t.Line
	}
	return n
}

// recallNeeded says whether the caller of a cut call still has to be called
// back. The case and the calls are those of the ticket, as far as they are
// known.
func recallNeeded(c Case, n Notice, calls []CallRecord) bool {
	if !c.Ticket.OwesCall() {
		return false // closed, or somebody has talked to the client
	}
	var cut CallRecord
	for _, call := range calls {
		if call.ID == n.Call {
			cut = call
		}
	}
	for _, call := range calls {
		if call.ID == n.Call || !call.StartedAt.After(cut.StartedAt) || cut.ID == "" {
			continue
		}
		if call.Result != CallBroken || call.Caller == cut.Caller {
			return false // he has called again himself; when that call was cut too, it has a recall of its own
		}
	}
	return true
}

// recallStillNeeded is StillNeeded for recalls. When the store does not
// answer, memory decides: a call too many is better than none.
func (d *Dispatcher) recallStillNeeded(ctx context.Context, n Notice) (Notice, bool) {
	ctx, cancel := context.WithTimeout(ctx, readBudget)
	defer cancel()
	c, err := d.store.Load(ctx, n.Ref.ID)
	if errors.Is(err, ErrNotFound) {
		return n, false
	}
	if err != nil {
		if c, _ = d.board.get(n.Ref.ID); c.Ticket.ID == "" {
			return n, true
		}
	}
	if d.CallBackAllowed(client.Number(n.To)) != client.NoRefusal {
		return n, false
	}
	var calls []CallRecord
	if d.archive != nil {
		if calls, err = d.archive.Calls(ctx, CallFilter{Ticket: n.Ref.ID}); err != nil {
			d.log.Warn("a client is called back without a look at his other calls: the store does not answer", "ticket", n.Ref.Number, "err", err)
		}
	}
	return n, recallNeeded(c, n, calls)
}

// recordRecall settles one try of a recall and tells it in the ticket's log.
func (d *Dispatcher) recordRecall(ctx context.Context, del Delivery) error {
	err := d.amend(ctx, del.Notice.Ref.ID, func(c Case) (Change, error) { return recallResult(c, del) })
	if errors.Is(err, ErrNotFound) {
		err = d.commit(ctx, Change{Delivery: &del})
	}
	return err
}

// recallResult is what one try of a recall changes.
func recallResult(c Case, del Delivery) (change Change, err error) {
	change.Delivery = &del
	tries := del.Notice.Attempt
	end := del.At.Add(del.Took)
	if del.Result == ResultWithdrawn {
		tries--
	} else if change, err = c.take(change, ticket.Event{
		Ticket: c.Ticket.ID, At: del.At, By: byVahta, Channel: string(del.Notice.Channel), Key: fmt.Sprintf("recall:%s:%d", del.Notice.Call, tries),
		Body: ticket.RecallTried{Call: del.Notice.Call, Try: tries, Result: string(del.Result), Took: del.Took},
	}); err != nil {
		return change, err
	}
	if !del.Final || del.Result == ResultDelivered {
		return change, nil
	}
	reason := ticket.RecallGivenUp
	if del.Result == ResultWithdrawn {
		reason = ticket.RecallNeedless
	}
	return c.take(change, ticket.Event{
		Ticket: c.Ticket.ID, At: end, By: byVahta, Key: "recall-ended:" + del.Notice.Call,
		Body: ticket.RecallEnded{Call: del.Notice.Call, Reason: reason, Tries: tries},
	})
}
