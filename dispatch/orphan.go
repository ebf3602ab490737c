package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// orphan is a call that nobody serves any more.
type orphan struct {
	call  CallRecord
	after time.Time // not ended before
	told  bool      // the log says that it could not be ended
}

// newborn is how long after its commit a call of this process is on the board
// at the latest.
const newborn = 5 * time.Second

// watch ends the calls of dead nodes until ctx ends. It has a goroutine of its
// own: a long list must not stop the beats.
func (d *Dispatcher) watch(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.survive(func() { d.bury(ctx) })
		}
	}
}

// bury takes over the calls of dead nodes and ends them. While the store was
// away nobody could beat, and when the clock was set no lease is right; so others
// are held for dead only after this node has had its own beats accepted for a
// whole lease.
func (d *Dispatcher) bury(ctx context.Context) {
	now := d.wall()
	d.life.mu.Lock()
	sure := now.Sub(d.life.beaten) < nodeLease && !d.life.steady.IsZero() && now.Sub(d.life.steady) >= nodeLease
	own := d.life.own
	d.life.mu.Unlock()
	if sure {
		if err := d.takeOver(ctx, own, now); err != nil && ctx.Err() == nil {
			d.log.Warn("calls of dead nodes could not be taken over; it is tried again", "err", err)
		}
	}
	d.goOn(ctx, now)
	d.endOrphans(ctx)
	if d.untimed.Load() {
		d.setPageTimers(ctx)
	}
}

// Of a short freeze the two sides of a conversation notice little: silence. A
// longer one ends it, by the hotline's own watch on the sound. What ended
// meanwhile is known a moment after the thaw.
const (
	shortFreeze = 10 * time.Second
	thawTime    = 3 * time.Second
)

// goOn notes of each conversation that has outlived a short freeze of this node
// that it goes on, so that nobody calls back a client who is talking. What the
// other node has recorded stays.
func (d *Dispatcher) goOn(ctx context.Context, now time.Time) {
	d.life.mu.Lock()
	due := !d.life.thawed.IsZero() && now.Sub(d.life.thawed) >= thawTime
	if due {
		d.life.thawed = time.Time{}
	}
	d.life.mu.Unlock()
	if !due {
		return
	}
	for _, call := range d.board.now().Calls {
		if call.AcceptedAt.IsZero() {
			continue
		}
		d.board.markStale(call.Ref.ID)
		err := d.amend(ctx, call.Ref.ID, func(c Case) (Change, error) {
			if c.Ticket.CallBack.Call != call.ID {
				return Change{}, nil
			}
			return c.take(Change{}, ticket.Event{
				Ticket: c.Ticket.ID, At: now, By: byVahta, Channel: string(ChannelCall), Key: "goes-on:" + call.ID,
				Body: ticket.Noted{Text: string(NoteGoesOn), Contact: call.ID},
			})
		})
		if err != nil {
			d.log.Warn("that a conversation goes on could not be noted; its client will be called back", "call_id", call.ID, "ticket", call.Ref.Number, "err", err)
		}
	}
}

// takeOver asks the store for calls that died with their node, and notes them.
func (d *Dispatcher) takeOver(ctx context.Context, own bool, now time.Time) error {
	calls, err := d.life.nodes.TakeOver(ctx, d.life.id, own, now)
	if err != nil {
		return err
	}
	d.owe(calls, own)
	if own {
		d.life.mu.Lock()
		d.life.own = false
		d.life.mu.Unlock()
	}
	return nil
}

// owe notes those of the open calls that this process does not serve, to be
// ended. With own some of them may be this process's own: one that has just
// begun is not on the board yet, so its turn comes later.
func (d *Dispatcher) owe(calls []CallRecord, own bool) {
	var list []orphan
	for _, c := range calls {
		o := orphan{call: c}
		if own && !c.StartedAt.Before(d.life.started) {
			o.after = d.now().Add(newborn)
		}
		if _, live := d.board.call(c.ID); !live {
			list = append(list, o)
		}
	}
	if len(list) > 0 {
		d.log.Warn("calls were cut: their tickets are paged and their callers rung back", "node", d.life.id, "calls", len(list))
	}
	d.life.mu.Lock()
	defer d.life.mu.Unlock()
	d.life.noteLocked(list)
}

// noteLocked adds to the calls that have to be ended those that are not among
// them yet; mu is held.
func (l *life) noteLocked(list []orphan) {
	known := map[string]bool{}
	for _, o := range l.owed {
		known[o.call.ID] = true
	}
	for _, o := range list {
		if !known[o.call.ID] {
			l.owed = append(l.owed, o)
		}
	}
}

// breakBudget bounds the end of one call that was noted.
const breakBudget = 2 * time.Second

// endOrphans ends the calls that were noted. Those that fail stay noted, behind
// the others: one bad call must not hold them up.
func (d *Dispatcher) endOrphans(ctx context.Context) {
	d.life.mu.Lock()
	owed := d.life.owed
	d.life.owed = nil
	d.life.mu.Unlock()
	var later, failed []orphan
	silent := false // the store does not answer: the others would wait for nothing
	for _, o := range owed {
		if _, live := d.board.call(o.call.ID); live {
			continue
		}
		if silent || d.now().Before(o.after) {
			later = append(later, o)
			continue
		}
		var err error
		d.survive(func() { err = d.breakCall(ctx, o.call) })
		if err == nil { // also when it broke off: it would again
			continue
		}
		if !o.told && ctx.Err() == nil {
			d.log.Error("a call that was cut could not be ended; it is tried again", "call_id", o.call.ID, "ticket", o.call.Ref.Number, "err", err)
			o.told = true
		}
		failed = append(failed, o)
		silent = ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded)
	}
	d.life.mu.Lock()
	defer d.life.mu.Unlock()
	noted := d.life.owed
	d.life.owed = append(later, failed...)
	d.life.noteLocked(noted)
}

// breakCall ends a call that nobody serves any more.
func (d *Dispatcher) breakCall(ctx context.Context, call CallRecord) error {
	ctx, cancel := context.WithTimeout(ctx, breakBudget)
	defer cancel()
	o := Outcome{Ref: call.Ref, Call: call.ID, Result: CallBroken, Cause: "vahta stopped during the call", At: d.now(), Detail: call.Detail}
	if o.Detail.AcceptedBy == "" {
		o.Detail.AcceptedBy, o.Detail.AcceptedAt = call.AcceptedBy, call.AcceptedAt
	}
	err := d.recordOutcome(ctx, o, &call)
	if errors.Is(err, ErrNotFound) {
		d.log.Error("a call that was cut has no ticket and can not be ended", "call_id", call.ID, "ticket", call.Ref.Number)
		return nil
	}
	if err != nil {
		return fmt.Errorf("end call %s left open: %w", call.ID, err)
	}
	return nil
}
