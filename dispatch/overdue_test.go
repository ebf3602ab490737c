package dispatch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// The audit names tickets whose step nobody takes, gives a timer to one that has
// none, and is silent about what another node has done.
func TestOverdueSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := store.NewMemory()
		d := dispatcher(t, s, nil) // nothing wakes its timers
		o, err := d.OpenCall(t.Context(), call("a", "89211234567"))
		must(t, err)
		if late := d.OverdueSteps(t.Context(), time.Minute); len(late) != 0 {
			t.Errorf("at once: %+v", late)
		}
		wait(90*time.Second + 61*time.Second) // the guard, and the patience
		late := d.OverdueSteps(t.Context(), time.Minute)
		if len(late) != 1 || late[0].Ref != o.Ref || late[0].Kind != dispatch.TimerPage || late[0].None || late[0].By < time.Minute {
			t.Errorf("late: %+v", late)
		}

		other := dispatcher(t, s, nil)
		timers, err := s.ClaimTimers(t.Context(), time.Now(), time.Second, 1)
		must(t, err)
		must(t, other.Wake(t.Context(), timers[0]))
		if late := d.OverdueSteps(t.Context(), time.Minute); len(late) != 0 {
			t.Errorf("another node has taken the step: %+v", late)
		}

		must(t, s.Commit(t.Context(), dispatch.Change{Drop: []dispatch.TimerKey{{Ticket: o.ID, Kind: dispatch.TimerPage}}}))
		must(t, d.Resync(t.Context())) // as if it had started like this
		must(t, s.Commit(t.Context(), dispatch.Change{Drop: []dispatch.TimerKey{{Ticket: o.ID, Kind: dispatch.TimerPage}}}))
		wait(3 * time.Minute) // its own timer falls due, and is not there
		if late := d.OverdueSteps(t.Context(), time.Minute); len(late) != 1 || !late[0].None {
			t.Fatalf("without a timer: %+v", late)
		}
		c, err := s.Load(t.Context(), o.ID)
		must(t, err)
		found := false
		for _, timer := range c.Timers {
			found = found || timer.Kind == dispatch.TimerPage
		}
		if !found {
			t.Errorf("it has none now: %+v", c.Timers)
		}
		if late := d.OverdueSteps(t.Context(), time.Minute); len(late) != 0 {
			t.Errorf("mended: %+v", late)
		}
	})
}
