package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"
)

// softRetries is how often a write is repeated when the socket reports an ICMP
// error that belongs to an earlier datagram.
const softRetries = 3

// Back-off of a listener that has to be bound again, and of Accept.
const (
	backoffMin = 10 * time.Millisecond
	backoffMax = time.Second
)

// udpSocket is one UDP listener. It is the packet connection that sipgo's read
// loop reads from: only datagrams that passed admission and scan come out of it,
// and a broken socket is bound again underneath.
type udpSocket struct {
	// set at New
	edge *Edge
	conf Listen

	conn atomic.Pointer[net.UDPConn]

	// guarded by mu
	mu    sync.Mutex
	bound netip.AddrPort
	host  string
	port  uint16

	// owned by the read loop
	current *link // where the datagram at hand came from
	at      time.Time
	pending int // its length while sipgo has not delivered it
}

// loopAddr is the source address that sipgo sees. It never changes, so that
// sipgo's table of sources, which only grows, holds one entry.
type loopAddr struct{}

// Network names the transport.
func (loopAddr) Network() string { return "udp" }

// String is a placeholder; the edge knows the source itself.
func (loopAddr) String() string { return "0.0.0.0:0" }

func (s *udpSocket) address() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bound
}

func (s *udpSocket) advertised() (string, uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host, s.port
}

// named tells whether Via and Contact name the listener so.
func (s *udpSocket) named(host string, port uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host == host && s.port == port
}

func (s *udpSocket) listen(ctx context.Context) error {
	want := s.conf.Addr
	if bound := s.address(); bound.IsValid() {
		want = bound.String() // again: the same port
	}
	network := "udp4"
	if ap, err := netip.ParseAddrPort(want); err == nil && ap.Addr().Is6() {
		network = "udp6"
	}
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return controlUDP(raw, s.edge.cfg.RecvBuffer, s.edge.cfg.DSCP)
	}}
	pc, err := lc.ListenPacket(ctx, network, want)
	if err != nil {
		return listenError(UDP, want, err)
	}
	conn := pc.(*net.UDPConn) //nolint:forcetypeassert // udp4 and udp6 give nothing else
	bound := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	bound = netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port())
	host, port, err := advertise(s.conf, bound)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	s.mu.Lock()
	s.bound, s.host, s.port = bound, host, port
	s.mu.Unlock()
	s.conn.Store(conn)
	return nil
}

func listenError(t Transport, addr string, err error) error {
	advice := "check that the address belongs to this machine"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		advice = "another program holds the port: stop it or choose another port"
	case errors.Is(err, syscall.EACCES):
		advice = "ports below 1024 need CAP_NET_BIND_SERVICE"
	}
	return fmt.Errorf("listen on %s %s: %w; %s", t, addr, err, advice)
}

// advertise finds the host and port for Via and Contact.
func advertise(conf Listen, bound netip.AddrPort) (string, uint16, error) {
	host, port, err := splitAdvertise(conf.Advertise, bound.Port())
	if err != nil || host != "" {
		if port == 0 {
			port = bound.Port()
		}
		return host, port, err
	}
	if !bound.Addr().IsUnspecified() {
		return bound.Addr().String(), port, nil
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", 0, fmt.Errorf("listen on %s: find this machine's address: %w; set advertise", conf.Addr, err)
	}
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Is4() == bound.Addr().Is4() && p.Addr().IsGlobalUnicast() {
			return p.Addr().String(), port, nil
		}
	}
	return "", 0, fmt.Errorf("listen on %s: this machine has no address to name in Via; set advertise", conf.Addr)
}

func (s *udpSocket) close() {
	if c := s.conn.Load(); c != nil {
		_ = c.Close() // closing twice is harmless
	}
}

// run serves until ctx ends, and binds the socket again when it breaks.
func (s *udpSocket) run(ctx context.Context) {
	wait := backoffMin
	for ctx.Err() == nil {
		broken := s.serve()
		if ctx.Err() != nil {
			return
		}
		if !broken { // a panic of the parser: the socket is fine
			continue
		}
		s.edge.metrics.relisten(UDP)
		s.edge.log.Warn("listener lost, binding again", "transport", string(UDP), "addr", s.address().String())
		s.close()
		for s.listen(ctx) != nil && pause(ctx, wait) {
			wait = min(2*wait, backoffMax)
		}
		wait = backoffMin
		if ctx.Err() != nil {
			s.close()
		}
	}
}

// pause waits and tells whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// serve runs sipgo's read loop. It returns true when the socket is broken and
// false when the parser panicked, which costs that datagram only.
func (s *udpSocket) serve() (broken bool) {
	defer func() {
		if v := recover(); v != nil {
			s.edge.metrics.panicked()
			s.edge.log.Error("parser panicked", "err", fmt.Sprint(v), "stack", string(debug.Stack()))
			s.pending = 0
		}
	}()
	layer := sip.NewTransportLayer(net.DefaultResolver, s.edge.parser, nil, sip.WithTransportLayerLogger(s.edge.sipLog))
	layer.OnMessage(func(msg sip.Message) {
		s.pending = 0
		s.edge.deliver(msg, s.current, s.at)
	})
	if err := layer.ServeUDP(s); err != nil {
		s.edge.log.Error("listener not served", "transport", string(UDP), "err", err)
	}
	return true
}

