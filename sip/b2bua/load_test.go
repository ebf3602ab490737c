package b2bua

import (
	"os"
	"runtime"
	"testing"
	"time"
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
	const calls = 1000
	caller, bob := newBare(t), newBare(t)
	r := serveBench(t, straight(bob))
	free := r.pool.Free()
	one := func(n int) { caller.hangup(t, r.at, n, caller.call(t, r.at, n, bob), bob) }
	one(0)
	r.gone()
	before := held(t)
	for n := range calls {
		one(n + 1)
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
