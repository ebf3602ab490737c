package rotation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Mode says who answers.
type Mode string

// The modes.
const (
	ModeSingle Mode = "single" // no Redis is configured: this node is alone, and decides
	ModeRedis  Mode = "redis"  // Redis answers
	ModeMemory Mode = "memory" // Redis is configured and does not answer: this node decides alone for a while
)

// String returns the mode's key.
func (m Mode) String() string { return string(m) }

// Status is how the rotation is doing, for /status.
type Status struct {
	Mode  Mode      `json:"mode"`
	Since time.Time `json:"since"`
	Why   string    `json:"why,omitempty"` // why this node decides alone
	Epoch uint64    `json:"epoch"`         // of the tokens
}

// Deps are what a Switch needs of others; each may be left out.
type Deps struct {
	// Epoch raises the epoch in the record and returns it (dispatch.Arbiter.RaiseEpoch).
	Epoch func(ctx context.Context) (uint64, error)
	Log   *slog.Logger
	// Registerer takes the metrics.
	Registerer prometheus.Registerer
	// Now is the wall clock.
	Now func() time.Time
}

// Switch is the rotation that the product uses: Redis while it answers, else the memory of this node.
//
// The first operation that fails, or takes longer than the budget, turns it to memory; those that follow do not wait.
// Run tries Redis in the background and turns back by itself. Memory knows every claim of this node all the time, so
// that none is lost on the way there; on the way back they are written to Redis with their tokens.
type Switch struct {
	// set at New
	memory  *Memory
	redis   *Redis // nil: no Redis is configured
	record  func(ctx context.Context) (uint64, error)
	budget  time.Duration
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics
	wake    chan struct{} // tells run that something turned

	shared atomic.Bool // Redis answers

	// guarded by mu
	mu      sync.Mutex
	status  Status
	asked   bool                  // whether Redis was asked at all
	loose   map[attempt]time.Time // what Redis may still hold though it was let go or never heard of, since when
	dirty   map[string]struct{}   // keys of values that changed without Redis
	missed  map[Topic]struct{}    // topics that other nodes have missed messages of
	adopted uint64                // epoch in which all claims were last written

	renumbered bool // the claims granted alone have an epoch of the record
}

var (
	_ Rotation = (*Switch)(nil)
	_ Values   = (*Switch)(nil)
	_ Bus      = (*Switch)(nil)
)

// notAsked is why a node that has just started decides alone.
const notAsked = "Redis was not asked yet"

// New checks the configuration. It connects to nothing: that is Run's. Until Run has reached Redis this node decides alone.
func New(cfg Config, deps Deps) (*Switch, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	s := &Switch{
		memory: NewMemory(deps.Now), record: deps.Epoch, budget: cfg.budget(), now: deps.Now, log: deps.Log,
		wake:  make(chan struct{}, 1),
		loose: map[attempt]time.Time{}, dirty: map[string]struct{}{}, missed: map[Topic]struct{}{},
	}
	s.memory.hub.log = s.log
	s.status = Status{Mode: ModeSingle, Since: s.now()}
	if !cfg.Enabled() {
		return s, nil
	}
	r, err := NewRedis(cfg, deps)
	if err != nil {
		return nil, err
	}
	r.hub = &s.memory.hub
	r.forgot = func(ctx context.Context) error { return s.share(ctx, true) }
	r.raised = s.poke
	s.redis, s.metrics = r, newMetrics(deps.Registerer)
	s.status.Mode, s.status.Why = ModeMemory, notAsked
	s.memory.startAfter(localStart(0))
	return s, nil
}

// localStart begins the tokens of a node that decides alone: above the epoch, and at a place of its own so that no two
// nodes give the same.
func localStart(epoch uint64) uint64 {
	return (epoch+1)<<EpochShift | rand.Uint64N(1<<(EpochShift-1)) //nolint:gosec // not a secret
}

// Instant reports whether there is no Redis to wait for.
func (s *Switch) Instant() bool { return s.redis == nil }

// Status tells who answers, and since when.
func (s *Switch) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.status
	status.Epoch = s.memory.epoch()
	if s.redis != nil {
		status.Epoch = max(status.Epoch, epochOf(s.redis.known.get()))
	}
	return status
}

// Raise puts the tokens to come above all that were ever given: for who was told that his token is stale. It waits for the
// record as long as ctx allows, and counts on from what it knows when that does not answer; the error says so.
func (s *Switch) Raise(ctx context.Context) error {
	next, recorded := s.nextEpoch(ctx)
	if s.redis != nil {
		answered, err := s.ask(ctx, "raise", func(ctx context.Context) error { return s.redis.raiseTo(ctx, next) })
		if answered {
			return errors.Join(err, recorded)
		}
	}
	s.memory.startAfter(localStart(next - 1))
	return recorded
}

// nextEpoch is one above all this node knows of, and above all of the record if that answers within ctx.
func (s *Switch) nextEpoch(ctx context.Context) (uint64, error) {
	next := s.memory.epoch() + 1
	if s.redis != nil {
		next = max(next, epochOf(s.redis.known.get())+1)
	}
	if s.record == nil {
		return next, nil
	}
	recorded, err := s.record(ctx)
	if err != nil {
		return next, fmt.Errorf("raise the epoch in the record: %w", err)
	}
	return max(next, recorded), nil
}

// ask does one operation in Redis within the budget. Not answered: memory is to decide.
func (s *Switch) ask(ctx context.Context, op string, do func(ctx context.Context) error) (answered bool, err error) {
	switch {
	case !s.shared.Load() || errors.Is(ctx.Err(), context.DeadlineExceeded): // no time left is not Redis's fault
		return false, nil
	case ctx.Err() != nil:
		return true, ctx.Err()
	}
	within, cancel := context.WithTimeout(ctx, s.budget)
	defer cancel()
	began := time.Now()
	err = do(within)
	s.metrics.asked(op, time.Since(began), err)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrBadRequest) || errors.Is(err, ErrBadKey):
		return true, err
	case errors.Is(ctx.Err(), context.Canceled):
		return true, ctx.Err() // who asked is gone, that says nothing about Redis
	}
	s.fall(err)
	return false, nil
}

// fall turns to memory.
func (s *Switch) fall(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.asked
	s.asked = true
	if s.status.Mode == ModeMemory && !first {
		s.status.Why = err.Error()
		return
	}
	s.memory.startAfter(localStart(epochOf(s.redis.known.get())))
	s.shared.Store(false)
	s.renumbered = false
	s.status = Status{Mode: ModeMemory, Since: s.now(), Why: err.Error()}
	s.metrics.turned(false)
	s.log.Warn("Redis does not answer, this node decides alone whom to ring", "err", err)
	s.poke()
}

// rise turns back to Redis.
func (s *Switch) rise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = true
	if s.status.Mode == ModeRedis {
		return
	}
	away := s.now().Sub(s.status.Since)
	s.status = Status{Mode: ModeRedis, Since: s.now()}
	s.shared.Store(true)
	s.metrics.turned(true)
	s.log.Info("Redis answers, the nodes decide together whom to ring", "away", away, "epoch", epochOf(s.redis.known.get()))
}

// poke wakes Run.
func (s *Switch) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
