package wire

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
)

// rings is a TCP peer that accepts one connection and reads the first request on it.
func rings(t *testing.T, e *Edge, ln net.Listener, m Method) (conn net.Conn, request string, events chan ClientEvent, tx *ClientTx) {
	t.Helper()
	to := addrPort(ln.Addr())
	events = make(chan ClientEvent, 16)
	tx, err := e.Send(newRequest(t, e, m, to), Flow{Transport: TCP, Remote: to}, func(ev ClientEvent) { events <- ev })
	if err != nil {
		t.Fatal(err)
	}
	if conn, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, readMessage(t, conn), events, tx
}

func readMessage(t *testing.T, conn net.Conn) string {
	t.Helper()
	b := make([]byte, 8192)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func listenTCP(t *testing.T, addr string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// When a connection dies, what waits for its answers fails at once in whatever state it is; so the next device can ring.
func TestSIPoverTCPLostConnectionFailsInEveryState(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.78.1", newRecorder(), nil)
	gone := make(chan Flow, 16)
	e.OnFlowClosed(func(f Flow) { gone <- f })
	e.OnFlowClosed(func(Flow) { panic("a listener that breaks") })
	e.OnFlowClosed(func(f Flow) { gone <- f })
	for i, c := range []struct {
		name   string
		method Method
		answer string
		cancel bool
		reset  bool
	}{
		{name: "calling", method: INVITE},
		{name: "ringing", method: INVITE, answer: "180 Ringing"},
		{name: "trying", method: INVITE, answer: "100 Trying"},
		{name: "ringing, reset", method: INVITE, answer: "183 Session Progress", reset: true},
		{name: "cancelled", method: INVITE, answer: "180 Ringing", cancel: true},
		{name: "OPTIONS", method: OPTIONS},
		{name: "OPTIONS, trying", method: OPTIONS, answer: "100 Trying"},
	} {
		ln := listenTCP(t, fmt.Sprintf("127.0.78.%d:0", 10+i))
		conn, request, events, tx := rings(t, e, ln, c.method)
		if c.answer != "" {
			if _, err := conn.Write([]byte(respondTo(request, c.answer, "b"))); err != nil {
				t.Fatal(err)
			}
			if ev := want(t, events); ev.Err != nil {
				t.Fatalf("%s: %v", c.name, ev.Err)
			}
		}
		if c.cancel {
			_ = tx.Cancel()
			if got := readMessage(t, conn); !strings.HasPrefix(got, "CANCEL ") {
				t.Fatalf("%s: got %q", c.name, got)
			}
		}
		if c.reset {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		_ = conn.Close()
		if ev := want(t, events); !isErr(ev.Err, ErrUnreachable) {
			t.Errorf("%s: got %+v", c.name, ev)
		}
		for range 2 {
			if f := want(t, gone); f.Transport != TCP || f.Remote != addrPort(ln.Addr()) {
				t.Errorf("%s: closed was %+v", c.name, f)
			}
		}
	}
}

// What is kept goes by the connection that is open and by no other.
func TestSIPoverTCPKeptFlowIsNeverDialled(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.78.21", h, nil)
	ln := listenTCP(t, "127.0.78.22:0") // a phone that would take a connection
	events := make(chan ClientEvent, 4)
	kept := Flow{Transport: TCP, Remote: addrPort(ln.Addr()), Kept: true}
	if _, err := e.Send(newRequest(t, e, INVITE, kept.Remote), kept, func(ev ClientEvent) { events <- ev }); err != nil {
		t.Fatal(err)
	}
	if ev := want(t, events); !isErr(ev.Err, ErrUnreachable) {
		t.Errorf("without a connection: %+v", ev)
	}
	if err := e.SendAck(newRequest(t, e, ACK, kept.Remote), kept); !isErr(err, ErrUnreachable) {
		t.Errorf("ACK without a connection: %v", err)
	}
	if err := e.Ping(kept); !isErr(err, ErrUnreachable) {
		t.Errorf("ping without a connection: %v", err)
	}
	if n := e.connections(); n != 0 {
		t.Errorf("%d connections were opened", n)
	}
	phone := dialTCP(t, e, "127.0.78.23")
	if !asked(t, phone, "phone") {
		t.Fatal("no answer")
	}
	by := want(t, h.requests).Request().Flow()
	by.Kept = true
	for _, local := range []netip.AddrPort{by.Local, {}} {
		by.Local = local
		if _, err := e.Send(newRequest(t, e, INVITE, by.Remote), by, nil); err != nil {
			t.Fatal(err)
		}
		if got := readMessage(t, phone); !strings.HasPrefix(got, "INVITE ") {
			t.Errorf("the phone got %q", got)
		}
	}
}

// RFC 5626 section 3.5.1 and 4.4.1: we ask, and we answer.
func TestSIPoverTCPKeepAliveBothWays(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.78.25", h, nil)
	phone := dialTCP(t, e, "127.0.78.26")
	if _, err := phone.Write([]byte("\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if got := readMessage(t, phone); got != "\r\n" {
		t.Errorf("a ping got %q", got)
	}
	if !asked(t, phone, "phone") {
		t.Fatal("no answer")
	}
	by := want(t, h.requests).Request().Flow()
	if err := e.Ping(by); err != nil {
		t.Fatal(err)
	}
	if got := readMessage(t, phone); got != "\r\n\r\n" {
		t.Errorf("our ping was %q", got)
	}
	if _, err := phone.Write([]byte("\r\n")); err != nil { // the pong is not taken for a ping
		t.Fatal(err)
	}
	if !asked(t, phone, "phone2") {
		t.Error("no answer after a pong")
	}
	p := newPeer(t, "127.0.78.27:0", e)
	if err := e.Ping(Flow{Transport: UDP, Remote: p.addr()}); err != nil {
		t.Fatal(err)
	}
	if got := p.read(patience); got != "\r\n" {
		t.Errorf("a ping by UDP was %q", got)
	}
}

// An answer that is lost with its connection comes by a new one (RFC 3261 section 18.2.2).
func TestSIPoverTCPAnswerAfterTheConnectionIsGone(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.78.31", h, nil)
	gone := make(chan Flow, 4)
	e.OnFlowClosed(func(f Flow) { gone <- f })
	ln := listenTCP(t, "127.0.78.32:0")
	conn := dialTCP(t, e, "127.0.78.32")
	if _, err := conn.Write([]byte(requestText(OPTIONS, ln.Addr().String(), "TCP", "x", "lost", "l", 1))); err != nil {
		t.Fatal(err)
	}
	tx := want(t, h.requests)
	_ = conn.Close()
	want(t, gone)
	answer(StatusOK)(tx)
	_ = ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	again, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if got := readMessage(t, again); !strings.HasPrefix(got, "SIP/2.0 200") {
		t.Errorf("got %q", got)
	}
}

// two is an edge with two listeners of each transport on addresses of their own.
func two(t *testing.T, h Handler, one, other string) *Edge {
	t.Helper()
	ca := siptest.NewAuthority(t, "test")
	cert, key := ca.Issue(nextYear(), one, other)
	pair := ListenTLS{Cert: cert, Key: key}
	e := startEdge(t, one, h, func(c *Config) {
		c.Listen = []Listen{
			{Transport: UDP, Addr: one + ":0"},
			{Transport: UDP, Addr: other + ":0"},
			{Transport: TCP, Addr: one + ":0"},
			{Transport: TCP, Addr: other + ":0"},
			{Transport: TLS, Addr: one + ":0", TLS: pair},
			{Transport: TLS, Addr: other + ":0", TLS: pair},
		}
	})
	profiles(t, e, map[string]TLSProfile{"op": {CA: ca.File}})
	return e
}

// A request leaves by the listener that its flow names: source address, source port by UDP, Via and what Contact should say.
func TestRFC3581RequestsLeaveByTheListenerThatTheFlowNames(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	near := two(t, newRecorder(), "127.0.78.41", "127.0.78.42")
	far := two(t, h, "127.0.78.43", "127.0.78.44")
	profiles(t, near, map[string]TLSProfile{"op": {Insecure: true}})
	for _, transport := range []Transport{UDP, TCP, TLS} {
		for _, ip := range []string{"127.0.78.41", "127.0.78.42", ""} {
			want42 := ip
			addr := netip.Addr{}
			if ip != "" {
				addr = netip.MustParseAddr(ip)
			} else {
				want42 = "127.0.78.41"
			}
			local, ok := near.ListenerOn(transport, addr)
			if !ok || local.Addr().String() != want42 {
				t.Fatalf("%s %q: listener is %s, %v", transport, ip, local, ok)
			}
			to := Flow{Transport: transport, Local: local, Remote: far.Addr(transport), Profile: "op"}
			if ev := asks(t, near, to); ev.Err != nil {
				t.Fatalf("%s from %s: %v", transport, ip, ev.Err)
			}
			req := want(t, h.requests).Request()
			if got := req.Flow().Remote; got.Addr() != local.Addr() || transport == UDP && got != local {
				t.Errorf("%s left from %s, want %s", transport, got, local)
			}
			if host, port := near.AdvertisedOn(to); !strings.Contains(req.Header("Via"), fmt.Sprintf(" %s:%d;", host, port)) ||
				host != want42 || port != int(local.Port()) {
				t.Errorf("%s: Via is %q, advertised %s:%d", transport, req.Header("Via"), host, port)
			}
			back := req.Flow()
			if back.Local.Addr() != far.Addr(transport).Addr() {
				t.Errorf("%s: came in by %s", transport, back.Local)
			}
		}
	}
	if _, ok := near.ListenerOn(TLS, netip.MustParseAddr("127.0.78.99")); ok {
		t.Error("a listener on an address that has none")
	}
	if n := near.connections(); n != 4 {
		t.Errorf("%d connections, want one from each address by TCP and by TLS", n)
	}
}

func TestListenerThatSuitsAFlow(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddrPort
	for name, c := range map[string]struct {
		bound string
		flow  Flow
		want  int
	}{
		"the very one":                {"192.0.2.1:5060", Flow{Local: at("192.0.2.1:5060")}, 3},
		"bound to all, same port":     {"0.0.0.0:5060", Flow{Local: at("192.0.2.1:5060")}, 2},
		"bound to all, another port":  {"0.0.0.0:5080", Flow{Local: at("192.0.2.1:5060")}, 1},
		"another address":             {"192.0.2.2:5060", Flow{Local: at("192.0.2.1:5060")}, 1},
		"another family":              {"[::]:5060", Flow{Local: at("192.0.2.1:5060")}, 0},
		"nothing known":               {"192.0.2.2:5060", Flow{}, 1},
		"by the remote address":       {"192.0.2.2:5060", Flow{Remote: at("198.51.100.1:5060")}, 1},
		"remote of another family":    {"192.0.2.2:5060", Flow{Remote: at("[2001:db8::1]:5060")}, 0},
		"remote of another family, 6": {"[2001:db8::2]:5060", Flow{Remote: at("198.51.100.1:5060")}, 0},
	} {
		if got := suits(at(c.bound), c.flow); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
