package shift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// Store is the part of the record that a Carer works with.
type Store interface {
	dispatch.Care

	Commit(ctx context.Context, c dispatch.Change) error
}

// Registered is a phone that is registered now.
type Registered struct {
	Person  string
	Account string
}

// Deps are what a Carer works with.
type Deps struct {
	Store     Store
	Directory *dispatch.Directory
	// Tickets lists the open ones; nil = hand-overs tell of no work.
	Tickets func(ctx context.Context) ([]ticket.Ticket, error)
	// Wake is called when notices wait; it must not block. nil = they are found by the outbox's own clock.
	Wake func()
	// Registered lists the phones that are registered now; nil = none may register.
	Registered func() []Registered
	// Caller rings somebody for a test call; nil = there are none.
	Caller dispatch.Notifier
	Now    func() time.Time // nil = time.Now
	Log    *slog.Logger     // nil = silent
}

// Carer tells of shifts.
type Carer struct {
	// set at New
	cfg    Config
	deps   Deps
	log    *slog.Logger
	now    func() time.Time
	proofs chan dispatch.Proof
	wake   chan struct{} // of one

	// owned by Run
	told   map[string]time.Time // items that are done, by ID, until when they are remembered
	agenda []Item
	of     *oncall.Evaluator // whose agenda it is
	upTo   time.Time         // until when it reaches
	cried  time.Time         // when the log last said that people are not told; zero = they are
	seen   time.Time         // when registrations were last looked at

	testing sync.Mutex // one test call at a time
}

const (
	poll       = 30 * time.Second // longest time without a look at rota and clock
	reach      = 2 * time.Hour    // how far an agenda is made ahead
	maxProofs  = 256              // proofs that wait to be written; more are let go
	lookPhones = 10 * time.Minute // how often registrations are noted as proofs
	askBudget  = 200 * time.Millisecond
	listBudget = 5 * time.Second  // for the open tickets of a hand-over
	cryAgain   = 10 * time.Minute // how often the log says that people are still not told
)

// New checks its parts.
func New(cfg Config, deps Deps) (*Carer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up shift care: %w", err)
	}
	if deps.Store == nil || deps.Directory == nil {
		return nil, errors.New("set up shift care: a store and a directory are required")
	}
	c := &Carer{
		cfg: cfg, deps: deps, log: deps.Log, now: deps.Now, proofs: make(chan dispatch.Proof, maxProofs), wake: make(chan struct{}, 1),
		told: map[string]time.Time{},
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// Wake makes Run look at the rota now; it never blocks.
func (c *Carer) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run tells what is due until ctx ends.
func (c *Carer) Run(ctx context.Context) error {
	var writer sync.WaitGroup
	writer.Go(func() { c.write(ctx) })
	defer writer.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		case <-timer.C:
		}
		timer.Reset(c.look(ctx))
	}
}

