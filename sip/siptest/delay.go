package siptest

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// delayQueue runs functions at their time, in one goroutine.
type delayQueue struct {
	mu   sync.Mutex
	due  dueHeap // guarded by mu
	seq  int     // guarded by mu; keeps equal times in order
	wake chan struct{}
}

type dueItem struct {
	at  time.Time
	seq int
	run func()
}

type dueHeap []dueItem

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(dueItem)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

func newDelayQueue() *delayQueue { return &delayQueue{wake: make(chan struct{}, 1)} }

// after runs f once d has passed; at once in the caller when d is not positive.
func (q *delayQueue) after(d time.Duration, f func()) {
	if d <= 0 {
		f()
		return
	}
	q.mu.Lock()
	q.seq++
	heap.Push(&q.due, dueItem{time.Now().Add(d), q.seq, f})
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run serves the queue until ctx ends; what is still due then is forgotten.
func (q *delayQueue) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(q.runDue(time.Now()))
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		case <-timer.C:
		}
	}
}

// runDue runs what is due at now and returns the time to the next item.
func (q *delayQueue) runDue(now time.Time) time.Duration {
	for {
		q.mu.Lock()
		if len(q.due) == 0 {
			q.mu.Unlock()
			return time.Hour
		}
		if wait := q.due[0].at.Sub(now); wait > 0 {
			q.mu.Unlock()
			return wait
		}
		item := heap.Pop(&q.due).(dueItem)
		q.mu.Unlock()
		item.run()
	}
}
