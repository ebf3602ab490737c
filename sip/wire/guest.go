package wire

import (
	"bytes"
	"net/netip"
	"time"
)

// What guests may send: a phone registers with two requests, and several phones may come from one address.
const (
	guestRate  = 1  // per second and source, so that nobody is flooded with our challenges in another's name
	guestBurst = 10 // phones behind one NAT that all come back at once; what is dropped is retransmitted
	guestsRest = 64 // per second, for all the sources together that the table has no room for
)

// newGuestBuckets are the allowances of guests. Datagrams and connections have tables of their own: the source of a
// datagram may be forged, and a flood of those must not shut out the phones that come by TCP or TLS.
func newGuestBuckets(most int) *buckets {
	b := newBuckets(guestRate, guestBurst, most)
	b.sharedRate, b.sharedBurst = guestsRest, guestsRest
	return b
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
		return false
	}
	table := e.guestStreams
	if by.Transport == UDP {
		table = e.guestDatagrams
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
