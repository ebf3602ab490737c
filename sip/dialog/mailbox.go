package dialog

import (
	"sync"
	"time"
)

// Executor runs functions one after another: the call's loop. Post returns
// false when the loop has ended and will not run f; what it took it must run.
type Executor interface{ Post(f func()) bool }

// mailbox leads everything that happens to a dialog into its owner's loop. Before
// there is an owner it keeps things in order; when the owner has gone or his loop
// has ended it runs them itself, one at a time and after all that the loop took.
type mailbox struct {
	mu     sync.Mutex // guards what follows
	exec   Executor
	open   bool
	queue  []func() // before there is an owner
	handed int      // functions in the owner's loop that have not returned
	rest   []func() // functions that no loop took
	busy   bool     // one of rest is at work

	fault func(any) // told of a panic of one of rest; set when the dialog is made

	deaf bool // written while busy: nobody listens to events any more
}

// post runs f in the owner's loop, or in its place.
func (m *mailbox) post(f func()) {
	m.mu.Lock()
	if !m.open {
		m.queue = append(m.queue, f)
		m.mu.Unlock()
		return
	}
	m.give(f)
}

// give is called with mu held and releases it.
func (m *mailbox) give(f func()) {
	defer m.mu.Unlock()
	if m.hand(f) {
		return
	}
	m.rest = append(m.rest, f)
	m.work()
}

// hand offers f to the owner's loop. mu is held, but for the offer itself.
func (m *mailbox) hand(f func()) bool {
	exec := m.exec
	if exec == nil {
		return false
	}
	m.handed++
	m.mu.Unlock()
	taken := exec.Post(func() {
		defer m.returned()
		f()
	})
	m.mu.Lock()
	if !taken {
		m.handed--
	}
	return taken
}

func (m *mailbox) returned() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handed--
	m.work()
}

// work runs what no loop took, unless somebody else is at work who will. mu is
// held, but for the functions themselves.
func (m *mailbox) work() {
	for m.handed == 0 && !m.busy && len(m.rest) > 0 {
		f := m.rest[0]
		m.rest = m.rest[1:]
		m.alone(f)
	}
}

func (m *mailbox) alone(f func()) {
	m.busy, m.deaf = true, true
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.busy = false
	}()
	defer func() { // this may be a timer's goroutine, or another call's
		if v := recover(); v != nil && m.fault != nil {
			m.fault(v)
		}
	}()
	f()
}

// own gives the mailbox its owner; nil means that it has none and never will.
func (m *mailbox) own(exec Executor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.exec = exec
	for len(m.queue) > 0 {
		queue := m.queue
		m.queue = nil
		for _, f := range queue {
			if !m.hand(f) {
				m.rest = append(m.rest, f)
				m.work()
			}
		}
	}
	m.open = true
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
