package dispatch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Receive stores a raw signal; when it returns nil the sender may be told that
// we have it. A repeat of the same (channel, key) is the same signal. What is no
// call is taken in by Run soon after, on this node or another; whoever wants to
// know its ticket asks Intake. With an error nothing was promised: the sender
// has to try again.
func (d *Dispatcher) Receive(ctx context.Context, sig Signal) (_ SignalID, err error) {
	began := d.now()
	defer func() { d.metrics.verb("receive", began, err) }()
	if err := sig.Validate(); err != nil {
		return SignalID{}, err
	}
	if sig.Raw == nil && sig.Message != nil {
		if sig.Raw, err = json.Marshal(sig.Message); err != nil {
			return SignalID{}, fmt.Errorf("keep message as signal: %w", err)
		}
	}
	sig.At = sig.At.UTC().Truncate(time.Microsecond)
	select { // a flood waits here, where it is not in the way of calls
	case d.room <- struct{}{}:
	case <-ctx.Done():
		return SignalID{}, fmt.Errorf("store signal: too many at once: %w", context.Cause(ctx))
	}
	err = d.commit(ctx, Change{Signal: &sig})
	<-d.room
	if errors.Is(err, ErrRepeated) {
		return d.sameSignal(ctx, sig)
	}
	if err != nil {
		return SignalID{}, fmt.Errorf("store signal: %w", err)
	}
	d.hand(sig)
	return sig.ID(), nil
}

// sameSignal answers the repeat of a signal. Programs and commands choose their
// keys themselves: another body under a used one is no repeat, and would be lost
// if it was acknowledged. Messages of other channels come with new envelopes.
func (d *Dispatcher) sameSignal(ctx context.Context, sig Signal) (SignalID, error) {
	if sig.Channel != ChannelAPI && sig.Channel != ChannelCLI {
		return sig.ID(), nil
	}
	kept, _, err := d.store.Signal(ctx, sig.ID())
	if err != nil {
		return SignalID{}, fmt.Errorf("compare with the signal of the same key: %w", err)
	}
	if len(kept.Raw) > 0 && !bytes.Equal(kept.Raw, sig.Raw) { // bytes that were let go are not compared
		return SignalID{}, fmt.Errorf("store signal: %w", ErrKeyUsed)
	}
	return sig.ID(), nil
}

// Intake makes a stored signal a ticket, or lets it join an open one. It is
// idempotent: however often it is asked, the signal has one ticket. The zero
// Opened means that the signal needs none.
func (d *Dispatcher) Intake(ctx context.Context, id SignalID) (Opened, error) {
	sig, taken, err := d.store.Signal(ctx, id)
	if err != nil {
		return Opened{}, fmt.Errorf("load signal: %w", err)
	}
	if taken.Ticket != "" {
		return d.repeated(ctx, sig, taken)
	}
	if sig.Call != nil {
		return d.OpenCall(ctx, sig)
	}
	return d.takeMessage(ctx, sig)
}

