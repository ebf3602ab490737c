package wire

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/siptest"
)

// challenge answers REGISTER with 401, and with 200 when it carries credentials.
func challenge(tx *ServerTx) {
	if tx.Request().Header("Authorization") != "" {
		answer(StatusOK)(tx)
		return
	}
	answer(StatusUnauthorized)(tx)
}

// allGuests is an edge to which every source is a guest.
func allGuests(t *testing.T, ip string, h Handler, change func(*Config)) *Edge {
	t.Helper()
	e := startEdge(t, ip, h, change)
	e.SetAdmission(func(netip.AddrPort) Class { return Guest })
	return e
}

func TestGuestsMayRegisterAndNothingElse(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = challenge
	counts := prometheus.NewRegistry()
	e := allGuests(t, "127.0.77.1", h, nil)
	counts.MustRegister(e.metrics.refused)
	p := newPeer(t, "127.0.77.2:0", e)
	for i, method := range []Method{INVITE, OPTIONS, BYE, ACK, CANCEL, MESSAGE, SUBSCRIBE, "REGISTERX", "register"} {
		p.send(p.message(method, fmt.Sprint("no", i), fmt.Sprint(i), 1))
	}
	p.send(strings.Replace(p.message(REGISTER, "broken", "b", 1), "Max-Forwards: 70", "Max-Forwards: many", 1))
	p.send("SIP/2.0 200 OK\r\n\r\n")
	p.send("\r\n\r\n")
	p.send(p.message(REGISTER, "yes", "y", 1, "Contact: *", "Expires: 0"))
	if got := p.read(patience); !strings.HasPrefix(got, "SIP/2.0 401") || !strings.Contains(got, "Call-ID: yes") {
		t.Errorf("the first answer is %q", got)
	}
	if tx := want(t, h.requests); tx.Request().Method() != REGISTER || len(h.requests) > 0 || len(h.acks)+len(h.strays) > 0 {
		t.Errorf("the handler saw %s", tx.Request().Method())
	}
	if n := figure(t, counts, "guest"); n != 11 {
		t.Errorf("%v messages are counted as refused, want 11", n)
	}
}

// One challenge a second, a few at once, for each source.
func TestGuestsHaveASmallAllowance(t *testing.T) {
	t.Parallel()
	e, err := New(guestConfig(), Deps{})
	if err != nil {
		t.Fatal(err)
	}
	e.SetAdmission(func(netip.AddrPort) Class { return Guest })
	now := time.Unix(0, 0)
	taken := func(from string, transport Transport, n int) (got int) {
		by := Flow{Transport: transport, Remote: netip.MustParseAddrPort(from)}
		for range n {
			if e.admitted([]byte("REGISTER sip:x SIP/2.0\r\n"), by, now) == Guest {
				got++
			}
		}
		return got
	}
	if got := taken("198.51.100.1:5060", UDP, 100); got != guestBurst {
		t.Errorf("%d at once, want %d", got, guestBurst)
	}
	if got := taken("198.51.100.1:5061", UDP, 100); got != 0 {
		t.Errorf("another port of the same address got %d more", got)
	}
	if got := taken("198.51.100.1:5061", TCP, 100); got != guestRoom*guestStreamRate {
		t.Errorf("connections share the allowance of datagrams: %d", got)
	}
	if got := taken("[2001:db8::1]:5060", UDP, 100) + taken("[2001:db8::ffff:2]:5060", UDP, 100); got != guestBurst {
		t.Errorf("one IPv6 network got %d", got)
	}
	now = now.Add(3 * time.Second)
	if got := taken("198.51.100.1:5060", UDP, 100); got != 3 {
		t.Errorf("%d after three seconds", got)
	}
}

func guestConfig() Config {
	c := Default()
	c.Listen = []Listen{{Transport: UDP, Addr: "192.0.2.1:5060"}}
	return c
}

