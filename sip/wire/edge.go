package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/prometheus/client_golang/prometheus"
)

// Class says what a source is to us.
type Class uint8

// Classes. The zero value is the safe one.
const (
	// Unknown sources hear nothing: their messages are counted and dropped.
	Unknown Class = iota
	// Guest is an unknown source that may register and nothing else.
	Guest
	// Peer is an operator's trunk or a phone that is configured or has registered.
	Peer
)

// String returns the class as a metric label.
func (c Class) String() string {
	switch c {
	case Unknown:
		return "unknown"
	case Guest:
		return "guest"
	case Peer:
		return "peer"
	}
	return "unknown"
}

// Handler receives what the edge has matched to no transaction of its own. Its
// methods run in the mailbox of the Call-ID and must not block.
type Handler interface {
	// HandleRequest gets each new request except ACK, once. It, or somebody
	// later, must call Respond. An INVITE gets its 100 from the edge.
	HandleRequest(tx *ServerTx)
	// HandleAck gets ACKs to 2xx answers; other ACKs end in their transaction.
	HandleAck(req *Request)
	// HandleStray gets responses without a transaction, and each 2xx that came
	// after ClientTx.Terminate.
	HandleStray(res *Response)
}

// Deps are what the edge needs from outside; each may be nil.
type Deps struct {
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Edge is the set of listeners with their transactions.
type Edge struct {
	// set at New
	cfg     Config
	log     *slog.Logger
	sipLog  *slog.Logger
	metrics *metrics
	parser  *sip.Parser
	table   *table
	boxes   *mailboxes
	caps    connCaps
	buckets *buckets // of all messages
	inside  *buckets // of those of live calls, when the former are empty
	guests  guestTables
	check   func(r *Request, extensions []string) *StatusError
	buffers sync.Pool // of *bytes.Buffer, for writing messages

	// set before Run
	handler   Handler
	udp       []*udpSocket
	streams   []*streamSocket        // TCP and TLS
	listeners map[Transport][]socket // all of them; never written to after New

	admit    atomic.Pointer[func(netip.AddrPort) Class]
	stranger atomic.Pointer[func(netip.AddrPort)]
	probes   sync.Map // Call-ID of an OPTIONS of Ready that is under way
	probing  atomic.Int32
	profiles atomic.Pointer[map[string]*credentials]
	refused  refusals // addresses that take no TCP

	setting sync.Mutex // held by SetProfiles
	hearing sync.Mutex
	closed  []func(Flow) // guarded by hearing; copied when added to

	// set by Run, before it serves
	group sync.WaitGroup
	done  chan struct{}
}

// New checks the configuration and returns an edge that does nothing yet.
func New(cfg Config, deps Deps) (*Edge, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure SIP edge: %w", err)
	}
	log := deps.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	e := &Edge{
		cfg:       cfg,
		log:       slog.New(newQuiet(log.Handler(), time.Now)),
		parser:    sip.NewParser(sip.WithHeadersParsers(headerParsers())),
		table:     newTable(),
		buckets:   newBuckets(cfg.Rate, cfg.Burst, cfg.MaxSources),
		inside:    newBuckets(insideShare*cfg.Rate, insideShare*cfg.Burst, cfg.MaxSources),
		check:     validate,
		guests:    newGuestTables(cfg.MaxSources),
		listeners: make(map[Transport][]socket),
		done:      make(chan struct{}),
		buffers:   sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	e.sipLog = e.log
	e.boxes = newMailboxes(func(callID string) { e.recovered(recover(), callID, nil) })
	e.parser.MaxMessageLength = maxReadSize + cfg.MaxStream
	e.metrics = newMetrics(deps.Registerer, e)
	for _, l := range cfg.Listen {
		if l.Transport == UDP {
			one := &udpSocket{edge: e, conf: l}
			e.udp, e.listeners[UDP] = append(e.udp, one), append(e.listeners[UDP], one)
			continue
		}
		one := newStreamSocket(e, l)
		e.streams, e.listeners[l.Transport] = append(e.streams, one), append(e.listeners[l.Transport], one)
	}
	e.caps = capsFor(&cfg, descriptors()/max(1, len(e.streams)))
	if cfg.MaxConns > e.caps.all {
		e.log.Warn("fewer TCP connections are accepted than configured: the process may open too few descriptors",
			"max_conns", cfg.MaxConns, "accepted", e.caps.all)
	}
	return e, nil
}

// SetHandler sets the handler; call it once, before Run.
func (e *Edge) SetHandler(h Handler) { e.handler = h }

// SetAdmission sets the classifier of sources, at any time. Without it every
// source is Unknown. It must not block; any goroutine may call it.
func (e *Edge) SetAdmission(admit func(netip.AddrPort) Class) { e.admit.Store(&admit) }

// OnStranger sets who hears of each message and connection that gets no answer because of its source: unknown ones, and guests
// who want anything but to register. It must not block; any goroutine may call it, thousands of times a second.
func (e *Edge) OnStranger(f func(from netip.AddrPort)) { e.stranger.Store(&f) }

// strange tells of one.
func (e *Edge) strange(from netip.AddrPort) {
	if f := e.stranger.Load(); f != nil {
		(*f)(from)
	}
}

// Listen binds all listeners. When one fails, those before it are closed and
// the error says which address it was and what to do.
func (e *Edge) Listen(ctx context.Context) error {
	var err error
	for _, s := range e.udp {
		err = errors.Join(err, s.listen(ctx))
	}
	for _, s := range e.streams {
		err = errors.Join(err, s.listen(ctx))
	}
	if err != nil {
		e.closeSockets()
	}
	return err
}

// ended tells whether Run is over.
func (e *Edge) ended() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

func (e *Edge) closeSockets() {
	for _, s := range e.udp {
		s.close()
	}
	for _, s := range e.streams {
		s.close()
	}
}

// Run serves until ctx ends, then forgets all transactions. Listen must have
// been called.
func (e *Edge) Run(ctx context.Context) error {
	if e.handler == nil {
		return errors.New("run SIP edge: no handler is set; call SetHandler first")
	}
	for _, s := range e.udp {
		e.group.Go(func() { s.run(ctx) })
	}
	for _, s := range e.streams {
		s.start(ctx, &e.group)
	}
	e.group.Go(func() { e.sweep(ctx) })
	e.group.Go(func() { e.watchTLS(ctx) })
	<-ctx.Done()
	close(e.done)
	e.closeSockets()
	e.group.Wait()
	e.boxes.close()
	e.terminateAll()
	return nil
}

func (e *Edge) terminateAll() {
	for _, tx := range e.table.servers(func(*ServerTx) bool { return true }) {
		tx.sip.Terminate()
	}
	for _, tx := range e.table.clients(func(*ClientTx) bool { return true }) {
		tx.Terminate()
		tx.mu.Lock()
		tx.stop()
		tx.mu.Unlock()
	}
	e.table.mu.Lock()
	defer e.table.mu.Unlock()
	for _, p := range e.table.parked {
		p.timer.Stop()
	}
}

// sweep ends requests that a handler never answered, which would be kept for
// ever: other requests than INVITE must be answered within 64*T1.
func (e *Edge) sweep(ctx context.Context) {
	tick := time.NewTicker(sip.Timer_F)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			e.sweepOnce(now)
		}
	}
}

