package dispatch_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// sluggish is a store that takes its time, or refuses, when it is asked for a ticket.
type sluggish struct {
	*store.Memory

	takes   atomic.Int64 // ns
	refuses atomic.Int64 // so many times
}

var errBusy = errors.New("too many clients")

func (s *sluggish) Load(ctx context.Context, id string) (dispatch.Case, error) {
	if s.refuses.Add(-1) >= 0 {
		return dispatch.Case{}, errBusy
	}
	select {
	case <-time.After(time.Duration(s.takes.Load())):
	case <-ctx.Done():
		return dispatch.Case{}, context.Cause(ctx)
	}
	return s.Memory.Load(ctx, id)
}

// A page of one of several nodes waits for what the others know of its ticket,
// as long as a slow database may need; alone, memory knows.
func TestPageWaitsForWhatOthersKnow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		several bool
		takes   time.Duration
		refuses int64
		taken   bool
		needed  bool
	}{
		"slow, and somebody has taken it":     {several: true, takes: time.Second, taken: true},
		"it refuses for a moment":             {several: true, refuses: 3, taken: true},
		"slow, and nobody has":                {several: true, takes: time.Second, needed: true},
		"it does not answer":                  {several: true, takes: time.Hour, taken: true, needed: true},
		"a node of its own does not ask long": {takes: time.Second, taken: true, needed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &sluggish{Memory: store.NewMemory()}
				d := dispatcher(t, s, func(_ *dispatch.Config, d *dispatch.Deps) {
					if c.several {
						d.Node, d.Nodes = "a", s.Memory
					}
				})
				other := dispatcher(t, s.Memory, func(_ *dispatch.Config, d *dispatch.Deps) { d.Node, d.Nodes = "b", s.Memory })
				o, err := d.OpenCall(t.Context(), call("x", "89211234567"))
				must(t, err)
				must(t, d.RecordOutcome(t.Context(), dispatch.Outcome{Ref: o.Ref, Call: "x", Result: dispatch.CallAbandoned, At: time.Now()}))
				must(t, d.Wake(t.Context(), due(t, s.Memory)))
				n := page(t, s.Memory)
				if c.taken {
					must(t, other.Amend(t.Context(), o.Ref, dispatch.Author{Person: "vera", Channel: dispatch.ChannelCLI}, ticket.Acknowledged{How: "cli"}))
				}
				s.takes.Store(int64(c.takes))
				s.refuses.Store(c.refuses)
				began := time.Now()
				if _, needed := d.StillNeeded(t.Context(), n); needed != c.needed {
					t.Errorf("needed: %v after %v", needed, time.Since(began))
				}
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("the page waited %v", took)
				}
			})
		})
	}
}
