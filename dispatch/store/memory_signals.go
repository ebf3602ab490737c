package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// record returns the stored signal as a list shows it.
func (r signalRec) record(raw bool) dispatch.SignalRecord {
	rec := dispatch.SignalRecord{
		Signal: r.sig, Taken: r.taken, Tries: r.tries, DueAt: r.due, Fault: r.fault, Settled: r.settled, Size: len(r.sig.Raw),
	}
	rec.Message = nil
	if !raw {
		rec.Raw = nil
	}
	return rec
}

// ClaimSignals implements dispatch.Signals.
func (m *Memory) ClaimSignals(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.SignalRecord, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var due []signalRec
	for _, r := range m.db.signals {
		if !r.due.IsZero() && !r.due.After(now) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b signalRec) int { return cmp.Or(a.due.Compare(b.due), a.sig.At.Compare(b.sig.At)) })
	var list []dispatch.SignalRecord
	for _, r := range due[:min(limit, len(due))] {
		r.due, r.tries = instant(micros(now.Add(lease))), r.tries+1
		m.db.signals[r.sig.ID()] = r
		list = append(list, r.record(true))
	}
	return list, nil
}

// NextSignal implements dispatch.Signals.
func (m *Memory) NextSignal(ctx context.Context) (next time.Time, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return next, err
	}
	defer leave()
	for _, r := range m.db.signals {
		if !r.due.IsZero() {
			next = sooner(next, r.due, time.Time{})
		}
	}
	return next, nil
}

// SettleSignal implements dispatch.Signals.
func (m *Memory) SettleSignal(ctx context.Context, id dispatch.SignalID, how dispatch.Settling) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	r, known := m.db.signals[id]
	if known && r.taken.Ticket == "" {
		r.due, r.fault, r.settled = instant(micros(how.RetryAt)), how.Fault, how.Settled
		m.db.signals[id] = r
	}
	return nil
}

// ListSignals implements dispatch.Signals.
func (m *Memory) ListSignals(ctx context.Context, f dispatch.SignalFilter) ([]dispatch.SignalRecord, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.SignalRecord
	for _, rec := range m.db.signals {
		r := rec.record(f.Raw)
		if (f.Channel == "" || r.Channel == f.Channel) && (f.Key == "" || r.Key == f.Key) && (f.Ticket == "" || r.Taken.Ticket == f.Ticket) &&
			(f.Before.IsZero() || r.At.Before(f.Before)) && (f.State == "" || r.State() == f.State) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b dispatch.SignalRecord) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Key, b.Key))
	})
	return list[:min(int(limit(f.Limit)), len(list))], nil
}

// LastTicket implements dispatch.Signals.
func (m *Memory) LastTicket(ctx context.Context, party string) (last ticket.Ticket, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return last, err
	}
	defer leave()
	for _, t := range m.db.tickets {
		newer := cmp.Or(t.OpenedAt.Compare(last.OpenedAt), cmp.Compare(t.Number.Seq, last.Number.Seq)) > 0
		if party != "" && t.Party == party && (last.ID == "" || newer) {
			last = t
		}
	}
	if last.ID == "" {
		return last, fmt.Errorf("find the last ticket of a party: %w", dispatch.ErrNotFound)
	}
	return last, nil
}
