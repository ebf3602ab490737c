package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// tcpSocket is one TCP listener with all its connections, accepted and dialled.
// To sipgo, whose read loops serve both alike, it is a net.Listener that never
// fails while the edge runs.
type tcpSocket struct {
	// set at New
	edge  *Edge
	conf  Listen
	fresh chan *tcpConn              // connections for sipgo to serve
	work  chan func(context.Context) // what start is to run in goroutines of its own

	// guarded by mu
	mu      sync.Mutex
	ln      net.Listener
	bound   netip.AddrPort
	host    string
	port    uint16
	conns   map[netip.AddrPort]*tcpConn
	perIP   map[netip.Addr]int // accepted ones
	dialing map[netip.AddrPort]*dial

	accepted int // of conns; guarded by mu
}

// maxDials is how many requests may wait for the opening of a connection to begin.
const maxDials = 1024

// dial is an opening connection that several requests may wait for.
type dial struct {
	done chan struct{}
	conn *tcpConn
	err  error
}

func newTCPSocket(e *Edge, conf Listen) *tcpSocket {
	return &tcpSocket{
		edge: e, conf: conf,
		fresh:   make(chan *tcpConn),
		work:    make(chan func(context.Context), maxDials),
		conns:   make(map[netip.AddrPort]*tcpConn),
		perIP:   make(map[netip.Addr]int),
		dialing: make(map[netip.AddrPort]*dial),
	}
}

func (s *tcpSocket) address() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bound
}

func (s *tcpSocket) advertised() (string, uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host, s.port
}

func (s *tcpSocket) listen(ctx context.Context) error {
	want := s.conf.Addr
	if bound := s.address(); bound.IsValid() {
		want = bound.String()
	}
	network := "tcp4"
	if ap, err := netip.ParseAddrPort(want); err == nil && ap.Addr().Is6() {
		network = "tcp6"
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, network, want)
	if err != nil {
		return listenError(TCP, want, err)
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
func (s *tcpSocket) close() {
	s.mu.Lock()
	ln := s.ln
	open := make([]*tcpConn, 0, len(s.conns))
	for _, c := range s.conns {
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
func (s *tcpSocket) start(ctx context.Context, group *sync.WaitGroup) {
	group.Go(func() { s.acceptLoop(ctx) })
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
func (s *tcpSocket) spawn(work func(context.Context)) bool {
	select {
	case s.work <- work:
		return true
	default:
		return false
	}
}

// message delivers what sipgo parsed. A source is the remote address.
func (s *tcpSocket) message(msg sip.Message) {
	from, err := netip.ParseAddrPort(msg.Source())
	if err != nil {
		return // sources are addresses that this package wrote
	}
	if c := s.find(netip.AddrPortFrom(from.Addr().Unmap(), from.Port())); c != nil {
		s.edge.deliver(msg, &link{edge: s.edge, out: c, flow: c.flow}, c.at)
	}
}

// find returns the open connection to a remote address, or nil.
func (s *tcpSocket) find(remote netip.AddrPort) *tcpConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[remote]
}

// acceptLoop accepts until ctx ends. Lack of descriptors is waited for; a
// listener that is lost is bound again.
func (s *tcpSocket) acceptLoop(ctx context.Context) {
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
		s.edge.log.Warn("connection not accepted", "transport", string(TCP), "err", err)
		if outOfDescriptors(err) && s.relieve() {
			continue // one is free now; each round gives up one, so this ends
		}
		if errors.Is(err, net.ErrClosed) || !temporary(err) {
			s.edge.metrics.relisten(TCP)
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
func (s *tcpSocket) take(ctx context.Context, conn net.Conn) {
	defer s.edge.guard("", nil)
	remote, local := addrPort(conn.RemoteAddr()), addrPort(conn.LocalAddr())
	why := faultNone
	if !s.edge.known(remote, local) {
		why = faultUnknownSource
	}
	c := newTCPConn(s, conn, local, remote)
	if why == faultNone && !s.add(c, true) {
		why = faultOverload
	}
	if why != faultNone {
		s.edge.metrics.refuse(why)
		_ = conn.Close() // nothing was said yet
		return
	}
	s.serve(ctx, c)
}

// serve hands a connection to sipgo's accept loop.
func (s *tcpSocket) serve(ctx context.Context, c *tcpConn) {
	select {
	case s.fresh <- c:
	case <-ctx.Done():
		_ = c.Close() // the edge ends
	}
}

// Accept is called by sipgo.
func (s *tcpSocket) Accept() (net.Conn, error) {
	select {
	case c := <-s.fresh:
		return c, nil
	case <-s.edge.done:
		return nil, net.ErrClosed
	}
}

// Close is part of net.Listener; the edge closes its sockets itself.
func (s *tcpSocket) Close() error { return nil }

// Addr returns the bound address.
func (s *tcpSocket) Addr() net.Addr { return net.TCPAddrFromAddrPort(s.address()) }

// remove forgets a connection and fails the requests that wait for its answers.
func (s *tcpSocket) remove(c *tcpConn) {
	s.mu.Lock()
	was := s.unlist(c)
	s.mu.Unlock()
	if was {
		s.orphan(c)
	}
}

// orphan fails the requests that wait for answers on a connection that has gone.
func (s *tcpSocket) orphan(c *tcpConn) {
	lost := s.edge.table.clients(func(tx *ClientTx) bool { return tx.uses(c) })
	for _, tx := range lost {
		tx.fault(fmt.Errorf("%w: connection to %s is lost", ErrUnreachable, c.flow.Remote))
	}
}

// dial returns the connection to a remote address, opening it if there is none;
// requests that come meanwhile share it.
func (s *tcpSocket) dial(ctx context.Context, remote netip.AddrPort) (*tcpConn, error) {
	s.mu.Lock()
	if c := s.conns[remote]; c != nil {
		s.mu.Unlock()
		return c, nil
	}
	d, waiting := s.dialing[remote]
	if !waiting {
		d = &dial{done: make(chan struct{})}
		s.dialing[remote] = d
	}
	from := s.bound.Addr()
	s.mu.Unlock()
	if waiting {
		select {
		case <-d.done:
			return d.conn, d.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	d.conn, d.err = s.open(ctx, from, remote)
	s.mu.Lock()
	delete(s.dialing, remote)
	s.mu.Unlock()
	close(d.done)
	return d.conn, d.err
}

func (s *tcpSocket) open(ctx context.Context, from netip.Addr, remote netip.AddrPort) (*tcpConn, error) {
	dialer := net.Dialer{Timeout: s.edge.cfg.DialTimeout}
	if !from.IsUnspecified() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	conn, err := dialer.DialContext(ctx, "tcp", remote.String())
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", remote, err)
	}
	c := newTCPConn(s, conn, addrPort(conn.LocalAddr()), remote)
	c.first = false // it was opened to be used: the idle time-out applies
	if !s.add(c, false) {
		_ = conn.Close() // the edge ends
		return nil, fmt.Errorf("connect to %s: %w", remote, net.ErrClosed)
	}
	s.serve(ctx, c)
	return c, nil
}

// temporary tells whether Accept may succeed on the same listener later.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}
