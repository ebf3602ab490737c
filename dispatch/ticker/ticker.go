// Package ticker wakes the dispatcher when a timer of the store is due. It
// claims due timers under a lease, so that of several nodes one has each at a
// time, and hands them to Wake; a timer whose Wake fails is claimed again when
// the lease ends. After an outage every overdue timer fires once, at once; how
// late it is, is the dispatcher's business.
//
// It must not know what timers mean. Run owns all goroutines; Wake may be
// called by any.
package ticker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/butlerspb/vahta/dispatch"
)

// Config are the ticker's settings.
type Config struct {
	Lease    time.Duration    `yaml:"lease"`    // how long a claimed timer is ours
	Poll     time.Duration    `yaml:"poll"`     // longest time without a look into the store
	Batch    int              `yaml:"batch"`    // timers claimed at once
	Parallel int              `yaml:"parallel"` // timers woken at once
	Now      func() time.Time `yaml:"-"`        // nil = time.Now
}

// Defaults.
const (
	defaultLease    = 30 * time.Second
	defaultPoll     = time.Second // other nodes' timers and a moved clock are seen this late
	defaultBatch    = 64
	defaultParallel = 8
)

// Default returns settings for any size of company.
func Default() Config {
	return Config{Lease: defaultLease, Poll: defaultPoll, Batch: defaultBatch, Parallel: defaultParallel}
}

// Validate reports all faults, each with its field.
func (c Config) Validate() error {
	var faults []error
	for field, d := range map[string]time.Duration{"lease": c.Lease, "poll": c.Poll} {
		if d <= 0 {
			faults = append(faults, fmt.Errorf("%s: %v, want more than zero", field, d))
		}
	}
	if c.Batch < 1 || c.Parallel < 1 {
		faults = append(faults, fmt.Errorf("batch, parallel: %d, %d, want at least 1", c.Batch, c.Parallel))
	}
	return errors.Join(faults...)
}

// Source is where timers come from; dispatch.Queue has it.
type Source interface {
	ClaimTimers(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]dispatch.Timer, error)
	NextTimer(ctx context.Context) (time.Time, error)
}

// Desk does what a timer asks for; *dispatch.Dispatcher is one.
type Desk interface {
	Wake(ctx context.Context, t dispatch.Timer) error
}

// Ticker wakes due timers.
type Ticker struct {
	cfg    Config
	source Source
	desk   Desk
	log    *slog.Logger
	wake   chan struct{} // of one
}

// New returns a ticker; Run must follow. A nil log is silent.
func New(cfg Config, source Source, desk Desk, log *slog.Logger) (*Ticker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up ticker: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Ticker{cfg: cfg, source: source, desk: desk, log: log, wake: make(chan struct{}, 1)}, nil
}

// Wake makes the ticker look into the store now; it never blocks.
func (t *Ticker) Wake() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Run wakes timers until ctx ends.
func (t *Ticker) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.wake:
		case <-timer.C:
		}
		timer.Reset(t.round(ctx))
	}
}

// round wakes what is due and returns how long to wait for the next look.
func (t *Ticker) round(ctx context.Context) (rest time.Duration) {
	rest = t.cfg.Poll //nolint:wastedassign // what remains of a round that breaks off
	defer t.survive()
	for {
		due, err := t.source.ClaimTimers(ctx, t.cfg.Now(), t.cfg.Lease, t.cfg.Batch)
		if err != nil {
			if ctx.Err() == nil {
				t.log.Error("due timers could not be claimed", "err", err)
			}
			return t.cfg.Poll
		}
		t.fire(ctx, due)
		if len(due) < t.cfg.Batch || ctx.Err() != nil {
			break
		}
	}
	next, err := t.source.NextTimer(ctx)
	if err != nil {
		if ctx.Err() == nil {
			t.log.Error("the next timer could not be read", "err", err)
		}
		return t.cfg.Poll
	}
	if next.IsZero() {
		return t.cfg.Poll
	}
	return max(0, min(next.Sub(t.cfg.Now()), t.cfg.Poll))
}

// survive ends a panic of its caller: a fault in one timer costs that timer.
func (t *Ticker) survive() {
	if fault := recover(); fault != nil {
		t.log.Error("work on timers broke off; it is done again", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
	}
}

func (t *Ticker) fire(ctx context.Context, due []dispatch.Timer) {
	var g errgroup.Group
	g.SetLimit(t.cfg.Parallel)
	for _, d := range due {
		g.Go(func() error {
			defer t.survive() // the timer comes again when its lease ends
			if err := t.desk.Wake(ctx, d); err != nil && ctx.Err() == nil {
				t.log.Error("a timer failed and comes again when its lease ends", "ticket", d.Ticket, "err", err)
			}
			return nil
		})
	}
	_ = g.Wait() // the functions return no errors
}
