package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func suiteLists(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	for i := range 5 {
		c := opening(i + 1)
		at := t0.Add(time.Duration(i) * time.Minute)
		c.Ticket.OpenedAt, c.Calls[0].StartedAt = at, at
		must(t, s.Commit(ctx, c))
	}
	list, err := s.Tickets(ctx, dispatch.TicketFilter{OpenOnly: true, Before: t0.Add(4 * time.Minute), Limit: 2})
	must(t, err)
	if len(list) != 2 || list[0].ID != "t4" || list[1].ID != "t3" {
		t.Errorf("tickets %+v", list)
	}
	calls, err := s.Calls(ctx, dispatch.CallFilter{Ticket: "t2"})
	must(t, err)
	if len(calls) != 1 || calls[0].ID != "call-2" {
		t.Errorf("calls %+v", calls)
	}
	closed := ticket.Closed
	none, err := s.Tickets(ctx, dispatch.TicketFilter{Stage: &closed})
	must(t, err)
	if len(none) != 0 {
		t.Errorf("closed %+v", none)
	}
}

func suiteContext(t *testing.T, s record) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	want(t, s.Commit(ctx, opening(1)), context.Canceled)
	_, err := s.Load(t.Context(), "t1")
	want(t, err, dispatch.ErrNotFound)
}

func suiteReserve(t *testing.T, s record) {
	t.Helper()
	var mu sync.Mutex
	seen := map[uint32]bool{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			first, err := s.Reserve(t.Context(), 2026, 5)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for i := range uint32(5) {
				if seen[first+i] || first == 0 {
					t.Errorf("number %d handed out twice", first+i)
				}
				seen[first+i] = true
			}
		})
	}
	wg.Wait()
	if first, _ := s.Reserve(t.Context(), 2027, 1); first != 1 {
		t.Errorf("a new year begins with %d", first)
	}
}

func suiteRelease(t *testing.T, s record) {
	t.Helper()
	numbers, ok := s.(dispatch.Releaser)
	if !ok {
		t.Fatal("takes no numbers back")
	}
	next := func(n int) uint32 {
		first, err := s.Reserve(t.Context(), 2026, n)
		must(t, err)
		return first
	}
	a, b := next(50), next(50)
	must(t, numbers.Release(t.Context(), 2026, a+3, a+50)) // b came after it
	if got := next(1); got != b+50 {
		t.Errorf("after a release in the middle: %d, want %d", got, b+50)
	}
	must(t, numbers.Release(t.Context(), 2026, b+50, b+51))
	must(t, numbers.Release(t.Context(), 2026, b+2, b+50))
	if got := next(1); got != b+2 {
		t.Errorf("after the release of the last: %d, want %d", got, b+2)
	}
}

func suiteTogether(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	named := func(id string, c dispatch.Change) dispatch.Change {
		c.ID = id
		return c
	}
	must(t, s.CommitAll(ctx, []dispatch.Change{named("a", opening(1)), named("b", note(1, "k1")), named("c", note(1, "k2"))}))
	want(t, s.CommitAll(ctx, []dispatch.Change{named("d", opening(2)), named("e", note(1, "k1"))}), dispatch.ErrRepeated)
	want(t, s.CommitAll(ctx, []dispatch.Change{named("f", opening(3)), named("b", note(3, ""))}), dispatch.ErrRepeated)
	for n := 2; n <= 3; n++ {
		_, err := s.Load(ctx, fmt.Sprint("t", n))
		want(t, err, dispatch.ErrNotFound)
	}
	must(t, s.CommitAll(ctx, []dispatch.Change{named("d", opening(2))})) // it was not remembered
	log, err := s.Events(ctx, "t1")
	must(t, err)
	if len(log) != 3 || log[1].Key != "k1" || log[2].Key != "k2" || log[2].Prev != log[1].Hash {
		t.Errorf("log %+v", log)
	}
}
