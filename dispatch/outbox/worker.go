package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
)

// Source is where notices come from; dispatch.Queue has it.
type Source interface {
	ClaimNotices(ctx context.Context, kind dispatch.NoticeKind, now time.Time, lease time.Duration, limit int) ([]dispatch.Notice, error)
	NextNotice(ctx context.Context, kind dispatch.NoticeKind) (time.Time, error)
}

// Desk knows whether a notice is still needed and keeps the record;
// *dispatch.Dispatcher is one.
type Desk interface {
	StillNeeded(ctx context.Context, n dispatch.Notice) (dispatch.Notice, bool)
	RecordDelivery(ctx context.Context, d dispatch.Delivery) error
}

// Deps are what a worker works with.
type Deps struct {
	Source    Source
	Desk      Desk
	Notifiers map[dispatch.Channel]dispatch.Notifier
	Sends     dispatch.Sends // counts pages; nil = they are not limited
	// Open reads what goes with a message about a ticket; nil = nothing can.
	Open       func(ctx context.Context, about dispatch.Ref, e dispatch.Enclosure) (io.ReadCloser, error)
	Log        *slog.Logger          // nil = silent
	Registerer prometheus.Registerer // nil = not measured
}

// Worker delivers notices.
type Worker struct {
	// set at New
	cfg     Config
	deps    Deps
	log     *slog.Logger
	metrics *metrics
	lanes   []*lane
	far     *receivers
	pages   *counter

	mu     sync.Mutex
	flight map[string]flying // guarded by mu; by notice id
}

// flying is a notice under way.
type flying struct {
	notice dispatch.Notice
	sent   bool // its notifier has it
	cancel context.CancelCauseFunc
}

// lane is one kind of notices with its own share of the work.
type lane struct {
	kind   dispatch.NoticeKind
	slots  int
	budget time.Duration
	wake   chan struct{} // of one
	ended  chan struct{} // a token per delivery that has ended
}

// errWithdrawn cancels a page that nobody needs any more.
var errWithdrawn = errors.New("the page is no longer needed")

// New returns a worker; Run must follow.
func New(cfg Config, deps Deps) (*Worker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up outbox: %w", err)
	}
	if deps.Source == nil || deps.Desk == nil {
		return nil, errors.New("set up outbox: a source and a desk are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	w := &Worker{cfg: cfg, deps: deps, log: deps.Log, metrics: newMetrics(deps.Registerer), flight: map[string]flying{}}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	w.far = newReceivers(cfg, w.log)
	w.pages = &counter{limits: cfg.Limits, sends: deps.Sends, own: map[string][]dispatch.Send{}, void: map[string]dispatch.Send{}}
	w.lanes = []*lane{
		newLane(dispatch.NoticePage, cfg.Pages, cfg.PageBudget),
		newLane(dispatch.NoticeRecall, cfg.Recalls, cfg.RecallBudget),
		newLane(dispatch.NoticeEvent, cfg.Events, cfg.EventBudget),
		newLane(dispatch.NoticeShift, cfg.Shifts, cfg.PageBudget),
		newLane(dispatch.NoticeClient, cfg.Clients, cfg.ClientBudget),
	}
	return w, nil
}

func newLane(kind dispatch.NoticeKind, slots int, budget time.Duration) *lane {
	return &lane{kind: kind, slots: slots, budget: budget, wake: make(chan struct{}, 1), ended: make(chan struct{}, slots)}
}

// Wake makes the worker look for due notices now; it never blocks.
func (w *Worker) Wake() {
	for _, l := range w.lanes {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// Withdraw stops a page about a ticket that is under way, page 0 all of them,
// dispatch.AllButWanted all that are not wanted once the ticket is taken; it
// never blocks.
func (w *Worker) Withdraw(ticketID string, page int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.flight {
		if n := f.notice; n.Kind == dispatch.NoticePage && n.Ref.ID == ticketID && (page == 0 || n.Page == page || page == dispatch.AllButWanted && !n.Wanted) {
			f.cancel(errWithdrawn)
		}
	}
}

// lookEvery is how often it is asked whether the pages under way are still
// needed: another node may have heard that they are not, or this one slept.
const lookEvery = 5 * time.Second

// look withdraws the pages under way that nobody needs any more, until ctx ends.
func (w *Worker) look(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.lookOnce(ctx)
	}
}

func (w *Worker) lookOnce(ctx context.Context) {
	defer w.survive()
	for _, f := range w.underWay() {
		if _, needed := w.deps.Desk.StillNeeded(ctx, f.notice); !needed {
			f.cancel(errWithdrawn)
		}
	}
}

// underWay returns the pages that their notifiers have.
func (w *Worker) underWay() (list []flying) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.flight {
		if f.sent && f.notice.Kind == dispatch.NoticePage {
			list = append(list, f)
		}
	}
	return list
}

// sending notes that a notifier gets a notice.
func (w *Worker) sending(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.flight[id]
	f.sent = true
	w.flight[id] = f
}

// Run delivers until ctx ends; then deliveries under way are cut short, and
// what they had not finished comes again after the next start.
func (w *Worker) Run(ctx context.Context) error {
	var lanes sync.WaitGroup
	for _, l := range w.lanes {
		lanes.Go(func() { w.serve(ctx, l) })
	}
	lanes.Go(func() { w.look(ctx) })
	lanes.Wait()
	return nil
}

// leaseSlack is how much longer than its budget a delivery is ours, so that
// its record can still be written.
const leaseSlack = 30 * time.Second

func (w *Worker) serve(ctx context.Context, l *lane) {
	var under sync.WaitGroup
	defer under.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	free := l.slots
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.ended:
			free++
		case <-l.wake:
		case <-timer.C:
		}
		for drained := false; !drained; {
			select {
			case <-l.ended:
				free++
			default:
				drained = true
			}
		}
		started, rest := w.round(ctx, l, free, &under)
		free -= started
		timer.Reset(rest)
	}
}

