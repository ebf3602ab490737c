package media

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/sdp"
)

func TestSymmetricRTPForbiddenTargetsGetNothing(t *testing.T) {
	for addr, ok := range map[string]bool{
		"0.0.0.0:4000": false, "224.0.0.1:4000": false, "255.255.255.255:4000": false, "10.0.0.1:0": false, "[::]:5": false, "[ff02::1]:5": false,
		"10.0.0.1:4000": true, "[2001:db8::1]:4000": true, "[::ffff:10.0.0.1]:4000": true,
	} {
		var g target
		g.set(netip.MustParseAddrPort(addr))
		if g.ok != ok {
			t.Errorf("%s: may be sent to = %v", addr, g.ok)
		}
	}
}

func TestRTCPReports(t *testing.T) {
	t.Parallel()
	for _, e := range engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			p := startPool(t, e, func(c *PoolConfig) { c.RTCP = 40 * time.Millisecond })
			a := newParty(t, p)
			control := listen(t, "127.0.0.1")
			a.agree(func(g *sdp.Agreement) { g.RemoteRTCP = addrOf(control) })
			for i := range 10 {
				if i%2 == 0 { // half are lost
					a.send(8, payloadOf(1))
				} else {
					a.seq, a.ts = a.seq+1, a.ts+frameSamples
				}
			}
			a.settle(5)
			var sr *rtcp.SenderReport
			for sr == nil || len(sr.Reports) == 0 {
				sr = readSR(t, control)
			}
			r := sr.Reports[0]
			if r.SSRC != a.ssrc || r.TotalLost != 4 {
				t.Errorf("report %+v, want 4 lost of %#x", r, a.ssrc)
			}
			answer := rtcp.ReceiverReport{SSRC: a.ssrc, Reports: []rtcp.ReceptionReport{{
				SSRC: sr.SSRC, TotalLost: 3, Jitter: 80, LastSenderReport: middle(sr.NTPTime),
			}}}
			b, err := answer.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			to := netip.AddrPortFrom(a.stream.Local().Addr(), a.stream.Local().Port()+1)
			if _, err := control.WriteToUDPAddrPort(b, to); err != nil {
				t.Fatal(err)
			}
			for a.stream.Stats().Out.Lost != 3 {
				readSR(t, control)
			}
			if st := a.stream.Stats(); st.RTT <= 0 || st.RTT > time.Minute || st.Out.JitterMs != 10 || st.Out.MOS == 0 || st.In.MOS == 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestRTCPGoodbye: a stream that has sent says so when it ends (RFC 3550 §6.3.7), one that has not stays quiet.
func TestRTCPGoodbye(t *testing.T) {
	t.Parallel()
	for _, e := range engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			p := startPool(t, e, nil)
			control := listen(t, "127.0.0.1")
			for _, speaks := range []bool{false, true} {
				a := newParty(t, p)
				a.agree(func(g *sdp.Agreement) {
					g.RemoteRTCP = addrOf(control)
					if !speaks {
						g.Direction = sdp.RecvOnly
					}
				})
				if speaks {
					a.recv(nil)
				}
				a.stream.Close()
				a.stream.Stats() // closed
			}
			packets := readRTCP(t, control)
			if _, ok := packets[0].(*rtcp.SenderReport); !ok || len(packets) != 3 {
				t.Fatalf("received %v", packets)
			}
			if bye, ok := packets[2].(*rtcp.Goodbye); !ok || len(bye.Sources) != 1 {
				t.Errorf("received %v, want BYE last", packets[2])
			}
			_ = control.SetReadDeadline(time.Now())
			if n, _, err := control.ReadFromUDPAddrPort(make([]byte, maxPacket)); err == nil {
				t.Errorf("received %d bytes more", n)
			}
		})
	}
}

