package b2bua

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Deps are what the engine stands on.
type Deps struct {
	Stack  *dialog.Stack
	Pool   *media.Pool
	Trunks *trunk.Trunks
	// Phones are the engineers' phones: callers who are neither an operator nor a configured host are asked to prove who
	// they are. nil = there are none, such callers get 403.
	Phones Phones
	// Guard decides what may leave through an operator; nil = everything (tests).
	Guard *guard.Guard
	// Serves reports whether a called number is one of ours; what phones of ours dial beside them goes to OnOwnCall, other
	// calls get 404. nil = all.
	Serves func(trunk.Inbound) bool
	// Pressure tells what is used of the machine; asked at each new call, so it reads memory only. nil = no pressure.
	Pressure func() Pressure
	// Known reports whether a caller is a client of ours, who is taken when others are refused; it reads memory only and
	// must not block. nil = nobody can tell, all are treated alike.
	Known func(trunk.Inbound) bool
	// Served is told of each call of people that an operator has carried with sound, when its leg ends; it must not block.
	// nil = nobody wants to know.
	Served func(Served)
	// Now is the clock by which calls are told; nil = the wall clock. Timers go by the wall clock always.
	Now        func() time.Time
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Engine owns all calls.
type Engine struct {
	// Set at New.
	cfg        Config
	stack      stack
	pool       *media.Pool
	trunks     peers
	phones     Phones
	guard      *guard.Guard
	serves     func(trunk.Inbound) bool
	pressure   func() Pressure
	known      func(trunk.Inbound) bool
	served     func(Served)
	clock      func() time.Time // nil = the wall clock
	limits     limits
	turns      *turns
	log        *slog.Logger
	metrics    *metrics
	codecs     []sdp.Codec
	music      media.Playlist
	retryAfter wire.Header
	throttle   *throttle
	closeFile  func(*media.Recorder) (media.RecordingInfo, error) // waits for the disk
	script     func(*Call)                                        // set by OnCall before the edge runs
	ownScript  func(*Call)                                        // set by OnOwnCall before the edge runs; nil = such calls get 404

	active   atomic.Int64  // calls that count against MaxCalls
	draining atomic.Bool   // callers are refused; calls of our own, which page people, still begin
	stopping atomic.Bool   // nothing begins any more
	sessions atomic.Uint64 // last SDP session id

	mu    sync.Mutex
	calls map[*Call]struct{} // guarded by mu
	empty chan struct{}      // guarded by mu: closed when calls gets empty; nil while nobody waits
}

// stack opens dialogs; *dialog.Stack does, and tests' transcripts.
type stack interface {
	Invite(o dialog.Outgoing, exec dialog.Executor, on func(dialog.Event)) (*dialog.Dialog, error)
}

// peers are the operators' limits and health as the engine needs them.
type peers interface {
	Identify(req *wire.Request) (*trunk.Trunk, trunk.Inbound, bool)
	IdentifyPhone(req *wire.Request, account string) trunk.Inbound
	Reserve(name string) bool
	Release(name string)
	Report(d *trunk.Destination, r trunk.Result)
}

// New checks the configuration and takes the stack's INVITEs and OPTIONS. Give the script to OnCall
// before the edge runs.
func New(cfg Config, deps Deps) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("call engine configuration: %w", err)
	}
	if deps.Stack == nil || deps.Pool == nil || deps.Trunks == nil {
		return nil, errors.New("call engine: stack, media pool and trunks are all needed")
	}
	e := &Engine{
		cfg: cfg, stack: deps.Stack, pool: deps.Pool, trunks: deps.Trunks, serves: deps.Serves, log: deps.Log,
		phones: deps.Phones, guard: deps.Guard, pressure: deps.Pressure, known: deps.Known, served: deps.Served, clock: deps.Now, limits: newLimits(cfg),
		metrics:    newMetrics(deps.Registerer),
		codecs:     []sdp.Codec{sdp.PCMA(), sdp.PCMU(), sdp.TelephoneEvent()},
		music:      media.Looping(media.HoldMusic()),
		retryAfter: wire.Header{Name: "Retry-After", Value: strconv.Itoa(max(1, int(cfg.RetryAfter/time.Second)))},
		throttle:   newThrottle(cfg.CallsPerSecond, cfg.CallsBurst),
		closeFile:  (*media.Recorder).Close,
		calls:      make(map[*Call]struct{}),
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.turns = newTurns(e.log)
	if e.serves == nil {
		e.serves = func(trunk.Inbound) bool { return true }
	}
	e.sessions.Store(uint64(time.Now().Unix()) & sessionMask)
	deps.Stack.OnInvite(e.invited)
	deps.Stack.OnOutOfDialog(wire.OPTIONS, e.options)
	return e, nil
}

// sessionMask keeps SDP session ids below 2^31: larger ones overflow some peers, who answer 488.
const sessionMask = 1<<30 - 1

// OnCall sets the script: it is called in the new call's goroutine for each call that comes in.
func (e *Engine) OnCall(script func(*Call)) { e.script = script }

