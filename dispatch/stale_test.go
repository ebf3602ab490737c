package dispatch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// strangers are two nodes on one store that hear nothing of each other. Boris
// has the ticket by the call x on a, and y on b belongs to it too; then x is
// cut, and b's copy is old.
func strangers(t *testing.T) (s *store.Memory, a, b *dispatch.Dispatcher, ref dispatch.Ref) {
	t.Helper()
	s = store.NewMemory()
	node := func(id string) *dispatch.Dispatcher {
		d := dispatcher(t, s, func(_ *dispatch.Config, d *dispatch.Deps) { d.Node, d.Nodes = id, s })
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := d.Run(ctx); err != nil {
				t.Errorf("node %s: %v", id, err)
			}
		})
		t.Cleanup(func() { cancel(); wg.Wait() })
		return d
	}
	a, b = node("a"), node("b")
	o, err := a.OpenCall(t.Context(), call("x", "89211234567"))
	must(t, err)
	_, err = b.OpenCall(t.Context(), call("y", "89211234567"))
	must(t, err)
	wait(time.Second)
	must(t, a.RecordAccepted(t.Context(), dispatch.Accepted{Ref: o.Ref, Call: "x", Person: "boris", At: time.Now()}))
	must(t, b.Resync(t.Context()))
	wait(time.Second)
	must(t, a.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "x", Result: dispatch.CallBroken, At: time.Now()}))
	return s, a, b, o.Ref
}

// due claims the one page timer that is due.
func due(t *testing.T, s *store.Memory) dispatch.Timer {
	t.Helper()
	timers, err := s.ClaimTimers(t.Context(), time.Now(), time.Second, 10)
	must(t, err)
	if len(timers) != 1 {
		t.Fatalf("%d timers are due", len(timers))
	}
	return timers[0]
}

// page claims the one page that is due.
func page(t *testing.T, s *store.Memory) dispatch.Notice {
	t.Helper()
	pages, err := s.ClaimNotices(t.Context(), dispatch.NoticePage, time.Now(), time.Minute, 10)
	must(t, err)
	if len(pages) != 1 {
		t.Fatalf("%d pages are due", len(pages))
	}
	return pages[0]
}

// A node whose copy says that somebody has the ticket pages for it all the same
// when the timer was set by another node.
func TestWakeOnAnOldCopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _, b, ref := strangers(t)
		must(t, b.RecordOutcome(t.Context(), dispatch.Outcome{Ref: ref, Call: "y", Result: dispatch.CallServed, At: time.Now()}))
		must(t, b.Wake(t.Context(), due(t, s)))
		if p := page(t, s); p.To != "boris" {
			t.Errorf("paged %s", p.To)
		}
	})
}

// A call that is lost on a node whose copy is old has people paged at once.
func TestOutcomeOnAnOldCopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, a, b, ref := strangers(t)
		must(t, a.Wake(t.Context(), due(t, s))) // y hunts: not yet
		wait(time.Second)
		must(t, b.RecordOutcome(t.Context(), dispatch.Outcome{Ref: ref, Call: "y", Result: dispatch.CallAbandoned, At: time.Now()}))
		must(t, a.Wake(t.Context(), due(t, s)))
		if p := page(t, s); p.To != "boris" {
			t.Errorf("paged %s", p.To)
		}
	})
}

// Paging goes on at once when the page was sent by a node whose copy is old.
func TestDeliveryOnAnOldCopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, a, b, ref := strangers(t)
		must(t, b.RecordOutcome(t.Context(), dispatch.Outcome{Ref: ref, Call: "y", Result: dispatch.CallServed, At: time.Now()}))
		must(t, a.Wake(t.Context(), due(t, s)))
		must(t, b.RecordDelivery(t.Context(), dispatch.Delivery{Notice: page(t, s), Result: dispatch.ResultNoAnswer, Final: true, At: time.Now()}))
		if p := page(t, s); p.To != "anna" {
			t.Errorf("paged %s", p.To)
		}
	})
}

// stutter carries the record of each page out and says the first time that it
// has not.
type stutter struct {
	*store.Memory

	mu   sync.Mutex
	told map[string]bool // guarded by mu
}

func (s *stutter) Commit(ctx context.Context, c dispatch.Change) error {
	err := s.Memory.Commit(ctx, c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := c.Delivery; d != nil && err == nil && !s.told[d.Notice.ID] {
		s.told[d.Notice.ID] = true
		return errors.New("the answer was lost")
	}
	return err
}

// A page's result that is recorded twice is one try.
func TestRepeatedDeliveryCountsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		busy := answer{time.Second, dispatch.ResultBusy, nil}
		h := open(t, s, map[string][]answer{"anna": {busy}, "boris": {busy}, "static": {busy}}, func(d *dispatch.Deps) {
			d.Store = &stutter{Memory: s, told: map[string]bool{}}
		})
		o, err := h.OpenCall(t.Context(), call("x", "89211234567"))
		must(t, err)
		h.lose(t, o, "x", dispatch.CallAbandoned)
		wait(20*time.Minute + 30*time.Second)
		must(t, h.Acknowledge(t.Context(), o.Ref, "vera", "cli", time.Now()))
		log, err := h.Events(t.Context(), o.Ref)
		must(t, err)
		tries := 0
		for _, e := range log {
			if a, ok := e.Body.(ticket.Attempted); ok {
				tries += 1 + a.Repeats
			}
		}
		h.phones.mu.Lock()
		defer h.phones.mu.Unlock()
		if paged := len(h.phones.log); paged < 15 || tries != paged {
			t.Errorf("the log tells of %d tries of %d", tries, paged)
		}
	})
}