// A million forged sources fill no memory, do not cost much each, and leave those who come by TCP alone.
func TestGuestsForgedByTheMillion(t *testing.T) {
	t.Parallel()
	e, err := New(guestConfig(), Deps{})
	if err != nil {
		t.Fatal(err)
	}
	e.SetAdmission(func(netip.AddrPort) Class { return Guest })
	now, addr, answered := time.Unix(0, 0), netip.MustParseAddr("10.0.0.1"), 0
	msg := []byte("REGISTER sip:x SIP/2.0\r\n")
	const forged, seconds = 1_000_000, 10
	for i := range forged {
		if i%(forged/seconds) == 0 {
			now = now.Add(time.Second)
		}
		if e.admitted(msg, Flow{Transport: UDP, Remote: netip.AddrPortFrom(addr, 5060)}, now) == Guest {
			answered++
		}
		addr = addr.Next()
	}
	if n := len(e.guests.datagrams.sources.m); n > e.cfg.MaxSources {
		t.Errorf("%d sources are remembered", n)
	}
	if most := (seconds + 1) * guestsAll; answered > most || answered < seconds*guestsRest {
		t.Errorf("%d of them were heard, want %d at most", answered, most)
	}
	t.Logf("%d of them were heard", answered)
	if e.admitted(msg, Flow{Transport: TCP, Remote: netip.AddrPortFrom(addr, 5060)}, now) != Guest {
		t.Error("a phone that comes by TCP is shut out")
	}
	if n, _ := e.table.size(); n != 0 {
		t.Errorf("%d transactions", n)
	}
}

// register sends a REGISTER on a connection and returns the status of the answer.
func register(conn net.Conn, callID string, extra ...string) int {
	if _, err := conn.Write([]byte(requestText(REGISTER, conn.LocalAddr().String(), "TCP", "x", callID, "b"+callID, 1, extra...))); err != nil {
		return 0
	}
	return firstFinal(conn, patience)
}

