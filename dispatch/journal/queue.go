package journal

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// outstanding is a notice that is not settled, as this node knows it.
type outstanding struct {
	notice dispatch.Notice
	lease  time.Time // a delivery is under way until then
	tries  int       // claims so far
	news   uint64    // the last news of it, counted by Store.news
}

// track follows the notices that must go out also while the SQL store is away;
// mu is held. Events can wait for it.
func (s *Store) track(c dispatch.Change) {
	for _, n := range c.Notices {
		if _, known := s.notices[n.ID]; !known {
			s.learn(n)
		}
	}
	d := c.Delivery
	if d == nil {
		return
	}
	if d.Final {
		delete(s.notices, d.Notice.ID)
		return
	}
	o := s.learn(d.Notice)
	o.lease, o.notice.DueAt, o.tries = time.Time{}, d.RetryAt, max(o.tries, d.Notice.Attempt)
	if d.Result == dispatch.ResultPostponed {
		o.tries-- // the claim was no try
	}
}

// learn returns what is kept of the notice, of which there are news now; mu is
// held. Of events nothing is kept.
func (s *Store) learn(n dispatch.Notice) *outstanding {
	o, known := s.notices[n.ID]
	if !known {
		o = &outstanding{notice: n}
		if n.Kind != dispatch.NoticeEvent {
			s.notices[n.ID] = o
		}
	}
	s.news++
	o.news = s.news
	return o
}

// unlearn drops the notices that another node has settled or delivers just now:
// the SQL store, asked when news counted upTo, says that none of its kind is due
// before next. When the other node dies they come again by a claim. Events have
// no part in it.
func (s *Store) unlearn(kind dispatch.NoticeKind, next time.Time, upTo uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.overlay != nil {
		return // what it hands out, the SQL store does not know
	}
	for id, o := range s.notices {
		due := o.notice.DueAt
		if o.lease.After(due) {
			due = o.lease
		}
		if o.notice.Kind == kind && o.news <= upTo && (next.IsZero() || due.Before(next)) {
			delete(s.notices, id)
		}
	}
}

// hand gives the overlay the notices that the SQL store has and nobody has
// settled; what is under way is due when its lease ends. mu is held.
func (s *Store) hand(ctx context.Context) {
	var c dispatch.Change
	for _, o := range s.notices {
		n := o.notice
		if o.lease.After(n.DueAt) {
			n.DueAt = o.lease
		}
		c.Notices = append(c.Notices, n)
	}
	_ = s.overlay.Commit(context.WithoutCancel(ctx), c) // notices alone conflict with nothing
}

// claimed notes which notices are under way and returns those to deliver. The
// SQL store does not know what the overlay has handed out: that is left out
// while it is under way, and its tries are counted on. mu is held.
func (s *Store) claimed(list []dispatch.Notice, now, until time.Time) []dispatch.Notice {
	out := list[:0]
	for _, n := range list {
		if n.Kind == dispatch.NoticeEvent {
			out = append(out, n)
			continue
		}
		o, known := s.notices[n.ID]
		if known && o.lease.After(now) {
			o.lease = until // the SQL store holds it for this node until then
			continue
		}
		o = s.learn(n)
		n.Attempt = max(n.Attempt, o.tries+1)
		o.notice, o.lease, o.tries = n, until, n.Attempt
		out = append(out, n)
	}
	return out
}

// Questions of the workers: nobody hears them, they wait behind the commits,
// and a busy store is not away.
const (
	claimBudget   = 3 * time.Second // longest wait for claims
	reserveBudget = time.Second     // the same for ticket numbers: a caller may wait for one
)

// ClaimNotices implements dispatch.Queue.
func (s *Store) ClaimNotices(ctx context.Context, kind dispatch.NoticeKind, now time.Time, lease time.Duration, limit int) (list []dispatch.Notice, err error) {
	for {
		p, in := s.passing()
		if p == nil {
			break
		}
		err = p.ask(ctx, claimBudget, func(ctx context.Context) error {
			var fault error
			list, fault = in.ClaimNotices(ctx, kind, now, lease, limit)
			return fault
		})
		if !refused(err) || ctx.Err() != nil {
			s.mu.Lock()
			list = s.claimed(list, now, now.Add(lease))
			s.mu.Unlock()
			return list, err
		}
		s.turnAway(ctx, p, err)
	}
	return s.handOut(ctx, kind, now, lease, limit)
}

