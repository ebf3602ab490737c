package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
)

var (
	_ dispatch.Store       = (*Store)(nil)
	_ dispatch.Sharing     = (*Store)(nil)
	_ dispatch.Archive     = (*Store)(nil)
	_ dispatch.Queue       = (*Store)(nil)
	_ dispatch.Releaser    = (*Store)(nil)
	_ dispatch.BlockKeeper = (*Store)(nil)
	_ dispatch.Numbered    = (*Store)(nil)
	_ dispatch.Arbiter     = (*Store)(nil)
	_ dispatch.Nodes       = (*Store)(nil)
	_ dispatch.Definitions = (*Store)(nil)
	_ dispatch.Phones      = (*Store)(nil)
	_ dispatch.Rotas       = (*Store)(nil)
	_ dispatch.Tokens      = (*Store)(nil)
	_ dispatch.Care        = (*Store)(nil)
	_ dispatch.Signals     = (*Store)(nil)
	_ dispatch.Audit       = (*Store)(nil)
	_ dispatch.Erasing     = (*Store)(nil)
	_ dispatch.Texts       = (*Store)(nil)
	_ dispatch.Articles    = (*Store)(nil)
	_ dispatch.Papers      = (*Store)(nil)
	_ dispatch.SealKeys    = (*Store)(nil)
	_ dispatch.Attachments = (*Store)(nil)
	_ dispatch.Sends       = (*Store)(nil)
	_ dispatch.DeadLetters = (*Store)(nil)
	_ dispatch.Places      = (*Store)(nil)
)

// ErrAway says that there is no SQL store to ask now.
var ErrAway = dispatch.ErrAway

// record is what keeps tickets and calls.
type record interface {
	dispatch.Store
	dispatch.Archive
	dispatch.Queue
}

// shared is what several nodes share.
type shared interface {
	dispatch.Arbiter
	dispatch.Nodes
	dispatch.Definitions
	dispatch.Phones
	kept
}

// kept is what is in the SQL store alone: while it is away, it is not to be had.
type kept interface {
	planned
	outward
	papers
	answers
	dispatch.Places
}

// papers is what reports and the vault keep.
type papers interface {
	dispatch.Papers
	dispatch.SealKeys
	dispatch.Attachments
}

// planned is what people and schedules are kept in.
type planned interface {
	dispatch.Rotas
	dispatch.Tokens
	dispatch.Care
}

// answers is what people and screens ask for besides tickets.
type answers interface {
	trail
	dispatch.Signals
	dispatch.TaskList
	dispatch.Texts
	dispatch.Articles
}

// trail is what was done beside tickets, and what was taken out of the record.
type trail interface {
	dispatch.Audit
	dispatch.Erasing
}

// outward is what is known of deliveries besides the outbox.
type outward interface {
	dispatch.Sends
	dispatch.DeadLetters
}

// numbering is what reserved ticket numbers ask besides.
type numbering interface {
	dispatch.Numbered
	dispatch.Releaser
}

// Inner is the SQL store; *store.SQL is one.
type Inner interface {
	record
	shared
	numbering
	// CommitAll stores the changes in their order, all of them or none.
	CommitAll(ctx context.Context, list []dispatch.Change) error
}

// Overlay is a store in memory that stands in for the SQL store; *store.Memory
// is one.
type Overlay interface {
	record
	// Seed takes in cases and calls that it does not know, or knows in an older state.
	Seed(b dispatch.Board)
}

// Deps are what a journal works with.
type Deps struct {
	// Overlay makes an empty overlay. Required.
	Overlay func() Overlay
	// Board returns what the dispatcher has in memory; nil or an empty board
	// while there is no dispatcher.
	Board func() dispatch.Board
	// Healed is called by Run when the SQL store has everything and is written
	// again: the dispatcher loads its board anew and wakes its workers. An error
	// makes Run call it again a second later.
	Healed     func(ctx context.Context) error
	Shared     bool                  // several nodes write to the SQL store: while it is away for a moment, none of them pages by itself
	Now        func() time.Time      // nil = time.Now
	Log        *slog.Logger          // nil = silent
	Registerer prometheus.Registerer // nil = not measured
}

// Store is the journal before the SQL store.
type Store struct {
	// set at Open
	cfg     Config
	deps    Deps
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	file    *file
	kick    chan struct{} // of one: wakes Run
	lost    uint64        // records that could not be read at Open

	rejected atomic.Uint64 // changes set aside

	// guarded by mu. While it is held, a change is judged and gets its place in the file.
	mu      sync.Mutex
	inner   Inner    // nil = not attached
	passage *passage // nil = away
	since   time.Time
	why     error
	overlay Overlay // nil while passing
	used    bool    // somebody was served by the overlay
	heal    bool    // the dispatcher is to be told that the SQL store has everything
	full    bool
	doubt   time.Time // while away and shared: since when this node waits for the SQL store before it acts alone
	looked  time.Time // the last time that this was looked at: a process that slept knows it by that
	deaf    bool      // while away: the SQL store has refused a change, or failed a question of the arbiter
	answers bool      // the SQL store has taken the last change that was brought to it
	pending []*entry  // what the SQL store has not got, in order
	shut    *gate     // changes wait before it while the last ones are brought and the file is emptied; nil = it is open
	of      int       // pending ones when the replay began; 0 = none is under way
	lanes   map[string]string
	touched map[string]dispatch.Ref // tickets that differ from the overlay's, and which ticket stands for them
	notices map[string]*outstanding
	news    uint64 // of notices so far
}

// entry is a change that the SQL store has not got.
type entry struct {
	change dispatch.Change
	lane   string
	at     time.Time // when it was taken
	done   bool      // guarded by Store.mu; the SQL store has it
	alone  bool      // it is brought by itself; owned by the replay
}

