package wire

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for an event before it fails.
const patience = 10 * time.Second

// recorder is a handler that passes everything on through channels.
type recorder struct {
	requests chan *ServerTx
	acks     chan *Request
	strays   chan *Response
	react    func(*ServerTx)
}

func newRecorder() *recorder {
	return &recorder{
		requests: make(chan *ServerTx, 8192),
		acks:     make(chan *Request, 8192),
		strays:   make(chan *Response, 8192),
	}
}

func (r *recorder) HandleRequest(tx *ServerTx) {
	r.requests <- tx
	if r.react != nil {
		r.react(tx)
	}
}
func (r *recorder) HandleAck(req *Request)    { r.acks <- req }
func (r *recorder) HandleStray(res *Response) { r.strays <- res }

// answer answers everything with a status.
func answer(status int) func(*ServerTx) {
	return func(tx *ServerTx) { _ = tx.Respond(NewResponse(tx.Request(), status, "")) }
}

// startEdge runs an edge on an address of the loopback network that no other
// test uses, so that peers may use the port 5060 which old Vias imply.
func startEdge(tb testing.TB, ip string, h Handler, change func(*Config)) *Edge {
	tb.Helper()
	cfg := Default()
	cfg.Listen = []Listen{{Transport: UDP, Addr: ip + ":0"}, {Transport: TCP, Addr: ip + ":0"}}
	cfg.Rate, cfg.Burst = 1<<20, 1<<20
	if change != nil {
		change(&cfg)
	}
	e, err := New(cfg, Deps{Log: slog.New(slog.NewTextHandler(testWriter{tb}, nil))})
	if err != nil {
		tb.Fatal(err)
	}
	e.SetHandler(h)
	e.SetAdmission(func(netip.AddrPort) Class { return Peer })
	runEdge(tb, e)
	return e
}

func runEdge(tb testing.TB, e *Edge) {
	tb.Helper()
	if err := e.Listen(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	var done sync.WaitGroup
	done.Go(func() {
		if err := e.Run(ctx); err != nil {
			tb.Error(err)
		}
	})
	tb.Cleanup(func() {
		cancel()
		done.Wait()
	})
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// peer is a plain UDP socket.
type peer struct {
	testing.TB
	*net.UDPConn
	edge netip.AddrPort
}

func newPeer(tb testing.TB, addr string, e *Edge) *peer {
	tb.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	_ = c.SetReadBuffer(4 << 20)
	p := &peer{TB: tb, UDPConn: c}
	if e != nil {
		p.edge = e.Addr(UDP)
	}
	return p
}

func (p *peer) addr() netip.AddrPort { return p.LocalAddr().(*net.UDPAddr).AddrPort() }

func (p *peer) send(msg string) {
	p.Helper()
	if _, err := p.WriteToUDPAddrPort([]byte(msg), p.edge); err != nil {
		p.Fatal(err)
	}
}

// read returns the next datagram, or "" after the wait.
func (p *peer) read(wait time.Duration) string {
	p.Helper()
	_ = p.SetReadDeadline(time.Now().Add(wait))
	b := make([]byte, 65536)
	n, _, err := p.ReadFromUDPAddrPort(b)
	if err != nil {
		return ""
	}
	return string(b[:n])
}

// expect reads until a message begins with the prefix and passes over 100s.
func (p *peer) expect(prefix string) string {
	p.Helper()
	for {
		msg := p.read(patience)
		if strings.HasPrefix(msg, prefix) {
			return msg
		}
		if !strings.HasPrefix(msg, "SIP/2.0 100") {
			p.Fatalf("want %q, got %q", prefix, msg)
		}
	}
}

// message writes a request of a peer.
func (p *peer) message(method, callID, branch string, cseq int, extra ...string) string {
	return requestText(method, p.addr().String(), "UDP", p.edge.String(), callID, branch, cseq, extra...)
}

func requestText(method, from, proto, to, callID, branch string, cseq int, extra ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s sip:112@%s SIP/2.0\r\n", method, to)
	fmt.Fprintf(&b, "Via: SIP/2.0/%s %s;branch=z9hG4bK%s;rport\r\n", proto, from, branch)
	fmt.Fprintf(&b, "From: <sip:caller@%s>;tag=a\r\nTo: <sip:112@%s>\r\n", from, to)
	fmt.Fprintf(&b, "Call-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:caller@%s>\r\nMax-Forwards: 70\r\n", callID, cseq, method, from)
	for _, x := range extra {
		b.WriteString(x + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.String()
}

// want waits for a value of a channel.
func want[T any](tb testing.TB, ch <-chan T) T {
	tb.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		tb.Fatal("event did not come")
		panic("unreachable")
	}
}

// newRequest makes a complete request of ours.
func newRequest(tb testing.TB, e *Edge, m Method, to netip.AddrPort) *Request {
	tb.Helper()
	uri := URI{Scheme: "sip", User: "engineer", Host: to.Addr().String(), Port: int(to.Port())}
	r := NewRequest(m, uri)
	for _, h := range []Header{
		{"From", "<sip:vahta@example.org>;tag=" + e.NewTag()},
		{"To", "<" + uri.String() + ">"},
		{"Call-ID", e.NewCallID()},
		{"CSeq", "7 " + m},
	} {
		if err := r.Set(h.Name, h.Value); err != nil {
			tb.Fatal(err)
		}
	}
	return r
}
