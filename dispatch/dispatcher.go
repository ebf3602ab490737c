package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Deps are what a dispatcher works with.
type Deps struct {
	Store     Store
	Archive   Archive // nil = the queries are refused
	Directory *Directory
	Wake      Waker            // nil = the workers find work by their own clocks
	Now       func() time.Time // nil = time.Now
	Node      string           // names this process among those that share the store; empty = it is alone
	Nodes     Nodes            // nil = a single node without leases; needs a Node and an Archive
	Signals   Signals          // nil = only calls are taken in
	// Suggest reads a category out of a client's words, and says which words they
	// are; nil = nothing is suggested.
	Suggest    func(text string) (ticket.Category, string)
	Log        *slog.Logger          // nil = silent
	Registerer prometheus.Registerer // nil = not measured
}

// Waker is told after a commit that work is waiting. Its methods must not
// block; a lost call only delays the work to the worker's next look.
type Waker interface {
	NoticesDue()
	TimersDue()
	// Withdraw says that a page about the ticket is no longer needed; page 0 means all of them, AllButWanted those that are
	// not wanted although somebody has the ticket.
	Withdraw(ticketID string, page int)
}

// AllButWanted withdraws the pages of a ticket that somebody has taken, but for
// those whose notice says Wanted.
const AllButWanted = -1

// Dispatcher turns signals into tickets, plans and notices.
type Dispatcher struct {
	// set at New
	cfg     Config
	store   Store
	archive Archive
	dir     *Directory
	waker   Waker
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics
	feed    *Feed
	board   *board
	gates   *gates
	numbers *numbers
	life    *life
	turns   *turns
	signals Signals
	decodes map[Channel]Decoding // set before Start
	suggest func(text string) (ticket.Category, string)
	storms  *storms
	handed  chan *Signal  // received here, for the workers of takeIn
	room    chan struct{} // bounds how many signals are stored at a time
	renew   chan struct{} // of one: wakes Run to read stale tickets anew
	lost    atomic.Bool   // events of other nodes were missed: read all tickets anew
	untimed atomic.Bool   // a ticket that needs a page may be without its timer
}

// maxConflicts bounds how often a verb decides anew because the ticket changed
// under it.
const maxConflicts = 8

// New checks its parts and returns a dispatcher; Start must follow.
func New(cfg Config, deps Deps) (*Dispatcher, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up dispatcher: %w", err)
	}
	if deps.Store == nil || deps.Directory == nil {
		return nil, errors.New("set up dispatcher: a store and a directory are required")
	}
	if deps.Nodes != nil && (deps.Node == "" || deps.Archive == nil) {
		return nil, errors.New("set up dispatcher: one of several nodes needs a name and an archive")
	}
	zone, err := time.LoadLocation(cfg.Zone)
	if err != nil {
		return nil, fmt.Errorf("set up dispatcher: zone: %w", err)
	}
	d := &Dispatcher{
		cfg: cfg, store: deps.Store, archive: deps.Archive, dir: deps.Directory, waker: deps.Wake, now: deps.Now,
		log: deps.Log, metrics: newMetrics(deps.Registerer), feed: NewFeed(deps.Node), board: newBoard(), gates: newGates(),
		numbers: newNumbers(deps.Store, zone), turns: newTurns(), life: &life{id: deps.Node, nodes: deps.Nodes}, renew: make(chan struct{}, 1),
		signals: deps.Signals, decodes: map[Channel]Decoding{}, suggest: deps.Suggest, storms: newStorms(cfg.Intake.StormWindow),
		handed: make(chan *Signal, handedMost), room: make(chan struct{}, storedAtOnce),
	}
	d.feed.remote, d.feed.missed = d.remoteEvent, d.missedEvents
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.waker == nil {
		d.waker = noWaker{}
	}
	return d, nil
}

// Workers is the Waker of the real workers.
type Workers struct {
	Outbox interface {
		Wake()
		Withdraw(ticketID string, page int)
	}
	Ticker interface{ Wake() }
}

// NoticesDue implements Waker.
func (w Workers) NoticesDue() { w.Outbox.Wake() }

// TimersDue implements Waker.
func (w Workers) TimersDue() { w.Ticker.Wake() }

// Withdraw implements Waker.
func (w Workers) Withdraw(ticketID string, page int) { w.Outbox.Withdraw(ticketID, page) }

type noWaker struct{}

func (noWaker) NoticesDue()          {}
func (noWaker) TimersDue()           {}
func (noWaker) Withdraw(string, int) {}

// SetWaker names who is told of waiting work; call it before Start.
func (d *Dispatcher) SetWaker(w Waker) { d.waker = w }

// Feed returns the live events of calls and tickets.
func (d *Dispatcher) Feed() *Feed { return d.feed }

// Directory returns the directory plans are made from.
func (d *Dispatcher) Directory() *Directory { return d.dir }

