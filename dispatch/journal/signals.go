package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Signals that are no calls are in the SQL store alone: whoever sends one is told that it was not taken, and tries again. A
// caller can not be told that, so his signal is journaled.

// turnsBack reports whether a change is left to its sender to repeat while the journal is away.
func turnsBack(c dispatch.Change) bool {
	return c.Signal != nil && c.Signal.Channel != dispatch.ChannelCall
}

// errSender says why the journal does not keep such a change.
var errSender = fmt.Errorf("%w: a signal that is no call is not kept without it; its sender has to try again", ErrAway)

// ClaimSignals implements dispatch.Signals.
func (s *Store) ClaimSignals(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.SignalRecord, error) {
	if s.away() {
		return nil, ErrAway // what is taken in could not be kept
	}
	return inquire(s, func(in Inner) ([]dispatch.SignalRecord, error) { return in.ClaimSignals(ctx, now, lease, limit) })
}

// NextSignal implements dispatch.Signals.
func (s *Store) NextSignal(ctx context.Context) (time.Time, error) {
	return inquire(s, func(in Inner) (time.Time, error) { return in.NextSignal(ctx) })
}

// SettleSignal implements dispatch.Signals.
func (s *Store) SettleSignal(ctx context.Context, id dispatch.SignalID, how dispatch.Settling) error {
	return tell(s, func(in Inner) error { return in.SettleSignal(ctx, id, how) })
}

// ListSignals implements dispatch.Signals.
func (s *Store) ListSignals(ctx context.Context, f dispatch.SignalFilter) ([]dispatch.SignalRecord, error) {
	return inquire(s, func(in Inner) ([]dispatch.SignalRecord, error) { return in.ListSignals(ctx, f) })
}

// LastTicket implements dispatch.Signals.
func (s *Store) LastTicket(ctx context.Context, party string) (ticket.Ticket, error) {
	return inquire(s, func(in Inner) (ticket.Ticket, error) { return in.LastTicket(ctx, party) })
}
