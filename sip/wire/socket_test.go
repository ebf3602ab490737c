package wire

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestListenerComesBack(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.75.61", h, nil)
	was := e.Addr(UDP)
	_ = e.udp[0].conn.Load().Close() // underneath
	e.streams[0].mu.Lock()
	_ = e.streams[0].ln.Close()
	e.streams[0].mu.Unlock()
	p := newPeer(t, "127.0.75.62:0", e)
	for i := 0; ; i++ { // datagrams between the two sockets are lost: retransmit as a peer would
		p.send(p.message(OPTIONS, "back", "b", 1))
		if strings.HasPrefix(p.read(100*time.Millisecond), "SIP/2.0 200") {
			break
		}
		if i == 50 {
			t.Fatal("the UDP listener did not come back")
		}
	}
	if e.Addr(UDP) != was {
		t.Errorf("bound to %s, was %s", e.Addr(UDP), was)
	}
	for i := 0; ; i++ {
		conn, err := net.DialTimeout("tcp4", e.Addr(TCP).String(), time.Second)
		if err == nil {
			_ = conn.Close()
			break
		}
		if i == 50 {
			t.Fatal("the TCP listener did not come back")
		}
		<-time.After(backoffMin)
	}
}

func TestReceiveBuffer(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.75.63", newRecorder(), func(c *Config) { c.RecvBuffer = 1 << 20 })
	raw, err := e.udp[0].conn.Load().SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var size int
	if err := raw.Control(func(fd uintptr) { size, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF) }); err != nil {
		t.Fatal(err)
	}
	if err != nil || size < 200<<10 {
		t.Errorf("receive buffer is %d: %v", size, err)
	}
	t.Logf("receive buffer is %d bytes", size)
}

func dialTCP(t *testing.T, e *Edge, from string) *net.TCPConn {
	t.Helper()
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from + ":0"))}
	conn, err := d.Dial("tcp4", e.Addr(TCP).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

func TestSIPoverTCPPipelinedAndSplit(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.75.65", h, nil)
	conn := dialTCP(t, e, "127.0.75.66")
	var all string
	for i := range 20 {
		all += requestText(INFO, conn.LocalAddr().String(), "TCP", e.Addr(TCP).String(), "pipe", fmt.Sprint("p", i), i+1)
		if i%5 == 0 {
			all += "\r\n\r\n" // a keep-alive between messages
		}
	}
	for len(all) > 0 {
		n := min(97, len(all))
		if _, err := conn.Write([]byte(all[:n])); err != nil {
			t.Fatal(err)
		}
		all = all[n:]
	}
	for i := range 20 {
		if got := want(t, h.requests).Request().CSeq(); got != uint32(i+1) {
			t.Fatalf("CSeq %d, want %d", got, i+1)
		}
	}
	b := make([]byte, 8)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if n, err := conn.Read(b); err != nil || !strings.HasPrefix(string(b[:n]), "\r\n") {
		t.Errorf("keep-alive got %q, %v", b[:n], err)
	}
}

// closed waits until the other side has closed the connection.
func closed(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, 1024)
	for {
		if _, err := conn.Read(b); err != nil {
			ne, ok := err.(net.Error) //nolint:errorlint // a test
			return !ok || !ne.Timeout()
		}
	}
}

func TestSIPoverTCPSlowConnectionIsClosed(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.75.67", newRecorder(), func(c *Config) { c.FirstMessage = 100 * time.Millisecond })
	if !closed(dialTCP(t, e, "127.0.75.68")) {
		t.Error("a silent connection stays open")
	}
	slow := dialTCP(t, e, "127.0.75.68")
	if _, err := slow.Write([]byte("INVITE sip:112@example.org SIP/2.0\r\n")); err != nil {
		t.Fatal(err)
	}
	if !closed(slow) {
		t.Error("half a message keeps a connection open")
	}
}

func TestConnectionCap(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.75.69", h, func(c *Config) { c.ConnsPerIP = 2 })
	conns := []*net.TCPConn{dialTCP(t, e, "127.0.75.70"), dialTCP(t, e, "127.0.75.70")}
	for i, c := range conns {
		if _, err := c.Write([]byte(requestText(OPTIONS, c.LocalAddr().String(), "TCP", "x", fmt.Sprint("cap", i), "c", 1))); err != nil {
			t.Fatal(err)
		}
		if firstFinal(c, patience) != 200 {
			t.Error("a connection within the cap is not served")
		}
	}
	if !closed(dialTCP(t, e, "127.0.75.70")) {
		t.Error("a connection above the cap stays open")
	}
	other := dialTCP(t, e, "127.0.75.71")
	if _, err := other.Write([]byte(requestText(OPTIONS, other.LocalAddr().String(), "TCP", "x", "other", "c", 1))); err != nil {
		t.Fatal(err)
	}
	if firstFinal(other, patience) != 200 {
		t.Error("another address suffers from the cap")
	}
}

func TestListenErrorNamesAddressAndRemedy(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.75.73", newRecorder(), nil)
	cfg := Default()
	cfg.Listen = []Listen{{Transport: UDP, Addr: e.Addr(UDP).String()}}
	second, err := New(cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	err = second.Listen(t.Context())
	if err == nil || !strings.Contains(err.Error(), e.Addr(UDP).String()) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("got %v", err)
	}
}

func TestSIPoverTCPLongMessage(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.75.75", h, nil)
	conn := dialTCP(t, e, "127.0.75.76")
	text := requestText(MESSAGE, conn.LocalAddr().String(), "TCP", "x", "long", "l", 1, "Content-Type: text/plain")
	body := strings.Repeat("0123456789", 5000)
	text = strings.Replace(text, "Content-Length: 0", fmt.Sprint("Content-Length: ", len(body)), 1) + body
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if got := string(want(t, h.requests).Request().Body()); got != body {
		t.Errorf("the body has %d bytes, want %d", len(got), len(body))
	}
	if got := firstFinal(conn, patience); got != 200 {
		t.Errorf("answered %d", got)
	}
	if _, err := conn.Write([]byte(strings.Repeat("X-Long: 1\r\n", 8<<10))); err != nil {
		t.Logf("closed while writing: %v", err)
	}
	if !closed(conn) {
		t.Error("endless headers keep the connection open")
	}
}