// Start loads the board, reserves ticket numbers, ends the calls that a
// stopped process left open, and sees to it that every open Critical ticket
// has its page timer. Only the process that serves the calls may run it. With
// Nodes it ends the calls that this node, or one that is dead, left open. What
// the store does not take is no reason not to answer callers: Run makes up for
// it.
func (d *Dispatcher) Start(ctx context.Context) error {
	d.life.started = d.now()
	b, err := d.store.Board(ctx)
	if err != nil {
		return fmt.Errorf("load open tickets: %w", err)
	}
	for _, c := range b.Cases {
		d.board.put(c)
	}
	d.turns.read(ctx, d.archive)
	d.readStorms(ctx)
	now := d.wall()
	if err := d.numbers.fill(ctx, now.In(d.numbers.zone).Year()); err != nil {
		if !errors.Is(err, ErrAway) {
			d.log.Warn("ticket numbers could not be reserved yet; it is tried again", "err", err)
		}
		d.numbers.wake()
	}
	d.rise(ctx, b.Calls, now)
	d.endOrphans(ctx)
	d.setPageTimers(ctx)
	d.waker.TimersDue()
	d.waker.NoticesDue()
	return nil
}

// giveBackTime bounds the return of unused ticket numbers at the stop.
const giveBackTime = 2 * time.Second

// Run keeps a block of ticket numbers reserved ahead, says that this node
// lives, takes over the calls of dead ones and follows what others change,
// until ctx ends. Then it gives back the numbers that were not used and ends
// its lease: stop it when no call is left.
func (d *Dispatcher) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() { d.reserve(ctx) })
	all.Go(func() { d.follow(ctx) })
	all.Go(func() { d.watch(ctx) })
	if len(d.cfg.Recurring) > 0 {
		all.Go(func() { d.recur(ctx) })
	}
	if d.signals != nil {
		all.Go(func() { d.takeIn(ctx) })
	}
	if d.life.nodes != nil {
		all.Go(func() { d.beats(ctx) })
	}
	all.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
	defer cancel()
	if err := d.numbers.giveBack(last); err != nil {
		d.log.Warn("ticket numbers will skip some at the next start", "err", err)
	}
	if d.life.nodes != nil {
		d.leave(ctx)
	}
	return nil
}

// refillEvery is how often a store that gives out no numbers is asked for some.
const refillEvery = time.Second

// reserve keeps a block of ticket numbers ahead until ctx ends.
func (d *Dispatcher) reserve(ctx context.Context) {
	again := time.NewTimer(refillEvery)
	defer again.Stop()
	again.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.numbers.low:
		case <-again.C:
		}
		d.survive(func() {
			year := d.numbers.current()
			if year == 0 {
				year = d.wall().In(d.numbers.zone).Year()
			}
			err := d.numbers.fill(ctx, year)
			if err != nil {
				again.Reset(refillEvery)
			}
			if err != nil && !told && ctx.Err() == nil && !errors.Is(err, ErrAway) { // of a store that is away the journal tells
				d.log.Warn("ticket numbers could not be reserved ahead; it is tried again", "err", err)
			}
			told = err != nil
		})
	}
}