// survive ends a panic of its caller: a fault in one notice costs that notice.
func (w *Worker) survive() {
	if fault := recover(); fault != nil {
		w.log.Error("work on notices broke off; it is done again", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
	}
}

// round sets due notices off and returns how many, and how long the lane may
// rest.
func (w *Worker) round(ctx context.Context, l *lane, free int, under *sync.WaitGroup) (started int, rest time.Duration) {
	rest = w.cfg.Poll
	defer w.survive()
	started, err := w.start(ctx, l, free, under)
	if err != nil {
		if ctx.Err() == nil {
			w.log.Error("due notices could not be claimed", "err", err)
		}
		return started, rest
	}
	return started, w.wait(ctx, l, free-started)
}

// start claims as many due notices as there are free slots and sets them off.
func (w *Worker) start(ctx context.Context, l *lane, free int, under *sync.WaitGroup) (started int, err error) {
	if free == 0 {
		return 0, nil
	}
	now := w.cfg.Now()
	due, err := w.deps.Source.ClaimNotices(ctx, l.kind, now, l.budget+leaseSlack, free)
	if err != nil {
		return 0, err
	}
	for _, n := range due {
		sub, cancel := context.WithCancelCause(ctx)
		if !w.takeOff(n, cancel) {
			cancel(nil)
			continue // its lease ran out while it is still under way
		}
		started++
		under.Go(func() {
			defer func() { w.land(n); cancel(nil); l.ended <- struct{}{} }()
			defer w.survive() // the notice comes again when its lease ends
			w.deliver(sub, l, n, now)
		})
	}
	return started, nil
}

// wait returns how long the lane may rest.
func (w *Worker) wait(ctx context.Context, l *lane, free int) time.Duration {
	if free == 0 {
		return w.cfg.Poll
	}
	next, err := w.deps.Source.NextNotice(ctx, l.kind)
	if err != nil {
		if ctx.Err() == nil {
			w.log.Error("the next notice could not be read", "err", err)
		}
		return w.cfg.Poll
	}
	if next.IsZero() {
		return w.cfg.Poll
	}
	return max(0, min(next.Sub(w.cfg.Now()), w.cfg.Poll))
}

func (w *Worker) takeOff(n dispatch.Notice, cancel context.CancelCauseFunc) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.flight[n.ID]; ok {
		return false
	}
	w.flight[n.ID] = flying{notice: n, cancel: cancel}
	return true
}

func (w *Worker) land(n dispatch.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.flight, n.ID)
}

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
