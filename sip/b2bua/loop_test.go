package b2bua

import (
	"sync"
	"testing"
)

func TestLoopRunsWhatItTook(t *testing.T) {
	t.Parallel()
	const posters, each = 8, 1000
	l := newLoop()
	ran := 0
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		l.run(func(f func()) { f() })
	}()
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		taken   int
	)
	for i := range posters {
		running.Go(func() {
			mine := 0
			for n := range each {
				if l.Post(func() { ran++ }) {
					mine++
				}
				if i == 0 && n == each/2 {
					l.close()
				}
			}
			mu.Lock()
			taken += mine
			mu.Unlock()
		})
	}
	running.Wait()
	<-finished
	if ran != taken {
		t.Errorf("%d tasks were taken and %d ran", taken, ran)
	}
	if l.Post(func() {}) {
		t.Error("a closed loop takes tasks")
	}
}

func TestLoopKeepsOrder(t *testing.T) {
	t.Parallel()
	l := newLoop()
	var got []int
	for i := range 100 {
		l.Post(func() {
			got = append(got, i)
			if i == 50 {
				l.Post(func() { got = append(got, -1) })
			}
		})
	}
	l.Post(l.close)
	l.run(func(f func()) { f() })
	for i := range 100 {
		if got[i] != i {
			t.Fatalf("task %d ran at place %d", got[i], i)
		}
	}
	if got[len(got)-1] != -1 || l.longest() < 100 {
		t.Errorf("the task posted by a task ran at the wrong place, or the queue was not counted: %d", l.longest())
	}
}

func TestLoopIdleCostsNothing(t *testing.T) {
	l := newLoop()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		l.run(func(f func()) { f() })
	}()
	beat := make(chan struct{})
	task := func() { beat <- struct{}{} }
	if n := testing.AllocsPerRun(1000, func() { l.Post(task); <-beat }); n > 0.1 {
		t.Errorf("a task costs %v allocations", n)
	}
	l.close()
	<-finished
}

func BenchmarkLoopPost(b *testing.B) {
	l := newLoop()
	go l.run(func(f func()) { f() })
	beat := make(chan struct{})
	task := func() { beat <- struct{}{} }
	b.ReportAllocs()
	for b.Loop() {
		l.Post(task)
		<-beat
	}
	l.close()
}
