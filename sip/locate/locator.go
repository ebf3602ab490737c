package locate

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxAsking bounds the questions on their way at once.
	maxAsking = 16
	// maxNegative bounds how long it is believed that there is nothing, RFC 2308 §5.
	maxNegative = 5 * time.Minute
	// firstRetry and lastRetry are the pauses after a question that failed; they double.
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
	// distrust is how long a plan of old beats a new one that lacks answers.
	distrust = 24 * time.Hour
)

// Asker answers questions; [*Client] asks name servers. An error means that nothing is known.
type Asker interface {
	Ask(ctx context.Context, q Question) (Answer, error)
}

// Deps are what a Locator needs of the world; all may be left out.
type Deps struct {
	Asker      Asker  // nil = the name servers of Config
	File       string // where plans outlive a restart; "" = nowhere
	Changed    func() // called from Run and Refresh after plans have changed
	Random     func(n int) int
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
}

// Locator knows the plans of the queries that it watches.
type Locator struct {
	// Set at New.
	cfg     Config
	deps    Deps
	metrics *metrics
	wake    chan struct{} // capacity 1: queries have changed
	ready   chan struct{} // closed when every name has been answered or has failed once
	load    sync.Once

	mu      sync.Mutex
	entries map[Query]*entry     // guarded by mu: what is watched
	answers map[Question]*answer // guarded by mu: what the entries need
	saved   map[Query]entry      // guarded by mu: from the file, until watched
	isReady bool                 // guarded by mu: ready is closed
}

// entry is the plan of one query.
type entry struct {
	plan Plan
	at   time.Time // when DNS said so
	weak bool      // made while answers were missing
	note string    // what was last told of it
}

// answer is what is known of one question.
type answer struct {
	Answer
	known   bool      // it has been answered once
	until   time.Time // end of its time to live
	next    time.Time // when it is asked again
	fails   int       // in a row
	problem string    // why it failed last
	asking  bool
}

// New returns a Locator that watches nothing.
func New(cfg Config, deps Deps) (*Locator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Asker == nil {
		deps.Asker = NewClient(cfg)
	}
	if deps.Changed == nil {
		deps.Changed = func() {}
	}
	if deps.Random == nil {
		deps.Random = rand.IntN
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &Locator{
		cfg: cfg, deps: deps, metrics: newMetrics(deps.Registerer), wake: make(chan struct{}, 1), ready: make(chan struct{}),
		entries: make(map[Query]*entry), answers: make(map[Question]*answer), saved: make(map[Query]entry),
	}, nil
}

// Watch replaces the queries whose plans are kept. Literal addresses need no watching.
func (l *Locator) Watch(queries []Query) {
	l.restore()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := make(map[Query]*entry, len(queries))
	for _, q := range queries {
		if _, ok := literal(q.Host); ok || q.Host == "" {
			continue
		}
		e := l.entries[q]
		if e == nil {
			e = new(entry)
			if old, ok := l.saved[q]; ok {
				*e = old
			}
		}
		now[q] = e
	}
	l.entries = now
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Ready is closed when every name that was watched by then has been answered, or has failed once.
func (l *Locator) Ready() <-chan struct{} { return l.ready }

// Targets lists where to send for a query now, in the order in which to try; nothing while DNS has not answered yet and
// the file knows nothing either. It never waits.
func (l *Locator) Targets(q Query) []Target {
	return l.Plan(q).Targets(l.deps.Random)
}

// Plan is what DNS has said to a query, as it is believed now.
func (l *Locator) Plan(q Query) Plan {
	if addr, ok := literal(q.Host); ok {
		transport := cmp.Or(q.Transport, UDP)
		return Plan{{Name: addr.String(), Transport: transport, Port: port(q.Port, transport), Addrs: []netip.Addr{addr}}}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[q]; e != nil {
		return e.plan
	}
	return nil
}

// State is what is known of one watched query.
type State struct {
	Query   Query     `json:"query"`
	Plan    Plan      `json:"plan,omitempty"`
	Since   time.Time `json:"since,omitzero"`    // when DNS said so last; zero = never
	Stale   bool      `json:"stale,omitempty"`   // what is used has outlived its time: DNS does not answer
	Problem string    `json:"problem,omitempty"` // why, or why there is nothing
}

// Status lists what is watched, by host.
func (l *Locator) Status() []State {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]State, 0, len(l.entries))
	for q, e := range l.entries {
		out = append(out, l.state(q, e))
	}
	slices.SortFunc(out, func(a, b State) int {
		return cmp.Or(strings.Compare(a.Query.Host, b.Query.Host), cmp.Compare(a.Query.Port, b.Query.Port), strings.Compare(a.Query.Transport, b.Query.Transport))
	})
	return out
}

// state looks at one query; mu is held.
func (l *Locator) state(q Query, e *entry) State {
	s := State{Query: q, Plan: e.plan, Since: e.at, Stale: e.weak && len(e.plan) > 0}
	now := l.deps.Now()
	w := l.walk()
	plan := w.follow(q)
	for _, question := range w.asked {
		a := l.answers[question]
		if a == nil || !a.known || now.After(a.until) {
			s.Stale = s.Stale || len(e.plan) > 0 && (a == nil || a.fails > 0)
		}
		if a != nil && a.problem != "" && s.Problem == "" {
			s.Problem = question.Kind.String() + " " + question.Name + ": " + a.problem
		}
	}
	if s.Problem == "" && len(plan) == 0 && !w.missing && w.inward {
		s.Problem = "DNS leads this name to this machine or its link only; if that is meant, write the address or an entry of " + hostsFile
	}
	if s.Problem == "" && len(plan) == 0 && !w.missing {
		s.Problem = "DNS knows no SIP server and no address of this name"
	}
	return s
}

// walk starts at what has been answered; mu is held.
func (l *Locator) walk() *walk {
	return &walk{
		known: func(q Question) (Answer, bool) {
			if a := l.answers[q]; a != nil && a.known {
				return a.Answer, true
			}
			return Answer{}, false
		},
		failed: func(q Question) bool { a := l.answers[q]; return a != nil && a.fails > 0 },
	}
}