// look tells what is due and returns how long to rest. A fault in one round
// costs that round.
func (c *Carer) look(ctx context.Context) (rest time.Duration) {
	rest = poll
	defer func() {
		if fault := recover(); fault != nil {
			c.log.Error("a round of shift care broke off; the next one follows", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	now := c.now().UTC()
	c.phones(now)
	s := c.deps.Directory.Load()
	if c.of != s.Duty || c.upTo.Before(now.Add(poll)) {
		c.upTo = now.Add(reach)
		c.agenda, c.of = Agenda(s.Duty, c.cfg, now, c.upTo), s.Duty
	}
	for id, until := range c.told {
		if now.After(until) {
			delete(c.told, id)
		}
	}
	var due []Item
	for _, i := range c.agenda {
		switch _, done := c.told[i.ID()]; {
		case done:
		case i.helps(now):
			due = append(due, i)
		case i.At.After(now):
			rest = min(rest, i.At.Sub(now))
		}
	}
	if len(due) > 0 && !c.tell(ctx, s, due, now) {
		return min(rest, poll)
	}
	return rest
}

// tell commits what is due; false = the record did not take it all. What can
// not be told keeps nothing else from being told.
func (c *Carer) tell(ctx context.Context, s *dispatch.Snapshot, due []Item, now time.Time) bool {
	known, err := c.known(ctx, now)
	untold := due
	if err == nil {
		t := teller{c.cfg, s, known, now}
		untold = nil
		for _, i := range due {
			if fault := c.tellOne(ctx, t, i); fault != nil {
				err = errors.Join(err, fault)
				untold = append(untold, i)
				continue
			}
			c.told[i.ID()] = i.Until
		}
	}
	if ctx.Err() != nil {
		return false
	}
	switch {
	case err == nil && !c.cried.IsZero():
		c.log.Info("people are told of their shifts again")
		c.cried = time.Time{}
	case err != nil && (c.cried.IsZero() || now.Sub(c.cried) >= cryAgain):
		c.log.Error("people are not told of their shifts; what still helps is told when the record answers: until then call them yourself",
			"untold", summary(untold), "err", err)
		c.cried = now
	}
	return err == nil
}

// summary says what was not told to whom.
func summary(items []Item) string {
	list := make([]string, len(items))
	for n, i := range items {
		list[n] = string(i.Kind) + " " + cmp.Or(i.Person, i.Schedule)
	}
	return strings.Join(list, ", ")
}

// tellOne tells one item; a fault in it costs that item.
func (c *Carer) tellOne(ctx context.Context, t teller, i Item) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("tell %s: broke off: %v, at %s", i.ID(), fault, debug.Stack())
		}
	}()
	change, some := t.tell(i)
	if i.Kind == Handing {
		change = t.handed(i, c.note(ctx, t.s, i.Schedule, i.At))
		some = len(change.Notices) > 0
	}
	if !some {
		return nil
	}
	if err := c.commit(ctx, change); err != nil {
		return fmt.Errorf("tell %s: %w", i.ID(), err)
	}
	return nil
}

// note is the note of a hand-over, without open work when that can not be listed.
func (c *Carer) note(ctx context.Context, s *dispatch.Snapshot, schedule string, at time.Time) Note {
	if c.deps.Tickets == nil {
		return Handover(s, schedule, at, nil)
	}
	ctx, cancel := context.WithTimeout(ctx, listBudget)
	defer cancel()
	tickets, err := c.deps.Tickets(ctx)
	note := Handover(s, schedule, at, tickets)
	if err != nil {
		c.log.Error("a shift is handed over without its open tickets, for they could not be listed: look at them yourself", "schedule", schedule, "err", err)
		note.Unlisted = true
	}
	return note
}

// commit writes a change once; one that is on record already counts as done.
func (c *Carer) commit(ctx context.Context, change dispatch.Change) error {
	err := c.deps.Store.Commit(ctx, change)
	switch {
	case errors.Is(err, dispatch.ErrRepeated):
		return nil
	case err != nil:
		return err
	}
	if c.deps.Wake != nil {
		c.deps.Wake()
	}
	return nil
}

// known reads whose word there is.
func (c *Carer) known(ctx context.Context, now time.Time) (confirmed, error) {
	list, err := c.deps.Store.Confirmations(ctx, now.Add(-ahead))
	if err != nil {
		return nil, err
	}
	return confirmedBy(list), nil
}

// Seen notes that a device works. It never blocks; a proof that can not be kept
// is let go, the next one comes.
func (c *Carer) Seen(p dispatch.Proof) {
	if p.Person == "" || p.Device == "" {
		return
	}
	select {
	case c.proofs <- p:
	default:
	}
}

// write writes proofs until ctx ends.
func (c *Carer) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-c.proofs:
			if err := c.deps.Store.Prove(ctx, p); err != nil && ctx.Err() == nil && !errors.Is(err, dispatch.ErrAway) {
				c.log.Warn("a proof of a device could not be written", "person", p.Person, "err", err)
			}
		}
	}
}

// phones notes registrations now and then: the report says when one was last seen.
func (c *Carer) phones(now time.Time) {
	if c.deps.Registered == nil || now.Sub(c.seen) < lookPhones {
		return
	}
	c.seen = now
	for _, r := range c.deps.Registered() {
		c.Seen(dispatch.Proof{Person: r.Person, Device: r.Account, How: HowRegistered, At: now})
	}
}
