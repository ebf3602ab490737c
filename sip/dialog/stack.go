package dialog

import (
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/wire"
)

// Deps are what a stack needs besides the edge; all may be nil.
type Deps struct {
	Log        *slog.Logger
	Registerer prometheus.Registerer
	// Suspect hears of requests that look like an attack; it must not block.
	Suspect func(Suspicion)
}

// Suspicion is a request that was refused and that somebody who keeps the line may want to know of.
type Suspicion struct {
	Why    Why
	Source netip.AddrPort
	Method wire.Method
	CallID string
}

// Why says what is wrong with a request.
type Why string

// What is wrong with requests.
const (
	Elsewhere Why = "elsewhere" // it names a dialog of ours and comes from an address that is not of it
	Transfer  Why = "transfer"  // REFER, or INVITE with Replaces: it wants another call to be placed or taken
)

// Stack finds the dialog of each message. It implements [wire.Handler].
type Stack struct {
	// set at NewStack
	edge    edge
	cfg     Config
	log     *slog.Logger
	metrics *metrics
	suspect func(Suspicion)

	// set before the edge runs
	invited func(*Incoming)
	outside map[wire.Method]func(*wire.ServerTx)

	mu      sync.Mutex         // guards the maps
	dialogs map[key]*Dialog    // by our tag
	callers map[key]*Dialog    // UAS dialogs before our final answer, by the caller's tag
	invites map[string]*Dialog // open INVITEs of far ends, by transaction key
}

type key struct{ callID, tag string }

// NewStack returns a stack over the edge; make it the edge's handler before the
// edge runs. cfg must be valid.
func NewStack(e *wire.Edge, cfg Config, deps Deps) *Stack { return newStack(wired{e}, cfg, deps) }

func newStack(e edge, cfg Config, deps Deps) *Stack {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Suspect == nil {
		deps.Suspect = func(Suspicion) {}
	}
	cfg.SessionTimer = cfg.SessionTimer.or(Default().SessionTimer)
	return &Stack{
		edge: e, cfg: cfg, log: deps.Log, metrics: newMetrics(deps.Registerer), suspect: deps.Suspect,
		outside: map[wire.Method]func(*wire.ServerTx){},
		dialogs: map[key]*Dialog{}, callers: map[key]*Dialog{}, invites: map[string]*Dialog{},
	}
}

// OnInvite sets who takes new calls; call it before the edge runs. f is called in
// the Call-ID's mailbox and must not block.
func (st *Stack) OnInvite(f func(*Incoming)) { st.invited = f }

// OnOutOfDialog sets who takes requests of a method outside any dialog; call it
// before the edge runs.
func (st *Stack) OnOutOfDialog(method wire.Method, f func(*wire.ServerTx)) { st.outside[method] = f }

// HandleRequest takes a new request from the edge.
func (st *Stack) HandleRequest(tx *wire.ServerTx) {
	req := tx.Request()
	switch {
	case req.Method() == wire.CANCEL:
		var invite serverTx
		if c := tx.Cancels(); c != nil {
			invite = c
		}
		st.cancel(tx, invite)
	case req.ToTag() != "" || req.Method() == wire.INVITE:
		st.request(tx)
	default:
		st.outOfDialog(tx)
	}
}

// HandleAck takes an ACK to a 2xx from the edge.
func (st *Stack) HandleAck(req *wire.Request) {
	if d := st.find(req.CallID(), req.ToTag()); d != nil {
		d.box.post(func() { d.ackReceived(req) })
	}
}

// HandleStray takes a response without transaction from the edge.
func (st *Stack) HandleStray(resp *wire.Response) {
	if resp.Method() != wire.INVITE {
		return
	}
	if d := st.find(resp.CallID(), resp.FromTag()); d != nil && d.s.Role == UAC {
		d.box.post(func() { d.stray(resp) })
	}
}

func (st *Stack) request(tx serverTx) {
	req := tx.Request()
	if req.ToTag() == "" {
		st.invite(tx)
		return
	}
	d := st.find(req.CallID(), req.ToTag())
	if d == nil {
		st.refuse(tx, wire.StatusNoTransaction)
		return
	}
	d.box.post(func() { d.request(tx) })
}

// invite begins a call. The same INVITE over another path is merged (§8.2.2.2).
func (st *Stack) invite(tx serverTx) {
	req := tx.Request()
	if req.Header("Replaces") != "" { // RFC 3891; it is not offered, and an INVITE that does not insist on it is a new call
		st.report(req, Transfer)
	}
	d := st.accept(tx)
	if d.refusedBrief(tx) {
		return
	}
	caller := key{d.s.CallID, d.s.RemoteTag}
	st.mu.Lock()
	twin := st.callers[caller]
	if twin == nil {
		st.callers[caller] = d
		st.invites[tx.Key()] = d
		st.dialogs[key{d.s.CallID, d.s.LocalTag}] = d
	}
	st.mu.Unlock()
	switch {
	case twin != nil && twin.s.PeerInvite == d.s.PeerInvite:
		st.refuse(tx, wire.StatusLoopDetected)
	case twin != nil: // a second INVITE before the first is final (§14.2)
		d.final(tx, d.s.respond(req, wire.StatusServerError, "", []wire.Header{retryAfter()}))
	case st.invited == nil:
		st.metrics.opened(1)
		(&Incoming{d: d, req: req}).Reject(wire.StatusTemporarilyUnavailable, "")
	default:
		st.metrics.opened(1)
		st.hand(&Incoming{d: d, req: req})
	}
}

