package wire

import (
	"bytes"
	"net/netip"
	"time"
)

// What guests may send. A phone registers with two requests, and an office of phones behind one address may come at once,
// after a power cut. What is dropped by UDP comes again by itself; by TCP and TLS nothing does, but there a source is real.
const (
	guestRate       = 1 // datagrams per second and source, so that nobody is flooded with our challenges in another's name
	guestBurst      = 10
	guestStreamRate = 4   // messages per second and source on connections
	guestDialRate   = 2   // connections per second and source
	guestRoom       = 15  // seconds of those two that may come at once
	guestsRest      = 64  // per second, for all the sources together that the table has no room for
	guestsAll       = 100 // per second, for all guests: each request is remembered for 32 s, each handshake costs a signature
)

// guestTables are the allowances of guests. Datagrams, messages on connections and new connections have tables of their own:
// the source of a datagram may be forged, and a flood of those must not shut out the phones that come by TCP or TLS.
type guestTables struct{ datagrams, messages, connections *buckets }

func newGuestTables(most int) guestTables {
	table := func(rate, burst int) *buckets {
		b := newBuckets(rate, burst, most)
		b.sharedRate, b.sharedBurst = guestsRest, guestsRest
		b.allRate, b.allBurst = guestsAll, guestsAll
		return b
	}
	return guestTables{
		datagrams:   table(guestRate, guestBurst),
		messages:    table(guestStreamRate, guestRoom*guestStreamRate),
		connections: table(guestDialRate, guestRoom*guestDialRate),
	}
}

// guestKey is what the allowance of a guest is counted by: an IPv6 network, which one customer has as a whole (RFC 6177),
// or an IPv4 address.
func guestKey(ip netip.Addr) netip.Addr {
	if !ip.Is6() {
		return ip
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return p.Addr()
}

// guest admits a message of a source that may register and nothing else.
func (e *Edge) guest(msg []byte, by Flow, now time.Time) bool {
	if !bytes.HasPrefix(bytes.TrimLeft(msg, "\r\n"), []byte(REGISTER+" ")) {
		e.metrics.refuse(faultGuest)
		e.strange(by.Remote)
		return false
	}
	table := e.guests.messages
	if by.Transport == UDP {
		table = e.guests.datagrams
	}
	if !table.take(guestKey(by.Remote.Addr()), now) {
		e.metrics.refuse(faultRate)
		return false
	}
	return true
}

// welcome makes a guest's connection one like any other: it has registered.
func (c *streamConn) welcome() {
	c.useful.Store(true)
	if !c.guest.Swap(false) {
		return
	}
	c.sock.mu.Lock()
	defer c.sock.mu.Unlock()
	c.sock.uncount(c)
}

// uncount takes a connection out of the number of guests. mu is held.
func (s *streamSocket) uncount(c *streamConn) {
	if !c.counted {
		return
	}
	c.counted = false
	s.guests--
	from := guestKey(c.flow.Remote.Addr())
	if s.guestIP[from]--; s.guestIP[from] <= 0 {
		delete(s.guestIP, from)
	}
}
