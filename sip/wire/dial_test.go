package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
)

// Who may wait no longer, as a big request that can go by UDP, leaves the connection to those that may.
func TestSIPoverTCPWhoSharesADialWaitsAsLongAsItMay(t *testing.T) {
	t.Parallel()
	ca := siptest.NewAuthority(t, "test")
	cert, key := ca.Issue(nextYear(), "127.0.79.32")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	e := startEdge(t, "127.0.79.31", newRecorder(), func(c *Config) { c.Listen = []Listen{{Transport: TLS, Addr: "127.0.79.31:0"}} })
	profiles(t, e, map[string]TLSProfile{"": {CA: ca.File}})
	ln := listenTCP(t, "127.0.79.32:0")
	sock, peer := e.streams[0], peerKey{remote: addrPort(ln.Addr())}
	brief, cancel := context.WithCancel(t.Context())
	defer cancel()
	gone, served := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := sock.dial(brief, peer)
		gone <- err
	}()
	conn, err := ln.Accept() // and no word of TLS
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	go func() {
		_, err := sock.dial(t.Context(), peer)
		served <- err
	}()
	for range 50 { // most likely it waits by then
		runtime.Gosched()
		<-time.After(time.Millisecond)
	}
	cancel()
	if err := want(t, gone); !errors.Is(err, context.Canceled) {
		t.Errorf("who may wait no longer: %v", err)
	}
	if err := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}}).HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	if err := want(t, served); err != nil {
		t.Errorf("who may: %v", err)
	}
}

// A connection that we opened is kept although its peer says nothing first.
func TestSIPoverTCPDialledConnectionMayBeSilent(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.79.33", newRecorder(), func(c *Config) { c.FirstMessage = 100 * time.Millisecond })
	ln := listenTCP(t, "127.0.79.34:0")
	gone := make(chan Flow, 1)
	e.OnFlowClosed(func(f Flow) { gone <- f })
	conn, _, _, _ := rings(t, e, ln, OPTIONS)
	defer func() { _ = conn.Close() }()
	select {
	case <-gone:
		t.Error("it was closed")
	case <-time.After(500 * time.Millisecond):
	}
}

// Where the peer's own connection is gone, ours goes where the flow says; never to the port that it had come from.
func TestSIPoverTCPAcceptedFlowThatIsGone(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.79.35", h, nil)
	gone := make(chan Flow, 4)
	e.OnFlowClosed(func(f Flow) { gone <- f })
	conn := dialTCP(t, e, "127.0.79.36")
	if _, err := conn.Write([]byte(requestText(OPTIONS, conn.LocalAddr().String(), "TCP", "x", "k", "k", 1))); err != nil {
		t.Fatal(err)
	}
	flow := want(t, h.requests).Request().Flow()
	if !flow.Accepted {
		t.Fatalf("came by %+v", flow)
	}
	flow.Profile = "operator's" // an accepted connection is of no profile: it is found all the same
	if err := e.Ping(flow); err != nil {
		t.Error(err)
	}
	flow.Profile = ""
	_ = conn.Close()
	want(t, gone)
	again, err := net.Listen("tcp4", flow.Remote.String())
	if err != nil {
		t.Skipf("the port is in use: %v", err)
	}
	defer func() { _ = again.Close() }()
	if ev := asks(t, e, flow); !isErr(ev.Err, ErrUnreachable) {
		t.Errorf("its old port is tried: %+v", ev)
	}
	ln := listenTCP(t, "127.0.79.36:0")
	flow.Instead = addrPort(ln.Addr())
	events := make(chan ClientEvent, 4)
	if _, err := e.Send(newRequest(t, e, OPTIONS, flow.Instead), flow, func(ev ClientEvent) { events <- ev }); err != nil {
		t.Fatal(err)
	}
	there, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = there.Close() }()
	_, _ = there.Write([]byte(respondTo(readMessage(t, there), "200 OK", "b")))
	wantStatus(t, events, 200)
}
