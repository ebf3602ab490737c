package b2bua

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// TestFlood calls in while malformed datagrams, OPTIONS and REGISTER come from strangers and from peers: each call rings, the
// log stays short, and afterwards nothing is held. With VAHTA_PROOF set the flood is 20,000 a second for ten seconds, and
// the time from INVITE to 180 is judged.
func TestFlood(t *testing.T) { //nolint:paralleltest // measures, when asked to
	rate, calls := 3000, 20
	long := os.Getenv("VAHTA_PROOF") != ""
	if long {
		rate, calls = 20000, 200
	}
	log, reg := &syncWriter{}, prometheus.NewRegistry()
	r := newRig(t, rigOptions{
		edge:   func(c *wire.Config) { c.Rate, c.Burst = wire.Default().Rate, wire.Default().Burst },
		trunks: func(c *trunk.Config) { c.Phones = append(c.Phones, "127.0.9.0/24") },
		log:    slog.New(slog.NewTextHandler(log, nil)),
		reg:    reg,
		begin: func(_ *rig, c *Call) {
			c.A().Ring()
			c.Post(func() { c.End(CauseBusy) })
		},
	})
	sdp := siptest.NewRTP(t).SDP()
	one := func() time.Duration {
		began := time.Now()
		call := r.dialIn(sdp)
		heard := r.insist(call)
		r.caller.Expect(func(m *siptest.Message) bool { return m.Status == 180 && m.CallID() == call.CallID })
		took := time.Since(began)
		heard()
		final := r.caller.Expect(func(m *siptest.Message) bool { return m.Status >= 200 && m.CallID() == call.CallID })
		call.Learn(final).Ack(final)
		return took
	}
	one()
	r.gone()
	before := held(t) // all parts serve
	strangers := []netip.Addr{netip.MustParseAddr("127.0.8.1"), netip.MustParseAddr("127.0.8.2")}
	peers := []netip.Addr{netip.MustParseAddr("127.0.9.1"), netip.MustParseAddr("127.0.9.2")}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var flooding sync.WaitGroup
	var floods []*siptest.Flood
	for _, f := range []*siptest.Flood{
		{From: strangers, Rate: rate / 2, Make: siptest.Malformed(1)},
		{From: peers, Rate: rate / 4, Make: siptest.Malformed(2)},
		{From: peers, Rate: rate / 8, Make: siptest.Requests("OPTIONS")},
		{From: peers, Rate: rate / 8, Make: siptest.Requests("REGISTER")},
	} {
		f.To = r.at
		floods = append(floods, f)
		flooding.Go(func() {
			if err := f.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	var rung []time.Duration
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range calls {
		<-tick.C
		rung = append(rung, one())
	}
	stop()
	flooding.Wait()
	sent := 0
	for _, f := range floods {
		sent += f.Sent()
	}
	slices.Sort(rung)
	p99 := rung[len(rung)*99/100]
	t.Logf("%d datagrams, %d calls, INVITE to 180: median %s, p99 %s, longest %s", sent, calls, rung[len(rung)/2], p99, rung[len(rung)-1])
	if long && p99 > 500*time.Millisecond {
		t.Errorf("p99 is %s under a flood", p99)
	}
	r.gone()
	if n := strings.Count(log.String(), "\n"); n > 100*(1+len(rung)/20) { // 100 lines a second
		t.Errorf("%d log lines about a flood", n)
	}
	until(t, func() bool { return counted(t, reg, "vahta_sip_dialogs", "") == 0 })
	until(t, func() bool {
		now := held(t)
		return now.goroutines <= before.goroutines+2 && now.files <= before.files
	})
}

// insist sends the INVITE again every half second, as a caller over UDP does (RFC 3261 timer A), until the returned
// function is called: a flood may cost a datagram.
func (r *rig) insist(call *siptest.Call) (heard func()) {
	over := make(chan struct{})
	var sending sync.WaitGroup
	sending.Go(func() {
		again := time.NewTicker(500 * time.Millisecond)
		defer again.Stop()
		for {
			select {
			case <-over:
				return
			case <-again.C:
				r.caller.SendRaw([]byte(call.Invited))
			}
		}
	})
	return func() {
		close(over)
		sending.Wait()
	}
}
