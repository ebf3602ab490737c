package media

import (
	"crypto/rand"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/butlerspb/vahta/sip/sdp"
)

// TestSymmetricRTPUnderSpray: strangers at other addresses, and at another port of the far end's, send sound, keys, reports and
// garbage to the whole port range during a call. The tone passes as if they were not there, nobody sends them a byte, no key
// is pressed.
func TestSymmetricRTPUnderSpray(t *testing.T) {
	t.Parallel()
	lowest := uint16(15100) // each has a range of its own: they spray each other else
	for _, e := range engines() {
		for name, suite := range map[string]sdp.Suite{"plain": 0, "srtp": sdp.AES128HMAC80} {
			first := lowest
			lowest += 50
			t.Run(string(e)+" "+name, func(t *testing.T) {
				t.Parallel()
				p := startPool(t, e, func(c *PoolConfig) {
					c.MinPort, c.MaxPort = first, first+49
					c.Latch = LatchConfig{Private: true, RelatchAfter: time.Hour}
				})
				spray(t, p, suite)
			})
		}
	}
}

func spray(t *testing.T, p *Pool, suite sdp.Suite) {
	t.Helper()
	a, b := newParty(t, p), newParty(t, p)
	for _, y := range []*party{a, b} {
		if suite == 0 {
			y.agree(nil)
		} else {
			y.secured(suite, nil)
		}
	}
	bridge(a, b)
	strangers := []*net.UDPConn{listen(t, "127.0.0.2"), listen(t, "127.0.0.3"), listen(t, "127.0.0.1")}
	for _, s := range strangers[:2] {
		salvo(t, s, p, a) // before the far end has sent anything
	}
	const hz, packets = 440, 150
	tone := NewTone(-10, hz)
	meter := NewMeter(hz)
	frame := make([]byte, frameSamples)
	for i := range packets {
		tone.Fill(frame)
		a.send(8, frame)
		meter.Add(b.recv(isSound).Payload)
		b.send(8, payloadOf(byte(i)))
		a.recv(func(p *rtp.Packet) bool { return p.Payload[0] == byte(i) })
		if i%10 == 0 {
			for _, s := range strangers {
				salvo(t, s, p, a)
			}
		}
	}
	if heard, all := meter.Windows(); heard != all || all == 0 {
		t.Errorf("the tone was heard in %d of %d windows", heard, all)
	}
	if d := a.digitsSoFar() + b.digitsSoFar(); d != "" {
		t.Errorf("strangers pressed %q", d)
	}
	for _, y := range []*party{a, b} {
		if st := y.stream.Stats(); st.Remote != addrOf(y.rtp) || st.Undecryptable != 0 {
			t.Errorf("%+v", st)
		}
		y.stream.Close()
		y.stream.Stats() // closed: whatever was to be sent has been
	}
	for _, s := range strangers {
		_ = s.SetReadDeadline(time.Now())
		if n, from, err := s.ReadFromUDPAddrPort(make([]byte, maxPacket)); err == nil {
			t.Errorf("%s was sent %d bytes by %s", s.LocalAddr(), n, from)
		}
	}
}

// salvo sends one of everything to every port of the range.
func salvo(t *testing.T, from *net.UDPConn, p *Pool, victim *party) {
	t.Helper()
	shots := make([][]byte, 0, 5)
	for _, h := range []rtp.Header{
		{Version: 2, PayloadType: 8, SequenceNumber: victim.seq, Timestamp: victim.ts, SSRC: victim.ssrc},
		{Version: 2, PayloadType: 101, Marker: true, SequenceNumber: victim.seq, Timestamp: victim.ts, SSRC: victim.ssrc},
	} {
		payload := payloadOf(0x55)
		if h.PayloadType == 101 {
			payload = []byte{1, 0x8A, 0, 160}
		}
		b, err := (&rtp.Packet{Header: h, Payload: payload}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		shots = append(shots, b)
	}
	junk := make([]byte, 172)
	_, _ = rand.Read(junk)
	shots = append(shots, junk, []byte{0x81, 203, 0, 1, 0xA0, 0xA0, 0xA0, 0xA0}, []byte{0x80})
	for port := p.cfg.MinPort; port < p.cfg.MaxPort; port++ {
		for _, b := range shots {
			// A port where nobody listens answers with ICMP, which the next write reports.
			_, _ = from.WriteToUDPAddrPort(b, netip.AddrPortFrom(victim.stream.Local().Addr(), port))
		}
	}
}