// survive runs one round of a loop that must go on whatever happens.
func (d *Dispatcher) survive(round func()) {
	defer func() {
		if fault := recover(); fault != nil {
			d.log.Error("a round of the dispatcher broke off; the next one follows", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	round()
}

// commit writes a change and, when it is durable, brings it to board, workers
// and feed.
func (d *Dispatcher) commit(ctx context.Context, c Change) error {
	for i := range c.Events {
		c.Events[i].At = c.Events[i].At.UTC().Truncate(time.Microsecond)
		c.Notices = append(c.Notices, d.eventNotices(c, c.Events[i])...)
	}
	c = c.withClocks(d.numbers.zone)
	d.rate(c)
	if err := d.store.Commit(ctx, c); err != nil {
		return err
	}
	d.board.apply(c)
	d.turns.commit(c, d.now())
	if len(c.Notices) > 0 {
		d.waker.NoticesDue()
	}
	if len(c.Timers) > 0 {
		d.waker.TimersDue()
	}
	if c.Ticket != nil {
		d.withdraw(*c.Ticket, c.Was)
	}
	for _, r := range c.Also {
		d.withdraw(r.Ticket, r.Was)
	}
	for _, p := range c.Superseded {
		d.waker.Withdraw(p.Ticket, p.Page)
	}
	for _, e := range c.Events {
		d.feed.publish(feedEvent(d.refFor(c, e), e))
	}
	return nil
}

// withdraw ends the pages that a ticket needs no more.
func (d *Dispatcher) withdraw(t ticket.Ticket, was int64) {
	if t.NeedsPage() || was == 0 {
		return
	}
	which := 0
	if t.Open() {
		which = AllButWanted
	}
	d.waker.Withdraw(t.ID, which)
}

// refFor returns the reference of an event's ticket.
func (d *Dispatcher) refFor(c Change, e ticket.Event) Ref {
	if t, ok := c.row(e.Ticket); ok {
		return refOf(t)
	}
	if open, ok := d.board.get(e.Ticket); ok {
		return refOf(open.Ticket)
	}
	return Ref{ID: e.Ticket}
}

// load returns the case from the board, or from the store when it is not open
// or another node has changed it. A store that does not answer leaves the copy:
// its versions decide when the change is committed.
func (d *Dispatcher) load(ctx context.Context, id string) (Case, error) {
	c, ok := d.board.get(id)
	if ok && !d.board.isStale(id) {
		return c, nil
	}
	fresh, err := d.reload(ctx, id)
	if err != nil && ok && !errors.Is(err, ErrNotFound) {
		return c, nil
	}
	return fresh, err
}

// reload reads the case from the store and corrects the board.
func (d *Dispatcher) reload(ctx context.Context, id string) (Case, error) {
	d.board.markFresh(id)
	c, err := d.store.Load(ctx, id)
	if err != nil {
		if !errors.Is(err, ErrNotFound) {
			d.board.markStale(id)
		}
		return c, fmt.Errorf("load ticket %s: %w", id, err)
	}
	d.board.replace(c) // the store is the record, also where it is older
	d.storms.learn(c.Ticket, d.wall())
	return c, nil
}

// amend runs one unit of work that changes one ticket, after those of this
// process that came before it.
func (d *Dispatcher) amend(ctx context.Context, id string, decide func(Case) (Change, error)) error {
	leave, err := d.gates.enter(ctx, id)
	if err != nil {
		return err
	}
	defer leave()
	return d.appendTo(ctx, id, decide)
}

// appendTo runs one unit of work on one ticket: load, decide, commit; and
// again with a fresh load when the ticket was changed elsewhere meanwhile. A
// decision that returns an empty change commits nothing. What is recorded
// already counts as done. Work that only lengthens the log needs no turn.
func (d *Dispatcher) appendTo(ctx context.Context, id string, decide func(Case) (Change, error)) error {
	c, err := d.load(ctx, id)
	for try := 0; err == nil; try++ {
		change, fault := decide(c)
		if fault != nil && try == 0 && d.life.nodes != nil {
			if c, err = d.reload(ctx, id); err == nil { // another node may have changed what speaks against it
				change, fault = decide(c)
			}
		}
		if fault != nil || change.empty() {
			return fault
		}
		err = d.commit(ctx, change)
		if err != nil {
			d.board.markStale(id) // it may have had its effect all the same
		}
		if errors.Is(err, ErrRepeated) {
			d.wakeFollow()
			return nil
		}
		if !errors.Is(err, ErrConflict) || try == maxConflicts {
			break
		}
		d.metrics.conflict()
		c, err = d.reload(ctx, id)
	}
	return err
}

// row returns the new state of a ticket that the change moves.
func (c Change) row(id string) (ticket.Ticket, bool) {
	if c.Ticket != nil && c.Ticket.ID == id {
		return *c.Ticket, true
	}
	for _, r := range c.Also {
		if r.Ticket.ID == id {
			return r.Ticket, true
		}
	}
	return ticket.Ticket{}, false
}

func (c Change) empty() bool {
	return c.Signal == nil && c.Ticket == nil && len(c.Also) == 0 && len(c.Events) == 0 && len(c.Calls) == 0 && len(c.Notices) == 0 &&
		len(c.Timers) == 0 && len(c.Drop) == 0 && c.Delivery == nil
}

// take applies an event to the case as the change so far leaves it, and adds
// the event, with what follows for the ticket's row and its page timer, to the
// change.
func (c Case) take(change Change, e ticket.Event) (Change, error) {
	before := c.Ticket
	if change.Ticket != nil {
		before = *change.Ticket
	}
	after, err := before.Apply(e)
	if err != nil {
		return change, err
	}
	change.Events = append(change.Events, e)
	if after.Version != before.Version {
		change.Ticket, change.Was = &after, c.Ticket.Version
	}
	return c.follow(change, before, after, e)
}

func newID() string {
	return uuid.Must(uuid.NewV7()).String()
}

// CallBackAllowed judges whether we may dial the number on a client's behalf.
func (d *Dispatcher) CallBackAllowed(number client.Number) client.Refusal {
	return d.cfg.CallBack.Allow(d.dir.Load().Book, number)
}

// Plan says how to serve a call on the line at now. It reads memory only. An
// empty line means the one that takes all calls.
func (d *Dispatcher) Plan(line string, ref Ref, now time.Time) (Plan, error) {
	s := d.dir.Load()
	l, ok := s.Line(line)
	if !ok {
		l, ok = s.LineFor(line)
	}
	if !ok {
		return Plan{}, fmt.Errorf("plan call: no hotline %q; add it under lines, or leave one line without dids", line)
	}
	return planFor(s, l, ref, now), nil
}