// OnOwnCall sets the script of calls that an engineer's phone places to a number that is no line of ours. Calls of operators
// never get to it. It is called like that of OnCall.
func (e *Engine) OnOwnCall(script func(*Call)) { e.ownScript = script }

// Run waits until ctx ends, then ends the calls that are left and waits for them. The edge and the
// media pool must outlive it: the hang-ups go through them.
func (e *Engine) Run(ctx context.Context) error {
	tick := time.NewTicker(turnLook)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case now := <-tick.C:
			e.turns.settle(now)
		}
	}
	e.draining.Store(true)
	e.stopping.Store(true)
	for _, c := range e.Calls() {
		c.Post(func() { c.End(CauseShutdown) })
	}
	ctx = context.WithoutCancel(ctx)
	err := e.waitFor(ctx, shutdownGrace)
	if err == nil {
		return nil
	}
	for _, c := range e.Calls() { // their far ends do not answer the BYE
		c.loop.close()
	}
	e.log.Warn("calls left unsettled at shutdown", "err", err)
	if err := e.waitFor(ctx, shutdownGrace); err != nil {
		return fmt.Errorf("stop call engine: a script does not return: %w", err)
	}
	return nil
}

func (e *Engine) waitFor(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return e.wait(ctx)
}

// shutdownGrace is how long a stopping engine waits for far ends to answer its BYEs, and then for
// scripts to return.
const shutdownGrace = 2 * time.Second

// Drain refuses new calls with 503 and OPTIONS likewise, and waits until the live ones are over or
// ctx ends.
func (e *Engine) Drain(ctx context.Context) error {
	e.draining.Store(true)
	return e.wait(ctx)
}

// wait blocks until no call is left.
func (e *Engine) wait(ctx context.Context) error {
	e.mu.Lock()
	if len(e.calls) == 0 {
		e.mu.Unlock()
		return nil
	}
	if e.empty == nil {
		e.empty = make(chan struct{})
	}
	empty := e.empty
	e.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for %d calls to end: %w", e.Active(), context.Cause(ctx))
	}
}

// Active returns the number of calls now.
func (e *Engine) Active() int { return int(e.active.Load()) }

// Calls returns the calls now, in no order.
func (e *Engine) Calls() []*Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]*Call, 0, len(e.calls))
	for c := range e.calls {
		out = append(out, c)
	}
	return out
}

// NewCall makes a call without a caller, for pages and call-backs: an alarm goes on while callers
// are refused by a drain. It returns nil once the engine stops. Use Post to get into its goroutine.
func (e *Engine) NewCall() *Call {
	if e.stopping.Load() {
		return nil
	}
	e.active.Add(1)
	c := newCall(e, Info{ID: strings.ToLower(rand.Text()[:idLength]), At: e.now()})
	e.remember(c)
	go c.run(c.checkIdle)
	return c
}

func (e *Engine) remember(c *Call) {
	e.mu.Lock()
	e.calls[c] = struct{}{}
	e.mu.Unlock()
	e.metrics.active(1)
}

// forget is the last act of a call's goroutine.
func (e *Engine) forget(c *Call) {
	c.releasePhone()
	e.mu.Lock()
	delete(e.calls, c)
	e.active.Add(-1)
	if len(e.calls) == 0 && e.empty != nil {
		close(e.empty)
		e.empty = nil
	}
	e.mu.Unlock()
	e.metrics.active(-1)
}

// options answers OPTIONS outside dialogs: 200, or 503 while draining or above the hard mark, so that operators and load
// balancers go elsewhere.
func (e *Engine) options(tx *wire.ServerTx) {
	status := wire.StatusOK
	if e.draining.Load() || e.Full() != nil {
		status = wire.StatusServiceUnavailable
	}
	res := wire.NewResponse(tx.Request(), status, "")
	for _, h := range [...]wire.Header{
		{Name: "Allow", Value: wire.Allow},
		{Name: "Accept", Value: "application/sdp"},
	} {
		if err := res.Set(h.Name, h.Value); err != nil {
			e.log.Error("OPTIONS answer lacks a header", "err", err)
		}
	}
	if err := tx.Respond(res); err != nil {
		e.log.Debug("OPTIONS not answered", "err", err)
	}
}

func (e *Engine) now() time.Time {
	if e.clock != nil {
		return e.clock()
	}
	return time.Now()
}

// received is when a request came: by a clock of somebody else's it is now.
func (e *Engine) received(req *wire.Request) time.Time {
	if e.clock != nil {
		return e.clock()
	}
	return req.ReceivedAt()
}

func (e *Engine) sessionID() uint64 { return e.sessions.Add(1) & sessionMask }

// logPanic reports the panic of one call, once.
func (e *Engine) logPanic(c *Call, fault any) {
	e.log.Error("call ended after an internal error", "call_id", c.info.ID, "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
}

// idLength is the length of a call's name in base32: 80 bits, short enough to be typed.
const idLength = 16

// nameOf names the call of an INVITE: a retransmission after a restart has the same name, another caller never has.
func nameOf(invite *wire.Request) string {
	sum := sha256.Sum256([]byte(invite.CallID() + "\x00" + invite.FromTag()))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:idLength])
}
