package dialog

import (
	"sync"
	"time"
)

// Executor runs functions one after another: the call's loop. Post returns
// false when the loop has ended and will not run f; what it took it must run.
type Executor interface{ Post(f func()) bool }

// mailbox leads everything that happens to a dialog into its owner's loop. Before
// there is an owner it keeps things in order; when the owner's loop has ended it
// runs them itself, one at a time.
type mailbox struct {
	mu    sync.Mutex // guards exec, open and queue
	exec  Executor
	open  bool
	queue []func()

	orphan sync.Mutex // held while a function runs without the owner's loop
	deaf   bool       // guarded by orphan: nobody listens to events any more
}

// post runs f in the owner's loop, or in its place.
func (m *mailbox) post(f func()) {
	m.mu.Lock()
	if !m.open {
		m.queue = append(m.queue, f)
		m.mu.Unlock()
		return
	}
	exec := m.exec
	m.mu.Unlock()
	if exec == nil || !exec.Post(f) {
		m.alone(f)
	}
}

func (m *mailbox) alone(f func()) {
	m.orphan.Lock()
	defer m.orphan.Unlock()
	m.deaf = true
	f()
}

// own gives the mailbox its owner; nil means that it has none and never will.
func (m *mailbox) own(exec Executor) {
	for {
		m.mu.Lock()
		queue := m.queue
		m.queue = nil
		if len(queue) == 0 {
			m.exec, m.open = exec, true
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		for _, f := range queue {
			if exec == nil || !exec.Post(f) {
				m.alone(f)
			}
		}
	}
}

// detach lets the owner go; what still comes is handled without it.
func (m *mailbox) detach() {
	m.mu.Lock()
	m.exec = nil
	m.mu.Unlock()
}

// timer is one slot of a dialog: started and stopped inside its loop, so that a
// stopped timer never acts even if it had fired already.
type timer struct {
	t     *time.Timer
	round uint64
}

func (t *timer) start(m *mailbox, d time.Duration, f func()) {
	t.stop()
	round := t.round
	t.t = time.AfterFunc(d, func() {
		m.post(func() {
			if t.round == round {
				f()
			}
		})
	})
}

func (t *timer) stop() {
	t.round++
	if t.t != nil {
		t.t.Stop()
		t.t = nil
	}
}
