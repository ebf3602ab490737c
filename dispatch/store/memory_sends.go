package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// sendKey names a page that went out.
type sendKey struct {
	person  string
	channel dispatch.Channel
	notice  string
}

// Admit implements dispatch.Sends.
func (m *Memory) Admit(ctx context.Context, one dispatch.Send, since time.Time, allow func([]dispatch.Send) bool) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	var sent []dispatch.Send
	for _, s := range m.db.sends {
		if s.Person == one.Person && s.Channel == one.Channel && !s.At.Before(since) {
			sent = append(sent, s)
		}
	}
	slices.SortFunc(sent, func(a, b dispatch.Send) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Notice, b.Notice)) })
	if !allow(sent) {
		return nil
	}
	for k, s := range m.db.sends {
		if s.Person == one.Person && s.Channel == one.Channel && s.At.Before(since) {
			delete(m.db.sends, k)
		}
	}
	one.At = instant(micros(one.At))
	k := sendKey{one.Person, one.Channel, one.Notice}
	if _, known := m.db.sends[k]; !known {
		m.db.sends[k] = one
	}
	return nil
}

// TakeBack implements dispatch.Sends.
func (m *Memory) TakeBack(ctx context.Context, one dispatch.Send) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	k := sendKey{one.Person, one.Channel, one.Notice}
	if s, known := m.db.sends[k]; known && !s.At.After(instant(micros(one.At))) {
		delete(m.db.sends, k)
	}
	return nil
}

// isDead reports whether a notice is a dead letter that the filter chooses.
func (r noticeRec) isDead(f dispatch.DeadFilter) bool {
	return r.done && r.notice.Kind == dispatch.NoticeEvent && r.result == dispatch.ResultFailed &&
		(f.To == "" || r.notice.To == f.To) && (len(f.IDs) == 0 || slices.Contains(f.IDs, r.notice.ID))
}

// Dead implements dispatch.DeadLetters.
func (m *Memory) Dead(ctx context.Context, f dispatch.DeadFilter) ([]dispatch.DeadLetter, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.DeadLetter
	for _, r := range m.db.outbox {
		if r.isDead(f) {
			last := r.deliveries[len(r.deliveries)-1]
			list = append(list, deadLetter(r.notice, instant(micros(last.At.Add(last.Took))), r.attempts, last.Err))
		}
	}
	slices.SortFunc(list, func(a, b dispatch.DeadLetter) int {
		return cmp.Or(b.DeadAt.Compare(a.DeadAt), strings.Compare(a.ID, b.ID))
	})
	limit := f.Limit
	if limit == 0 {
		limit = mostDead
	}
	return list[:min(limit, len(list))], nil
}

// Revive implements dispatch.DeadLetters.
func (m *Memory) Revive(ctx context.Context, f dispatch.DeadFilter, now time.Time) (n int, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	for id, r := range m.db.outbox {
		if !r.isDead(f) {
			continue
		}
		r.done, r.result, r.attempts, r.lease, r.deliveries = false, "", 0, time.Time{}, nil
		r.due = instant(micros(now))
		r.notice.DueAt = r.due
		m.db.outbox[id] = r
		n++
	}
	return n, nil
}
