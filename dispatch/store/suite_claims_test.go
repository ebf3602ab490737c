package store

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// leaves runs a claim whose caller goes away when it has been made and before
// it is committed.
func leaves(t *testing.T, s *SQL, claim func(context.Context) error) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	gone, busy, queued := make(chan error, 1), make(chan struct{}), make(chan struct{})
	others := make(chan error, 2)
	go func() {
		others <- s.submit(t.Context(), func(context.Context, *writer) error { // until both wait behind it
			close(busy)
			<-queued
			return nil
		})
	}()
	<-busy
	wait := func(n int) {
		for len(s.queue) < n {
			runtime.Gosched()
		}
	}
	go func() { gone <- claim(ctx) }()
	wait(1)
	go func() {
		others <- s.submit(t.Context(), func(context.Context, *writer) error { // in the transaction of the claim, behind it
			leave()
			gone <- <-gone
			return nil
		})
	}()
	wait(2)
	close(queued)
	must(t, <-others)
	must(t, <-others)
	want(t, <-gone, context.Canceled)
}

// What a claim holds whose caller did not wait for the answer is handed out
// with his next one, and to nobody else before its lease ends.
func suiteLostClaims(t *testing.T, s record) {
	t.Helper()
	db, is := s.(*SQL)
	if !is {
		return // memory answers at once
	}
	ctx, now, lease := t.Context(), t0.Add(time.Minute), 3*time.Minute
	c := opening(1)
	c.Timers = []dispatch.Timer{{Ticket: "t1", Kind: dispatch.TimerPage, DueAt: t0, Gen: 1}}
	c.Notices = []dispatch.Notice{{ID: "p1", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, Ref: dispatch.Ref{ID: "t1"}, DueAt: t0}}
	must(t, s.Commit(ctx, c))
	leaves(t, db, func(ctx context.Context) error {
		_, err := s.ClaimNotices(ctx, dispatch.NoticePage, now, lease, 10)
		return err
	})
	leaves(t, db, func(ctx context.Context) error {
		_, err := s.ClaimTimers(ctx, now, lease, 10)
		return err
	})
	now = now.Add(time.Second)
	if other, err := s.ClaimNotices(ctx, dispatch.NoticeRecall, now, lease, 10); err != nil || len(other) != 0 {
		t.Errorf("another kind: %+v, %v", other, err)
	}
	pages, err := s.ClaimNotices(ctx, dispatch.NoticePage, now, lease, 10)
	must(t, err)
	if len(pages) != 1 || pages[0].ID != "p1" || pages[0].Attempt != 1 {
		t.Errorf("the page after a lost claim: %+v", pages)
	}
	timers, err := s.ClaimTimers(ctx, now, lease, 10)
	must(t, err)
	if len(timers) != 1 {
		t.Errorf("the timer after a lost claim: %+v", timers)
	}
	now = now.Add(time.Second)
	if pages, err = s.ClaimNotices(ctx, dispatch.NoticePage, now, lease, 10); err != nil || len(pages) != 0 {
		t.Errorf("a page that is under way: %+v, %v", pages, err)
	}
	if timers, err = s.ClaimTimers(ctx, now, lease, 10); err != nil || len(timers) != 0 {
		t.Errorf("a timer that is under way: %+v, %v", timers, err)
	}
}
