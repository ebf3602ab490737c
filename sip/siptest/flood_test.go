package siptest

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

func TestFlood(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const enough = 500
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	flood := &Flood{
		To: conn.LocalAddr().(*net.UDPAddr).AddrPort(), Rate: 5000, Make: Requests("OPTIONS"),
		From: []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")},
	}
	var running sync.WaitGroup
	began := time.Now()
	running.Go(func() {
		if err := flood.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	sources := map[netip.Addr]int{}
	buf := make([]byte, 2048)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for range enough {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.Fatal(err)
		}
		sources[from.Addr().Unmap()]++
		if !bytes.HasPrefix(buf[:n], []byte("OPTIONS sip:")) {
			t.Fatalf("got %q", buf[:n])
		}
	}
	stop()
	running.Wait()
	if took := time.Since(began); took < enough*time.Second/5000 {
		t.Errorf("%d datagrams at 5000 a second took %s", enough, took)
	}
	if len(sources) != 2 || flood.Sent() < enough {
		t.Errorf("from %v, %d sent", sources, flood.Sent())
	}
	if err := (&Flood{}).Run(ctx); err == nil {
		t.Error("a flood of nothing from nowhere runs")
	}
}

func TestMalformedIsRepeatable(t *testing.T) {
	t.Parallel()
	a, b := Malformed(7), Malformed(7)
	for n := range 500 {
		if one := a(n); !bytes.Equal(one, b(n)) {
			t.Fatalf("datagram %d differs", n)
		}
	}
}
