package store

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store/pgtest"
	"github.com/butlerspb/vahta/oncall/edit"
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

// largeRota is a rota of 100 people, 20 schedules and 500 overrides, with bodies of the size that those have.
func largeRota() []edit.Record {
	var list []edit.Record
	add := func(n int, kind edit.Kind, size int) {
		for i := range n {
			list = append(list, rec(kind, fmt.Sprintf("%s-%03d", kind, i), 0, fmt.Sprintf(`{"id":"%s-%03d","text":%q}`, kind, i, strings.Repeat("x", size))))
		}
	}
	add(100, edit.Person, 400)
	add(20, edit.Schedule, 3000)
	add(500, edit.Override, 250)
	return list
}

// BenchmarkRota is what an edit costs, and what a node asks: every three seconds the version, and after an edit the rota.
func BenchmarkRota(b *testing.B) {
	s := open(b)
	v, err := s.CommitRota(b.Context(), dispatch.RotaChange{Put: largeRota(), Whole: &dispatch.RotaVersion{}, At: t0})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Version", func(b *testing.B) {
		each(b, func() error { _, err := s.RotaVersion(b.Context()); return err })
	})
	b.Run("Read", func(b *testing.B) {
		each(b, func() error { _, _, err := s.Rota(b.Context()); return err })
	})
	b.Run("Commit", func(b *testing.B) {
		at := int64(0)
		each(b, func() error {
			v, err = s.CommitRota(b.Context(), editBy(0, rec(edit.Override, "one", at, `{"id":"one"}`)))
			at = v.Revision
			return err
		})
	})
	b.Run("History", func(b *testing.B) {
		each(b, func() error {
			_, err := s.RotaHistory(b.Context(), dispatch.RotaFilter{Limit: 20, Key: edit.Key{Kind: edit.Override, ID: "one"}})
			return err
		})
	})
}

// BenchmarkIntake is what signals cost when they come from 64 senders at once and each opens a ticket: how many a second,
// and how long each waits. All of it waits for the disk.
func BenchmarkIntake(b *testing.B) {
	for name, opened := range map[string]func(b *testing.B) *SQL{
		"sqlite": func(b *testing.B) *SQL { b.Helper(); return open(b) },
		"postgres": func(b *testing.B) *SQL {
			b.Helper()
			server := pgtest.Start(b, pgtest.Options{Durable: true})
			database, err := server.Database(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			return openPostgres(b, server.URL(database))
		},
	} {
		b.Run(name, func(b *testing.B) {
			s := opened(b)
			const senders = 64
			var n atomic.Int64
			var mu sync.Mutex
			var all []time.Duration
			var wg sync.WaitGroup
			b.ResetTimer()
			for range senders {
				wg.Go(func() {
					var took []time.Duration
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						c := opening(int(i))
						c.ID = rand.Text()
						began := time.Now()
						if err := s.Commit(b.Context(), c); err != nil {
							b.Error(err)
							return
						}
						took = append(took, time.Since(began))
					}
					mu.Lock()
					all = append(all, took...)
					mu.Unlock()
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "intakes/s")
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
