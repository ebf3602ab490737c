package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// ClaimNotices implements dispatch.Queue.
func (m *Memory) ClaimNotices(ctx context.Context, kind dispatch.NoticeKind, now time.Time, lease time.Duration, limit int) ([]dispatch.Notice, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var due []noticeRec
	for _, r := range m.db.outbox {
		if r.notice.Kind == kind && !r.done && !r.due.After(now) && !r.lease.After(now) && m.firstOfChain(r) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b noticeRec) int {
		if kind == dispatch.NoticePage && a.notice.Urgency != b.notice.Urgency {
			return a.notice.Urgency - b.notice.Urgency
		}
		if d := a.due.Compare(b.due); d != 0 {
			return d
		}
		return a.order - b.order
	})
	var list []dispatch.Notice
	for _, r := range due[:min(limit, len(due))] {
		r.lease = now.Add(lease)
		r.attempts++
		m.db.outbox[r.notice.ID] = r
		n := r.notice
		n.Attempt = r.attempts
		list = append(list, n)
	}
	return list, nil
}

// firstOfChain reports whether no earlier link of the notice's chain is waiting.
func (m *Memory) firstOfChain(r noticeRec) bool {
	if r.notice.Chain == "" {
		return true
	}
	for _, o := range m.db.outbox {
		if o.notice.Chain == r.notice.Chain && !o.done && cmp.Or(o.notice.DueAt.Compare(r.notice.DueAt), cmp.Compare(o.notice.ID, r.notice.ID)) < 0 {
			return false
		}
	}
	return true
}

// ClaimTimers implements dispatch.Queue.
func (m *Memory) ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.Timer, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.Timer
	for _, r := range m.db.timers {
		if !r.timer.DueAt.After(now) && !r.lease.After(now) {
			list = append(list, r.timer)
		}
	}
	slices.SortFunc(list, func(a, b dispatch.Timer) int { return cmp.Or(a.Urgency-b.Urgency, a.DueAt.Compare(b.DueAt)) })
	list = list[:min(limit, len(list))]
	for _, t := range list {
		k := dispatch.TimerKey{Ticket: t.Ticket, Kind: t.Kind}
		m.db.timers[k] = timerRec{t, now.Add(lease)}
	}
	return list, nil
}

// NextNotice implements dispatch.Queue.
func (m *Memory) NextNotice(ctx context.Context, kind dispatch.NoticeKind) (next time.Time, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return next, err
	}
	defer leave()
	for _, r := range m.db.outbox {
		if r.notice.Kind == kind && !r.done && m.firstOfChain(r) {
			next = sooner(next, r.due, r.lease)
		}
	}
	return next, nil
}

// NextTimer implements dispatch.Queue.
func (m *Memory) NextTimer(ctx context.Context) (next time.Time, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return next, err
	}
	defer leave()
	for _, r := range m.db.timers {
		next = sooner(next, r.timer.DueAt, r.lease)
	}
	return next, nil
}

// sooner returns the earlier of old and the later of due and lease.
func sooner(old, due, lease time.Time) time.Time {
	if lease.After(due) {
		due = lease
	}
	if old.IsZero() || due.Before(old) {
		return due
	}
	return old
}

// ReleaseLeases ends all leases, as opening SQLite exclusively does.
func (m *Memory) ReleaseLeases(ctx context.Context) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for id, r := range m.db.outbox {
		r.lease = time.Time{}
		m.db.outbox[id] = r
	}
	for k, r := range m.db.timers {
		m.db.timers[k] = timerRec{timer: r.timer}
	}
	return nil
}
