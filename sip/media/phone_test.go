package media

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/butlerspb/vahta/sip/sdp"
)

// waitLimit bounds a wait for an event that must come; it is no criterion of speed.
const waitLimit = 20 * time.Second

func engines() []Engine {
	if epollAvailable {
		return []Engine{EngineEpoll, EnginePortable}
	}
	return []Engine{EnginePortable}
}

// eachEngine runs a conformance test against every engine.
func eachEngine(t *testing.T, f func(t *testing.T, p *Pool)) {
	t.Helper()
	t.Parallel()
	for _, e := range engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			f(t, startPool(t, e, nil))
		})
	}
}

// startPool runs a pool on loopback for the length of a test.
func startPool(tb testing.TB, e Engine, change func(*PoolConfig)) *Pool {
	tb.Helper()
	cfg := Default()
	cfg.Engine, cfg.Drain, cfg.Shards = e, 0, 2
	cfg.Latch = LatchConfig{Private: true, RelatchAfter: 50 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	p, err := NewPool(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background()) // outlives t.Context, which ends before clean-up
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	for _, sh := range p.shards { // until it serves
		up := make(chan struct{})
		sh.post(func() { close(up) })
		<-up
	}
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("run pool: %v", err)
		}
	})
	return p
}

// party is a stream under test with its far end: a phone of two plain sockets.
type party struct {
	t      testing.TB
	stream *Stream
	events chan Event
	rtp    *net.UDPConn
	seq    uint16
	ts     uint32
	ssrc   uint32
	buf    [maxPacket]byte
	far    *endpoint // its SRTP; nil = plain
}

func newParty(tb testing.TB, p *Pool) *party {
	tb.Helper()
	return newPartyOf(tb, p, StreamConfig{})
}

func newPartyOf(tb testing.TB, p *Pool, cfg StreamConfig) *party {
	tb.Helper()
	y := &party{t: tb, events: make(chan Event, 1024), ssrc: 0xA0A0A0A0, seq: 65530, ts: 1<<32 - 400}
	cfg.Name, cfg.OnEvent = "test", func(e Event) { y.events <- e }
	s, err := p.NewStream(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	y.stream = s
	y.rtp = listen(tb, "127.0.0.1")
	tb.Cleanup(func() { y.stream.Close() })
	return y
}

func listen(tb testing.TB, ip string) *net.UDPConn {
	tb.Helper()
	c, err := listenOn(ip)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

func listenOn(ip string) (*net.UDPConn, error) {
	return net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 0)))
}

func addrOf(c *net.UDPConn) netip.AddrPort {
	ap := c.LocalAddr().(*net.UDPAddr).AddrPort() //nolint:forcetypeassert // a UDP socket
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func pcma() sdp.Codec { return sdp.Codec{PT: 8, Name: "PCMA", Clock: 8000} }
func pcmu() sdp.Codec { return sdp.Codec{PT: 0, Name: "PCMU", Clock: 8000} }

// agree applies an agreement with the phone's own address.
func (y *party) agree(change func(*sdp.Agreement)) {
	a := sdp.Agreement{
		Remote: addrOf(y.rtp), RemoteRTCP: netip.AddrPortFrom(addrOf(y.rtp).Addr(), addrOf(y.rtp).Port()+1),
		Codec: pcma(), RecvPT: 8, EventPT: 101, RecvEventPT: 101, PTime: 20, Direction: sdp.SendRecv,
	}
	if change != nil {
		change(&a)
	}
	y.stream.Apply(a)
	y.stream.Stats() // applied
}

// send sends one packet of the phone and moves its numbers on.
func (y *party) send(pt uint8, payload []byte) { y.sendFrom(y.rtp, pt, payload) }

func (y *party) sendFrom(c *net.UDPConn, pt uint8, payload []byte) {
	y.t.Helper()
	y.raw(c, rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: y.seq, Timestamp: y.ts, SSRC: y.ssrc}, payload)
	y.seq++
	y.ts += frameSamples
}

