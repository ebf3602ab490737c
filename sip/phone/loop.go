package phone

import "sync"

// loop runs functions one after another: the one place where a session's state
// is touched. It satisfies dialog.Executor.
type loop struct {
	mu     sync.Mutex
	queue  []func()      // guarded by mu
	closed bool          // guarded by mu
	wake   chan struct{} // has room for one: a wake-up is never lost
}

func newLoop() *loop { return &loop{wake: make(chan struct{}, 1)} }

// Post queues f; false means that the loop has ended and f will not run.
func (l *loop) Post(f func()) bool {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return false
	}
	l.queue = append(l.queue, f)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return true
}

// run works until close; what was queued before close still runs.
func (l *loop) run() {
	for range l.wake {
		for {
			l.mu.Lock()
			queue, closed := l.queue, l.closed
			l.queue = nil
			l.mu.Unlock()
			if len(queue) == 0 {
				if closed {
					return
				}
				break
			}
			for _, f := range queue {
				f()
			}
		}
	}
}

// close ends the loop once its queue is empty.
func (l *loop) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
