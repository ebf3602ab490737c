package wire

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// bigMessage is a MESSAGE of ours above what a datagram should hold.
func bigMessage(t *testing.T, e *Edge, to netip.AddrPort, size int) *Request {
	t.Helper()
	req := newRequest(t, e, MESSAGE, to)
	req.SetBody("text/plain;charset=utf-8", []byte(strings.Repeat("0123456789", size/10)))
	return req
}

// both is an edge that listens by UDP and TCP at the same port, as SIP does.
func both(t *testing.T, ip string, h Handler) *Edge {
	t.Helper()
	const port = 5060
	return startEdge(t, ip, h, func(c *Config) {
		addr := fmt.Sprintf("%s:%d", ip, port)
		c.Listen = []Listen{{Transport: UDP, Addr: addr}, {Transport: TCP, Addr: addr}}
	})
}

func send(t *testing.T, e *Edge, req *Request, to Flow) ClientEvent {
	t.Helper()
	events := make(chan ClientEvent, 8)
	if _, err := e.Send(req, to, func(ev ClientEvent) { events <- ev }); err != nil {
		t.Fatal(err)
	}
	return want(t, events)
}

func TestRFC3261BigRequestsGoByTCP(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	near, far := both(t, "127.0.79.1", newRecorder()), both(t, "127.0.79.2", h)
	to := Flow{Transport: UDP, Remote: far.Addr(UDP)}
	for _, c := range []struct {
		size int
		kept bool
		want Transport
	}{{500, false, UDP}, {1400, false, TCP}, {20_000, false, TCP}, {1400, true, UDP}, {600, false, UDP}} {
		to.Kept = c.kept
		if ev := send(t, near, bigMessage(t, near, to.Remote, c.size), to); ev.Err != nil || ev.Response.Status() != 200 {
			t.Fatalf("%d bytes: %+v", c.size, ev)
		}
		got := want(t, h.requests).Request()
		via := "SIP/2.0/" + strings.ToUpper(string(c.want)) + " 127.0.79.1:5060;"
		if got.Flow().Transport != c.want || !strings.HasPrefix(got.Header("Via"), via) || len(got.Body()) != c.size {
			t.Errorf("%d bytes came by %s with Via %q", c.size, got.Flow().Transport, got.Header("Via"))
		}
	}
}

// A peer that refuses TCP gets the fragments it always got, and is not asked again for a while.
func TestRFC3261BigRequestsFallBackToUDP(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	near := both(t, "127.0.79.3", newRecorder())
	far := startEdge(t, "127.0.79.4", h, func(c *Config) { c.Listen = c.Listen[:1] })
	to := Flow{Transport: UDP, Remote: far.Addr(UDP)}
	for range 2 {
		if ev := send(t, near, bigMessage(t, near, to.Remote, 3000), to); ev.Err != nil || ev.Response.Status() != 200 {
			t.Fatalf("got %+v", ev)
		}
		got := want(t, h.requests).Request()
		if got.Flow().Transport != UDP || !strings.HasPrefix(got.Header("Via"), "SIP/2.0/UDP 127.0.79.3:5060;") || len(got.Body()) != 3000 {
			t.Errorf("came by %s with Via %q", got.Flow().Transport, got.Header("Via"))
		}
		if near.udpLimit(to) != 0 {
			t.Error("the peer would be asked for TCP again")
		}
	}
	if near.refused.has(to.Remote, time.Now().Add(refusedTime)) {
		t.Error("the refusal is never forgotten")
	}
}

// A CANCEL goes the way of its big INVITE.
func TestRFC3261CancelOfABigInvite(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = func(tx *ServerTx) {
		if tx.Request().Method() == INVITE {
			answer(StatusRinging)(tx)
			return
		}
		answer(StatusOK)(tx)
		_ = tx.Cancels().Respond(NewResponse(tx.Cancels().Request(), StatusRequestTerminated, ""))
	}
	near, far := both(t, "127.0.79.5", newRecorder()), both(t, "127.0.79.6", h)
	to := Flow{Transport: UDP, Remote: far.Addr(UDP)}
	req := newRequest(t, near, INVITE, to.Remote)
	req.SetBody("application/sdp", []byte("v=0\r\n"+strings.Repeat("a=x:0123456789\r\n", 100)))
	events := make(chan ClientEvent, 8)
	tx, err := near.Send(req, to, func(ev ClientEvent) { events <- ev })
	if err != nil {
		t.Fatal(err)
	}
	_ = tx.Cancel() // before it has left
	for {
		ev := want(t, events)
		if ev.Err != nil {
			t.Fatal(ev.Err)
		}
		if ev.Response.Status() == 487 {
			break
		}
	}
	for range 2 {
		if got := want(t, h.requests).Request(); got.Flow().Transport != TCP {
			t.Errorf("%s came by %s", got.Method(), got.Flow().Transport)
		}
	}
}

func TestRFC3261TooLargeIsAnswered513(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.79.7", h, func(c *Config) { c.MaxDatagram, c.MaxStream = 2048, 4096 })
	p := newPeer(t, "127.0.79.8:0", e)
	body := strings.Repeat("x", 3000)
	text := p.message(MESSAGE, "large", "l", 1, "Content-Type: text/plain")
	p.send(strings.Replace(text, "Content-Length: 0", fmt.Sprint("Content-Length: ", len(body)), 1) + body)
	p.expect("SIP/2.0 513")
	conn := dialTCP(t, e, "127.0.79.8")
	body = strings.Repeat("x", 5000)
	text = requestText(MESSAGE, conn.LocalAddr().String(), "TCP", "x", "large", "l", 1, "Content-Type: text/plain")
	if _, err := conn.Write([]byte(strings.Replace(text, "Content-Length: 0", fmt.Sprint("Content-Length: ", len(body)), 1) + body)); err != nil {
		t.Fatal(err)
	}
	if got := firstFinal(conn, patience); got != 513 {
		t.Errorf("by TCP: %d", got)
	}
	if len(h.requests) > 0 {
		t.Error("the handler saw it")
	}
}
