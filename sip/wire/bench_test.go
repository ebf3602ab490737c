package wire

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"testing"
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
