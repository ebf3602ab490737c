package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"
)

// streamSocket is one TCP or TLS listener with all its connections, accepted and dialled.
// To sipgo, whose read loops serve both alike, it is a net.Listener that never
// fails while the edge runs.
type streamSocket struct {
	// set at New
	edge   *Edge
	conf   Listen
	fresh  chan *streamConn           // connections for sipgo to serve
	work   chan func(context.Context) // what start is to run in goroutines of its own
	own    *credentials               // TLS: what the listener shows; nil for TCP
	shows  *tls.Config                // TLS: for accepted connections
	opens  bool                       // TLS without a certificate: nothing is accepted
	shakes atomic.Int32               // TLS handshakes that peers have begun

	// guarded by mu
	mu      sync.Mutex
	ln      net.Listener
	bound   netip.AddrPort
	host    string
	port    uint16
	serial  uint64
	byName  map[string]*streamConn // by the name that sipgo knows a connection by
	conns   map[peerKey]*streamConn
	perIP   map[netip.Addr]int // accepted ones
	guestIP map[netip.Addr]int // of them those of guests, by guestKey
	dialing map[peerKey]*dial

	accepted int // of conns; guarded by mu
	guests   int // of accepted; guarded by mu
}

// peerKey finds a connection: the same address may be reached with two TLS profiles.
type peerKey struct {
	profile string
	remote  netip.AddrPort
}

// peer is what the connection of a flow is found by; one that was accepted is of no profile.
func (f Flow) peer() peerKey {
	if f.Accepted {
		return peerKey{remote: f.Remote}
	}
	return peerKey{f.Profile, f.Remote}
}

// again is what a new connection to the peer of a flow is opened by; false: there can be none.
func (f Flow) again() (peerKey, bool) {
	if f.Accepted {
		return peerKey{f.Profile, f.Instead}, f.Instead.IsValid() && !f.Kept
	}
	return f.peer(), !f.Kept
}

// maxDials is how many requests may wait for the opening of a connection to begin.
const maxDials = 1024

// dial is an opening connection that several requests may wait for.
type dial struct {
	done chan struct{}
	conn *streamConn
	err  error
}

func newStreamSocket(e *Edge, conf Listen) *streamSocket {
	s := &streamSocket{
		edge: e, conf: conf,
		fresh:   make(chan *streamConn),
		work:    make(chan func(context.Context), maxDials),
		byName:  make(map[string]*streamConn),
		conns:   make(map[peerKey]*streamConn),
		perIP:   make(map[netip.Addr]int),
		guestIP: make(map[netip.Addr]int),
		dialing: make(map[peerKey]*dial),
	}
	if conf.Transport == TLS {
		s.opens = conf.TLS.Cert == ""
		s.own = newCredentials("listener "+conf.Addr, conf.TLS.Cert, conf.TLS.Key, conf.TLS.ClientCA)
		s.shows = s.serverTLS()
	}
	return s
}

func (s *streamSocket) address() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bound
}

func (s *streamSocket) advertised() (string, uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host, s.port
}

// named tells whether Via and Contact name the listener so.
func (s *streamSocket) named(host string, port uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host == host && s.port == port
}

func (s *streamSocket) listen(ctx context.Context) error {
	want := s.conf.Addr
	if bound := s.address(); bound.IsValid() {
		want = bound.String()
	}
	if s.own != nil && !s.own.loaded() {
		if err := s.own.refresh(true); err != nil {
			return fmt.Errorf("listen on %s %s: %w", s.conf.Transport, want, err)
		}
	}
	if s.opens {
		return s.lend()
	}
	network := "tcp4"
	if ap, err := netip.ParseAddrPort(want); err == nil && ap.Addr().Is6() {
		network = "tcp6"
	}
	ln, err := (&net.ListenConfig{Control: s.control}).Listen(ctx, network, want)
	if err != nil {
		return listenError(s.conf.Transport, want, err)
	}
	bound := addrPort(ln.Addr())
	host, port, err := advertise(s.conf, bound)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ln, s.bound, s.host, s.port = ln, bound, host, port
	return nil
}

// lend makes an address of a listener that accepts nothing.
func (s *streamSocket) lend() error {
	at, err := netip.ParseAddrPort(s.conf.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s %s: %w", s.conf.Transport, s.conf.Addr, err)
	}
	host, port, err := advertise(s.conf, at)
	if err != nil {
		return err
	}
	if port == 0 {
		port = defaultPortOf(TLS)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bound, s.host, s.port = at, host, port
	return nil
}

func (s *streamSocket) control(_, _ string, raw syscall.RawConn) error {
	return controlStream(raw, s.edge.cfg.DSCP)
}

// addrPort reads a TCP address.
func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// close ends the listener and all connections; nothing new is spawned after it.
func (s *streamSocket) close() {
	s.mu.Lock()
	ln := s.ln
	open := make([]*streamConn, 0, len(s.byName))
	for _, c := range s.byName {
		open = append(open, c)
	}
	s.mu.Unlock()
	if ln != nil {
		_ = ln.Close() // closing twice is harmless
	}
	for _, c := range open {
		_ = c.Close() // the peer sees the end either way
	}
}

// start begins to accept and to serve.
func (s *streamSocket) start(ctx context.Context, group *sync.WaitGroup) {
	if !s.opens {
		group.Go(func() { s.acceptLoop(ctx) })
	}
	group.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case work := <-s.work:
				group.Go(func() {
					defer s.edge.guard("", nil)
					work(ctx)
				})
			}
		}
	})
	group.Go(func() {
		layer := sip.NewTransportLayer(net.DefaultResolver, s.edge.parser, nil, sip.WithTransportLayerLogger(s.edge.sipLog))
		layer.OnMessage(s.message)
		_ = layer.ServeTCP(s) // ends when Accept does, with the edge
	})
}