// passage is one time of passing changes on. Its context ends when the journal
// turns away, so that nobody waits for a store that is gone.
type passage struct {
	ctx context.Context //nolint:containedctx // ends all asking of the store at once; it is nobody's call
	end context.CancelFunc
}

// Open opens the file, making it when it is missing. Run must follow; Close
// ends it.
func Open(cfg Config, deps Deps) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up journal: %w", err)
	}
	if deps.Overlay == nil {
		return nil, errors.New("set up journal: an overlay is required")
	}
	d, err := openDisk(cfg.Path, int64(cfg.Size)*mebibyte+headRoom)
	if err != nil {
		return nil, fmt.Errorf("set up journal: %w", err)
	}
	s, err := open(cfg, deps, d)
	if !errors.Is(err, errHeads) {
		if err != nil {
			return nil, errors.Join(fmt.Errorf("set up journal %s: %w", cfg.Path, err), d.Close())
		}
		return s, nil
	}
	to, fault := moveDamaged(cfg.Path)
	if fault = errors.Join(fault, d.Close()); fault != nil {
		return nil, fmt.Errorf("set up journal: %w", errors.Join(err, fault))
	}
	if deps.Log != nil {
		deps.Log.Error("the journal is damaged and was moved aside; calls that only it knew are lost with it", "path", to)
	}
	if d, err = openDisk(cfg.Path, int64(cfg.Size)*mebibyte+headRoom); err != nil {
		return nil, fmt.Errorf("set up journal: %w", err)
	}
	return open(cfg, deps, d)
}

// errNotOpen is why the journal is away before Attach.
var errNotOpen = errors.New("the database has not been opened yet")

// open reads the file on a disk.
func open(cfg Config, deps Deps, d disk) (*Store, error) {
	s := &Store{
		cfg: cfg, deps: deps, log: deps.Log, now: deps.Now, kick: make(chan struct{}, 1),
		lanes: map[string]string{}, touched: map[string]dispatch.Ref{}, notices: map[string]*outstanding{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	f, list, lost, err := openFile(d, func(took time.Duration, n int, err error) { s.metrics.appended(took, n, err) })
	if err != nil {
		return nil, err
	}
	s.file, s.lost = f, lost
	s.metrics = newMetrics(deps.Registerer, s)
	s.since, s.why = s.now(), errNotOpen
	s.doubts()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeOverlay(context.Background())
	for _, r := range list {
		c, at, err := decode(r.body)
		if err != nil {
			s.reject(r.body, ticketOf(c), err)
			continue
		}
		s.recover(c, at)
	}
	if f.torn {
		s.log.Error("one of the journal's two heads cannot be read: the power went while it was written, or the disk damages data; the other one and the records count", "path", cfg.Path)
	}
	if f.unread > 0 {
		s.log.Error("the disk cannot read a part of the journal; what lay there is lost, all else counts. Replace the disk", "bytes", f.unread, "path", cfg.Path)
	}
	if lost > 0 {
		s.log.Error("the journal is damaged: changes of calls are lost", "changes", lost, "path", cfg.Path)
	}
	if len(s.pending) > 0 {
		s.used = true
		s.log.Warn("the journal holds changes that the database has not got; they are brought to it as soon as it is open", "changes", len(s.pending))
	}
	return s, nil
}

// recover takes a change of an earlier run into the overlay: the overlay does
// not know what was in the SQL store then. Where the change does not fit, its
// ticket counts as it left it, and its facts stand: who looks for the end of a
// call, or records it again, finds it. mu is held.
func (s *Store) recover(c dispatch.Change, at time.Time) {
	s.pending = append(s.pending, &entry{change: c, lane: s.lane(c), at: at})
	s.track(c)
	if s.overlay.Commit(context.Background(), c) == nil {
		return
	}
	if c.Ticket != nil {
		s.overlay.Seed(dispatch.Board{Cases: []dispatch.Case{{Ticket: *c.Ticket, Timers: c.Timers}}})
	}
	facts := c
	facts.Ticket, facts.Was, facts.Open, facts.Timers, facts.Drop = nil, 0, "", nil, nil
	if err := s.overlay.Commit(context.Background(), facts); err != nil {
		s.log.Warn("a change from the journal is not shown before it is in the database", "ticket", ticketOf(c), "err", err)
	}
}

// Attach names the SQL store, now or when it can be opened at last.
func (s *Store) Attach(inner Inner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inner = inner
	if used, _ := s.file.used(); used == 0 && s.passage == nil && s.shut == nil && errors.Is(s.why, errNotOpen) {
		s.pass() // nothing to bring: it is used from now on
	}
	s.wake()
}

// Close closes the file; Run must have ended.
func (s *Store) Close() error {
	if err := s.file.close(); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// wake makes Run look now.
func (s *Store) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// pass begins to pass changes on; mu is held, and nothing is pending.
func (s *Store) pass() {
	ctx, end := context.WithCancel(context.Background())
	s.passage = &passage{ctx, end}
	s.heal = s.heal || s.used
	s.overlay, s.used, s.full, s.deaf, s.of = nil, false, false, false, 0
	s.pending, s.why, s.since = nil, nil, time.Time{}
	clear(s.lanes)
	clear(s.touched)
}

// makeOverlay makes the overlay of the dispatcher's board and of the pages that
// are not settled; mu is held.
func (s *Store) makeOverlay(ctx context.Context) {
	s.overlay = s.deps.Overlay()
	s.seed()
	s.hand(ctx)
}

// seed takes what the dispatcher has learned meanwhile into the overlay; mu is held.
func (s *Store) seed() {
	if s.deps.Board != nil {
		s.overlay.Seed(s.deps.Board())
	}
}
