package journal

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// frozen is a SQL store that is asked while our process is stopped: the answer
// is seen long after the budget, whatever the store did meanwhile.
type frozen struct {
	*store.Memory

	sleeps    int
	meanwhile func()
}

func (f *frozen) sleep(ctx context.Context) error {
	if f.sleeps == 0 {
		return nil
	}
	f.sleeps--
	time.Sleep(time.Minute) // of the bubble
	if f.meanwhile != nil {
		f.meanwhile()
	}
	return context.Cause(ctx)
}

func (f *frozen) Commit(ctx context.Context, c dispatch.Change) error {
	if err := f.sleep(ctx); err != nil {
		return err
	}
	return f.Memory.Commit(ctx, c)
}

func (f *frozen) ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.Timer, error) {
	if err := f.sleep(ctx); err != nil {
		return nil, err
	}
	return f.Memory.ClaimTimers(ctx, now, lease, limit)
}

// A node that was frozen while it waited for the database asks again before it
// acts by itself: what others have done meanwhile stands, and pages nobody.
func TestFrozenAsksAgain(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	synctest.Test(t, func(t *testing.T) {
		in := &frozen{Memory: store.NewMemory()}
		s, end := start(t, cfg, Deps{}, in)
		defer end()
		must(t, s.Commit(t.Context(), opening(1)))
		stale := decide(t, s, 1, "anna", ticket.Acknowledged{How: "cli"})

		in.sleeps, in.meanwhile = 1, func() {
			must(t, in.Memory.Commit(t.Context(), decide(t, in.Memory, 1, "boris", ticket.Acknowledged{How: "cli"})))
		}
		want(t, s.Commit(t.Context(), stale), dispatch.ErrConflict)
		if state := s.Status().State; state != Passing {
			t.Errorf("the journal is %s after a sleep", state)
		}

		in.sleeps, in.meanwhile = 1, nil
		must(t, s.Commit(t.Context(), note(1, "after")))
		in.sleeps = 1
		due, err := s.ClaimTimers(t.Context(), t0.Add(time.Hour), time.Minute, 10)
		must(t, err)
		if len(due) != 0 {
			t.Errorf("a timer of a ticket that was taken meanwhile: %+v", due)
		}
		if got := lines(t, in.Memory, 1); len(got) != 3 {
			t.Errorf("log %q", got)
		}
		if state := s.Status().State; state != Passing {
			t.Errorf("the journal is %s after a sleep", state)
		}
	})
}