// OpenCall is Receive and Intake in one commit, for calls: the caller is
// waiting. The wait for the store is bounded by the commit budget.
func (d *Dispatcher) OpenCall(ctx context.Context, sig Signal) (opened Opened, err error) {
	began := d.now()
	defer func() { d.metrics.verb("open_call", began, err) }()
	if err := sig.Validate(); err != nil {
		return Opened{}, err
	}
	if sig.Call == nil {
		return Opened{}, fmt.Errorf("take in signal of channel %s: only calls are taken in", sig.Channel)
	}
	if sig.Raw == nil {
		if sig.Raw, err = json.Marshal(sig.Call); err != nil {
			return Opened{}, fmt.Errorf("keep call as signal: %w", err)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d.cfg.CommitBudget,
		fmt.Errorf("the store did not answer within commit_budget (%v)", d.cfg.CommitBudget))
	defer cancel()
	s := d.dir.Load()
	line, ok := s.Line(sig.Call.Line)
	if !ok {
		if line, ok = s.LineFor(sig.Call.DID); !ok {
			return Opened{}, fmt.Errorf("take in call: no hotline for %s; add the number under lines", client.Mask(sig.Call.DID))
		}
	}
	return d.openCall(ctx, sig, line, identify(s.Book, *sig.Call))
}

// openCall joins the caller's open ticket at once. To open one it waits for
// its turn, so that the calls of one caller that come together find each other.
func (d *Dispatcher) openCall(ctx context.Context, sig Signal, line Line, who caller) (Opened, error) {
	if _, open := d.board.find(who.parties()...); !open && who.party != "" {
		leave, err := d.gates.enter(ctx, who.party)
		if err != nil {
			return Opened{}, err
		}
		defer leave()
	}
	for try := 0; ; try++ {
		in, err := d.decideCall(ctx, sig, line, who)
		if err != nil {
			return Opened{}, err
		}
		in.change.Calls[0].Node = d.life.id
		err = d.commit(ctx, in.change)
		if repeat, ok := errors.AsType[*RepeatedError](err); ok {
			return d.repeated(ctx, sig, repeat.Taken)
		}
		if errors.Is(err, ErrConflict) && try < maxConflicts {
			d.metrics.conflict()
			if err := d.catchUp(ctx, in.ticket.ID, in.joined); err != nil {
				return Opened{}, err
			}
			continue
		}
		if err != nil {
			return Opened{}, fmt.Errorf("open ticket for call %s: %w", callID(sig), err)
		}
		d.board.begin(in.change.Calls[0])
		return openedAs(in.ticket, who, in.joined), nil
	}
}

// decideCall finds the caller's open case or a number for a new ticket, and
// decides.
func (d *Dispatcher) decideCall(ctx context.Context, sig Signal, line Line, who caller) (intake, error) {
	var open *Case
	fresh := ticket.Opened{}
	c, ok := d.board.find(who.parties()...)
	if ok && d.board.isStale(c.Ticket.ID) {
		if c, _ = d.load(ctx, c.Ticket.ID); !c.Ticket.Open() {
			ok = false // another node has closed it
		}
	}
	if ok {
		open = &c
	} else {
		number, err := d.numbers.take(ctx, sig.At)
		if err != nil {
			return intake{}, err
		}
		rules := d.rules(d.dir.Load().Book, who.match.Org)
		fresh = ticket.Opened{ID: newID(), Number: number, Limit: d.cfg.FirstContact, Policy: &rules}
	}
	in, err := decideIntake(sig, line, who, open, fresh, d.cfg.HuntGuard)
	if err == nil && !in.joined {
		in.change.Timers[0].State, err = watchFrom(d.dir.Load().Policy)
	}
	if err != nil {
		return in, fmt.Errorf("take in call %s: %w", callID(sig), err)
	}
	return in, nil
}

// catchUp corrects the board after a conflict: the case that was to be joined,
// or, when a new ticket met another of the same party, all open cases.
func (d *Dispatcher) catchUp(ctx context.Context, id string, joined bool) error {
	if joined {
		_, err := d.reload(ctx, id)
		return err
	}
	_, err := d.readBoard(ctx)
	return err
}

func openedAs(t ticket.Ticket, who caller, joined bool) Opened {
	o := Opened{Ref: refOf(t), Caller: who.number, Joined: joined, OpenedAt: t.OpenedAt, Acknowledged: t.Acknowledged.By}
	if who.match.Level != client.Unknown {
		o.Client = &who.match
	}
	return o
}

// repeated answers a signal that has become a ticket before. A commit that was
// too slow for its caller left no trace in memory: the board learns of it here.
func (d *Dispatcher) repeated(ctx context.Context, sig Signal, taken Taken) (Opened, error) {
	c, err := d.load(ctx, taken.Ticket)
	if err != nil {
		return Opened{}, err
	}
	var who caller
	if sig.Call != nil {
		who = identify(d.dir.Load().Book, *sig.Call)
	}
	d.board.put(c)
	if d.archive != nil && sig.Call != nil {
		if call, err := d.archive.Call(ctx, callID(sig)); err == nil && call.EndedAt.IsZero() {
			d.board.begin(call)
		}
	}
	o := openedAs(c.Ticket, who, taken.Joined)
	o.Repeated = true
	return o, nil
}

// KnownCaller reports whether a client's card lists the number or an open
// ticket belongs to it. It reads memory only. number is in any written form.
func (d *Dispatcher) KnownCaller(number string) bool {
	who := identify(d.dir.Load().Book, CallSignal{Caller: number})
	if who.number == "" {
		return false
	}
	if who.match.Level != client.Unknown {
		return true
	}
	_, open := d.board.find(who.parties()...)
	return open
}
