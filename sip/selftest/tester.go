package selftest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/trunk"
)

// Shared carries tests between nodes. Errors mean that the others do not know.
type Shared interface {
	// Announce tells the other nodes of a test, or of its end.
	Announce(ctx context.Context, t Test) error
	// Tests lists the tests of all nodes.
	Tests(ctx context.Context) ([]Test, error)
	// See tells the node of a test what was seen of it.
	See(ctx context.Context, s Sighting) error
	// Sighted returns what other nodes have seen of a test; nil = nothing.
	Sighted(ctx context.Context, test string) (*Sighting, error)
}

// Outage is a line that has failed too often.
type Outage struct {
	Trunk  string
	Number string
	Fails  int
	OK     time.Time // of the last proof; zero = never
	Report Report
}

// Deps are what tests need of the world.
type Deps struct {
	Engine *b2bua.Engine
	// Route lists the ways to a number by all operators.
	Route func(number string) []trunk.Destination
	Lines []Line
	// Room reports whether the operator has channels for two more calls.
	Room   func(trunk string) bool
	Shared Shared // nil = this node is alone
	// Raise pages somebody because of an outage and names the alarm; nil = nobody is paged.
	Raise func(ctx context.Context, o Outage) (alarm string, err error)
	// Clear takes an alarm back.
	Clear func(ctx context.Context, trunk, alarm, text string) error
	// Doubt says whether calls should prefer other operators; nil = nobody wants to know.
	Doubt      func(trunk string, doubted bool)
	File       string // keeps the histories over a restart; "" = nowhere
	Node       string
	Hurry      bool             // intervals may be shorter than is good for anybody's bill: for tests
	Now        func() time.Time // nil = time.Now
	Log        *slog.Logger     // nil = silent
	Registerer prometheus.Registerer
}

// Tester tests the lines of this node and answers the tests of all.
type Tester struct {
	// set at New
	cfg     Config
	deps    Deps
	log     *slog.Logger
	now     func() time.Time
	started time.Time
	metrics *metrics
	turn    chan struct{} // holds one token: tests run one after another
	wake    chan struct{} // the plan has changed
	ceased  chan struct{} // closed by Cease
	cease   func()

	mu    sync.Mutex
	past  map[string]*History    // guarded by mu: by operator
	open  map[string]*outgoing   // guarded by mu: tests by id, those that ended a moment ago too
	calls map[*incoming]struct{} // guarded by mu: calls that may be tests
}

// New checks the configuration and reads the histories.
func New(cfg Config, deps Deps) (*Tester, error) {
	if err := cfg.Validate(); err != nil && !deps.Hurry {
		return nil, fmt.Errorf("self-test configuration: %w", err)
	}
	if deps.Engine == nil || deps.Route == nil {
		return nil, errors.New("set up the self-test: engine and routes are needed")
	}
	t := &Tester{
		cfg: cfg, deps: deps, log: deps.Log, now: deps.Now,
		turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), ceased: make(chan struct{}),
		past: map[string]*History{}, open: map[string]*outgoing{}, calls: map[*incoming]struct{}{},
	}
	t.cease = sync.OnceFunc(func() { close(t.ceased) })
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if t.now == nil {
		t.now = time.Now
	}
	t.started = t.now()
	kept, err := ReadHistories(deps.File)
	if err != nil {
		t.log.Warn("the results of former self-tests cannot be read", "err", err)
	}
	for _, l := range deps.Lines {
		h := &History{Trunk: l.Trunk}
		for i := range kept {
			if kept[i].Trunk == l.Trunk {
				h = &kept[i]
			}
		}
		t.past[l.Trunk] = h
		t.doubt(h)
	}
	t.metrics = newMetrics(deps.Registerer, t)
	return t, nil
}

// Run tests the lines in turn until ctx ends.
func (t *Tester) Run(ctx context.Context) error {
	for {
		t.mu.Lock()
		i, at := due(t.cfg, t.deps.Lines, t.past, t.started)
		t.mu.Unlock()
		var clock <-chan time.Time
		if i >= 0 {
			wait := at.Sub(t.now())
			if wait <= 0 {
				t.scheduled(ctx, t.deps.Lines[i])
				continue
			}
			clock = time.After(wait)
		}
		select {
		case <-ctx.Done():
			t.Cease()
			return nil
		case <-t.ceased:
			<-ctx.Done()
			return nil
		case <-clock:
		case <-t.wake:
		}
	}
}

// Cease ends the test that is under way and makes no more: the server drains.
func (t *Tester) Cease() { t.cease() }

// ErrNoLine says that no operator can be tested.
var ErrNoLine = errors.New("no such line")

// Test tests one operator now, or all of them ("").
func (t *Tester) Test(ctx context.Context, name string) ([]Report, error) {
	var reports []Report
	for _, l := range t.deps.Lines {
		if name != "" && l.Trunk != name {
			continue
		}
		if !t.enter(ctx) {
			return reports, fmt.Errorf("test line %s: %w", l.Trunk, context.Cause(ctx))
		}
		r := t.test(ctx, l)
		t.note(ctx, l, &r, false)
		<-t.turn
		reports = append(reports, r)
	}
	if len(reports) == 0 {
		return nil, fmt.Errorf("test line %q: %w: an operator needs a number of ours to be tested; see trunks.operators", name, ErrNoLine)
	}
	return reports, nil
}

