package phone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
)

// Errors a caller branches on.
var (
	// ErrEnded reports that a call ended before the awaited event.
	ErrEnded = errors.New("call ended")
	// ErrClosed reports that the phone no longer runs.
	ErrClosed = errors.New("phone is closed")
)

// Config describes a phone.
type Config struct {
	Name      string     // user part of its address
	Addr      netip.Addr // where it listens; default 127.0.0.1
	UDPPort   uint16     // 0 = a free port
	TCPPort   uint16     // 0 = a free port
	Transport string     // "udp" or "tcp": what its own address says and what Dial uses unless the URI says otherwise
	MinPort   uint16     // RTP range
	MaxPort   uint16

	Log *slog.Logger // nil = discard
}

// Default is a phone on the loopback interface with free ports.
func Default() Config {
	return Config{Name: "phone", Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Transport: "udp", MinPort: 40000, MaxPort: 49999}
}

// Validate reports every fault.
func (c Config) Validate() error {
	var errs []error
	if c.Name == "" {
		errs = append(errs, errors.New("phone.name: is empty, want the user part of the address"))
	}
	if !c.Addr.IsValid() {
		errs = append(errs, errors.New("phone.addr: is missing, want the address to listen on"))
	}
	if c.Transport != "udp" && c.Transport != "tcp" {
		errs = append(errs, fmt.Errorf("phone.transport: %q is neither udp nor tcp", c.Transport))
	}
	if c.MaxPort <= c.MinPort {
		errs = append(errs, fmt.Errorf("phone.max_port: %d leaves no RTP ports above %d", c.MaxPort, c.MinPort))
	}
	return errors.Join(errs...)
}

// Phone is one SIP endpoint with a script.
type Phone struct {
	// set at New
	cfg Config

	mu       sync.Mutex
	answer   Answer     // guarded by mu
	sessions []*Session // guarded by mu; in order of their INVITE
	grown    chan struct{}
}

// New checks the configuration. Listen and Run make the phone reachable.
func New(cfg Config) (*Phone, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Phone{cfg: cfg, grown: make(chan struct{})}, nil
}

// Start is New, Listen and Run in one: the phone is reachable when Start
// returns and is closed by stop or when ctx ends. stop waits until all of the
// phone is gone and returns what ended it.
func Start(ctx context.Context, cfg Config) (p *Phone, stop func() error, err error) {
	return nil, nil, ErrClosed
}

// Listen opens the listeners; Addr and URI are known after it.
func (p *Phone) Listen(ctx context.Context) error { return ErrClosed }

// Run serves the phone until ctx ends; calls that are up then are hung up.
func (p *Phone) Run(ctx context.Context) error { return ErrClosed }

// Addr is where the phone listens for that transport, "udp" or "tcp".
func (p *Phone) Addr(transport string) netip.AddrPort { return netip.AddrPort{} }

// URI is the phone's address over its own transport.
func (p *Phone) URI() string { return "" }

// Answer sets the script for calls that come in from now on.
func (p *Phone) Answer(a Answer) error { return a.Validate() }

// Dial places a call and returns as soon as the INVITE is on its way. What
// becomes of it is in the session's log.
func (p *Phone) Dial(ctx context.Context, uri string, o Options) (*Session, error) {
	return nil, ErrClosed
}

// Incoming waits for the nth call that comes in, counted from 0, and returns
// it. A phone that is off sees no calls.
func (p *Phone) Incoming(ctx context.Context, nth int) (*Session, error) { return nil, ErrClosed }

// Sessions are all calls so far, placed and received, in order.
func (p *Phone) Sessions() []*Session { return nil }