// handOut claims notices of the overlay. An event is handed out when all that
// was taken before is durable: what was told to others must stand. A page goes
// out whatever the journal's own disk does.
func (s *Store) handOut(ctx context.Context, kind dispatch.NoticeKind, now time.Time, lease time.Duration, limit int) ([]dispatch.Notice, error) {
	s.mu.Lock()
	o, seq := s.overlay, s.file.last()
	if o == nil {
		s.mu.Unlock()
		return nil, nil // back this very moment: the worker looks again
	}
	if kind != dispatch.NoticeEvent && !s.alone() { // receivers of events know a repeat
		s.mu.Unlock()
		return nil, nil
	}
	s.used = true
	list, err := o.ClaimNotices(ctx, kind, now, lease, limit)
	list = s.claimed(list, now, now.Add(lease))
	s.mu.Unlock()
	if err != nil || kind != dispatch.NoticeEvent || len(list) == 0 {
		return list, err
	}
	fault := s.settle(ctx, seq)
	if fault == nil {
		return list, nil
	}
	for _, n := range list { // the claim was no try
		back := dispatch.Delivery{Notice: n, Result: dispatch.ResultPostponed, RetryAt: now.Add(replayEvery)}
		if err := o.Commit(context.WithoutCancel(ctx), dispatch.Change{Delivery: &back}); err != nil {
			s.log.Warn("an event could not be put back into the queue; it comes when its lease ends", "notice", n.ID, "err", err)
		}
	}
	return nil, fault
}

// ClaimTimers implements dispatch.Queue.
func (s *Store) ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) (list []dispatch.Timer, err error) {
	for {
		p, in := s.passing()
		if p == nil {
			break
		}
		err = p.ask(ctx, claimBudget, func(ctx context.Context) error {
			var fault error
			list, fault = in.ClaimTimers(ctx, now, lease, limit)
			return fault
		})
		if !refused(err) || ctx.Err() != nil {
			return list, err
		}
		s.turnAway(ctx, p, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.overlay == nil || !s.alone() {
		return nil, nil
	}
	s.used = true
	return s.overlay.ClaimTimers(ctx, now, lease, limit)
}

// NextNotice implements dispatch.Queue.
func (s *Store) NextNotice(ctx context.Context, kind dispatch.NoticeKind) (time.Time, error) {
	s.mu.Lock()
	upTo := s.news
	s.mu.Unlock()
	next, passing, err := fromQueue(s, kind != dispatch.NoticeEvent, func(q dispatch.Queue) (time.Time, error) { return q.NextNotice(ctx, kind) })
	if err == nil && passing {
		s.unlearn(kind, next, upTo)
	}
	return next, err
}

// NextTimer implements dispatch.Queue.
func (s *Store) NextTimer(ctx context.Context) (time.Time, error) {
	next, _, err := fromQueue(s, true, func(q dispatch.Queue) (time.Time, error) { return q.NextTimer(ctx) })
	return next, err
}

// fromQueue asks whoever hands out the work now: the SQL store while passing.
// What only a node that acts alone hands out does not come before it does.
func fromQueue(s *Store, alone bool, ask func(dispatch.Queue) (time.Time, error)) (next time.Time, passing bool, err error) {
	s.mu.Lock()
	o, in, from := s.overlay, s.inner, time.Time{}
	if o != nil && alone && !s.alone() {
		from = s.doubt.Add(aloneAfter)
	}
	s.mu.Unlock()
	if o != nil {
		if next, err = ask(o); err == nil && !next.IsZero() && next.Before(from) {
			next = from
		}
		return next, false, err
	}
	next, err = ask(in)
	return next, true, err
}

// Reserve implements dispatch.Store. While the journal is away it fails at
// once with ErrAway.
func (s *Store) Reserve(ctx context.Context, year, n int) (first uint32, err error) {
	p, in := s.passing()
	if p == nil {
		return 0, ErrAway
	}
	err = p.ask(ctx, reserveBudget, func(ctx context.Context) error {
		var fault error
		first, fault = in.Reserve(ctx, year, n)
		return fault
	})
	return first, err
}

// Release implements dispatch.Releaser. While the journal is away it fails at
// once with ErrAway.
func (s *Store) Release(ctx context.Context, year int, first, end uint32) error {
	p, in := s.passing()
	if p == nil {
		return ErrAway
	}
	return p.ask(ctx, reserveBudget, func(ctx context.Context) error { return in.Release(ctx, year, first, end) })
}

// Keep implements dispatch.BlockKeeper: the list is in the file when it returns nil.
func (s *Store) Keep(ctx context.Context, blocks []dispatch.Block) error {
	return s.file.writeHead(ctx, func(h *head) { h.Blocks = blocks })
}

// Kept implements dispatch.BlockKeeper.
func (s *Store) Kept() []dispatch.Block { return s.file.blocks() }

// LastNumber implements dispatch.Numbered: the SQL store's last number, or a
// higher one that is still in the file.
func (s *Store) LastNumber(ctx context.Context, year int, first, end uint32) (uint32, error) {
	s.mu.Lock()
	in, last := s.inner, uint32(0)
	for _, e := range s.pending {
		if t := e.change.Ticket; t != nil && t.Number.Year == year%100 && t.Number.Seq >= first && t.Number.Seq < end {
			last = max(last, t.Number.Seq)
		}
	}
	s.mu.Unlock()
	if in == nil {
		return 0, ErrAway
	}
	stored, err := in.LastNumber(ctx, year, first, end)
	return max(last, stored), err
}
