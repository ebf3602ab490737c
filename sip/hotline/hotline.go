package hotline

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
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/trunk"
)

// Desk is what the script asks of the dispatcher.
type Desk interface {
	// OpenCall makes the ticket durable, or joins the caller's open one.
	OpenCall(ctx context.Context, sig dispatch.Signal) (dispatch.Opened, error)
	// Plan reads memory only.
	Plan(line string, ref dispatch.Ref, now time.Time) (dispatch.Plan, error)
	// CallBackAllowed judges a number; NoRefusal lets it be dialled.
	CallBackAllowed(number client.Number) client.Refusal
}

// Records is what the script tells the dispatcher; each method returns when
// the fact is durable.
type Records interface {
	RecordAttempt(ctx context.Context, a dispatch.Attempt) error
	RecordAccepted(ctx context.Context, a dispatch.Accepted) error
	RecordOutcome(ctx context.Context, o dispatch.Outcome) error
	Acknowledge(ctx context.Context, ref dispatch.Ref, by, how string, at time.Time) error
	Note(ctx context.Context, ref dispatch.Ref, by dispatch.Author, note ticket.Noted) error
}

// Rings is told of phones that ring for a call, for those who watch it.
type Rings interface {
	RecordRing(ctx context.Context, r dispatch.Ring) error
}

// Pages is told of the key of a page; it returns when that is durable.
type Pages interface {
	AcknowledgePage(ctx context.Context, n dispatch.Notice, at time.Time) error
}

// Shifts is told of the key of a call about a shift; it returns when that is durable.
type Shifts interface {
	AnswerShift(ctx context.Context, n dispatch.Notice, r dispatch.Result, at time.Time) error
}

// Dispatcher is all four; *dispatch.Dispatcher satisfies it.
type Dispatcher interface {
	Desk
	Records
	Rings
	Pages
}

// Routes finds the ways to ring a device; *trunk.Trunks satisfies it.
type Routes interface {
	// Route lists the ways to a telephone number.
	Route(number string) []trunk.Destination
	// Phone is the way to a softphone.
	Phone(address string) (trunk.Destination, error)
}

// Phones knows where the phones that register are.
type Phones interface {
	// Destinations lists the ways to the phones of an account, the best first; none while none is registered.
	Destinations(account string) []trunk.Destination
}

// Deps are what a Hotline works with.
type Deps struct {
	Engine     *b2bua.Engine
	Dispatcher Dispatcher
	Rotation   rotation.Rotation
	Arbiter    dispatch.Arbiter // decides between nodes; nil = this node is its own
	Node       string           // our name, for the arbiter
	Shifts     Shifts           // nil = no keys of calls about shifts are taken
	Prompts    *prompt.Library
	Trunks     Routes
	Phones     Phones                                // nil = no phone registers
	People     func(id string) (oncall.Person, bool) // for call-backs by command; nil = they are refused
	// Colleague finds whom an engineer has dialled on his phone: a person's id, account or number; nil = nobody is found.
	Colleague  func(dialled string) (oncall.Person, bool)
	Now        func() time.Time      // nil = time.Now
	Log        *slog.Logger          // nil = silent
	Registerer prometheus.Registerer // nil = not measured
	// FreeSpace tells the bytes that are free on the file system of a folder; nil = ask the system.
	FreeSpace func(folder string) (uint64, error)
}

// Hotline runs the script on all calls of the engine.
type Hotline struct {
	// set at New
	cfg      Config
	engine   *b2bua.Engine
	desk     Dispatcher
	shifts   Shifts // nil = none
	rotation rotation.Rotation
	arbiter  dispatch.Arbiter // nil = none
	node     string
	instant  bool          // claims never wait for anything
	floor    atomic.Uint64 // tokens that this node grants alone are above it
	prompts  *prompt.Library
	routes   Routes
	phones   Phones // nil = none
	people   func(string) (oncall.Person, bool)
	whom     func(string) (oncall.Person, bool) // Deps.Colleague
	now      func() time.Time
	log      *slog.Logger
	metrics  *metrics
	music    media.Audio
	ringback media.Audio
	queues   *queues
	rests    *rests
	held     *held
	lesser   lesser // the calls about shifts of this node
	ends     ends
	disk     *disk

	work     sync.WaitGroup // records and claims under way
	stopping chan struct{}  // closed by Run: the store has one more chance

	mu   sync.Mutex
	live map[*call]struct{} // guarded by mu
}

