package dispatch_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// late commits, and tells the first caller that it was too slow.
type late struct {
	*store.Memory
	told atomic.Bool
}

func (l *late) Commit(ctx context.Context, c dispatch.Change) error {
	if err := l.Memory.Commit(ctx, c); err != nil || l.told.Swap(true) {
		return err
	}
	return context.DeadlineExceeded
}

// A commit that outlasts its budget and succeeds all the same opens the ticket. The call that asks again hunts for it, so
// nobody is paged beside the call.
func TestSlowCommitKeepsTheHunt(t *testing.T) {
	t.Parallel()
	mem := store.NewMemory()
	d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: &late{Memory: mem}, Archive: mem, Directory: company(t)})
	must(t, err)
	must(t, d.Start(t.Context()))
	if _, err := d.OpenCall(t.Context(), call("a", "89211234567")); err == nil {
		t.Fatal("the slow commit was not told")
	}
	o, err := d.OpenCall(t.Context(), call("a", "89211234567"))
	must(t, err)
	if !o.Repeated {
		t.Errorf("the second try opened another ticket: %+v", o)
	}
	soon := time.Now().Add(2 * time.Minute)
	timers, err := mem.ClaimTimers(t.Context(), soon, time.Minute, 10)
	must(t, err)
	if len(timers) != 1 {
		t.Fatalf("%d page timers, want 1", len(timers))
	}
	must(t, d.Wake(t.Context(), timers[0]))
	pages, err := mem.ClaimNotices(t.Context(), dispatch.NoticePage, soon, time.Minute, 10)
	must(t, err)
	if len(pages) != 0 {
		t.Errorf("%d pages beside a call that hunts", len(pages))
	}
	must(t, d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "a", Result: dispatch.CallAbandoned, At: time.Now()}))
	if again, err := d.OpenCall(t.Context(), call("a", "89211234567")); err != nil || !again.Repeated {
		t.Fatalf("after its end: %+v, %v", again, err)
	}
	timers, err = mem.ClaimTimers(t.Context(), soon.Add(time.Hour), time.Minute, 10)
	must(t, err)
	for _, tm := range timers {
		must(t, d.Wake(t.Context(), tm))
	}
	if pages, err = mem.ClaimNotices(t.Context(), dispatch.NoticePage, soon.Add(time.Hour), time.Minute, 10); err != nil || len(pages) == 0 {
		t.Errorf("a call that has ended still counts as hunting: %d pages, %v", len(pages), err)
	}
}
