package phone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/wire"
)

// Errors a caller branches on.
var (
	// ErrEnded reports that a call ended before the awaited event.
	ErrEnded = errors.New("call ended")
	// ErrClosed reports that the phone no longer runs.
	ErrClosed = errors.New("phone is closed")
)

// tlsProfile names the one way in which a phone opens TLS connections.
const tlsProfile = "phone"

// Times of a phone.
const (
	portRest    = time.Second      // how long its RTP ports rest: nobody else's late packets matter here
	hangupLimit = 2 * time.Second  // how long Run waits for calls that it hangs up at its end
	deafEar     = 2 * time.Second  // how long a cancelled call without any answer is kept: two retransmissions
	noTrying    = 32 * time.Second // 64*T1, RFC 3261 §17.1.1.2: a person waits longer than a trunk
)

// Config describes a phone.
type Config struct {
	Name      string     // user part of its address
	Addr      netip.Addr // where it listens
	UDPPort   uint16     // 0 = a free port
	TCPPort   uint16     // 0 = a free port
	TLSPort   uint16     // 0 = a free port; opened only where Transport is "tls"
	Transport string     // "udp", "tcp" or "tls": what its own address says, and what Dial uses unless the URI says otherwise
	TLS       TLS        // of Transport "tls"
	Account   Account    // what it proves when asked; zero = a challenge is a refusal
	MinPort   uint16     // RTP range
	MaxPort   uint16
	Deaf      bool // keep no received audio: for load, when nobody asks what was heard

	Log *slog.Logger // nil = discard
}

// TLS says whom the phone trusts and what it shows. Files are PEM.
type TLS struct {
	CA         string // who must have signed the far end's certificate; "" = whom the system trusts
	ServerName string // the name that must stand in it; "" = the address that is dialled
	Insecure   bool   // any certificate is good: for tries
	Cert, Key  string // what the phone shows to who connects to it; "" = nobody can, but answers come over its own connections
}

// Default is a phone on the loopback interface with free ports. Its RTP range
// lies below that of the hotline and below Linux's ephemeral ports.
func Default() Config {
	return Config{Name: "phone", Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Transport: "udp", MinPort: 10000, MaxPort: 16383}
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
	if c.Transport != "udp" && c.Transport != "tcp" && c.Transport != "tls" {
		errs = append(errs, fmt.Errorf("phone.transport: %q is neither udp nor tcp nor tls", c.Transport))
	}
	errs = append(errs, c.Account.validate())
	if c.MaxPort <= c.MinPort {
		errs = append(errs, fmt.Errorf("phone.max_port: %d leaves no RTP ports above %d", c.MaxPort, c.MinPort))
	}
	return errors.Join(errs...)
}

// Phone is one SIP endpoint with a script.
type Phone struct {
	// set at New
	cfg   Config
	edge  *wire.Edge
	stack *dialog.Stack
	pool  *media.Pool
	calls sync.WaitGroup // loops of sessions, and of the registration

	prover *prover // answers challenges

	off atomic.Bool // the present script is Silent

	mu       sync.Mutex
	folder   string        // guarded by mu; received audio, "" before Listen
	answer   Answer        // guarded by mu
	sessions []*Session    // guarded by mu; in order of their INVITE
	grown    chan struct{} // guarded by mu; closed and replaced when sessions grows
	closed   bool          // guarded by mu

	registration *registration // guarded by mu; nil = none
	stopRegister func()        // guarded by mu; ends its refreshing
}

// New checks the configuration. Listen and Run make the phone reachable.
func New(cfg Config) (*Phone, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := &Phone{cfg: cfg, grown: make(chan struct{}), prover: newProver(cfg.Account)}
	var err error
	if p.edge, err = wire.New(p.wireConfig(), wire.Deps{Log: cfg.Log}); err != nil {
		return nil, fmt.Errorf("make the phone's SIP edge: %w", err)
	}
	if cfg.Transport == "tls" {
		profile := wire.TLSProfile{CA: cfg.TLS.CA, ServerName: cfg.TLS.ServerName, Insecure: cfg.TLS.Insecure}
		if err := p.edge.SetProfiles(map[string]wire.TLSProfile{tlsProfile: profile}); err != nil {
			return nil, fmt.Errorf("read the phone's TLS files: %w", err)
		}
	}
	pool := media.Default()
	pool.Bind, pool.MinPort, pool.MaxPort, pool.Drain, pool.Log = cfg.Addr, cfg.MinPort, cfg.MaxPort, portRest, cfg.Log
	if p.pool, err = media.NewPool(pool); err != nil {
		return nil, fmt.Errorf("make the phone's RTP ports: %w", err)
	}
	calls := dialog.Default()
	calls.NoAnswer = noTrying
	p.stack = dialog.NewStack(p.edge, calls, dialog.Deps{Log: cfg.Log})
	p.stack.OnInvite(p.ringing)
	p.edge.SetHandler(racer{p.stack, p})
	p.edge.SetAdmission(p.admit)
	return p, nil
}

func (p *Phone) wireConfig() wire.Config {
	c := wire.Default()
	c.UserAgent = "vahta-phone"
	for _, l := range []struct {
		transport wire.Transport
		port      uint16
	}{{wire.UDP, p.cfg.UDPPort}, {wire.TCP, p.cfg.TCPPort}, {wire.TLS, p.cfg.TLSPort}} {
		if l.transport == wire.TLS && p.cfg.Transport != "tls" {
			continue
		}
		one := wire.Listen{Transport: l.transport, Addr: netip.AddrPortFrom(p.cfg.Addr, l.port).String()}
		if l.transport == wire.TLS {
			one.TLS = wire.ListenTLS{Cert: p.cfg.TLS.Cert, Key: p.cfg.TLS.Key}
			one.Advertise = p.cfg.Addr.String()
		}
		c.Listen = append(c.Listen, one)
	}
	c.Extensions = dialog.Extensions
	return c
}

