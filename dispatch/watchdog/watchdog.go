package watchdog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
)

// Config are the watchdog's settings.
type Config struct {
	Every      time.Duration    `yaml:"every"`       // how often it looks, and gives a sign of life
	TimerLag   time.Duration    `yaml:"timer_lag"`   // a timer that is due for so long and was not fetched is a fault
	NoticeLag  time.Duration    `yaml:"notice_lag"`  // the same of pages, recalls and messages to clients
	StepLag    time.Duration    `yaml:"step_lag"`    // a ticket's step that is due for so long and was not taken
	AskBudget  time.Duration    `yaml:"ask_budget"`  // longest an answer to one of its questions may take
	BeatBudget time.Duration    `yaml:"beat_budget"` // longest a sign of life may take
	Now        func() time.Time `yaml:"-"`           // nil = time.Now
}

// Default returns the settings of Vahta.
func Default() Config {
	return Config{
		Every: time.Minute, TimerLag: 10 * time.Second, NoticeLag: time.Minute,
		StepLag:    90 * time.Second, // two tries of a step that fails lie within it: the lease of a timer is 30 s
		AskBudget:  10 * time.Second, // five questions and a sign of life fit into a minute
		BeatBudget: 10 * time.Second,
	}
}

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	for field, d := range map[string]time.Duration{
		"every": c.Every, "timer_lag": c.TimerLag, "notice_lag": c.NoticeLag, "step_lag": c.StepLag, "ask_budget": c.AskBudget, "beat_budget": c.BeatBudget,
	} {
		if d <= 0 {
			faults = append(faults, fmt.Errorf("%s: %v, want more than zero", field, d))
		}
	}
	return errors.Join(faults...)
}

// Queue says when work falls due; dispatch.Queue has it.
type Queue interface {
	NextNotice(ctx context.Context, kind dispatch.NoticeKind) (time.Time, error)
	NextTimer(ctx context.Context) (time.Time, error)
}

// Desk knows the open tickets; *dispatch.Dispatcher is one.
type Desk interface {
	OverdueSteps(ctx context.Context, patience time.Duration) []dispatch.Overdue
}

// Deps are what a watchdog works with.
type Deps struct {
	Queue Queue
	Desk  Desk
	// Beat sends a sign of life; nil = nobody outside waits for one.
	Beat       func(ctx context.Context) error
	Log        *slog.Logger          // nil = silent
	Registerer prometheus.Registerer // nil = not measured
}

// Fault is something that is wrong now.
type Fault struct {
	Name   string    `json:"name"`   // one of a closed set, such as timers
	Detail string    `json:"detail"` // in words
	Since  time.Time `json:"since"`  // when it was seen first
}

// The names of faults.
const (
	FaultStore  = "store"  // the questions get no answer
	FaultTimers = "timers" // due, and nobody fetches them
	FaultSteps  = "steps"  // tickets whose step was not taken
	FaultDesk   = "desk"   // the open tickets give no answer
	FaultBeat   = "heartbeat"
)

// watched are the kinds of notices that people wait for; each is the name of
// its fault.
func watched() []dispatch.NoticeKind {
	return []dispatch.NoticeKind{dispatch.NoticePage, dispatch.NoticeRecall, dispatch.NoticeClient}
}

// Watchdog looks.
type Watchdog struct {
	cfg     Config
	deps    Deps
	log     *slog.Logger
	metrics *metrics

	mu     sync.Mutex
	faults map[string]Fault     // guarded by mu; by name
	asked  map[string]time.Time // guarded by mu; since when a question has had no answer
}

// New returns a watchdog; Run must follow.
func New(cfg Config, deps Deps) (*Watchdog, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up watchdog: %w", err)
	}
	if deps.Queue == nil || deps.Desk == nil {
		return nil, errors.New("set up watchdog: a queue and a desk are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	w := &Watchdog{cfg: cfg, deps: deps, log: deps.Log, metrics: newMetrics(deps.Registerer), faults: map[string]Fault{}, asked: map[string]time.Time{}}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	return w, nil
}

// Run looks until ctx ends.
func (w *Watchdog) Run(ctx context.Context) error {
	tick := time.NewTicker(w.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			w.round(ctx)
		}
	}
}

