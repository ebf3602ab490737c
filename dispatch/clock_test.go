package dispatch_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// wallClock is a clock whose wall time can be set while its monotonic reading
// goes on, as by a time service or at the resume of a virtual machine.
type wallClock struct {
	began time.Time // of the bubble, which knows no monotonic time
	real  time.Time // with a monotonic reading
	step  atomic.Int64
}

// newWallClock needs a time from outside of the bubble.
func newWallClock(outside time.Time) *wallClock {
	began := time.Now()
	return &wallClock{began: began, real: outside.Add(began.Sub(outside))}
}

func (c *wallClock) now() time.Time {
	return stepped(c.real.Add(time.Since(c.began)), time.Duration(c.step.Load()))
}

// stepped moves the wall time alone, by whole seconds. Package time makes no
// such value from parts: the seconds of one with a monotonic reading begin at
// bit 30 of its first word.
func stepped(t time.Time, step time.Duration) time.Time {
	*(*uint64)(unsafe.Pointer(&t)) += uint64(int64(step/time.Second)) << 30
	return t
}

func TestStepped(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, step := range []time.Duration{time.Hour, -time.Hour} {
		then := stepped(now, step)
		if then.Sub(now) != 0 || then.Round(0).Sub(now.Round(0)) != step {
			t.Errorf("stepped by %v: %v monotonic, %v wall", step, then.Sub(now), then.Round(0).Sub(now.Round(0)))
		}
	}
}

// byWall is a store that, as SQL does, knows wall time only.
type byWall struct{ frozen }

func (w byWall) Beat(ctx context.Context, n dispatch.Node, now time.Time) error {
	n.Until = n.Until.Round(0)
	return w.frozen.Beat(ctx, n, now.Round(0))
}

func (w byWall) TakeOver(ctx context.Context, heir string, own bool, now time.Time) ([]dispatch.CallRecord, error) {
	return w.frozen.TakeOver(ctx, heir, own, now.Round(0))
}

// When the wall clock of two nodes is set, nobody is held for dead; a node that
// dies later is, in time.
func TestClockStepKillsNobody(t *testing.T) {
	t.Parallel()
	outside := time.Now()
	for _, step := range []time.Duration{5 * time.Second, time.Hour, -time.Hour} {
		for phase := time.Duration(0); phase < time.Second; phase += 200 * time.Millisecond {
			t.Run(fmt.Sprintf("%v at %v", step, phase), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { stepClock(t, newWallClock(outside), step, phase) })
			})
		}
	}
}

func stepClock(t *testing.T, clock *wallClock, step, phase time.Duration) {
	t.Helper()
	s, dead := store.NewMemory(), &atomic.Bool{}
	node := func(id string, hang *atomic.Bool) *dispatch.Dispatcher {
		wait(300 * time.Millisecond) // nodes do not tick together
		return runs(t, s, func(_ *dispatch.Config, d *dispatch.Deps) {
			d.Node, d.Nodes, d.Now = id, byWall{frozen{Memory: s, hang: hang}}, clock.now
		})
	}
	a, b := node("a", dead), node("b", &atomic.Bool{})
	_, err := a.OpenCall(t.Context(), call("x", "89211234567"))
	must(t, err)
	wait(10*time.Second + phase)
	clock.step.Store(int64(step))
	wait(20 * time.Second)
	if rec, err := b.Call(t.Context(), "x"); err != nil || !rec.EndedAt.IsZero() {
		t.Fatalf("the call of a living node: %+v, %v", rec, err)
	}
	dead.Store(true)
	wait(10 * time.Second)
	if rec, err := b.Call(t.Context(), "x"); err != nil || rec.Result != dispatch.CallBroken {
		t.Errorf("the call of a dead node: %+v, %v", rec, err)
	}
}
