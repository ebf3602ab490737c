package sms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/channels/sms/smpp"
	"github.com/butlerspb/vahta/channels/sms/text"
	"github.com/butlerspb/vahta/dispatch"
)

// Receiver makes signals durable.
type Receiver interface {
	Receive(ctx context.Context, sig dispatch.Signal) (dispatch.SignalID, error)
}

// Deps are what a Channel works with. Registerer and Log may be nil.
type Deps struct {
	Receiver   Receiver
	Sends      dispatch.Sends // counts what leaves, for all nodes
	Spool      string         // folder for parts of texts
	Now        func() time.Time
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Channel receives and sends short messages by all accounts.
type Channel struct {
	cfg      Config
	deps     Deps
	metrics  *metrics
	spool    spool
	accounts []*account
	wake     chan struct{}

	mu      sync.Mutex
	gone    []*account // of parts in the spool, configured no more
	parts   map[string]kept
	repeats map[string]time.Time // parts that may belong to nothing, since when
	ready   []ready
	last    time.Time // when something came in or was taken
}

// account is one with its client.
type account struct {
	Account

	conf   smpp.Config
	client *smpp.Client
	joiner *text.Joiner
}

// New makes a channel of a valid configuration. It does nothing until Run.
func New(cfg Config, deps Deps) (*Channel, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up SMS: %w", err)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	c := &Channel{
		cfg: cfg, deps: deps, metrics: newMetrics(deps.Registerer), spool: spool{deps.Spool}, wake: make(chan struct{}, 1),
		parts: map[string]kept{}, repeats: map[string]time.Time{},
	}
	for _, one := range cfg.Accounts {
		conf, err := one.config(cfg)
		if err != nil {
			return nil, fmt.Errorf("set up SMS: %w", err)
		}
		a := &account{Account: one, conf: conf, joiner: text.NewJoiner(text.DefaultBounds())}
		a.client, err = smpp.New(conf, smpp.Deps{
			Log: deps.Log, Metrics: c.metrics,
			Receive: func(ctx context.Context, raw []byte) error { return c.received(ctx, a, raw) },
		})
		if err != nil {
			return nil, fmt.Errorf("set up SMS: %w", err)
		}
		c.accounts = append(c.accounts, a)
	}
	return c, nil
}

func (c *Channel) account(name string) *account {
	for _, a := range slices.Concat(c.accounts, c.gone) {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Run keeps the links to the centres up and hands texts over until ctx ends.
func (c *Channel) Run(ctx context.Context) error {
	if err := c.restore(); err != nil {
		c.deps.Log.Error("parts of texts in the spool can not be read; look at them", "folder", c.deps.Spool, "err", err)
	}
	var wg sync.WaitGroup
	faults := make([]error, len(c.accounts))
	for i, a := range c.accounts {
		wg.Go(func() { faults[i] = a.client.Run(ctx) })
	}
	for ctx.Err() == nil {
		timer := time.NewTimer(c.hand(ctx))
		select {
		case <-ctx.Done():
		case <-c.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	wg.Wait()
	return errors.Join(faults...)
}

// nudge has hand called soon.
func (c *Channel) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Name is the channel's name for people.
func (c *Channel) Name() string { return "sms" }

// Pulse tells when a message last came in or was taken, and what is wrong when no centre is reached.
func (c *Channel) Pulse() (last time.Time, fault error) {
	c.mu.Lock()
	last = c.last
	c.mu.Unlock()
	for _, a := range c.accounts {
		if a.client.Up() > 0 {
			return last, nil
		}
		fault = errors.Join(fault, fmt.Errorf("account %s: its message centre is not reached", a.Name))
	}
	return last, fault
}
