package dispatch_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// BenchmarkIntake is a flood on SQLite, each fsync counted: signals that open a
// ticket each, and signals that join the tickets of a storm. A signal counts
// when it has its ticket; the percentiles are those of the sender's wait.
func BenchmarkIntake(b *testing.B) {
	for name, few := range map[string]bool{"a ticket each": false, "a storm": true} {
		b.Run(name, func(b *testing.B) { intakes(b, few) })
	}
}

func intakes(b *testing.B, few bool) {
	b.Helper()
	s := sqlite(b)
	d := dispatcher(b, s, func(cfg *dispatch.Config, deps *dispatch.Deps) {
		deps.Signals = s
		if !few {
			cfg.Intake.StormPeople = 1 << 30
		}
	})
	d.Register(dispatch.ChannelAPI, dispatch.Decoding{Decode: dispatch.DecodeJSON})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()

	const senders = 100
	began := time.Now()
	var mu sync.Mutex
	var waits []time.Duration
	var all sync.WaitGroup
	b.ResetTimer()
	for g := range senders {
		all.Go(func() {
			for n := g; n < b.N; n += senders {
				asked := time.Now()
				if _, err := d.Receive(ctx, written(fmt.Sprint(n), "help")); err != nil {
					b.Error(err)
				}
				mu.Lock()
				waits = append(waits, time.Since(asked))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	received := time.Since(began)
	for {
		next, err := s.NextSignal(ctx)
		must(b, err)
		if next.IsZero() {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	took := time.Since(began)
	b.StopTimer()
	stop()
	must(b, <-ended)
	slices.Sort(waits)
	b.ReportMetric(float64(b.N)/took.Seconds(), "signals/s")
	b.ReportMetric(float64(b.N)/received.Seconds(), "received/s")
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
}
