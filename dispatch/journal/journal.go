package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
)

var (
	_ dispatch.Store       = (*Store)(nil)
	_ dispatch.Archive     = (*Store)(nil)
	_ dispatch.Queue       = (*Store)(nil)
	_ dispatch.Releaser    = (*Store)(nil)
	_ dispatch.BlockKeeper = (*Store)(nil)
	_ dispatch.Numbered    = (*Store)(nil)
	_ dispatch.Arbiter     = (*Store)(nil)
	_ dispatch.Nodes       = (*Store)(nil)
	_ dispatch.Definitions = (*Store)(nil)
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
	dispatch.Numbered
	dispatch.Releaser
}

// Inner is the SQL store; *store.SQLite is one.
type Inner interface {
	record
	shared
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
	Now        func() time.Time      // nil = time.Now
	Log        *slog.Logger          // nil = silent
	Registerer prometheus.Registerer // nil = not measured
}

// Store is the journal before the SQL store.
type Store struct {
	// set at Open
	cfg  Config
	deps Deps
	log  *slog.Logger
	now  func() time.Time

	mu    sync.Mutex
	inner Inner // guarded by mu; nil = not attached
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
	s := &Store{cfg: cfg, deps: deps, log: deps.Log, now: deps.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Attach names the SQL store, now or when it can be opened at last.
func (s *Store) Attach(inner Inner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inner = inner
}

// Run brings to the SQL store what it has missed, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Close closes the file; Run must have ended.
func (s *Store) Close() error { return nil }

// attached returns the SQL store, or ErrAway.
func (s *Store) attached() (Inner, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inner == nil {
		return nil, ErrAway
	}
	return s.inner, nil
}
