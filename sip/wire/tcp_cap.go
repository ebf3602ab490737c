package wire

import (
	"errors"
	"net/netip"
	"syscall"
)

// How descriptors are shared out. A call needs five at most (two ports a leg, a recording), so what TCP leaves is for
// calls, the record and the health listener.
const (
	connShare    = 4    // connections take at most one in so many descriptors, when the configuration does not say
	connShareMax = 2    // … and never more than one in so many
	connLeast    = 8    // however few descriptors there are
	connMost     = 1024 // the default, where descriptors are plenty
)

// connCaps are the bounds of accepted connections.
type connCaps struct{ all, perIP int }

// capsFor derives the bounds from the configuration and the number of descriptors the process may open, 0 = not known.
// One source gets at most three quarters, so that it alone never shuts the others out.
func capsFor(cfg *Config, descriptors int) connCaps {
	c := connCaps{all: cfg.MaxConns}
	if c.all == 0 {
		c.all = connMost
		if descriptors > 0 {
			c.all = min(connMost, descriptors/connShare)
		}
	}
	if descriptors > 0 {
		c.all = min(c.all, descriptors/connShareMax)
	}
	c.all = max(c.all, connLeast)
	if cfg.MaxConns > 0 {
		c.all = min(c.all, cfg.MaxConns)
	}
	c.perIP = max(1, min(cfg.ConnsPerIP, c.all-c.all/4))
	return c
}

// add registers a connection. Accepted ones are within the caps: a newcomer takes the place of the oldest connection that
// has never sent a request, of its own source when that is what is full; without such a one it is refused.
func (s *tcpSocket) add(c *tcpConn, accepted bool) bool {
	s.mu.Lock()
	if s.edge.ended() {
		s.mu.Unlock()
		return false
	}
	var idle *tcpConn
	if ip := c.flow.Remote.Addr(); accepted {
		fullIP, full := s.perIP[ip] >= s.edge.caps.perIP, s.accepted >= s.edge.caps.all
		switch {
		case fullIP:
			idle = s.idlest(ip)
		case full:
			idle = s.idlest(netip.Addr{})
		}
		if (fullIP || full) && idle == nil {
			s.mu.Unlock()
			return false
		}
		s.unlist(idle)
		s.perIP[ip]++
		s.accepted++
	}
	c.accepted, c.listed = accepted, true
	s.conns[c.flow.Remote] = c
	s.mu.Unlock()
	s.evict(idle)
	return true
}

// idlest is the oldest accepted connection that has never sent a request, of one source or of any. mu is held.
func (s *tcpSocket) idlest(of netip.Addr) *tcpConn {
	var oldest *tcpConn
	for _, c := range s.conns {
		if !c.accepted || c.useful.Load() || of.IsValid() && c.flow.Remote.Addr() != of {
			continue
		}
		if oldest == nil || c.born.Before(oldest.born) {
			oldest = c
		}
	}
	return oldest
}

// unlist takes a connection out of the tables; nil and unlisted ones are none of its business. mu is held.
func (s *tcpSocket) unlist(c *tcpConn) bool {
	if c == nil || !c.listed {
		return false
	}
	c.listed = false
	if s.conns[c.flow.Remote] == c {
		delete(s.conns, c.flow.Remote)
	}
	if c.accepted {
		s.accepted--
		ip := c.flow.Remote.Addr()
		if s.perIP[ip]--; s.perIP[ip] <= 0 {
			delete(s.perIP, ip)
		}
	}
	return true
}

// evict closes a connection that was unlisted for another.
func (s *tcpSocket) evict(c *tcpConn) {
	if c == nil {
		return
	}
	s.edge.metrics.evicted()
	_ = c.Close() // its reader notices; nobody has heard from it
	s.orphan(c)
}

// relieve gives up the connection that is least worth keeping, because no descriptor is left to accept with; false when
// all are in use.
func (s *tcpSocket) relieve() bool {
	s.mu.Lock()
	c := s.idlest(netip.Addr{})
	s.unlist(c)
	s.mu.Unlock()
	s.evict(c)
	return c != nil
}

// outOfDescriptors tells whether the process, or the machine, may open no more.
func outOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// connections is how many there are, accepted and dialled.
func (e *Edge) connections() int {
	n := 0
	for _, s := range e.tcp {
		s.mu.Lock()
		n += len(s.conns)
		s.mu.Unlock()
	}
	return n
}
