package dispatch

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// How received signals are taken in.
const (
	takers       = 32               // at a time: they share the store's transactions
	storedAtOnce = 64               // signals stored at a time; with takers less than a transaction holds, so that a call waits for one at most
	handedMost   = 1 << 16          // received here and not begun yet; the others wait in the store
	handedWhole  = 1024             // of them, with their bytes; those of the others are read from the store when they have their turn
	handedBytes  = 64 << 10         // a longer one is read from the store, too
	claimBatch   = 4 * takers       // asked from the store at a time
	claimLease   = 30 * time.Second // longer than takeTime
	takeTime     = 10 * time.Second
	lookEvery    = time.Second // how often the store is asked what waits
	maxTries     = 5           // then a signal becomes a ticket for a human
	firstRetry   = time.Second // and twice as long each time
	lastRetry    = 10 * time.Minute
)

// hand gives a received signal to the workers; when they have too much to do it
// waits in the store until SignalGrace is over.
func (d *Dispatcher) hand(sig Signal) {
	if d.signals == nil || sig.Call != nil {
		return
	}
	sig.Message = nil
	if len(sig.Raw) > handedBytes || len(d.handed) > handedWhole {
		sig.Raw = nil
	}
	select {
	case d.handed <- &sig:
	default:
	}
}

// takeIn makes tickets of what was received, until ctx ends: of what this node
// has received itself at once, and of what waits in the store because its node
// died, had too much to do, or failed.
func (d *Dispatcher) takeIn(ctx context.Context) {
	waiting := make(chan SignalRecord)
	var all sync.WaitGroup
	for range takers {
		all.Go(func() {
			for {
				var r SignalRecord
				select {
				case <-ctx.Done():
					return
				case sig := <-d.handed:
					r = SignalRecord{Signal: *sig}
				case r = <-waiting:
				}
				d.survive(func() { d.takeOne(ctx, r) })
			}
		})
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for ctx.Err() == nil {
		more := false
		d.survive(func() { more = d.claimSignals(ctx, waiting) })
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-look.C:
		}
	}
	all.Wait()
}

// claimSignals hands out what waits in the store, and reports whether there may
// be more.
func (d *Dispatcher) claimSignals(ctx context.Context, to chan<- SignalRecord) (more bool) {
	now := d.wall()
	due, err := d.signals.NextSignal(ctx)
	if err != nil || due.IsZero() || due.After(now) {
		return false // a store that is away says so elsewhere
	}
	list, err := d.signals.ClaimSignals(ctx, now, claimLease, claimBatch)
	if err != nil {
		return false
	}
	for _, r := range list {
		select {
		case to <- r:
		case <-ctx.Done():
			return false
		}
	}
	return len(list) == claimBatch
}

// takeOne takes one signal in and notes how it went.
func (d *Dispatcher) takeOne(ctx context.Context, r SignalRecord) {
	ctx, cancel := context.WithTimeout(ctx, takeTime)
	defer cancel()
	err := d.tryOne(ctx, r)
	if err == nil || errors.Is(err, ErrAway) || ctx.Err() != nil {
		return // what is not done comes back when its lease lapses
	}
	if r.Tries >= maxTries && !errors.Is(err, errOvertook) {
		d.log.Error("a signal could not be taken in; it becomes a ticket for a human", "channel", string(r.Channel), "key", r.Key, "err", err)
		if err = d.giveUp(ctx, r, err); err == nil {
			return
		}
	}
	retry := min(firstRetry<<min(r.Tries, maxTries*2), lastRetry)
	how := Settling{RetryAt: d.wall().Add(retry), Fault: err.Error()}
	if err := d.signals.SettleSignal(ctx, r.ID(), how); err != nil && !errors.Is(err, ErrAway) {
		d.log.Warn("a signal waits for its next try in vain until its lease lapses", "channel", string(r.Channel), "key", r.Key, "err", err)
	}
}

// tryOne is one try; a panic is its failure.
func (d *Dispatcher) tryOne(ctx context.Context, r SignalRecord) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("take in signal %s: it broke off: %v", signalName(r.ID()), fault)
			d.log.Error("taking in a signal broke off", "channel", string(r.Channel), "key", r.Key, "err", err, "stack", string(debug.Stack()))
		}
	}()
	if r.Raw == nil || r.Call != nil {
		_, err = d.Intake(ctx, r.ID())
		return err
	}
	_, err = d.takeMessage(ctx, r.Signal)
	return err
}

// giveUp makes a ticket of a signal that can not be taken in as what it is.
func (d *Dispatcher) giveUp(ctx context.Context, r SignalRecord, why error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("give up signal %s: it broke off: %v", signalName(r.ID()), fault)
		}
	}()
	sig, taken, err := d.store.Signal(ctx, r.ID())
	if err != nil || taken.Ticket != "" {
		return err
	}
	how := d.decodes[sig.Channel]
	how.Emergency = how.Emergency || sig.Channel == ChannelCall
	_, err = d.place(ctx, d.unread(d.dir.Load(), sig, MessageSignal{}, how, why))
	return err
}

// Reprocess takes a signal in anew, for instance after its decoder was mended.
// One that has become a ticket of class ticket.Unreadable is read again: what it
// says is added to that ticket, with what follows from it. One that has any other
// ticket stays as it is.
func (d *Dispatcher) Reprocess(ctx context.Context, id SignalID) (Opened, error) {
	sig, taken, err := d.store.Signal(ctx, id)
	if err != nil {
		return Opened{}, fmt.Errorf("load signal: %w", err)
	}
	if taken.Ticket == "" {
		return d.Intake(ctx, id)
	}
	c, err := d.load(ctx, taken.Ticket)
	if err != nil {
		return Opened{}, err
	}
	if c.Ticket.Class != ticket.Unreadable {
		return d.repeated(ctx, sig, taken)
	}
	a, err := d.arrive(sig)
	if err != nil {
		return Opened{}, err
	}
	if a.unread != nil {
		return Opened{}, fmt.Errorf("read signal %s anew: %w", signalName(id), a.unread)
	}
	err = d.amend(ctx, c.Ticket.ID, func(c Case) (Change, error) {
		paging, err := watchFrom(d.dir.Load().Policy)
		if err != nil {
			return Change{}, err
		}
		return decideReading(a, c, d.now().UTC(), paging)
	})
	if err != nil {
		return Opened{}, fmt.Errorf("read signal %s anew: %w", signalName(id), err)
	}
	c, err = d.load(ctx, c.Ticket.ID)
	return openedAs(c.Ticket, caller{number: a.who.number, match: a.who.match}, false), err
}