func (y *party) raw(c *net.UDPConn, h rtp.Header, payload []byte) {
	y.t.Helper()
	b, err := (&rtp.Packet{Header: h, Payload: payload}).Marshal()
	if err != nil {
		y.t.Fatal(err)
	}
	if y.far != nil {
		if b, err = y.far.out.EncryptRTP(nil, b, nil); err != nil {
			y.t.Fatal(err)
		}
	}
	if _, err := c.WriteToUDPAddrPort(b, y.stream.Local()); err != nil {
		y.t.Fatal(err)
	}
}

// recv waits for the next packet at the phone that want accepts.
func (y *party) recv(want func(*rtp.Packet) bool) *rtp.Packet {
	y.t.Helper()
	_ = y.rtp.SetReadDeadline(time.Now().Add(waitLimit))
	for {
		n, src, err := y.rtp.ReadFromUDPAddrPort(y.buf[:])
		if err != nil {
			y.t.Fatalf("wait for a packet: %v", err)
		}
		if src.Port() != y.stream.Local().Port() { // for whoever had this socket's port before
			continue
		}
		p, b := new(rtp.Packet), append([]byte(nil), y.buf[:n]...)
		if y.far != nil {
			if b, err = y.far.in.DecryptRTP(nil, b, nil); err != nil {
				y.t.Fatalf("received what the agreed key does not open: %v", err)
			}
		}
		if err := p.Unmarshal(b); err != nil {
			y.t.Fatalf("received a broken packet: %v", err)
		}
		if want == nil || want(p) {
			return p
		}
	}
}

// event waits for the next event of a kind.
func (y *party) event(k EventKind) Event {
	y.t.Helper()
	for {
		select {
		case e := <-y.events:
			if e.Kind == k {
				return e
			}
		case <-time.After(waitLimit):
			y.t.Fatalf("no event %s", k)
		}
	}
}

// digitsSoFar returns the digits told up to now, after all packets sent before it have been handled.
func (y *party) digitsSoFar() string {
	var s []byte
	for {
		select {
		case e := <-y.events:
			if e.Kind == Digit {
				s = append(s, e.Digit)
			}
		default:
			return string(s)
		}
	}
}

// settle waits until n packets from the phone have been counted, believed or not.
func (y *party) settle(n uint64) Stats {
	y.t.Helper()
	deadline := time.Now().Add(waitLimit)
	for {
		if st := y.stream.Stats(); st.In.Packets+st.Refused >= n {
			return st
		}
		if time.Now().After(deadline) {
			y.t.Fatalf("packets seen: %+v, want %d", y.stream.Stats(), n)
		}
	}
}

func readSR(tb testing.TB, c *net.UDPConn) *rtcp.SenderReport {
	tb.Helper()
	for {
		if sr, ok := readRTCP(tb, c)[0].(*rtcp.SenderReport); ok {
			return sr
		}
	}
}

func readRTCP(tb testing.TB, c *net.UDPConn) []rtcp.Packet {
	tb.Helper()
	var buf [maxPacket]byte
	_ = c.SetReadDeadline(time.Now().Add(waitLimit))
	n, _, err := c.ReadFromUDPAddrPort(buf[:])
	if err != nil {
		tb.Fatalf("wait for RTCP: %v", err)
	}
	packets, err := rtcp.Unmarshal(buf[:n])
	if err != nil {
		tb.Fatalf("received broken RTCP: %v", err)
	}
	return packets
}

// bridge connects two parties and waits until sound would pass.
func bridge(a, b *party) {
	Connect(a.stream, b.stream, ConnectOptions{})
	for done := make(chan bool, 1); ; {
		a.stream.ask(func(*shard) { done <- a.stream.peer == b.stream })
		if <-done {
			return
		}
	}
}

func payloadOf(v byte) []byte {
	b := make([]byte, frameSamples)
	fill(b, v)
	return b
}

func isSound(p *rtp.Packet) bool {
	for _, c := range p.Payload {
		if c != alawSilence && c != ulawSilence {
			return true
		}
	}
	return false
}
