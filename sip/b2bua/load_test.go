package b2bua

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
)

// counts of what a process holds.
type holdings struct{ goroutines, files int }

func held(t *testing.T) holdings {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("descriptors are not listed here: %v", err)
	}
	return holdings{runtime.NumGoroutine(), len(files)}
}

// A thousand calls, each rung, answered, bridged and hung up, leave nothing behind: no call, no
// channel, no port, no goroutine, no descriptor.
func TestThousandCallsLeaveNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand calls take seconds")
	}
	calls := 1000
	r := newRig(t, rigOptions{
		begin: func(r *rig, c *Call) {
			c.A().Ring()
			c.Dial(r.to("bob", r.phone(r.bob)))
		},
		script: func(r *rig, c *Call, ev Event) {
			if ev.Kind == LegAnswered && !ev.Leg.caller {
				if err := c.Bridge(c.A(), ev.Leg); err != nil {
					r.Errorf("bridge: %v", err)
				}
			}
			if ev.Kind == CallerGone {
				c.End(CauseNormal)
			}
		},
	})
	free := r.pool.Free()
	sdp := siptest.NewRTP(t).SDP()
	one := func() {
		caller := r.dialIn(sdp)
		<-r.calls
		bob, _ := take(r.bob)
		accepted(r.bob, bob, sdp)
		r.confirm(caller)
		caller.Bye()
		r.caller.ExpectStatus(200, "BYE")
		r.bob.Answer(r.bob.ExpectRequest("BYE"), 200, "OK", siptest.Reply{})
	}
	one()
	r.gone()
	before := held(t)
	for range calls {
		one()
	}
	r.gone()
	until(t, func() bool { return r.pool.Free() == free })
	until(t, func() bool {
		now := held(t)
		return now.goroutines <= before.goroutines && now.files <= before.files
	})
}

// until waits for a state that follows by itself, such as sockets that close in their shard.
func until(t *testing.T, reached func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !reached(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("never reached; held now: %+v", held(t))
		}
	}
}
