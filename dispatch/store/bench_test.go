package store

import (
	"crypto/rand"
	"slices"
	"strconv"
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
	n := 0
	each(b, func() error {
		n++
		return s.Commit(b.Context(), opening(n))
	})
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

// BenchmarkOpenOnce is BenchmarkOpen with an ID that is remembered.
func BenchmarkOpenOnce(b *testing.B) {
	s := open(b)
	n := 0
	each(b, func() error {
		n++
		c := opening(n)
		c.ID = rand.Text()
		return s.Commit(b.Context(), c)
	})
}

// BenchmarkGroupCommitOnce is BenchmarkGroupCommit with IDs.
func BenchmarkGroupCommitOnce(b *testing.B) {
	s := open(b)
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c := opening(int(n.Add(1)))
			c.ID = rand.Text()
			if err := s.Commit(b.Context(), c); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkArbiter is what a node asks around a call, one at a time.
func BenchmarkArbiter(b *testing.B) {
	s := open(b)
	until := t0.Add(time.Minute)
	token := uint64(0)
	as := func() dispatch.Assignment {
		return dispatch.Assignment{Person: "anna", Call: "c", Attempt: strconv.FormatUint(token, 10), Token: token, Until: until}
	}
	for name, ask := range map[string]func() error{
		"Assign":  func() error { token++; return s.Assign(b.Context(), as(), t0) },
		"Confirm": func() error { return s.Confirm(b.Context(), as(), t0) },
		"Extend": func() error {
			until = until.Add(time.Second)
			return s.Extend(b.Context(), []dispatch.Assignment{as()})
		},
		"Beat": func() error {
			until = until.Add(time.Second)
			return s.Beat(b.Context(), dispatch.Node{ID: "a", Until: until}, t0)
		},
		"TakeOver": func() error { _, err := s.TakeOver(b.Context(), "a", false, t0); return err },
	} {
		token++
		if err := s.Assign(b.Context(), as(), t0); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) { each(b, ask) })
	}
}

// BenchmarkMemoryCommit is the same commit in the memory twin, which stands in
// for a store that is away: its cost must not grow with what it holds.
func BenchmarkMemoryCommit(b *testing.B) {
	m := NewMemory()
	n := 0
	each(b, func() error { n++; return m.Commit(b.Context(), opening(n)) })
}

// each reports the percentiles of one piece of work.
func each(b *testing.B, work func() error) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := work(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
