package wire

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/butlerspb/vahta/sip/siptest"
)

// benchEdge is an edge whose INVITEs are answered at once, or not at all.
func benchEdge(b *testing.B, ip string, h Handler) (*Edge, *net.UDPConn) {
	b.Helper()
	e := startEdge(b, ip, h, nil)
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(e.Addr(UDP)))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return e, c
}

type benchHandler struct {
	got   chan struct{}
	react func(*ServerTx)
}

func (h *benchHandler) HandleRequest(tx *ServerTx) {
	if h.react != nil {
		h.react(tx)
	}
	if h.got != nil {
		h.got <- struct{}{}
	}
}
func (h *benchHandler) HandleAck(*Request)    {}
func (h *benchHandler) HandleStray(*Response) {}

// BenchmarkRequestToHandler is one INFO from the peer's socket to the handler
// and its 200 back.
func BenchmarkRequestToHandler(b *testing.B) {
	h := &benchHandler{react: answer(StatusOK)}
	e, c := benchEdge(b, "127.0.75.81", h)
	buf := make([]byte, 4096)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		id := strconv.Itoa(n)
		if _, err := c.Write([]byte(requestText(INFO, c.LocalAddr().String(), "UDP", e.Addr(UDP).String(), "b"+id, id, 1))); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInviteRoundTrip is one INVITE of ours to another edge over loopback,
// answered 486, acknowledged; both ends are counted.
func BenchmarkInviteRoundTrip(b *testing.B) {
	far := startEdge(b, "127.0.75.83", &benchHandler{react: answer(StatusBusyHere)}, nil)
	near := startEdge(b, "127.0.75.84", &benchHandler{}, nil)
	to := Flow{Transport: UDP, Remote: far.Addr(UDP)}
	done := make(chan struct{}, 1)
	b.ReportAllocs()
	for b.Loop() {
		_, err := near.Send(newRequest(b, near, INVITE, to.Remote), to, func(ev ClientEvent) {
			if ev.Err != nil || ev.Response.Status() >= 200 {
				done <- struct{}{}
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		<-done
	}
}

// BenchmarkInviteByTCP and BenchmarkInviteByTLS are the same by one connection.
func BenchmarkInviteByTCP(b *testing.B) { benchStream(b, TCP, "127.0.75.86", "127.0.75.87") }

func BenchmarkInviteByTLS(b *testing.B) { benchStream(b, TLS, "127.0.75.88", "127.0.75.89") }

func benchStream(b *testing.B, t Transport, farIP, nearIP string) {
	b.Helper()
	ca := siptest.NewAuthority(b, "test")
	cert, key := ca.Issue(nextYear(), farIP)
	far := startEdge(b, farIP, &benchHandler{react: answer(StatusBusyHere)}, func(c *Config) {
		c.Listen = append(c.Listen, Listen{Transport: TLS, Addr: farIP + ":0", TLS: ListenTLS{Cert: cert, Key: key}})
	})
	near := startEdge(b, nearIP, &benchHandler{}, func(c *Config) {
		c.Listen = append(c.Listen, Listen{Transport: TLS, Addr: nearIP + ":0"})
	})
	if err := near.SetProfiles(map[string]TLSProfile{"op": {CA: ca.File}}); err != nil {
		b.Fatal(err)
	}
	to := Flow{Transport: t, Remote: far.Addr(t), Profile: "op"}
	done := make(chan error, 1)
	b.ReportAllocs()
	for b.Loop() {
		_, err := near.Send(newRequest(b, near, INVITE, to.Remote), to, func(ev ClientEvent) {
			if ev.Err != nil || ev.Response.Status() >= 200 {
				done <- ev.Err
			}
		})
		if err == nil {
			err = <-done
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	data := []byte(goodInvite)
	b.ReportAllocs()
	for b.Loop() {
		if s := scan(data, testLimits()); s.fault != faultNone {
			b.Fatal(s.fault)
		}
	}
}

func BenchmarkUnknownSource(b *testing.B) {
	e, err := New(func() Config {
		c := Default()
		c.Listen = []Listen{{Transport: UDP, Addr: "127.0.75.85:0"}}
		return c
	}(), Deps{})
	if err != nil {
		b.Fatal(err)
	}
	if err := e.Listen(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.closeSockets)
	msg := []byte(goodInvite)
	from := netip.MustParseAddrPort("198.51.100.7:5060")
	b.ReportAllocs()
	for b.Loop() {
		if e.udp[0].accept(msg, len(msg), from) != 0 {
			b.Fatal("admitted")
		}
	}
}
