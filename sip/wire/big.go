package wire

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// Big requests (RFC 3261 section 18.1.1): what may not fit one packet goes by TCP to the same peer, if we listen there and it
// takes the connection; if not, by UDP in fragments, as it would have without TCP.
const (
	maxUDP      = 1300                   // bytes of a request by UDP; the RFC's number for an unknown path
	bigDialTime = 500 * time.Millisecond // a peer that does not even refuse must not cost the call
	refusedTime = 10 * time.Minute       // a peer that took no TCP is not asked again
	refusedMost = 256
)

// errBig tells that a link wrote nothing, because the message is above its limit.
var errBig = errors.New("message is too big for a datagram")

// refusals are the peers that took no TCP lately.
type refusals struct {
	mu   sync.Mutex
	till map[netip.AddrPort]time.Time
}

func (r *refusals) has(peer netip.AddrPort, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.till[peer])
}

func (r *refusals) add(peer netip.AddrPort, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.till == nil || len(r.till) >= refusedMost {
		r.till = make(map[netip.AddrPort]time.Time) // each is asked once more: no harm
	}
	r.till[peer] = now.Add(refusedTime)
}

// udpLimit is the size above which a request by UDP is to be tried by TCP; 0 = never.
func (e *Edge) udpLimit(to Flow) int {
	if to.Kept || e.besideUDP(to) == nil || e.refused.has(to.Remote, time.Now()) {
		return 0
	}
	return maxUDP
}

// besideUDP is the TCP listener that stands in for a UDP flow's, of the same address if there is one.
func (e *Edge) besideUDP(udp Flow) *streamSocket {
	var best *streamSocket
	for _, s := range e.streams {
		if s.conf.Transport != TCP {
			continue
		}
		switch at := s.address().Addr(); {
		case at == udp.Local.Addr():
			return s
		case best == nil && at.Is4() == udp.Remote.Addr().Unmap().Is4():
			best = s
		}
	}
	return best
}

// sendBig starts a transaction by TCP, and by UDP if that is refused; false: there are too many to be tried.
func (e *Edge) sendBig(tx *ClientTx, udp *link) bool {
	sock := e.besideUDP(udp.flow)
	if sock == nil {
		return false
	}
	return sock.spawn(func(ctx context.Context) {
		begun := false
		defer func() {
			if !begun { // a panic: whoever sent the request hears of it
				tx.fault(ErrTransport)
			}
		}()
		soon, cancel := context.WithTimeout(ctx, bigDialTime)
		defer cancel()
		c, err := sock.dial(soon, peerKey{remote: udp.flow.Remote})
		begun = true
		if err != nil {
			e.refused.add(udp.flow.Remote, time.Now())
			e.log.Info("big request goes by UDP in fragments: its peer takes no TCP", "remote", udp.flow.Remote.String(), "err", err)
			plain := *udp
			plain.limit = 0
			tx.start(&plain)
			return
		}
		tx.move(sock, c.flow)
		tx.start(&link{edge: e, out: c, flow: c.flow})
	})
}

// move rewrites a request that was made for UDP for a connection, before it is sent.
func (c *ClientTx) move(s socket, by Flow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	leaveBy(c.req.data.Via(), by.Transport, s)
	c.req.sip.SetTransport("TCP")
	c.req.flow = by
}