func TestDSCPPortsAreEvenSkippedAndExhausted(t *testing.T) {
	t.Parallel()
	taken, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:15005")))
	if err != nil && !isBusy(err) {
		t.Fatal(err)
	}
	if err == nil {
		t.Cleanup(func() { _ = taken.Close() })
	}
	for _, e := range engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			p := startPool(t, e, func(c *PoolConfig) { c.MinPort, c.MaxPort, c.Drain = 15001, 15010, time.Hour })
			seen := map[uint16]bool{}
			for {
				s, err := p.NewStream(StreamConfig{})
				if errors.Is(err, ErrPortsExhausted) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				port := s.Local().Port()
				if port%2 != 0 || port == 15004 || seen[port] {
					t.Errorf("got port %d", port)
				}
				seen[port] = true
				s.Apply(sdp.Agreement{}) // used
				s.Close()
				s.Stats()
			}
			if len(seen) > 3 { // 15002, 15006, 15008: closed ports rest
				t.Errorf("ports used: %v", seen)
			}
		})
	}
}

// TestDSCPUsedPortsRest: a leg that failed before an answer gives its ports back at once; those that anybody may
// still send to rest.
func TestDSCPUsedPortsRest(t *testing.T) {
	t.Parallel()
	for _, e := range engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			p := startPool(t, e, func(c *PoolConfig) { c.Drain = time.Hour })
			rests := func(use func(y *party)) bool {
				y := newParty(t, p)
				if use != nil {
					use(y)
				}
				y.stream.Close()
				y.stream.Stats() // closed
				p.mu.Lock()
				defer p.mu.Unlock()
				return slices.ContainsFunc(p.ports.resting, func(r restingPort) bool { return r.port == y.stream.port })
			}
			if rests(nil) {
				t.Error("an unused pair rests")
			}
			if !rests(func(y *party) { y.agree(nil) }) {
				t.Error("no rest after an answer")
			}
			if !rests(func(y *party) { y.send(8, payloadOf(1)); y.settle(1) }) {
				t.Error("no rest after early media")
			}
		})
	}
}

func TestExhaustionIsLoggedAndCounted(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	registry := prometheus.NewRegistry()
	p := startPool(t, EnginePortable, func(c *PoolConfig) {
		c.MinPort, c.MaxPort, c.Drain = 15020, 15023, time.Hour
		c.Log, c.Registerer = slog.New(slog.NewTextHandler(&text, nil)), registry
	})
	const refusals = 5
	for refused := 0; refused < refusals; {
		s, err := p.NewStream(StreamConfig{})
		if errors.Is(err, ErrPortsExhausted) {
			refused++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	if n := strings.Count(text.String(), "level=WARN"); n != 1 || !strings.Contains(text.String(), "media.max_port") {
		t.Errorf("%d warnings:\n%s", n, &text)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "vahta_media_ports_exhausted_total" && f.GetMetric()[0].GetCounter().GetValue() == refusals {
			return
		}
	}
	t.Errorf("%d refusals are not counted", refusals)
}

func TestClosedPoolRefusesAndStatsSurviveClose(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *Pool) {
		t.Helper()
		a := newParty(t, p)
		a.agree(nil)
		a.send(8, payloadOf(1))
		a.event(FirstPacket)
		a.stream.Close()
		if st := a.stream.Stats(); st.In.Packets != 1 || st.Codec != "PCMA" {
			t.Errorf("after Close: %+v", st)
		}
		a.stream.Play(Playing(Beep())) // nothing happens
		a.stream.Close()
	})
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	loop := netip.IPv6Loopback()
	probe, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loop, 0)))
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	_ = probe.Close()
	for _, e := range engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			p := startPool(t, e, func(c *PoolConfig) { c.Bind = loop })
			a := newParty(t, p)
			a.rtp = listen(t, "::1")
			a.agree(nil)
			a.stream.Play(Looping(Beep()))
			a.recv(isSound)
			a.send(8, payloadOf(1))
			a.event(FirstPacket)
		})
	}
}