// round looks once, and gives a sign of life when all is well.
func (w *Watchdog) round(ctx context.Context) {
	defer func() {
		if fault := recover(); fault != nil {
			w.log.Error("a look of the watchdog broke off; the next one follows", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	found := w.look(ctx)
	if ctx.Err() != nil {
		return // what fails now fails because we stop
	}
	if len(found) == 0 && w.deps.Beat != nil {
		sub, cancel := context.WithTimeout(ctx, w.cfg.BeatBudget)
		defer cancel()
		if err := w.deps.Beat(sub); err != nil && ctx.Err() == nil {
			found[FaultBeat] = err.Error()
		}
	}
	w.note(found)
}

// look returns what is wrong, by name.
func (w *Watchdog) look(ctx context.Context) map[string]string {
	found := map[string]string{}
	w.lookAtQueue(ctx, found)
	late, err := ask(ctx, w, "overdue steps", func(ctx context.Context) ([]dispatch.Overdue, error) {
		return w.deps.Desk.OverdueSteps(ctx, w.cfg.StepLag), nil
	})
	if err != nil {
		found[FaultDesk] = err.Error()
	}
	if len(late) > 0 {
		found[FaultSteps] = describe(late)
	}
	return found
}

// lookAtQueue finds work that is due and that nobody fetches.
func (w *Watchdog) lookAtQueue(ctx context.Context, found map[string]string) {
	now := w.cfg.Now()
	next, err := ask(ctx, w, "next timer", w.deps.Queue.NextTimer)
	if err != nil {
		found[FaultStore] = err.Error()
		return
	}
	if lag := lagOf(next, now); lag > w.cfg.TimerLag {
		found[FaultTimers] = fmt.Sprintf("a timer is due since %v and nobody fetches it", lag)
	}
	w.metrics.timerLag(lagOf(next, now))
	for _, kind := range watched() {
		next, err := ask(ctx, w, "next "+string(kind), func(ctx context.Context) (time.Time, error) {
			return w.deps.Queue.NextNotice(ctx, kind)
		})
		if err != nil {
			found[FaultStore] = err.Error()
			return
		}
		lag := lagOf(next, now)
		w.metrics.noticeLag(kind, lag)
		if lag > w.cfg.NoticeLag {
			found[string(kind)] = fmt.Sprintf("a notice of the kind %s is due since %v and does not go out", kind, lag)
		}
	}
}

// lagOf returns how long ago something fell due; zero = it is ahead, or there is
// nothing.
func lagOf(due, now time.Time) time.Duration {
	if due.IsZero() || due.After(now) {
		return 0
	}
	return now.Sub(due).Round(time.Second)
}

// describe names the first tickets whose steps are overdue.
func describe(late []dispatch.Overdue) string {
	slices.SortStableFunc(late, func(a, b dispatch.Overdue) int { return cmp.Compare(b.By, a.By) })
	const few = 3
	var list []string
	for _, o := range late[:min(few, len(late))] {
		if o.None {
			list = append(list, o.Ref.Number+" had no page timer")
			continue
		}
		list = append(list, fmt.Sprintf("%s: %s since %v", o.Ref.Number, o.Kind, o.By))
	}
	if rest := len(late) - few; rest > 0 {
		list = append(list, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(list, ", ")
}

// note brings the faults up to date and logs which began and which ended.
func (w *Watchdog) note(found map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.cfg.Now()
	for name, f := range w.faults {
		if _, still := found[name]; !still {
			w.log.Info("a fault of the watch is over", "cause", name, "took", now.Sub(f.Since).Round(time.Second).String())
			w.metrics.fault(name, false)
			delete(w.faults, name)
		}
	}
	for name, detail := range found {
		f, known := w.faults[name]
		if !known {
			f = Fault{Name: name, Since: now}
			w.log.Error("work that wakes people is not done in time; no sign of life is sent until it is", "cause", name, "err", detail)
			w.metrics.fault(name, true)
		}
		f.Detail = detail
		w.faults[name] = f
	}
}

// Faults returns what is wrong, by name; nothing = all is well.
func (w *Watchdog) Faults() []Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Fault
	for _, f := range w.faults {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b Fault) int { return strings.Compare(a.Name, b.Name) })
	return list
}
