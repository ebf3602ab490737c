package app_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
)

// soakChild marks the process that makes the calls of TestThousandCalls.
const soakChild = "VAHTA_SOAK_CHILD"

// TestThousandCalls makes 1,000 short calls in a process of its own, where nobody else opens anything, and then goroutines,
// descriptors and live heap must be what they were.
func TestThousandCalls(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	if os.Getenv(soakChild) != "" {
		soak(t, 1000)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestThousandCalls$", "-test.v", "-test.timeout=170s")
	cmd.Env = append(os.Environ(), soakChild+"=1")
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if err != nil || strings.Contains(line, "soak_test.go") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil {
		t.Error(err)
	}
}

// held is what a process holds.
type held struct {
	goroutines, descriptors int
	heap                    uint64 // bytes that live
}

func hold(tb testing.TB) held {
	tb.Helper()
	runtime.GC()
	runtime.GC() // what finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Skipf("descriptors cannot be counted here: %v", err)
	}
	return held{runtime.NumGoroutine(), len(fds), m.HeapAlloc}
}

// Slack of the comparison: the runtime and the database keep a few things of their own.
const (
	slackGoroutines  = 4
	slackDescriptors = 4
	slackHeap        = 2 << 20 // 2 KiB a call: an INVITE with its dialog that is kept is more
)

func soak(t *testing.T, calls int) {
	t.Helper()
	r := newRig(t, func(c *config.Config) { c.SIP.Rate, c.SIP.Burst = 1<<20, 1<<20 })
	r.shortCalls(t, 100) // pools and caches have their size
	r.feed.Close()       // the test's own record of events would grow
	r.empty()
	before := hold(t)
	r.shortCalls(t, calls)
	r.empty()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.After(patience); ; {
		after := hold(t)
		if after.goroutines <= before.goroutines+slackGoroutines && after.descriptors <= before.descriptors+slackDescriptors &&
			after.heap <= before.heap+slackHeap {
			t.Logf("before %+v, after %d calls %+v", before, calls, after)
			return
		}
		select {
		case <-tick.C:
		case <-end:
			stacks := make([]byte, 1<<20)
			t.Fatalf("before %+v, after %d calls still %+v\n%s", before, calls, after, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// shortCalls makes calls one after another, eight at a time, with phones that are gone afterwards.
func (r *rig) shortCalls(t *testing.T, calls int) {
	t.Helper()
	const atOnce = 8
	ctx := context.Background()
	c := phone.Default()
	c.Deaf = true
	caller, stopCaller, err := phone.Start(ctx, c)
	r.must(err)
	engineer, stopEngineer, err := phone.Start(ctx, c)
	r.must(err)
	r.must(engineer.Answer(phone.Answering(0, phone.Talk{})))
	l := r.lineOf(t, func(d *dispatch.Line) { d.NoRecording = true }, oncall.Device{
		Kind: oncall.Softphone, URI: engineer.URI(), Trusted: true,
	})
	r.cfg.People[len(r.cfg.People)-1].Shared = true // takes several calls at once
	r.must(r.reload())
	slots := make(chan struct{}, atOnce)
	for range calls {
		slots <- struct{}{}
		s := l.dialFrom(caller, l.uri("udp"), phone.Options{Talk: phone.Talk{For: 10 * time.Millisecond}})
		go func() {
			<-s.Done()
			<-slots
		}()
	}
	for range atOnce {
		slots <- struct{}{}
	}
	until(t, "all calls are over", func() bool { return len(callsOfCallers(r)) == 0 })
	until(t, "every call is on record as served", func() bool { // the record of a busy ticket lags behind its calls
		records, err := r.app.Dispatcher().ListCalls(t.Context(), dispatch.CallFilter{Result: dispatch.CallServed, Limit: 1 << 20})
		r.must(err)
		records = slices.DeleteFunc(records, func(c dispatch.CallRecord) bool { return c.Line != l.id })
		return len(records) == calls
	})
	for _, tk := range l.tickets() {
		l.close(tk)
	}
	r.must(stopCaller())
	r.must(stopEngineer())
}
