package hotline

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// ledger writes what one call has to record, in order, beside the call: the
// ticket first, then attempts, the acceptance, the outcome. The journal below
// takes what the store refuses; only when both refuse is anything repeated here:
// what an alarm hangs on for as long as the process lives, the rest thrice. A
// record that breaks whoever writes it is given up after as many tries.
type ledger struct {
	h    *Hotline
	call string

	mu      sync.Mutex
	entries []entry // guarded by mu
	writing bool    // guarded by mu: a goroutine works through entries

	ref dispatch.Ref // owned by the writing goroutine
}

// entry is one thing to record.
type entry struct {
	what   string // for the log
	vital  bool   // repeated as long as the process lives: without it an alarm would die, or ring for ever
	failed func(error)
	write  func(ctx context.Context) error
}

// How long store and journal may refuse before a record is given up.
const (
	writeLimit = 5 * time.Second        // one try
	firstPause = 100 * time.Millisecond // doubled after each try …
	maxPause   = 10 * time.Second       // … up to this
	maxTries   = 3                      // of what is not vital: it must not hold up what is
)

// headStart is how long records let the messages of their call go ahead. On a
// busy core an engineer's refusal and the next INVITE fit in; the caller's
// answer waits up to 200 ms for the ticket.
const headStart = 2 * time.Millisecond

func newLedger(h *Hotline, call string) *ledger { return &ledger{h: h, call: call} }

func (l *ledger) add(e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
	if !l.writing {
		l.writing = true
		l.h.beside(l.run)
	}
}

// run works until nothing is left; the next add starts it again.
func (l *ledger) run() {
	select {
	case <-time.After(headStart):
	case <-l.h.stopping:
	}
	for {
		l.mu.Lock()
		if len(l.entries) == 0 {
			l.writing, l.entries = false, nil
			l.mu.Unlock()
			return
		}
		e := l.entries[0]
		l.entries = l.entries[1:]
		l.mu.Unlock()
		l.insist(e)
	}
}

// insist writes one entry, again while store and journal refuse.
func (l *ledger) insist(e entry) {
	pause := firstPause
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
		var err error
		if broke := l.h.safely(func() { err = e.write(ctx) }); broke != nil {
			err = broke
		}
		cancel()
		if err == nil {
			return
		}
		if _, refused := errors.AsType[*ticket.IllegalError](err); refused {
			l.h.log.Warn("the ticket does not take a record of its call", "call_id", l.call, "attempt", e.what, "err", err)
			return
		}
		l.h.metrics.recordFailed(e.what)
		if try == 1 && e.failed != nil {
			_ = l.h.safely(func() { e.failed(err) }) // logged
		}
		if try >= maxTries && (!e.vital || errors.Is(err, errBroke)) || l.h.stopped() {
			l.h.log.Error("record of a call is lost: neither store nor journal takes it", "call_id", l.call, "attempt", e.what, "err", err)
			return
		}
		select {
		case <-time.After(pause):
		case <-l.h.stopping: // one last try
		}
		pause = min(2*pause, maxPause)
	}
}

// open commits the ticket; opened is told of the success, and once of a failure.
func (l *ledger) open(sig dispatch.Signal, opened func(dispatch.Opened, error)) {
	l.add(entry{
		what: "ticket", vital: true,
		failed: func(err error) { opened(dispatch.Opened{}, err) },
		write: func(ctx context.Context) error {
			o, err := l.h.desk.OpenCall(ctx, sig)
			if err == nil {
				l.ref = o.Ref
				opened(o, nil)
			}
			return err
		},
	})
}

// about names the ticket of records that follow, for calls that have one already.
func (l *ledger) about(ref dispatch.Ref) {
	l.add(entry{what: "ticket", write: func(context.Context) error { l.ref = ref; return nil }})
}

func (l *ledger) ring(r dispatch.Ring) {
	l.add(entry{what: "ring", write: func(ctx context.Context) error {
		r.Ref = l.ref
		return l.known(func() error { return l.h.desk.RecordRing(ctx, r) })
	}})
}

func (l *ledger) attempt(a dispatch.Attempt) {
	l.add(entry{what: "attempt", write: func(ctx context.Context) error {
		a.Ref = l.ref
		return l.known(func() error { return l.h.desk.RecordAttempt(ctx, a) })
	}})
}

func (l *ledger) accepted(a dispatch.Accepted) {
	l.add(entry{what: "accepted", vital: true, write: func(ctx context.Context) error {
		a.Ref = l.ref
		return l.known(func() error { return l.h.desk.RecordAccepted(ctx, a) })
	}})
}

// How a ticket was taken, as the record has it.
const (
	howKey  = "accept_key" // a key on a live call
	howPage = "voice_page" // a key on a voice page
)

func (l *ledger) acknowledge(person, how string, at time.Time) {
	l.add(entry{what: "acknowledged", vital: true, write: func(ctx context.Context) error {
		return l.known(func() error { return l.h.desk.Acknowledge(ctx, l.ref, person, how, at) })
	}})
}

func (l *ledger) note(text string, at time.Time) {
	l.add(entry{what: "note", write: func(ctx context.Context) error {
		by := dispatch.Author{Person: dispatch.Itself, Channel: dispatch.ChannelCall, At: at}
		return l.known(func() error { return l.h.desk.Note(ctx, l.ref, by, ticket.Noted{Text: text}) })
	}})
}

func (l *ledger) outcome(o dispatch.Outcome) {
	l.add(entry{what: "outcome", vital: true, write: func(ctx context.Context) error {
		o.Ref = l.ref
		return l.known(func() error { return l.h.desk.RecordOutcome(ctx, o) })
	}})
}

// known writes only about a ticket that is there; without one its loss was logged.
func (l *ledger) known(write func() error) error {
	if l.ref.Zero() {
		return nil
	}
	return write()
}
