package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
)

// flat: many short calls of the same 200 callers, whose tickets are open all the
// time; then memory and goroutines are what they were after the first of them.
func flat(ctx context.Context, r *rig) error {
	w, err := r.newWorld(ctx, plan{
		nodes: 1, engineers: 4, shared: true, trusted: true,
		answer: phone.Answering(5*time.Millisecond, phone.Talk{Mute: true, For: 100 * time.Millisecond}),
		more:   obj{"calls": obj{"max_calls": 2000, "calls_per_second": 0}},
	})
	if err != nil {
		return err
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	n := w.nodes[0]
	calls, warm, rate := times(r, 10000, 200), times(r, 2000, 100), times(r, 60.0, 50.0)
	if err := w.flood(ctx, n, warm, rate); err != nil {
		return err
	}
	before, err := n.measure(ctx)
	if err != nil {
		return err
	}
	if err := w.flood(ctx, n, calls, rate); err != nil {
		return err
	}
	after, err := n.measure(ctx)
	if err != nil {
		return err
	}
	r.known("flat: calls", float64(calls), "count", fmt.Sprintf("after %d to warm up", warm))
	r.atMost("flat: goroutines", after.goroutines-before.goroutines, times(r, 5.0, 60.0), "more", fmt.Sprintf("%.0f -> %.0f", before.goroutines, after.goroutines))
	r.atMost("flat: descriptors", after.files-before.files, times(r, 5.0, 20.0), "more", fmt.Sprintf("%.0f -> %.0f", before.files, after.files))
	growth := (after.rss/before.rss - 1) * 100
	r.atMost("flat: resident memory", growth, times(r, 15.0, 100.0), "% more", fmt.Sprintf("%.1f -> %.1f MiB; heap in use %.1f -> %.1f MiB",
		before.rss/(1<<20), after.rss/(1<<20), before.heap/(1<<20), after.heap/(1<<20)))
	r.none("flat: nodes that ended by themselves", w.crashes())
	return w.stop(ctx)
}

// flood places calls from 200 numbers and checks that each is answered.
func (w *world) flood(ctx context.Context, n *node, calls int, rate float64) error {
	const callers = 200
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	var open []*contact
	refused := 0
	for i := range calls {
		open = append(open, w.callFrom(ctx, n, fmt.Sprintf("%s9%06d", callerPrefix, i%callers), 0))
		if len(open) > 2*int(rate) { // those at the front have long ended
			c := open[0]
			open = open[1:]
			if err := ended(ctx, []*contact{c}); err != nil {
				return err
			}
			refused += len(unanswered([]*contact{c}))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if err := ended(ctx, open); err != nil {
		return err
	}
	refused += len(unanswered(open))
	w.atMost("flat: calls not answered", float64(refused), 0, "count", fmt.Sprintf("of %d", calls))
	return w.calm(ctx)
}

// body is what a process weighs.
type body struct{ goroutines, files, rss, heap float64 }

// lingering is how long dialogs and calls that are over are remembered, and more.
const lingering = 45 * time.Second

// measure waits until what lingers is forgotten, and reads the lowest figures of two seconds.
func (n *node) measure(ctx context.Context) (body, error) {
	if err := pause(ctx, times(n.rig, lingering, time.Second)); err != nil {
		return body{}, err
	}
	var low body
	for i := range 10 {
		var b body
		var err error
		for name, to := range map[string]*float64{"go_goroutines": &b.goroutines, "process_open_fds": &b.files, "go_memstats_heap_inuse_bytes": &b.heap} {
			if *to, err = n.metric(ctx, name); err != nil {
				return body{}, err
			}
		}
		b.rss = resident(n.pid())
		if i == 0 {
			low = b
		}
		low = body{min(low.goroutines, b.goroutines), min(low.files, b.files), min(low.rss, b.rss), min(low.heap, b.heap)}
		if err := pause(ctx, 10*look); err != nil {
			return body{}, err
		}
	}
	return low, nil
}

// resident is the process's memory in bytes, by the kernel.
func resident(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				return 0
			}
			return kb * 1024
		}
	}
	return 0
}
