package b2bua

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/media"
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
	counts := prometheus.NewRegistry()
	r := newRig(t, rigOptions{begin: straight(bob), media: func(c *media.PoolConfig) { c.Registerer = counts }})
	one := func(n int) { caller.hangup(t, r.at, n, caller.call(t, r.at, n, bob), bob) }
	one(0)
	r.gone()
	before := held(t)
	for n := range calls {
		one(n + 1)
	}
	r.gone()
	until(t, func() bool { return streams(t, counts) == 0 })
	until(t, func() bool {
		now := held(t)
		return now.goroutines <= before.goroutines && now.files <= before.files
	})
}

// streams is how many media streams are open: other programs' ports, which come and go, are not counted.
func streams(t *testing.T, counts prometheus.Gatherer) float64 {
	t.Helper()
	families, err := counts.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "vahta_media_streams" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("open streams are not counted")
	return 0
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
