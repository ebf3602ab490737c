package rotation_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/oncall/rotation/redistest"
)

// BenchmarkSwitchClaim measures one claim and its release through Redis: alone, and contested by eight clients with
// connections of their own.
func BenchmarkSwitchClaim(b *testing.B) {
	server := redistest.Start(b, redistest.Options{})
	var people []string
	for i := range 50 {
		people = append(people, fmt.Sprintf("engineer%02d", i))
	}
	for _, clients := range []int{1, 8} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			ctx, cancel := context.WithCancel(b.Context())
			var running, work sync.WaitGroup
			defer running.Wait()
			defer cancel()
			var mu sync.Mutex
			var took []time.Duration
			share := b.N/clients + 1
			for id := range clients {
				s, err := rotation.New(rotation.Config{URL: server.URL()}, rotation.Deps{})
				if err != nil {
					b.Fatal(err)
				}
				running.Go(func() { _ = s.Run(ctx) })
				for s.Status().Mode != rotation.ModeRedis {
					time.Sleep(time.Millisecond)
				}
				work.Go(func() {
					mine := make([]time.Duration, 0, share)
					for n := range share {
						began := time.Now()
						c, ok, err := s.Claim(ctx, rotation.ClaimRequest{
							Call: fmt.Sprint("call", id), Attempt: fmt.Sprint(n), Track: "primary", Candidates: people,
						})
						mine = append(mine, time.Since(began))
						if err != nil || !ok || c.Local {
							b.Errorf("claim %+v, %v, %v", c, ok, err)
							return
						}
						if err := s.Release(ctx, c); err != nil {
							b.Error(err)
						}
					}
					mu.Lock()
					defer mu.Unlock()
					took = append(took, mine...)
				})
			}
			b.ResetTimer()
			work.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}