// A guest's connection lives on when it has registered, and is dropped in time when not, whatever it sends.
func TestGuestConnectionsMustRegister(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = challenge
	e := allGuests(t, "127.0.77.3", h, func(c *Config) { c.FirstMessage = 300 * time.Millisecond })
	good, idle, wrong := dialTCP(t, e, "127.0.77.4"), dialTCP(t, e, "127.0.77.5"), dialTCP(t, e, "127.0.77.6")
	if got := register(wrong, "wrong"); got != 401 {
		t.Errorf("without credentials: %d", got)
	}
	if first, then := register(good, "good1"), register(good, "good2", "Authorization: Digest x"); first != 401 || then != 200 {
		t.Errorf("registered with %d, then %d", first, then)
	}
	if !closed(wrong) || !closed(idle) {
		t.Error("a connection that has not registered stays open")
	}
	for i := range 3 { // well beyond first_message
		<-time.After(200 * time.Millisecond)
		if got := register(good, fmt.Sprint("again", i), "Authorization: Digest x"); got != 200 {
			t.Fatalf("the registered connection got %d", got)
		}
	}
	s := e.streams[1-boolToInt(e.streams[0].conf.Transport == TCP)]
	if s.guests != 0 || len(s.guestIP) != 0 {
		t.Errorf("%d guests are counted, %v", s.guests, s.guestIP)
	}
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A source that becomes known in time is kept although it never registered by this connection.
func TestGuestThatBecomesKnownIsKept(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.77.7", h, func(c *Config) { c.FirstMessage = 200 * time.Millisecond })
	var known atomic.Bool
	e.SetAdmission(func(netip.AddrPort) Class {
		if known.Load() {
			return Peer
		}
		return Guest
	})
	conn := dialTCP(t, e, "127.0.77.8")
	if got := register(conn, "first"); got != 200 {
		t.Fatalf("answered %d", got)
	}
	e.streams[0].mu.Lock() // as if that had been refused
	for _, c := range e.streams[0].byName {
		c.guest.Store(true)
	}
	e.streams[0].mu.Unlock()
	known.Store(true)
	for e.streams[0].connections(func(c *streamConn) bool { return c.guest.Load() }) > 0 {
		<-time.After(10 * time.Millisecond)
	}
	if _, err := conn.Write([]byte(requestText(OPTIONS, conn.LocalAddr().String(), "TCP", "x", "k", "k", 1))); err != nil || firstFinal(conn, patience) != 200 {
		t.Errorf("closed: %v", err)
	}
}

// A flood of guests' connections is bounded, and costs those who are known, and those who have registered, nothing.
func TestGuestConnectionsAreFew(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = challenge
	e := startEdge(t, "127.0.77.9", h, func(c *Config) { c.MaxConns, c.ConnsPerIP = 32, 32 })
	trunk := netip.MustParseAddr("127.0.77.10")
	e.SetAdmission(func(from netip.AddrPort) Class {
		if from.Addr() == trunk {
			return Peer
		}
		return Guest
	})
	h.react = func(tx *ServerTx) {
		if tx.Request().Method() == OPTIONS {
			answer(StatusOK)(tx)
			return
		}
		challenge(tx)
	}
	phone, operator := dialTCP(t, e, "127.0.77.11"), dialTCP(t, e, "127.0.77.10")
	if got := register(phone, "phone", "Authorization: Digest x"); got != 200 {
		t.Fatalf("registered with %d", got)
	}
	if !asked(t, operator, "op") {
		t.Fatal("the operator is not served")
	}
	for i := range 80 {
		dialTCP(t, e, fmt.Sprintf("127.0.77.%d", 20+i%10))
	}
	late := dialTCP(t, e, "127.0.77.40")
	if got := register(late, "late", "Authorization: Digest x"); got != 200 {
		t.Errorf("a phone that comes in the flood gets %d", got)
	}
	if !asked(t, operator, "op2") || register(phone, "phone2", "Authorization: Digest x") != 200 {
		t.Error("somebody known was cut off")
	}
	if n := e.connections(); n > 3+8 {
		t.Errorf("%d connections are open", n)
	}
}

func TestGuestsByTLS(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	h := newRecorder()
	h.react = challenge
	e := tlsEdge(t, ca, "127.0.77.50", h, nil)
	e.SetAdmission(func(netip.AddrPort) Class { return Guest })
	near := startEdge(t, "127.0.77.51", newRecorder(), func(c *Config) { c.Listen = []Listen{{Transport: TLS, Addr: "127.0.77.51:0"}} })
	profiles(t, near, map[string]TLSProfile{"": {CA: ca.File}})
	to := Flow{Transport: TLS, Remote: e.Addr(TLS)}
	got := make(chan ClientEvent, 4)
	if _, err := near.Send(newRequest(t, near, REGISTER, to.Remote), to, func(ev ClientEvent) { got <- ev }); err != nil {
		t.Fatal(err)
	}
	if ev := want(t, got); ev.Err != nil || ev.Response.Status() != 401 {
		t.Errorf("got %+v", ev)
	}
}

// figure adds up the counters and gauges one of whose labels has a value.
func figure(t *testing.T, from prometheus.Gatherer, label string) (sum float64) {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetValue() == label {
					sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
	}
	return sum
}

// Connections of guests cost a handshake each: one source gets few of them a second, and is not told.
func TestGuestConnectionsHaveAnAllowance(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = challenge
	e := allGuests(t, "127.0.77.60", h, nil)
	served := 0
	for i := range 2 * guestRoom * guestDialRate {
		conn := dialTCP(t, e, "127.0.77.61")
		if register(conn, fmt.Sprint("r", i)) == 401 {
			served++
		}
		_ = conn.Close()
	}
	if served < guestRoom*guestDialRate || served > guestRoom*guestDialRate+20 { // the tests may take a while
		t.Errorf("%d of one source's connections were served", served)
	}
	if other := dialTCP(t, e, "127.0.77.62"); register(other, "other") != 401 {
		t.Error("another source is shut out")
	}
}
