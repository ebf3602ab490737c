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
