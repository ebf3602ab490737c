package wire

import (
	"math"
	"sync"
)

// maxQueued is how many inputs one Call-ID may have waiting. A call has about
// 14 messages; more than this at once is a flood.
const maxQueued = 1024

// mailboxes run the inputs of each Call-ID one after another, in the order in
// which they were posted. A mailbox exists, and has a goroutine, only while it
// is not empty.
type mailboxes struct {
	// guarded by mu
	mu     sync.Mutex
	m      map[string]*mailbox
	free   []*mailbox
	closed bool

	running sync.WaitGroup
	fault   func(callID string) // recovers, as a deferred function; set at New
}

type mailbox struct{ queue, spare []func() }

// maxFree is how many empty mailboxes are kept for reuse.
const maxFree = 256

func newMailboxes(fault func(callID string)) *mailboxes {
	return &mailboxes{m: make(map[string]*mailbox), fault: fault}
}

// post queues fn. It returns false when the mailbox is full or the edge ends.
func (p *mailboxes) post(callID string, fn func()) bool { return p.put(callID, fn, maxQueued) }

// postLast queues what ends a transaction: it comes once and nothing stands in for it, so a full mailbox
// takes it still. It returns false when the edge ends.
func (p *mailboxes) postLast(callID string, fn func()) bool { return p.put(callID, fn, math.MaxInt) }

func (p *mailboxes) put(callID string, fn func(), most int) bool {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return false
	}
	box, ok := p.m[callID]
	if ok {
		defer p.mu.Unlock()
		if len(box.queue) >= most {
			return false
		}
		box.queue = append(box.queue, fn)
		return true
	}
	if n := len(p.free); n > 0 {
		box, p.free = p.free[n-1], p.free[:n-1]
	} else {
		box = &mailbox{queue: make([]func(), 0, 4), spare: make([]func(), 0, 4)}
	}
	box.queue = append(box.queue, fn)
	p.m[callID] = box
	p.running.Add(1)
	p.mu.Unlock()
	go p.run(callID, box)
	return true
}

func (p *mailboxes) run(callID string, box *mailbox) {
	defer p.running.Done()
	for {
		batch, more := p.next(callID, box)
		if !more {
			return
		}
		for i, fn := range batch {
			p.one(callID, fn)
			batch[i] = nil
		}
	}
}

// one runs one input; a panic costs that input only.
func (p *mailboxes) one(callID string, fn func()) {
	defer p.fault(callID)
	fn()
}

// next swaps the queue for the empty spare, or ends the mailbox.
func (p *mailboxes) next(callID string, box *mailbox) ([]func(), bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(box.queue) == 0 {
		delete(p.m, callID)
		if len(p.free) < maxFree && cap(box.queue) <= 64 {
			p.free = append(p.free, box)
		}
		return nil, false
	}
	batch := box.queue
	box.queue, box.spare = box.spare[:0], batch
	return batch, true
}

// len is the number of mailboxes that are not empty.
func (p *mailboxes) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.m)
}

// close refuses new inputs and waits for those that are queued.
func (p *mailboxes) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.running.Wait()
}