// Histories lists what is known of all lines, in their order.
func (t *Tester) Histories() []History {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]History, 0, len(t.deps.Lines))
	for _, l := range t.deps.Lines {
		out = append(out, *t.past[l.Trunk])
	}
	return out
}

// Served notes that a call of people had sound from an operator: a proof, when it happens both ways. inbound says
// that the call came from there.
func (t *Tester) Served(s b2bua.Served) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.past[s.Trunk]
	if h == nil {
		return
	}
	for i := range t.calls {
		if i.c.Info().ID == s.Call {
			return // not before it is known who he is
		}
	}
	if s.Inbound {
		h.In = t.now()
	} else {
		h.Out = t.now()
	}
}

func (t *Tester) enter(ctx context.Context) bool {
	select {
	case t.turn <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-t.ceased:
	}
	return false
}

// scheduled is the turn of a line.
func (t *Tester) scheduled(ctx context.Context, l Line) {
	if !t.enter(ctx) {
		return
	}
	defer func() { <-t.turn }()
	t.mu.Lock()
	h := t.past[l.Trunk]
	at := h.provedByCalls(t.cfg.Every, t.now())
	if at.IsZero() {
		t.mu.Unlock()
		r := t.test(ctx, l)
		t.note(ctx, l, &r, true)
		return
	}
	todo := h.proved(at)
	t.mu.Unlock()
	t.metrics.count(l.Trunk, "by_calls")
	t.follow(ctx, l, todo, nil)
}

// note keeps a report and does what follows from it. Only tests by themselves page somebody: who tests by command sees
// the result.
func (t *Tester) note(ctx context.Context, l Line, r *Report, scheduled bool) {
	t.mu.Lock()
	h := t.past[l.Trunk]
	todo := h.after(t.cfg, r)
	fails := h.Fails
	t.mu.Unlock()
	t.metrics.count(l.Trunk, string(r.Result))
	switch {
	case r.Result == OK:
		t.log.Info("the line passed its self-test", "trunk", l.Trunk, "answered", r.Answered, "mos", r.MOS)
	case r.Result.Verdict():
		t.log.Error("the line FAILED its self-test", "trunk", l.Trunk, "result", string(r.Result), "in_a_row", fails, "err", r.Text)
	default:
		t.log.Info("the line was not tested", "trunk", l.Trunk, "cause", r.Text)
	}
	if todo == DoRaise && !scheduled {
		todo = DoNothing
	}
	t.follow(ctx, l, todo, r)
}

// alarmBudget bounds what raising or clearing an alarm may take.
const alarmBudget = 10 * time.Second

// follow raises or clears the alarm of a line, tells whether it is doubted, and keeps the histories.
func (t *Tester) follow(ctx context.Context, l Line, todo Todo, r *Report) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), alarmBudget)
	defer cancel()
	t.mu.Lock()
	h := t.past[l.Trunk]
	alarm := h.Alarm
	outage := Outage{Trunk: l.Trunk, Number: l.Number, Fails: h.Fails, OK: h.OK}
	t.mu.Unlock()
	var err error
	switch todo {
	case DoRaise:
		outage.Report = *r
		if t.deps.Raise != nil {
			alarm, err = t.deps.Raise(ctx, outage)
		}
	case DoClear:
		if t.deps.Clear != nil {
			err = t.deps.Clear(ctx, l.Trunk, alarm, "the line passes its self-test again: "+l.Trunk)
		}
		if err == nil {
			alarm = ""
		}
	case DoNothing:
	}
	if err != nil { // the next test tries again
		t.log.Error("the alarm of a line could not be changed", "trunk", l.Trunk, "err", err)
	}
	t.mu.Lock()
	h.Alarm = alarm
	t.doubt(h)
	t.mu.Unlock()
	t.keep()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *Tester) doubt(h *History) {
	if t.deps.Doubt != nil {
		t.deps.Doubt(h.Trunk, h.Doubted())
	}
}

// surroundings are what a test of the line depends on now.
func (t *Tester) surroundings(l Line) Surroundings {
	return Surroundings{
		Draining: t.deps.Engine.Draining(),
		Loaded:   t.deps.Engine.Load().Mark != "none",
		NoRoom:   t.deps.Room != nil && !t.deps.Room(l.Trunk),
	}
}

// codeLength is the length of code and reply: nobody presses such a code by chance.
const codeLength = 5

// newCode makes a code in which no digit follows itself: two like ones need a pause that networks eat.
func newCode() string {
	var code strings.Builder
	last := int64(-1)
	for range codeLength {
		n, err := rand.Int(rand.Reader, big.NewInt(10))
		if err != nil { // crypto/rand never fails
			n = big.NewInt(0)
		}
		d := n.Int64()
		if d == last {
			d = (d + 1) % 10
		}
		last = d
		code.WriteByte(byte('0' + d))
	}
	return code.String()
}

// ways are the ways to the line's number through its own operator.
func (t *Tester) ways(l Line) []trunk.Destination {
	return slices.DeleteFunc(t.deps.Route(l.Number), func(d trunk.Destination) bool { return d.Trunk != l.Trunk })
}
