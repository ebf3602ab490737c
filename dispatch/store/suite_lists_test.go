package store

import (
	"context"
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
