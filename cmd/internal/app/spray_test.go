package app_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/siptest"
)

// TestSymmetricRTPSprayedLine: through a whole call strangers send sound, keys, reports and garbage to every port of the range. They
// accept no call, neither side hears them, and they are sent nothing.
func TestSymmetricRTPSprayedLine(t *testing.T) {
	t.Parallel()
	const low, high = 15300, 15323
	r := newRig(t, func(c *config.Config) { c.Media.MinPort, c.Media.MaxPort = low, high })
	engineer := r.raw(t, "engineer")
	l := r.line(t, nil, engineer.URI())
	strangers := sprayers(t, low, high)
	caller := l.calls(t)
	engineer.rung()
	engineer.answer()
	engineer.sound.Tone(1000)
	engineer.asked(t) // strangers press 1 all the time
	caller.Ping()
	if n := caller.Seen(func(m *siptest.Message) bool { return m.Answers(200, "INVITE") }); n != 0 {
		t.Error("a stranger's key accepted the call")
	}
	engineer.press('1')
	caller.answered()
	caller.sound.Tone(440)
	for _, y := range []struct {
		sound *siptest.RTP
		hz    float64
	}{{engineer.sound, 440}, {caller.sound, 1000}} {
		if _, err := y.sound.Wait(within(t), func(p siptest.Packet) bool { return loud(p, y.hz) }); err != nil {
			t.Fatal(err)
		}
		first := len(y.sound.Packets())
		if _, err := y.sound.Wait(within(t), func(siptest.Packet) bool { return len(y.sound.Packets()) > first+100 }); err != nil {
			t.Fatal(err)
		}
		for i, p := range y.sound.Packets()[first:] {
			if p.PayloadType == 8 && !loud(p, y.hz) {
				t.Errorf("packet %d of the talk is not the tone of %v Hz", i, y.hz)
			}
		}
	}
	caller.hangs()
	engineer.goodbye()
	l.settled(dispatch.CallServed, "1 accepted")
	strangers()
}

// sprayers send to all ports of the range until the function that is returned is called; it tells what they were sent.
func sprayers(t *testing.T, low, high uint16) (end func()) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	shots := [][]byte{{0x81, 203, 0, 1, 0, 0, 0, 7}, {0x80}, []byte("OPTIONS sip:a SIP/2.0\r\n\r\n")}
	for pt, payload := range map[uint8][]byte{8: make([]byte, 160), 101: {1, 0x8A, 0, 160}} {
		b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: pt, SSRC: 0x7261770a}, Payload: payload}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		shots = append(shots, b)
	}
	conns := make([]*net.UDPConn, 0, 2)
	for _, ip := range []string{"127.0.0.66", "127.0.0.67"} {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 0)))
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	go func() {
		defer close(done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for seq := byte(0); ; seq++ {
			for _, c := range conns {
				for port := low; port <= high; port++ {
					for _, b := range shots {
						if len(b) > 12 && b[0] == 0x80 {
							b[3] = seq // a stream of consecutive packets
						}
						_, _ = c.WriteToUDPAddrPort(b, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)) // nobody may listen there
					}
				}
			}
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		close(stop)
		<-done
		for _, c := range conns {
			_ = c.SetReadDeadline(time.Now())
			if n, from, err := c.ReadFromUDPAddrPort(make([]byte, 2048)); err == nil {
				t.Errorf("a stranger was sent %d bytes by %s", n, from)
			}
			_ = c.Close()
		}
	}
}
