package dispatch_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// BenchmarkBoard is a start with 10,000 open tickets on SQLite: how long it takes
// and what they weigh in memory afterwards.
func BenchmarkBoard(b *testing.B) {
	const tickets = 10_000
	s := sqlite(b)
	first := dispatcher(b, s, func(cfg *dispatch.Config, deps *dispatch.Deps) {
		deps.Signals = s
		cfg.Intake.StormPeople = 1 << 30
	})
	first.Register(dispatch.ChannelAPI, dispatch.Decoding{Decode: dispatch.DecodeJSON})
	const senders = 100
	fill := func(n int) {
		m := dispatch.MessageSignal{From: from("email", fmt.Sprintf("person-%d@example.net", n)), Subject: "help", Text: "nothing works", Priority: ticket.High}
		id, err := first.Receive(b.Context(), dispatch.Signal{Channel: dispatch.ChannelAPI, Key: fmt.Sprint(n), At: time.Now(), Message: &m})
		must(b, err)
		_, err = first.Intake(b.Context(), id)
		must(b, err)
	}
	var all sync.WaitGroup
	for g := range senders {
		all.Go(func() {
			for n := g; n < tickets; n += senders {
				fill(n)
			}
		})
	}
	all.Wait()
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var weight uint64
	for b.Loop() {
		before := heap()
		d, err := dispatch.New(dispatch.Default(), dispatch.Deps{Store: s, Archive: s, Directory: company(b)})
		must(b, err)
		must(b, d.Start(b.Context()))
		weight = max(heap(), before) - before
		runtime.KeepAlive(d)
	}
	b.ReportMetric(float64(weight)/(1<<20), "MiB/10000-tickets")
}
