package dispatch_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// choosy is a store that refuses some changes.
type choosy struct {
	*store.Memory

	hangs  bool // it refuses by not answering
	refuse atomic.Pointer[func(dispatch.Change) bool]
}

func (c *choosy) Commit(ctx context.Context, change dispatch.Change) error {
	if refuse := c.refuse.Load(); refuse != nil && (*refuse)(change) {
		if c.hangs {
			<-ctx.Done()
			return ctx.Err()
		}
		return errors.New("the change does not fit into the journal")
	}
	return c.Memory.Commit(ctx, change)
}

// ends is the refusal of a change that ends the call.
func ends(call string) func(dispatch.Change) bool {
	return func(c dispatch.Change) bool { return len(c.Calls) == 1 && c.Calls[0].ID == call }
}

// runs is a dispatcher that has started on the store and runs until the test ends.
func runs(t *testing.T, s record, change func(*dispatch.Config, *dispatch.Deps)) *dispatch.Dispatcher {
	t.Helper()
	d := dispatcher(t, s, change)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := d.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return d
}

// A node whose record takes no change starts all the same and answers its
// callers. What it left open is ended, and what lacks a page timer has one, as
// soon as the record takes changes again.
func TestStartsOnAFullRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &choosy{Memory: store.NewMemory()}
		d := dispatcher(t, s, nil)
		_, err := d.OpenCall(t.Context(), call("x", "89211234567"))
		must(t, err)
		untimed, err := d.OpenCall(t.Context(), call("y", "+79031112233"))
		must(t, err)
		must(t, d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: untimed.Ref, Call: "y", Result: dispatch.CallAbandoned, At: time.Now()}))
		must(t, s.Memory.Commit(t.Context(), dispatch.Change{Drop: []dispatch.TimerKey{{Ticket: untimed.ID, Kind: dispatch.TimerPage}}}))
		all := func(dispatch.Change) bool { return true }
		s.refuse.Store(&all)
		wait(time.Second)
		runs(t, s, nil)
		wait(5 * time.Second)
		s.refuse.Store(nil)
		wait(3 * time.Second)
		if rec, err := s.Call(t.Context(), "x"); err != nil || rec.Result != dispatch.CallBroken {
			t.Errorf("the call left open: %+v, %v", rec, err)
		}
		c, err := s.Load(t.Context(), untimed.ID)
		must(t, err)
		if len(paging(c.Timers)) != 1 {
			t.Errorf("timers of the ticket that needs a page: %+v", c.Timers)
		}
	})
}

// A call that can not be ended holds up neither those behind it nor the start,
// also when the board is read anew again and again.
func TestOneBadOrphan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &choosy{Memory: store.NewMemory()}
		d := dispatcher(t, s, nil)
		for _, c := range []struct{ key, caller string }{{"x", "89211234567"}, {"y", "+79031112233"}, {"z", "+74950000000"}} {
			_, err := d.OpenCall(t.Context(), call(c.key, c.caller))
			must(t, err)
			wait(time.Millisecond)
		}
		bad := ends("x")
		var tries atomic.Int32
		count := func(c dispatch.Change) bool {
			if bad(c) {
				tries.Add(1)
			}
			return bad(c)
		}
		s.refuse.Store(&count)
		d = runs(t, s, nil)
		for _, key := range []string{"y", "z"} {
			if rec, err := s.Call(t.Context(), key); err != nil || rec.Result != dispatch.CallBroken {
				t.Errorf("call %s: %+v, %v", key, rec, err)
			}
		}
		for range 5 {
			must(t, d.Resync(t.Context()))
		}
		before := tries.Load()
		wait(3*time.Second + 500*time.Millisecond)
		if n := tries.Load() - before; n != 3 {
			t.Errorf("tried %d times in 3 s", n)
		}
		s.refuse.Store(nil)
		wait(2 * time.Second)
		if rec, err := s.Call(t.Context(), "x"); err != nil || rec.Result != dispatch.CallBroken {
			t.Errorf("call x: %+v, %v", rec, err)
		}
	})
}

// When one call's end gets no answer, the start waits for no second one, and the
// next round begins with the others.
func TestOrphanWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &choosy{Memory: store.NewMemory(), hangs: true}
		d := dispatcher(t, s, nil)
		for _, c := range []struct{ key, caller string }{{"x", "89211234567"}, {"y", "+79031112233"}, {"z", "+74950000000"}} {
			_, err := d.OpenCall(t.Context(), call(c.key, c.caller))
			must(t, err)
			wait(time.Millisecond)
		}
		bad := func(c dispatch.Change) bool { return ends("x")(c) || ends("z")(c) }
		s.refuse.Store(&bad)
		began := time.Now()
		runs(t, s, nil)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("the start took %v", took)
		}
		wait(3 * time.Second)
		rec, err := s.Call(t.Context(), "y")
		must(t, err)
		if took := rec.EndedAt.Sub(began); rec.Result != dispatch.CallBroken || took > 4*time.Second {
			t.Errorf("call y ended after %v: %+v", took, rec)
		}
	})
}

// slowNumbers is a store that gives out no numbers at first.
type slowNumbers struct {
	*store.Memory

	away  atomic.Bool
	tries atomic.Int64
}

func (s *slowNumbers) Reserve(ctx context.Context, year, n int) (uint32, error) {
	s.tries.Add(1)
	if s.away.Load() {
		return 0, errors.New("the database did not answer in time")
	}
	return s.Memory.Reserve(ctx, year, n)
}

// A store too slow for a block of numbers is no reason not to answer callers.
func TestStartsWithoutNumbers(t *testing.T) {
	t.Parallel()
	s := &slowNumbers{Memory: store.NewMemory()}
	s.away.Store(true)
	d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: s, Archive: s, Directory: company(t)})
	must(t, err)
	must(t, d.Start(t.Context()))
	s.away.Store(false)
	o, err := d.OpenCall(t.Context(), call("a", "89211234567"))
	must(t, err)
	if o.Number == "" {
		t.Error("the ticket has no number")
	}
}

// A start without numbers goes on looking for some: the first caller after the
// store has come back, and gone again, has one.
func TestLooksForNumbers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowNumbers{Memory: store.NewMemory()}
		s.away.Store(true)
		d := runs(t, s, nil)
		wait(10*time.Second + 500*time.Millisecond)
		if n := s.tries.Load(); n < 10 || n > 13 {
			t.Errorf("tried %d times in 10 s", n)
		}
		s.away.Store(false)
		wait(2 * time.Second)
		s.away.Store(true)
		before := s.tries.Load()
		wait(time.Minute)
		if n := s.tries.Load(); n != before {
			t.Errorf("tried %d times more with numbers in hand", n-before)
		}
		if _, err := d.OpenCall(t.Context(), call("a", "89211234567")); err != nil {
			t.Error(err)
		}
	})
}
