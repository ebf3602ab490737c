package wire

import (
	"bytes"
	"maps"
	"net/netip"
	"sync"
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
	guestsKnown     = 50  // per second more, for networks from which somebody has registered lately
	guestSite       = 4   // times the rate of one of its sources, for an IPv6 site
	guestSiteBurst  = 50  // at once from an IPv6 site, or as many as from one source: it may not use up what is there for all
)

// lately is how long a network is remembered from which somebody has registered.
const lately = 7 * 24 * time.Hour

// guestTables are the allowances of guests. Datagrams, messages on connections and new connections have tables of their own:
// the source of a datagram may be forged, and a flood of those must not shut out the phones that come by TCP or TLS.
type guestTables struct {
	datagrams, messages, connections *guestTable
	known                            *familiar
}

// guestTable is one allowance: of each source, of each IPv6 site, which has 65,536 of those, and of all together, where
// networks that somebody has registered from have a share that strangers cannot use up.
type guestTable struct {
	sources, sites *buckets
	known          *familiar

	mu         sync.Mutex
	all, share bucket // guarded by mu
}

func newGuestTables(most int) guestTables {
	known := &familiar{most: most, till: make(map[netip.Prefix]time.Time)}
	table := func(rate, burst int) *guestTable {
		t := &guestTable{
			sources: newBuckets(rate, burst, most), sites: newBuckets(guestSite*rate, max(burst, guestSiteBurst), most), known: known,
		}
		for _, b := range [...]*buckets{t.sources, t.sites} {
			b.sharedRate, b.sharedBurst = guestsRest, guestsRest
		}
		return t
	}
	return guestTables{
		datagrams:   table(guestRate, guestBurst),
		messages:    table(guestStreamRate, guestRoom*guestStreamRate),
		connections: table(guestDialRate, guestRoom*guestDialRate),
		known:       known,
	}
}

// take spends what one more of a guest costs and tells whether there was enough.
func (t *guestTable) take(from netip.Addr, now time.Time) bool {
	if !t.sources.take(guestKey(from), now) || from.Is6() && !t.sites.take(networkOf(from).Addr(), now) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all.take(guestsAll, guestsAll, now) || t.known.has(from, now) && t.share.take(guestsKnown, guestsKnown, now)
}

// registered remembers the network of who has registered.
func (t *guestTables) registered(from netip.Addr, now time.Time) { t.known.add(from, now) }

// familiar are the networks from which somebody has registered lately.
type familiar struct {
	most int

	mu   sync.Mutex
	till map[netip.Prefix]time.Time // guarded by mu
}

func (f *familiar) has(from netip.Addr, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now.Before(f.till[networkOf(from)])
}

func (f *familiar) add(from netip.Addr, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	network := networkOf(from)
	if _, known := f.till[network]; !known && len(f.till) >= f.most {
		maps.DeleteFunc(f.till, func(_ netip.Prefix, till time.Time) bool { return now.After(till) })
		for one := range f.till { // still full: any gives way, and is known again when its phone registers next
			if len(f.till) < f.most {
				break
			}
			delete(f.till, one)
		}
	}
	f.till[network] = now.Add(lately)
}

// networkOf is where a phone's next address is likely to be: its provider's /24, or the /48 of an IPv6 site (RFC 6177).
func networkOf(ip netip.Addr) netip.Prefix {
	ip, bits := ip.Unmap().WithZone(""), 24
	if ip.Is6() {
		bits = 48
	}
	p, _ := ip.Prefix(bits) // fits every address
	return p
}

// guestKey is what a source is counted by: an IPv6 network, which one customer has as a whole, or an IPv4 address.
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
	if !table.take(by.Remote.Addr(), now) {
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
