package b2bua

import "sync"

// loop is the queue of one call's goroutine. It is unbounded, because whoever posts (the edge,
// media, timers) must never wait for a call, and counted, because a long queue means trouble.
type loop struct {
	wake chan struct{} // capacity 1: "there is something in the queue"

	mu     sync.Mutex
	tasks  []func() // guarded by mu
	closed bool     // guarded by mu
	peak   int      // guarded by mu: longest queue so far

	batch []func() // owned by run: taken off the queue
	next  int      // owned by run: the first of batch that did not run
}

func newLoop() *loop { return &loop{wake: make(chan struct{}, 1)} }

// Post queues f and reports whether it will run: true means it will, exactly once.
func (l *loop) Post(f func()) bool {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return false
	}
	l.tasks = append(l.tasks, f)
	first := len(l.tasks) == 1
	l.peak = max(l.peak, len(l.tasks))
	l.mu.Unlock()
	if first {
		l.ring()
	}
	return true
}

// close lets run return once the queue is empty.
func (l *loop) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.ring()
}

func (l *loop) ring() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run executes posted functions in order through do until close. A function that ends the goroutine
// (runtime.Goexit) ends run, which may then be called again for the rest.
func (l *loop) run(do func(func())) {
	for {
		for l.next < len(l.batch) {
			f := l.batch[l.next]
			l.batch[l.next] = nil
			l.next++
			do(f)
		}
		l.mu.Lock()
		l.batch, l.tasks, l.next = l.tasks, l.batch[:0], 0
		closed := l.closed
		l.mu.Unlock()
		if len(l.batch) > 0 {
			continue
		}
		if closed {
			return
		}
		<-l.wake
	}
}

// longest returns the longest queue so far.
func (l *loop) longest() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.peak
}
