package store

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// BenchmarkOpen is the commit that opens a ticket, one at a time: its p50 is
// what a caller's 200 waits for.
func BenchmarkOpen(b *testing.B) {
	s := open(b)
	var took []time.Duration
	n := 0
	for b.Loop() {
		n++
		c := opening(n)
		began := time.Now()
		if err := s.Commit(b.Context(), c); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkGroupCommit is the same from 64 callers at once.
func BenchmarkGroupCommit(b *testing.B) {
	s := open(b)
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Commit(b.Context(), opening(int(n.Add(1)))); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkNote is an append to a log: the cheapest commit.
func BenchmarkNote(b *testing.B) {
	s := open(b)
	if err := s.Commit(b.Context(), opening(1)); err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	work := make(chan dispatch.Change, 64)
	for range 64 {
		wg.Go(func() {
			for c := range work {
				if err := s.Commit(b.Context(), c); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for b.Loop() {
		work <- note(1, "")
	}
	close(work)
	wg.Wait()
}
