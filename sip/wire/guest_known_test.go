package wire

import (
	"net/netip"
	"testing"
	"time"
)

// A flood of strangers from many addresses leaves a share to networks that phones have registered from, and one IPv6 site
// cannot use up what is there for all.
func TestGuestsOfKnownNetworksHaveAShare(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	phone, sameNet := netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("198.51.100.200")
	flooded := func() guestTables {
		g := newGuestTables(1000)
		g.registered(phone, now)
		for addr, n := netip.MustParseAddr("203.0.113.1"), 0; n < 100; addr, n = addr.Next(), n+1 {
			for range guestRoom * guestDialRate {
				g.connections.take(addr, now)
			}
		}
		return g
	}
	g := flooded()
	if g.connections.take(netip.MustParseAddr("192.0.2.1"), now) {
		t.Error("the flood has left something to strangers: it proves nothing")
	}
	if !g.connections.take(sameNet, now) {
		t.Error("a phone on a new address of its network is shut out")
	}
	for range 60 {
		now = now.Add(time.Second)
		for addr, n := netip.MustParseAddr("203.0.113.1"), 0; n < 100; addr, n = addr.Next(), n+1 {
			g.connections.take(addr, now)
		}
	}
	if !g.connections.take(sameNet, now) {
		t.Error("the network was forgotten")
	}
	now = now.Add(lately)
	if g = flooded(); g.known.has(netip.MustParseAddr("198.51.101.7"), now) || g.known.has(phone, now.Add(lately)) {
		t.Error("a network is known that should not be")
	}
	taken, g := 0, newGuestTables(1000)
	for n := range 1000 {
		addr := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 1, byte(n >> 8), byte(n), 15: 1})
		if g.connections.take(addr, now) {
			taken++
		}
	}
	if taken > guestSiteBurst || taken < guestRoom*guestDialRate {
		t.Errorf("an IPv6 site got %d of %d", taken, guestsAll)
	}
}

func TestGuestNetworksAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	g := newGuestTables(4)
	for n := range 100 {
		g.registered(netip.AddrFrom4([4]byte{10, 0, byte(n), 1}), now)
	}
	if n := len(g.known.till); n != 4 || !g.known.has(netip.MustParseAddr("10.0.99.9"), now) {
		t.Errorf("%d networks are remembered", n)
	}
}

// Who hears that it is registered is known: what it sends at once is not a guest's.
func TestGuestIsKnownBeforeItHearsSo(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	far := allGuests(t, "127.0.77.71", h, nil)
	conn := dialTCP(t, far, "127.0.77.72")
	if _, err := conn.Write([]byte(requestText(REGISTER, conn.LocalAddr().String(), "TCP", "x", "k", "k", 1))); err != nil {
		t.Fatal(err)
	}
	tx := want(t, h.requests)
	c, _ := tx.back.out.(*streamConn)
	c.writing.Lock()
	answered := make(chan error, 1)
	go func() { answered <- tx.Respond(NewResponse(tx.Request(), StatusOK, "")) }()
	for end := time.Now().Add(patience); c.guest.Load() && time.Now().Before(end); {
		<-time.After(time.Millisecond)
	}
	if c.guest.Load() || len(answered) > 0 {
		t.Error("it hears of it while it is still a guest")
	}
	c.writing.Unlock()
	if err := want(t, answered); err != nil {
		t.Error(err)
	}
}
