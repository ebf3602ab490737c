package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// deliver makes one try of one notice that was claimed then: check, send,
// record.
func (w *Worker) deliver(ctx context.Context, l *lane, n dispatch.Notice, claimed time.Time) {
	at := w.cfg.Now()
	if again, ok := w.far.enter(n, at); !ok {
		w.record(ctx, postpone(w.cfg, n, at, again))
		return
	}
	ready, needed := w.deps.Desk.StillNeeded(ctx, n)
	var counted dispatch.Send
	if needed && n.Kind == dispatch.NoticePage {
		counted = sendOf(ready, at)
		if d, held := w.hold(ctx, ready, counted, at); held {
			w.record(ctx, d)
			return
		}
		ready, needed = w.lookAgain(ctx, ready, at)
	}
	if elapsed(claimed, w.cfg.Now()) > leaseSlack {
		w.far.aside(n)
		return // this process slept: another node may have the notice by now; it comes again when its lease ends
	}
	if cause := context.Cause(ctx); errors.Is(cause, errWithdrawn) {
		needed = false
	} else if cause != nil {
		w.far.aside(n)
		return // stopped before the send: it comes again after the next start
	}
	var result dispatch.Result
	var err error
	var tried attempts
	if needed {
		ready.Report, ready.Stamp = tried.add, tried.name
		if about := ready.Ref; w.deps.Open != nil {
			ready.Open = func(ctx context.Context, e dispatch.Enclosure) (io.ReadCloser, error) {
				return w.deps.Open(ctx, about, e)
			}
		}
		w.sending(n.ID)
		result, err = w.send(ctx, l, ready)
	} else {
		ready, result = n, dispatch.ResultWithdrawn
	}
	if errors.Is(context.Cause(ctx), errWithdrawn) && result != dispatch.ResultAcknowledged {
		result, err = dispatch.ResultWithdrawn, nil
	}
	if result == dispatch.ResultWithdrawn && err != nil && ctx.Err() == nil {
		result = dispatch.ResultFailed // it ran out of its own time: paging must go on
	}
	if ctx.Err() != nil && err != nil {
		w.far.aside(n)
		return // stopped in the middle: it comes again after the next start
	}
	ready.Report, ready.Stamp, ready.Open = nil, nil, nil
	end, jitter := w.cfg.Now(), w.cfg.Jitter()
	d := settle(w.cfg, ready, result, err, at, end.Sub(at), jitter)
	if again := w.far.leave(n, at, end, err, jitter); !d.Final {
		d.RetryAt = later(d.RetryAt, again)
	}
	d.Attempts, d.Stamp = tried.all()
	w.uncount(ctx, counted, d)
	w.metrics.delivered(d)
	w.record(ctx, d)
}

// How old the look at a ticket may be when its page goes out, and how often it
// is repeated for that: a page too many is better than none.
const (
	fresh = time.Second
	looks = 5
)

// lookAgain looks at the ticket of a page again while the last look is old: this
// process slept between the look and the send, or waited for the database.
func (w *Worker) lookAgain(ctx context.Context, n dispatch.Notice, looked time.Time) (ready dispatch.Notice, needed bool) {
	ready, needed = n, true
	for range looks {
		now := w.cfg.Now()
		if !needed || elapsed(looked, now) <= fresh || ctx.Err() != nil {
			break
		}
		looked = now
		ready, needed = w.deps.Desk.StillNeeded(ctx, n)
	}
	return ready, needed
}

// elapsed is the time between two moments, by the clock that shows more of it:
// one stands while the machine sleeps, the other one can be set.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}

// hold counts a page, or says what becomes of one that the person does not bear
// now.
func (w *Worker) hold(ctx context.Context, n dispatch.Notice, one dispatch.Send, at time.Time) (d dispatch.Delivery, held bool) {
	v, fault, told := w.pages.admit(ctx, n, one)
	if fault != nil && !told && ctx.Err() == nil {
		w.log.Warn("pages are counted by this node's memory: the store does not answer", "err", fault)
	}
	if v.result == "" {
		return d, false
	}
	d = dispatch.Delivery{Notice: n, Result: v.result, At: at, Took: w.cfg.Now().Sub(at), Final: v.result != dispatch.ResultPostponed, RetryAt: v.until}
	w.metrics.delivered(d)
	return d, true
}

// uncount takes the count of a page back that reached nobody, before its record
// makes the next one go out. A page too few in the count is better than a person
// who is not called.
func (w *Worker) uncount(ctx context.Context, counted dispatch.Send, d dispatch.Delivery) {
	if counted.Notice == "" || !reachedNobody(d) {
		return
	}
	if err := w.pages.takeBack(context.WithoutCancel(ctx), counted); err != nil {
		w.log.Debug("the store counts a page that reached nobody; it is told with the next one", "ticket", d.Notice.Ref.Number, "err", err)
	}
}

// attempts collects what a notifier reports: a page's devices, and the
// transport's name of a message.
type attempts struct {
	mu    sync.Mutex
	list  []dispatch.Attempt // guarded by mu
	stamp string             // guarded by mu
}

func (a *attempts) add(one dispatch.Attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, one)
}

func (a *attempts) name(stamp string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stamp = stamp
}

func (a *attempts) all() ([]dispatch.Attempt, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.list, a.stamp
}

// send hands the notice to its channel's notifier. A notifier that panics has
// failed at one notice only.
func (w *Worker) send(ctx context.Context, l *lane, n dispatch.Notice) (result dispatch.Result, err error) {
	to, ok := w.deps.Notifiers[n.Channel]
	if !ok {
		return dispatch.ResultFailed, fmt.Errorf("no notifier for channel %q is set up: %w", n.Channel, dispatch.ErrPermanent)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, l.budget, fmt.Errorf("no result within %v", l.budget))
	defer cancel()
	defer func() {
		if fault := recover(); fault != nil {
			result, err = dispatch.ResultFailed, fmt.Errorf("the notifier of channel %q broke: %v", n.Channel, fault)
		}
	}()
	return to.Notify(ctx, n)
}

// Pauses between tries to write a record.
const (
	firstRecordPause = 50 * time.Millisecond
	maxRecordPause   = 2 * time.Second
	stopGrace        = 2 * time.Second // a record may still be written this long after the stop
)

// record writes the try down, again and again while the store refuses: a key
// that was pressed must not be forgotten.
func (w *Worker) record(ctx context.Context, d dispatch.Delivery) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })
	defer stop()
	for pause := firstRecordPause; ; pause = min(2*pause, maxRecordPause) {
		err := w.deps.Desk.RecordDelivery(work, d)
		if err == nil {
			return
		}
		select {
		case <-time.After(pause):
			w.log.Error("a delivery could not be recorded yet", "ticket", d.Notice.Ref.Number, "err", err)
		case <-work.Done():
			w.log.Error("a delivery was not recorded and will be repeated", "ticket", d.Notice.Ref.Number, "err", err)
			return
		}
	}
}