// ReadFrom returns the next datagram that is fit for the parser. When the one
// before it, which still lies in b, was not delivered, the parser has refused
// it: then it is answered here.
func (s *udpSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	if s.pending > 0 {
		s.edge.metrics.refuse(faultParser)
		sc := scan(b[:s.pending], s.edge.limits(UDP))
		if s.edge.class(s.current.flow.Remote, s.address()) == Peer {
			s.edge.refuse(b[:s.pending], &sc, StatusBadRequest, s.current)
		}
		s.pending = 0
	}
	for {
		n, from, err := s.receive(b)
		if err != nil {
			return 0, loopAddr{}, err
		}
		if n = s.accept(b, n, from); n > 0 {
			return n, loopAddr{}, nil
		}
	}
}

// receive reads a datagram; ICMP errors that the socket reports are dispatched
// and do not end it.
func (s *udpSocket) receive(b []byte) (int, netip.AddrPort, error) {
	for {
		conn := s.conn.Load()
		n, from, err := conn.ReadFromUDPAddrPort(b)
		switch {
		case err == nil:
			return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), nil
		case soft(err):
			s.drain(conn)
		default:
			return 0, from, err
		}
	}
}

// soft tells whether an error is the echo of an earlier datagram.
func soft(err error) bool {
	for _, e := range []error{
		syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN,
		syscall.EPROTO, syscall.ENOPROTOOPT, syscall.EMSGSIZE, syscall.EACCES,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// accept judges a datagram and returns how much of it the parser gets.
func (s *udpSocket) accept(b []byte, n int, from netip.AddrPort) int {
	s.at = time.Now()
	class := s.edge.admitted(b[:n], Flow{Transport: UDP, Local: s.address(), Remote: from}, s.at)
	if class == Unknown {
		return 0
	}
	if n = trimBlank(b, n); n == 0 {
		s.edge.metrics.refuse(faultKeepAlive)
		return 0
	}
	if s.current == nil || s.current.flow.Remote != from {
		s.current = &link{edge: s.edge, out: s, flow: Flow{Transport: UDP, Local: s.address(), Remote: from}}
	}
	sc := scan(b[:n], s.edge.limits(UDP))
	if sc.fault != faultNone {
		s.edge.metrics.refuse(sc.fault)
		if class == Peer {
			s.edge.refuse(b[:n], &sc, sc.fault.status(), s.current)
		}
		return 0
	}
	s.pending = sc.end(b[:n])
	return s.pending
}

// trimBlank removes line ends before the message (RFC 3261 section 7.5).
func trimBlank(b []byte, n int) int {
	skip := 0
	for skip < n && (b[skip] == '\r' || b[skip] == '\n' || b[skip] == 0 && n-skip <= 4) {
		skip++
	}
	if skip > 0 {
		copy(b, b[skip:n])
	}
	return n - skip
}

// write sends a datagram. Errors that belong to earlier datagrams are
// dispatched and the write is repeated.
func (s *udpSocket) write(data []byte, to netip.AddrPort) error {
	conn := s.conn.Load()
	var err error
	for range softRetries {
		if _, err = conn.WriteToUDPAddrPort(data, to); err == nil || !soft(err) {
			break
		}
		s.drain(conn)
	}
	return err
}

// drain dispatches the socket's queue of ICMP errors.
func (s *udpSocket) drain(conn *net.UDPConn) {
	readErrors(conn, func(quoted []byte) {
		s.edge.metrics.icmp()
		s.edge.unreachable(quoted)
	})
}

// WriteTo is part of net.PacketConn; nothing is written this way.
func (s *udpSocket) WriteTo(b []byte, addr net.Addr) (int, error) {
	to, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return 0, fmt.Errorf("write to %s: %w", addr, err)
	}
	return len(b), s.write(b, to)
}

// Close is part of net.PacketConn; the edge closes its sockets itself.
func (s *udpSocket) Close() error { return nil }

// LocalAddr returns the bound address.
func (s *udpSocket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.address()) }

// SetDeadline is part of net.PacketConn.
func (s *udpSocket) SetDeadline(t time.Time) error { return s.conn.Load().SetDeadline(t) }

// SetReadDeadline is part of net.PacketConn.
func (s *udpSocket) SetReadDeadline(t time.Time) error { return s.conn.Load().SetReadDeadline(t) }

// SetWriteDeadline is part of net.PacketConn.
func (s *udpSocket) SetWriteDeadline(t time.Time) error { return s.conn.Load().SetWriteDeadline(t) }
