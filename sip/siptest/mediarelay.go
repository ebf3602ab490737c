package siptest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// mediaRelay leads the audio of each call through two pairs of sockets: one
// stands for A's port towards B, the other for B's towards A. Calls are told
// apart by Call-ID; a forked call shares its pair.
type mediaRelay struct {
	relay *Relay
	harm  Impairment
	wg    sync.WaitGroup

	mu     sync.Mutex
	dice   *rand.Rand           // guarded by mu
	calls  map[string]*mediaHop // guarded by mu
	closed bool                 // guarded by mu
}

// mediaHop is one call's audio in the relay. Index 0 is RTP, 1 is RTCP.
type mediaHop struct {
	forA, forB [2]*net.UDPConn // what stands for A (towards B) and for B (towards A)

	mu   sync.Mutex
	a, b netip.AddrPort // guarded by mu; the RTP addresses of the parties
	late func()         // guarded by mu; a swapped packet that waits
}

func newMediaRelay(r *Relay, harm Impairment) *mediaRelay {
	return &mediaRelay{relay: r, harm: harm, dice: rand.New(rand.NewPCG(r.cfg.Seed, 1)), calls: map[string]*mediaHop{}}
}

// rewriteSDP notes where the sender wants audio and puts the relay's socket in
// its place. SDP without a live audio line passes unchanged.
func (m *mediaRelay) rewriteSDP(callID, sdp string, dir Direction) string {
	target, ok := sdpTarget(sdp)
	if !ok {
		return sdp
	}
	hop, err := m.hop(callID)
	if err != nil {
		return sdp
	}
	hop.mu.Lock()
	defer hop.mu.Unlock()
	if dir == AtoB {
		hop.a = target
		return setSDPTarget(sdp, localAddr(hop.forA[0]))
	}
	hop.b = target
	return setSDPTarget(sdp, localAddr(hop.forB[0]))
}

// hop finds or opens the sockets of a call.
func (m *mediaRelay) hop(callID string) (*mediaHop, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if hop, ok := m.calls[callID]; ok {
		return hop, nil
	}
	if m.closed {
		return nil, net.ErrClosed
	}
	hop := &mediaHop{}
	var err error
	if hop.forA, err = listenPair(m.relay.cfg.Bind); err != nil {
		return nil, err
	}
	if hop.forB, err = listenPair(m.relay.cfg.Bind); err != nil {
		hop.close()
		return nil, err
	}
	m.calls[callID] = hop
	for i := range hop.forA {
		m.wg.Go(func() { m.serve(hop, hop.forB[i], hop.forA[i], i, AtoB) })
		m.wg.Go(func() { m.serve(hop, hop.forA[i], hop.forB[i], i, BtoA) })
	}
	return hop, nil
}

// listenPair opens an even RTP port and the odd RTCP port behind it.
func listenPair(bind netip.Addr) (pair [2]*net.UDPConn, err error) {
	for range 50 { // a free port is even half of the time; its neighbour mostly is free
		if pair[0], err = listen(bind); err != nil {
			return pair, err
		}
		port := localAddr(pair[0]).Port()
		if port%2 == 0 {
			next := net.UDPAddrFromAddrPort(netip.AddrPortFrom(bind, port+1))
			if pair[1], err = net.ListenUDP("udp", next); err == nil {
				return pair, nil
			}
		}
		_ = pair[0].Close()
	}
	return pair, fmt.Errorf("open an RTP port pair on %s: no even port with a free neighbour in 50 tries", bind)
}

// serve passes packets that arrive at in to the party at the end of dir, with
// out as their source.
func (m *mediaRelay) serve(hop *mediaHop, in, out *net.UDPConn, offset int, dir Direction) {
	buf := make([]byte, maxDatagram)
	for {
		n, _, err := in.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		to := hop.target(dir, offset)
		if err != nil || !to.IsValid() {
			continue
		}
		packet := append([]byte(nil), buf[:n]...)
		m.pass(hop, func() { _, _ = out.WriteToUDPAddrPort(packet, to) })
	}
}

// target is where audio of that direction ends.
func (h *mediaHop) target(dir Direction, offset int) netip.AddrPort {
	h.mu.Lock()
	defer h.mu.Unlock()
	to := h.a
	if dir == AtoB {
		to = h.b
	}
	if !to.IsValid() {
		return to
	}
	return netip.AddrPortFrom(to.Addr(), to.Port()+uint16(offset))
}

// pass throws the dice for one packet.
func (m *mediaRelay) pass(hop *mediaHop, send func()) {
	m.mu.Lock()
	do, delay := m.harm.roll(m.dice)
	m.mu.Unlock()
	late := hop.takeLate()
	switch do {
	case Drop:
	case Reorder:
		hop.keepLate(send)
	case Dup:
		send()
		m.relay.queue.after(delay, send)
	case Pass, Delay:
		m.relay.queue.after(delay, send)
	}
	if late != nil {
		m.relay.queue.after(delay+time.Millisecond, late)
	}
}

func (h *mediaHop) takeLate() func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	late := h.late
	h.late = nil
	return late
}

func (h *mediaHop) keepLate(send func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.late = send
}

func (h *mediaHop) close() {
	for _, conn := range append(h.forA[:], h.forB[:]...) {
		if conn != nil {
			_ = conn.Close()
		}
	}
}

// close ends all calls and waits for their goroutines.
func (m *mediaRelay) close() {
	m.mu.Lock()
	m.closed = true
	for _, hop := range m.calls {
		hop.close()
	}
	m.mu.Unlock()
	m.wg.Wait()
}
