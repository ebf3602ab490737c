package media

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/butlerspb/vahta/sip/sdp"
)

// secured agrees on keys and gives the phone its half.
func (y *party) secured(suite sdp.Suite, mki []byte) *sdp.CryptoPair {
	y.t.Helper()
	p := newPair(suite, mki)
	y.agree(func(g *sdp.Agreement) { g.Crypto = p })
	y.far = newEndpoint(y.t, p)
	return p
}

// TestSDESRelay: between plain and encrypted legs of every suite, with and without MKI, in both engines, sound and keys pass
// both ways.
func TestSDESRelay(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		none := sdp.Suite(0)
		for _, legs := range [][2]sdp.Suite{
			{none, sdp.AES128HMAC80},
			{sdp.AES128HMAC80, none},
			{sdp.AES128HMAC80, sdp.AES128HMAC80},
			{sdp.AES128HMAC32, sdp.AES256HMAC80},
		} {
			var parties [2]*party
			for i, suite := range legs {
				parties[i] = newParty(t, p)
				if suite == none {
					parties[i].agree(nil)
				} else {
					parties[i].secured(suite, [][]byte{nil, {0, 0, 0, 1}}[i])
				}
			}
			a, b := parties[0], parties[1]
			bridge(a, b)
			for i := range byte(20) {
				a.send(8, payloadOf(i))
				if got := b.recv(isSound); !bytes.Equal(got.Payload, payloadOf(i)) || got.PayloadType != 8 {
					t.Fatalf("%v: packet %d arrived as %v", legs, i, got)
				}
				b.send(8, payloadOf(i+100))
				if got := a.recv(isSound); !bytes.Equal(got.Payload, payloadOf(i+100)) {
					t.Fatalf("%v: packet %d back arrived as %v", legs, i, got)
				}
			}
			a.send(101, []byte{5, 0x8A, 0, 160})
			if got := b.recv(func(p *rtp.Packet) bool { return p.PayloadType == 101 }); got.Payload[0] != 5 {
				t.Errorf("%v: key arrived as %v", legs, got.Payload)
			}
			a.event(Digit)
			for i, y := range parties {
				if st := y.stream.Stats(); (st.Suite != "") != (legs[i] != none) || st.Undecryptable+st.Replayed != 0 {
					t.Errorf("%v: %+v", legs, st)
				}
			}
		}
	})
}

// TestSDESPromptsAndKeys: what we make ourselves is encrypted too.
func TestSDESPromptsAndKeys(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		a.secured(sdp.AES128HMAC80, nil)
		a.stream.Play(Looping(Beep()))
		a.recv(isSound)
		a.stream.SendDigit('7', 80*time.Millisecond)
		if got := a.recv(func(p *rtp.Packet) bool { return p.PayloadType == 101 }); got.Payload[0] != 7 {
			t.Errorf("key arrived as %v", got.Payload)
		}
	})
}

// TestSDESControl: our reports and our goodbye are encrypted and numbered, and the far end's are read.
func TestSDESControl(t *testing.T) {
	t.Parallel()
	for _, e := range engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			p := startPool(t, e, func(c *PoolConfig) { c.RTCP = 40 * time.Millisecond })
			a := newParty(t, p)
			control := listen(t, "127.0.0.1")
			pair := newPair(sdp.AES128HMAC32, []byte{9})
			a.agree(func(g *sdp.Agreement) { g.Crypto, g.RemoteRTCP = pair, addrOf(control) })
			a.far = newEndpoint(t, pair)
			a.send(8, payloadOf(1))
			a.event(FirstPacket)

			var index uint32
			reports := func() []rtcp.Packet {
				var buf [maxPacket]byte
				_ = control.SetReadDeadline(time.Now().Add(waitLimit))
				n, _, err := control.ReadFromUDPAddrPort(buf[:])
				if err != nil {
					t.Fatalf("wait for RTCP: %v", err)
				}
				if got, err := rtcp.Unmarshal(buf[:n]); err == nil && len(got) > 1 {
					t.Fatalf("a report came in the clear: %v", got)
				}
				plain, err := a.far.in.DecryptRTCP(nil, buf[:n], nil)
				if err != nil {
					t.Fatalf("open a report: %v", err)
				}
				at := n - 10 - 1 - 4
				if now := uint32(buf[at]&0x7F)<<24 | uint32(buf[at+1])<<16 | uint32(buf[at+2])<<8 | uint32(buf[at+3]); now <= index {
					t.Errorf("index %d after %d", now, index)
				} else {
					index = now
				}
				packets, err := rtcp.Unmarshal(plain)
				if err != nil {
					t.Fatal(err)
				}
				return packets
			}
			sr, ok := reports()[0].(*rtcp.SenderReport)
			if !ok {
				t.Fatal("no sender report")
			}
			say := func(lost uint32) {
				b, err := (&rtcp.ReceiverReport{SSRC: a.ssrc, Reports: []rtcp.ReceptionReport{{SSRC: sr.SSRC, TotalLost: lost}}}).Marshal()
				if err != nil {
					t.Fatal(err)
				}
				if b, err = a.far.out.EncryptRTCP(nil, b, nil); err != nil {
					t.Fatal(err)
				}
				to := netip.AddrPortFrom(a.stream.Local().Addr(), a.stream.Local().Port()+1)
				if _, err := control.WriteToUDPAddrPort(b, to); err != nil {
					t.Fatal(err)
				}
			}
			say(3)
			for tries := 0; a.stream.Stats().Out.Lost != 3; tries++ {
				if reports(); tries > 100 {
					t.Fatalf("the far end's report was not read: %+v", a.stream.Stats().Out)
				}
			}
			a.stream.Close()
			for bye := false; !bye; {
				packets := reports()
				_, bye = packets[len(packets)-1].(*rtcp.Goodbye)
			}
		})
	}
}

// TestRTCPGarbageIsDropped: short, wrong and lying control packets change nothing, and the stream lives on.
func TestRTCPGarbageIsDropped(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		control := listen(t, "127.0.0.1")
		a.agree(func(g *sdp.Agreement) { g.RemoteRTCP = addrOf(control) })
		a.send(8, payloadOf(1))
		a.event(FirstPacket)
		to := netip.AddrPortFrom(a.stream.Local().Addr(), a.stream.Local().Port()+1)
		for _, b := range [][]byte{
			{},
			{0x80},
			{0x80, 200, 0, 6},
			{0x81, 201, 0xFF, 0xFF, 0, 0, 0, 1},
			{0x9F, 200, 0, 1, 0, 0, 0, 1},
			bytes.Repeat([]byte{0xFF}, 1400),
			{0x81, 203, 0, 1, 0xA0, 0xA0, 0xA0, 0xA0}, // BYE: what ends a call is signalling
			append([]byte{0x80, 8, 0, 1}, payloadOf(1)...),
		} {
			for _, target := range []netip.AddrPort{to, a.stream.Local()} {
				if _, err := control.WriteToUDPAddrPort(b, target); err != nil {
					t.Fatal(err)
				}
			}
		}
		a.stream.Play(Looping(Beep()))
		a.recv(isSound)
		a.send(8, payloadOf(1))
		for a.stream.Stats().In.Packets != 2 {
			a.recv(nil)
		}
		if st := a.stream.Stats(); !st.Latched || st.Out.Lost != 0 || st.RTT != 0 {
			t.Errorf("%+v", st)
		}
	})
}
