package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// BenchmarkCall is the whole record of one call on SQLite: open, attempt,
// attempt, accept, outcome.
func BenchmarkCall(b *testing.B) {
	d := dispatcher(b, sqlite(b), nil)
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	b.SetParallelism(16)
	var n sync.Mutex
	count := 0
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n.Lock()
			count++
			key := fmt.Sprintf("call-%d", count)
			caller := fmt.Sprintf("+7812%07d", count)
			n.Unlock()
			o, err := d.OpenCall(b.Context(), call(key, caller))
			if err != nil {
				b.Error(err)
				return
			}
			for _, id := range []string{"1", "2"} {
				err = errors.Join(err, d.RecordAttempt(b.Context(), dispatch.Attempt{Ref: o.Ref, ID: id, Call: key, Person: "anna", Outcome: dispatch.AttemptBusy, At: time.Now()}))
			}
			err = errors.Join(err, d.RecordAccepted(b.Context(), dispatch.Accepted{Ref: o.Ref, Call: key, Person: "boris", At: time.Now()}))
			err = errors.Join(err, d.RecordOutcome(b.Context(), dispatch.Outcome{Ref: o.Ref, Call: key, Result: dispatch.CallServed, At: time.Now()}))
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.StopTimer()
	stop()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}

// BenchmarkOpenCall is what a caller's 200 waits for: one call at a time on
// SQLite.
func BenchmarkOpenCall(b *testing.B) {
	d := dispatcher(b, sqlite(b), nil)
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	var took []time.Duration
	for b.Loop() {
		n := len(took)
		sig := call(fmt.Sprintf("call-%d", n), fmt.Sprintf("+7812%07d", n))
		began := time.Now()
		if _, err := d.OpenCall(b.Context(), sig); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	stop()
	if err := <-ended; err != nil {
		b.Error(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
