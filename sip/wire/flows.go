package wire

import (
	"fmt"
	"net/netip"
	"slices"
)

// Ports that a URI without one means (RFC 3261 section 19.1.2).
const (
	defaultPort    = 5060
	defaultPortTLS = 5061
)

func defaultPortOf(t Transport) uint16 {
	if t == TLS {
		return defaultPortTLS
	}
	return defaultPort
}

// OnFlowClosed adds a function that hears of every TCP and TLS connection that has gone. It is called without any lock held
// and must not block; any goroutine may call it.
func (e *Edge) OnFlowClosed(hear func(Flow)) {
	e.hearing.Lock()
	defer e.hearing.Unlock()
	e.closed = append(slices.Clip(e.closed), hear)
}

func (e *Edge) flowClosed(f Flow) {
	e.hearing.Lock()
	all := e.closed
	e.hearing.Unlock()
	for _, hear := range all {
		func() {
			defer e.guard("", nil)
			hear(f)
		}()
	}
}

// Ping keeps a flow open (RFC 5626 section 3.5.1): by TCP and TLS with a double line end, which its peer answers, by UDP
// with a single one. It never opens a connection: ErrUnreachable if there is none. An answer is not waited for; a peer that
// is gone takes the connection with it, which OnFlowClosed tells.
func (e *Edge) Ping(f Flow) error {
	if f.Transport == UDP {
		s, ok := e.listener(f).(*udpSocket)
		if !ok {
			return fmt.Errorf("ping %s: %w: no listener for it", f.Remote, ErrTransport)
		}
		return s.write([]byte("\r\n"), f.Remote)
	}
	c := e.connection(f)
	if c == nil {
		return fmt.Errorf("ping %s: %w: no connection is open", f.Remote, ErrUnreachable)
	}
	return c.write([]byte("\r\n\r\n"), f.Remote)
}

// connection returns the open connection of a flow, nil without one.
func (e *Edge) connection(f Flow) *streamConn {
	if s, ok := e.listener(f).(*streamSocket); ok {
		if c := s.find(f.peer()); c != nil {
			return c
		}
	}
	if f.Local.IsValid() {
		return nil
	}
	for _, s := range e.streams { // nothing was said of the listener
		if s.conf.Transport != f.Transport {
			continue
		}
		if c := s.find(f.peer()); c != nil {
			return c
		}
	}
	return nil
}

// ListenerOn returns the listener of a transport that is bound to an address: what goes into Flow.Local so that a request
// leaves from that address and names it in Via and Contact. The zero address asks for the first one.
func (e *Edge) ListenerOn(t Transport, addr netip.Addr) (netip.AddrPort, bool) {
	for _, s := range e.sockets(t) {
		if at := s.address(); !addr.IsValid() || at.Addr() == addr.Unmap() {
			return at, true
		}
	}
	return netip.AddrPort{}, false
}

// Addr returns the bound address of the first listener of a transport, zero
// when there is none.
func (e *Edge) Addr(t Transport) netip.AddrPort {
	if s := e.listener(Flow{Transport: t}); s != nil {
		return s.address()
	}
	return netip.AddrPort{}
}

// Advertised returns what Via and Contact name for a transport.
func (e *Edge) Advertised(t Transport) (host string, port int) {
	return e.AdvertisedOn(Flow{Transport: t})
}

// AdvertisedOn is Advertised for the listener that a flow came in by or goes out by.
func (e *Edge) AdvertisedOn(f Flow) (host string, port int) {
	if s := e.listener(f); s != nil {
		h, p := s.advertised()
		return h, int(p)
	}
	return "", 0
}

// socket is a listener of any transport.
type socket interface {
	address() netip.AddrPort
	advertised() (string, uint16)
}

// listener finds the listener that a flow belongs to: the one bound to its local address; or the one bound to all addresses
// at its local port; or the first one that can reach the remote address at all; nil without any.
func (e *Edge) listener(f Flow) socket {
	var best socket
	rank := 0
	for _, s := range e.sockets(f.Transport) {
		if r := suits(s.address(), f); r > rank {
			best, rank = s, r
		}
	}
	return best
}

// suits tells how well a listener bound to an address suits a flow; 0 = not at all.
func suits(at netip.AddrPort, f Flow) int {
	family := f.Local.Addr()
	if !family.IsValid() {
		family = f.Remote.Addr()
	}
	switch {
	case f.Local.IsValid() && at == f.Local:
		return 3
	case family.IsValid() && at.Addr().Is4() != family.Unmap().Is4():
		return 0
	case f.Local.IsValid() && at.Addr().IsUnspecified() && at.Port() == f.Local.Port():
		return 2
	}
	return 1
}

// sockets returns the listeners of a transport in the order of the configuration.
func (e *Edge) sockets(t Transport) []socket { return e.listeners[t] }
