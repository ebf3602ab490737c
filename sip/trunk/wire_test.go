package trunk

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

// An operator that refuses OPTIONS is alive; one whose port is closed is not.
func TestOPTIONSProbesOnTheWire(t *testing.T) {
	t.Parallel()
	cfg := wire.Default()
	cfg.Listen = []wire.Listen{{Transport: wire.UDP, Addr: "127.0.0.1:0"}}
	edge, err := wire.New(cfg, wire.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	edge.SetHandler(dialog.NewStack(edge, dialog.Default(), dialog.Deps{}))
	if err := edge.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	operator := siptest.NewUA(t, siptest.UAConfig{User: "op", Peer: edge.Addr(wire.UDP)})
	closed := siptest.NewUA(t, siptest.UAConfig{User: "gone"})

	peers := Default()
	peers.ProbeEvery = 50 * time.Millisecond
	peers.Operators = []Operator{
		{Name: "op", Host: "127.0.0.1", Port: int(operator.Addr().Port()), Number: "+74957770000"},
		{Name: "gone", Host: "127.0.0.2", Port: int(closed.Addr().Port())},
	}
	trunks, err := New(peers, Deps{Sender: edge})
	if err != nil {
		t.Fatal(err)
	}
	edge.SetAdmission(trunks.Admit)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = edge.Run(ctx) })
	running.Go(func() { _ = trunks.Run(ctx) })
	defer running.Wait()
	defer stop()

	probe := operator.ExpectRequest("OPTIONS")
	for _, header := range []string{"From", "To", "Call-ID", "CSeq", "Via", "Max-Forwards"} {
		if probe.Get(header) == "" {
			t.Errorf("the probe has no %s:\n%s", header, probe.Raw)
		}
	}
	operator.Answer(probe, 404, "Not Found", siptest.Reply{})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); trunks.Get("op").State() != StateUp || trunks.Get("gone").State() != StateDown; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("states: %+v", trunks.Status())
		}
	}
	if h := trunks.Status()[0]; h.RTT <= 0 || h.Remote != netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), operator.Addr().Port()).String() {
		t.Errorf("health = %+v", h)
	}
}