// cancel answers a CANCEL and lets the dialog decide what it still can cancel.
func (st *Stack) cancel(tx, invite serverTx) {
	if invite == nil {
		st.refuse(tx, wire.StatusNoTransaction)
		return
	}
	st.mu.Lock()
	d := st.invites[invite.Key()]
	st.mu.Unlock()
	res := wire.NewResponse(tx.Request(), wire.StatusOK, "")
	if d != nil {
		res.SetToTag(d.s.LocalTag)
	}
	if err := tx.Respond(res); err != nil {
		st.log.Warn("answer not sent", slog.String("call_id", tx.Request().CallID()), slog.Any("err", err))
	}
	if d == nil { // answered or refused before: only the CANCEL gets its 200
		return
	}
	in := input{req: tx.Request()}
	d.box.post(func() {
		if d.txKey == invite.Key() {
			d.stepUAS(UASPeerCancel, in)
			return
		}
		if d.offerTx != nil && d.offerTx.Key() == invite.Key() {
			d.stepOffer(OfferPeerCancel, in)
		}
	})
}

func (st *Stack) outOfDialog(tx *wire.ServerTx) {
	method := tx.Request().Method()
	if f := st.outside[method]; f != nil {
		f(tx)
		return
	}
	switch method {
	case wire.BYE, wire.UPDATE, wire.PRACK, wire.NOTIFY, wire.INFO:
		st.refuse(tx, wire.StatusNoTransaction)
	case wire.REFER: // a transfer could dial anything: refused unless somebody allows it
		st.report(tx.Request(), Transfer)
		st.refuse(tx, wire.StatusDecline)
	case wire.OPTIONS, wire.REGISTER, wire.MESSAGE, wire.SUBSCRIBE, wire.PUBLISH:
		st.refuse(tx, wire.StatusMethodNotAllowed)
	default:
		st.refuse(tx, wire.StatusNotImplemented)
	}
}

func (st *Stack) refuse(tx serverTx, status int) {
	res := wire.NewResponse(tx.Request(), status, "")
	if status == wire.StatusMethodNotAllowed {
		_ = res.Add("Allow", allow) // a constant
	}
	if err := tx.Respond(res); err != nil {
		st.log.Warn("refusal not sent", slog.String("call_id", tx.Request().CallID()), slog.Any("err", err))
	}
}

func (st *Stack) report(req *wire.Request, why Why) {
	st.suspect(Suspicion{Why: why, Source: req.Flow().Remote, Method: req.Method(), CallID: req.CallID()})
}

func (st *Stack) find(callID, tag string) *Dialog {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.dialogs[key{callID, tag}]
}

func (st *Stack) add(d *Dialog) {
	st.mu.Lock()
	st.dialogs[key{d.s.CallID, d.s.LocalTag}] = d
	st.mu.Unlock()
	st.metrics.opened(1)
}

// answered drops what only an unanswered INVITE needs.
func (st *Stack) answered(d *Dialog) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.dropInvite(d)
}

// dropInvite is called with mu held.
func (st *Stack) dropInvite(d *Dialog) {
	if d.s.Role != UAS {
		return
	}
	if caller := (key{d.s.CallID, d.s.RemoteTag}); st.callers[caller] == d {
		delete(st.callers, caller)
		delete(st.invites, d.txKey)
	}
}

func (st *Stack) cancellable(tx serverTx, d *Dialog) {
	st.mu.Lock()
	st.invites[tx.Key()] = d
	st.mu.Unlock()
}

func (st *Stack) uncancellable(tx serverTx) {
	st.mu.Lock()
	delete(st.invites, tx.Key())
	st.mu.Unlock()
}

// broke ends a dialog whose machine has panicked while no owner's loop was there to notice: it is logged, a request that
// waits is refused, and the dialog is forgotten.
func (st *Stack) broke(d *Dialog, fault any) {
	st.metrics.panicked()
	st.log.Error("dialog without an owner broke", slog.String("call_id", d.s.CallID), slog.Any("err", fault),
		slog.String("stack", string(debug.Stack())))
	d.closed, d.last = true, true
	d.stopTimers()
	for _, tx := range [...]serverTx{d.tx, d.offerTx} {
		if tx != nil {
			st.refuse(tx, wire.StatusServerError)
		}
	}
	st.forget(d)
}

// forget ends the dialog's stay in the stack.
func (st *Stack) forget(d *Dialog) {
	st.mu.Lock()
	_, there := st.dialogs[key{d.s.CallID, d.s.LocalTag}]
	delete(st.dialogs, key{d.s.CallID, d.s.LocalTag})
	st.dropInvite(d)
	st.mu.Unlock()
	if there {
		st.metrics.opened(-1)
	}
}