var (
	_ dispatch.Notifier = (*Hotline)(nil)
	_ dispatch.Calls    = (*Hotline)(nil)
	_ Dispatcher        = (*dispatch.Dispatcher)(nil)
	_ Routes            = (*trunk.Trunks)(nil)
)

// New takes the engine's calls.
func New(cfg Config, deps Deps) (*Hotline, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("hotline configuration: %w", err)
	}
	if deps.Engine == nil || deps.Dispatcher == nil || deps.Rotation == nil || deps.Prompts == nil || deps.Trunks == nil {
		return nil, errors.New("set up hotline: engine, dispatcher, rotation, prompts and trunks are all needed")
	}
	h := &Hotline{
		cfg: cfg, engine: deps.Engine, desk: deps.Dispatcher, shifts: deps.Shifts, rotation: deps.Rotation,
		arbiter: deps.Arbiter, node: deps.Node, instant: deps.Rotation.Instant() && deps.Arbiter == nil,
		prompts: deps.Prompts, routes: deps.Trunks, phones: deps.Phones, people: deps.People, whom: deps.Colleague, now: deps.Now, log: deps.Log,
		metrics: newMetrics(deps.Registerer), music: media.HoldMusic(), ringback: media.Ringback(),
		held: newHeld(), live: map[*call]struct{}{},
		stopping: make(chan struct{}),
	}
	if h.now == nil {
		h.now = time.Now
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	nobody := func(string) (oncall.Person, bool) { return oncall.Person{}, false }
	if h.people == nil {
		h.people = nobody
	}
	if h.whom == nil {
		h.whom = nobody
	}
	h.queues = newQueues(h.now, h.metrics)
	h.rests = newRests(cfg.PersonBackoff, h.now)
	h.disk = newDisk(&h.cfg, deps.FreeSpace, h.log)
	deps.Engine.OnCall(h.answer)
	deps.Engine.OnOwnCall(h.own)
	return h, nil
}

// Run renews the claims of live calls and watches the disk of the recordings
// until ctx ends, then waits for the records under way. Stop the engine first.
func (h *Hotline) Run(ctx context.Context) error {
	h.beside(func() { h.watchDisk(ctx) })
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			close(h.stopping)
			h.work.Wait()
			return nil
		case <-tick.C:
			_ = h.safely(func() { h.renew(ctx) }) // the next round comes
		}
	}
}

// answer begins the script of a caller's call, inside its goroutine.
func (h *Hotline) answer(c *b2bua.Call) {
	info := c.Info()
	k := h.newCall(c, info.Inbound.DID)
	k.step(Event{Kind: EvStart, Caller: info.Inbound.Caller})
}

// newCall binds a script to a call.
func (h *Hotline) newCall(c *b2bua.Call, line string) *call {
	k := &call{h: h, c: c, id: c.Info().ID, line: line, lang: prompt.Russian, s: NewState(&h.cfg)}
	k.s.Remote = !h.instant
	k.records = newLedger(h, k.id)
	c.On(k.heard)
	h.mu.Lock()
	h.live[k] = struct{}{}
	h.mu.Unlock()
	return k
}

func (h *Hotline) forget(k *call) {
	h.mu.Lock()
	delete(h.live, k)
	h.mu.Unlock()
}

// stopped reports whether Run has been told to end.
func (h *Hotline) stopped() bool {
	select {
	case <-h.stopping:
		return true
	default:
		return false
	}
}

// prepare has a name spoken beside the call.
func (h *Hotline) prepare(l prompt.Language, s prompt.Sentence, call string) {
	h.beside(func() {
		if err := h.prompts.Prepare(context.Background(), l, s); err != nil {
			h.metrics.missingPrompt()
			h.log.Warn("a name could not be spoken, the fallback is said", "call_id", call, "err", err)
		}
	})
}