// spawn has work run in a goroutine that Run owns; false when too much waits.
func (s *streamSocket) spawn(work func(context.Context)) bool {
	select {
	case s.work <- work:
		return true
	default:
		return false
	}
}

// message delivers what sipgo parsed. A source is the name of a connection.
func (s *streamSocket) message(msg sip.Message) {
	s.mu.Lock()
	c := s.byName[msg.Source()]
	s.mu.Unlock()
	if c != nil {
		s.edge.deliver(msg, &link{edge: s.edge, out: c, flow: c.flow}, c.at)
	}
}

// find returns the open connection to a peer, or nil.
func (s *streamSocket) find(peer peerKey) *streamConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.conns[peer]; c != nil && c.open {
		return c
	}
	return nil
}

// name gives a connection the name that sipgo knows it by: a peer's address would not do, since there may be two
// connections to it.
func (s *streamSocket) name(c *streamConn) {
	s.serial++
	c.name = connName(strconv.FormatUint(s.serial, 10))
	s.byName[string(c.name)] = c
}

// acceptLoop accepts until ctx ends. Lack of descriptors is waited for; a
// listener that is lost is bound again.
func (s *streamSocket) acceptLoop(ctx context.Context) {
	wait := backoffMin
	for ctx.Err() == nil {
		s.mu.Lock()
		ln := s.ln
		s.mu.Unlock()
		conn, err := ln.Accept()
		if err == nil {
			wait = backoffMin
			s.take(ctx, conn)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		s.edge.log.Warn("connection not accepted", "transport", string(s.conf.Transport), "err", err)
		if outOfDescriptors(err) && s.relieve() {
			continue // one is free now; each round gives up one, so this ends
		}
		if errors.Is(err, net.ErrClosed) || !temporary(err) {
			s.edge.metrics.relisten(s.conf.Transport)
			_ = ln.Close() // it may be closed already
			if s.listen(ctx) == nil && ctx.Err() == nil {
				continue
			}
		}
		pause(ctx, wait)
		wait = min(2*wait, backoffMax)
	}
	s.close()
}

// take admits an accepted connection or closes it without a word.
func (s *streamSocket) take(ctx context.Context, conn net.Conn) {
	defer s.edge.guard("", nil)
	remote, local := addrPort(conn.RemoteAddr()), addrPort(conn.LocalAddr())
	class, why := s.edge.class(remote, local), faultNone
	switch {
	case class == Unknown:
		why = faultUnknownSource
		s.edge.strange(remote)
	case class == Guest && !s.edge.guests.connections.take(remote.Addr(), time.Now()):
		why = faultRate
	}
	if why != faultNone {
		s.edge.metrics.refuse(why)
		_ = conn.Close() // nothing was said yet
		return
	}
	if tcp, ok := conn.(syscall.Conn); ok { // not everything is inherited from the listener
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = s.control("", "", raw) // unmarked is better than not at all
		}
	}
	if s.own != nil {
		conn = tls.Server(&mute{Conn: conn}, s.shows)
	}
	c := newStreamConn(s, conn, Flow{Transport: s.conf.Transport, Local: netip.AddrPortFrom(local.Addr(), s.address().Port()), Remote: remote, Accepted: true})
	c.guest.Store(class == Guest)
	switch {
	case !s.add(c, true):
		s.edge.metrics.refuse(faultOverload)
		_ = conn.Close() // nothing was said yet
	case s.own != nil:
		s.greet(c)
	default:
		s.opened(c)
		s.serve(ctx, c)
	}
}

// opened lets requests use a connection.
func (s *streamSocket) opened(c *streamConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.open = true
}

// serve hands a connection to sipgo's accept loop.
func (s *streamSocket) serve(ctx context.Context, c *streamConn) {
	select {
	case s.fresh <- c:
	case <-ctx.Done():
		_ = c.Close() // the edge ends
	}
}

// Accept is called by sipgo.
func (s *streamSocket) Accept() (net.Conn, error) {
	select {
	case c := <-s.fresh:
		return c, nil
	case <-s.edge.done:
		return nil, net.ErrClosed
	}
}

// Close is part of net.Listener; the edge closes its sockets itself.
func (s *streamSocket) Close() error { return nil }

// Addr returns the bound address.
func (s *streamSocket) Addr() net.Addr { return net.TCPAddrFromAddrPort(s.address()) }

// remove forgets a connection and fails the requests that wait for its answers.
func (s *streamSocket) remove(c *streamConn) {
	s.mu.Lock()
	was := s.unlist(c)
	s.mu.Unlock()
	if was {
		s.orphan(c)
	}
}

// orphan fails the requests that wait for answers on a connection that has gone, whatever they have heard so far, and
// tells those who want to know.
func (s *streamSocket) orphan(c *streamConn) {
	lost := s.edge.table.clients(func(tx *ClientTx) bool { return tx.uses(c) })
	for _, tx := range lost {
		tx.fault(fmt.Errorf("%w: connection to %s is lost", ErrUnreachable, c.flow.Remote))
	}
	s.edge.flowClosed(c.flow)
}

// temporary tells whether Accept may succeed on the same listener later.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}
