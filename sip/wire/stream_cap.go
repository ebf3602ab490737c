package wire

import (
	"errors"
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

// Guests, who have not registered yet, get a small share: a flood of them costs phones that are known nothing.
const (
	guestShare  = 4 // guests take at most one in so many connections
	guestsMost  = 256
	guestsPerIP = 32 // phones behind one NAT that come at the same moment
)

// connCaps are the bounds of accepted connections.
type connCaps struct{ all, perIP, guests, guestIP int }

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
	c.guests = max(1, min(guestsMost, c.all/guestShare))
	c.guestIP = max(1, min(guestsPerIP, c.perIP/2, c.guests))
	return c
}

// add registers a connection. Accepted ones are within the caps: a newcomer takes the place of the oldest connection that
// has never sent a request, of its own source when that is what is full; a guest only that of another guest. Without such a
// one it is refused.
func (s *streamSocket) add(c *streamConn, accepted bool) bool {
	s.mu.Lock()
	if s.edge.ended() {
		s.mu.Unlock()
		return false
	}
	var idle *streamConn
	if accepted {
		var room bool
		if idle, room = s.room(c); !room {
			s.mu.Unlock()
			return false
		}
		s.unlist(idle)
		s.perIP[c.flow.Remote.Addr()]++
		s.accepted++
		if c.guest.Load() {
			s.guestIP[guestKey(c.flow.Remote.Addr())]++
			s.guests++
			c.counted = true
		}
	}
	c.accepted, c.listed = accepted, true
	s.name(c)
	s.conns[c.flow.peer()] = c
	s.mu.Unlock()
	s.evict(idle)
	return true
}

// room tells whether an accepted connection is within the caps, and which one has to make room for it. mu is held.
func (s *streamSocket) room(c *streamConn) (idle *streamConn, ok bool) {
	caps, ip := s.edge.caps, c.flow.Remote.Addr()
	if c.guest.Load() {
		from := guestKey(ip)
		switch {
		case s.guestIP[from] >= caps.guestIP:
			idle = s.oldest(func(o *streamConn) bool { return o.guest.Load() && guestKey(o.flow.Remote.Addr()) == from })
			return idle, idle != nil
		case s.guests >= caps.guests:
			idle = s.oldest(func(o *streamConn) bool { return o.guest.Load() })
			return idle, idle != nil
		}
	}
	switch {
	case s.perIP[ip] >= caps.perIP:
		idle = s.oldest(func(o *streamConn) bool { return !o.useful.Load() && o.flow.Remote.Addr() == ip })
		return idle, idle != nil
	case s.accepted >= caps.all:
		idle = s.idlest()
		return idle, idle != nil
	}
	return nil, true
}

// idlest is the oldest accepted connection that has never sent a request. mu is held.
func (s *streamSocket) idlest() *streamConn {
	return s.oldest(func(c *streamConn) bool { return !c.useful.Load() })
}

// oldest is the oldest accepted connection of a kind, nil without one. mu is held.
func (s *streamSocket) oldest(is func(*streamConn) bool) *streamConn {
	var oldest *streamConn
	for _, c := range s.byName {
		if c.accepted && is(c) && (oldest == nil || c.born.Before(oldest.born)) {
			oldest = c
		}
	}
	return oldest
}

// unlist takes a connection out of the tables; nil and unlisted ones are none of its business. mu is held.
func (s *streamSocket) unlist(c *streamConn) bool {
	if c == nil || !c.listed {
		return false
	}
	c.listed, c.open = false, false
	delete(s.byName, string(c.name))
	if s.conns[c.flow.peer()] == c {
		delete(s.conns, c.flow.peer())
	}
	s.uncount(c)
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
func (s *streamSocket) evict(c *streamConn) {
	if c == nil {
		return
	}
	s.edge.metrics.evicted()
	_ = c.Close() // its reader notices; nobody has heard from it
	s.orphan(c)
}

// relieve gives up the connection that is least worth keeping, because no descriptor is left to accept with; false when
// all are in use.
func (s *streamSocket) relieve() bool {
	s.mu.Lock()
	c := s.idlest()
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
	for _, s := range e.streams {
		s.mu.Lock()
		n += len(s.byName)
		s.mu.Unlock()
	}
	return n
}