func (e *Edge) sweepOnce(now time.Time) {
	defer e.guard("", nil)
	for _, tx := range e.table.servers(func(t *ServerTx) bool { return t.forlorn(now) }) {
		e.log.Warn("request was never answered", "call_id", tx.req.CallID(), "method", tx.req.Method())
		tx.sip.Terminate()
	}
}

func (t *ServerTx) forlorn(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.final == 0 && !t.invite() && now.Sub(t.born) > sip.Timer_F
}

// ours tells whether a Via names one of our listeners.
func (e *Edge) ours(via *sip.ViaHeader) bool {
	got := uint16(via.Port)
	if via.Port == 0 {
		got = defaultPortOf(Transport(strings.ToLower(via.Transport)))
	}
	for _, s := range e.udp {
		if s.named(via.Host, got) {
			return true
		}
	}
	for _, s := range e.streams {
		if s.named(via.Host, got) {
			return true
		}
	}
	return false
}

// guard recovers a panic of a callback, logs it once and answers the request at
// hand with 500.
func (e *Edge) guard(callID string, tx *ServerTx) { e.recovered(recover(), callID, tx) }

func (e *Edge) recovered(v any, callID string, tx *ServerTx) {
	if v == nil {
		return
	}
	e.metrics.panicked()
	e.log.Error("handler panicked", "call_id", callID, "err", fmt.Sprint(v), "stack", string(debug.Stack()))
	if tx != nil {
		tx.fail(&StatusError{Status: StatusServerError})
	}
}