// admit lets everybody in, unless the phone plays dead.
func (p *Phone) admit(netip.AddrPort) wire.Class {
	if p.off.Load() {
		return wire.Unknown
	}
	return wire.Peer
}

// Start is New, Listen and Run in one: the phone is reachable when Start
// returns and is closed by stop or when ctx ends. stop waits until all of the
// phone is gone and returns what ended it.
func Start(ctx context.Context, cfg Config) (p *Phone, stop func() error, err error) {
	if p, err = New(cfg); err != nil {
		return nil, nil, err
	}
	if err := p.Listen(ctx); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	return p, stop, nil
}

// Listen opens the listeners; Addr and URI are known after it.
func (p *Phone) Listen(ctx context.Context) error {
	if err := p.edge.Listen(ctx); err != nil {
		return fmt.Errorf("open phone %s: %w", p.cfg.Name, err)
	}
	if p.cfg.Deaf {
		return nil
	}
	folder, err := os.MkdirTemp("", "vahta-phone-")
	if err != nil {
		return fmt.Errorf("make a folder for what phone %s hears: %w", p.cfg.Name, err)
	}
	p.mu.Lock()
	p.folder = folder
	p.mu.Unlock()
	return nil
}

// Run serves the phone until ctx ends; calls that are up then are hung up.
// What was heard can be read until Run returns.
func (p *Phone) Run(ctx context.Context) error {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	g, inner := errgroup.WithContext(inner)
	g.Go(func() error { return p.edge.Run(inner) })
	g.Go(func() error { return p.pool.Run(inner) })
	g.Go(func() error {
		select {
		case <-ctx.Done():
		case <-inner.Done(): // the edge or the ports gave up
		}
		p.hangupAll(context.WithoutCancel(ctx))
		cancel()
		return nil
	})
	err := g.Wait()
	p.mu.Lock()
	folder := p.folder
	p.mu.Unlock()
	if folder != "" {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	if err != nil {
		return fmt.Errorf("run phone %s: %w", p.cfg.Name, err)
	}
	return nil
}

// hangupAll ends all calls, politely first.
func (p *Phone) hangupAll(ctx context.Context) {
	p.mu.Lock()
	p.closed = true
	sessions := slices.Clone(p.sessions)
	p.mu.Unlock()
	p.unregisterAtEnd(ctx)
	for _, s := range sessions {
		s.Hangup()
	}
	gone := make(chan struct{})
	go func() { p.calls.Wait(); close(gone) }()
	limit := time.NewTimer(hangupLimit)
	defer limit.Stop()
	select {
	case <-gone:
		return
	case <-limit.C:
	}
	for _, s := range sessions {
		s.loop.Post(func() { s.end(Event{Reason: "phone closed"}) })
	}
	<-gone
}

// Addr is where the phone listens for that transport, "udp", "tcp" or "tls".
func (p *Phone) Addr(transport string) netip.AddrPort { return p.edge.Addr(wire.Transport(transport)) }

// URI is the phone's address over its own transport.
func (p *Phone) URI() string {
	at := p.Addr(p.cfg.Transport)
	if at.Port() == 0 { // a TLS phone without a certificate: it is reached over its own connections only
		at = netip.AddrPortFrom(p.cfg.Addr, tlsPort)
	}
	uri := "sip:" + p.cfg.Name + "@" + at.String()
	if p.cfg.Transport != "udp" {
		uri += ";transport=" + p.cfg.Transport
	}
	return uri
}

// Answer sets the script for calls that come in from now on.
func (p *Phone) Answer(a Answer) error {
	if err := a.Validate(); err != nil {
		return err
	}
	p.mu.Lock()
	p.answer = a
	p.mu.Unlock()
	p.off.Store(a.Silent)
	return nil
}

// Incoming waits for the nth call that comes in, counted from 0, and returns
// it. A phone that is off sees no calls.
func (p *Phone) Incoming(ctx context.Context, nth int) (*Session, error) {
	for {
		p.mu.Lock()
		sessions, grown := p.sessions, p.grown
		p.mu.Unlock()
		seen := 0
		for _, s := range sessions {
			if !s.incoming {
				continue
			}
			if seen == nth {
				return s, nil
			}
			seen++
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for call %s to phone %s: %w", strconv.Itoa(nth), p.cfg.Name, context.Cause(ctx))
		}
	}
}

// Sessions are all calls so far, placed and received, in order.
func (p *Phone) Sessions() []*Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sessions)
}

// add takes a new session in and starts its loop; false when the phone closes.
func (p *Phone) add(s *Session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.sessions = append(p.sessions, s)
	close(p.grown)
	p.grown = make(chan struct{})
	p.calls.Go(s.loop.run)
	return true
}

// find is the session with that Call-ID, the newest first; nil if none.
func (p *Phone) find(callID string) *Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range slices.Backward(p.sessions) {
		if s.callID == callID {
			return s
		}
	}
	return nil
}

// racer stands before the dialogs and makes the race of Answer.OnCancel: the
// answer is on its way at the instant the CANCEL arrives.
type racer struct {
	*dialog.Stack
	phone *Phone
}

// HandleRequest implements wire.Handler.
func (r racer) HandleRequest(tx *wire.ServerTx) {
	if tx.Request().Method() == wire.CANCEL {
		if s := r.phone.find(tx.Request().CallID()); s != nil && s.answer.OnCancel {
			s.loop.Post(s.pickUp)
		}
	}
	r.Stack.HandleRequest(tx)
}
