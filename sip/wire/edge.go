package wire

import (
	"context"
	"log/slog"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"
)

// Class says what a source is to us.
type Class uint8

// Classes. The zero value is the safe one.
const (
	// Unknown sources hear nothing: their messages are counted and dropped.
	Unknown Class = iota
	// Peer is an operator's trunk or a configured phone.
	Peer
)

// String returns the class as a metric label.
func (c Class) String() string {
	if c == Peer {
		return "peer"
	}
	return "unknown"
}

// Handler receives what the edge has matched to no transaction of its own. Its
// methods run in the mailbox of the Call-ID and must not block.
type Handler interface {
	// HandleRequest gets each new request except ACK, once.
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
type Edge struct{}

// New checks the configuration and returns an edge that does nothing yet.
func New(cfg Config, deps Deps) (*Edge, error) { return &Edge{}, cfg.Validate() }

// SetHandler sets the handler; call it once, before Run.
func (e *Edge) SetHandler(h Handler) {}

// SetAdmission sets the classifier of sources; call it before Run. Without it
// every source is Unknown. It must not block.
func (e *Edge) SetAdmission(admit func(netip.AddrPort) Class) {}

// Listen binds all listeners.
func (e *Edge) Listen(ctx context.Context) error { return nil }

// Run serves until ctx ends.
func (e *Edge) Run(ctx context.Context) error { return nil }

// Addr returns the bound address of the first listener of a transport.
func (e *Edge) Addr(t Transport) netip.AddrPort { return netip.AddrPort{} }

// Advertised returns what Via and Contact name for a transport.
func (e *Edge) Advertised(t Transport) (host string, port int) { return "", 0 }

// Send starts a client transaction.
func (e *Edge) Send(req *Request, to Flow, on func(ClientEvent)) (*ClientTx, error) {
	return &ClientTx{}, nil
}

// SendAck sends an ACK to a 2xx.
func (e *Edge) SendAck(req *Request, to Flow) error { return nil }

// Ready reports whether the listeners answer an OPTIONS of our own.
func (e *Edge) Ready(ctx context.Context) error { return nil }
