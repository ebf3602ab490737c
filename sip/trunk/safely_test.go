package trunk

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/locate"
	"github.com/butlerspb/vahta/sip/wire"
)

// brittle is a network that breaks for a while.
type brittle struct {
	*network
	broken bool // guarded by mu
}

func (b *brittle) breaks() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broken
}

func (b *brittle) Send(req *wire.Request, to wire.Flow, on func(wire.ClientEvent)) (*wire.ClientTx, error) {
	if b.breaks() {
		panic("poisoned probe")
	}
	return b.network.Send(req, to, on)
}

func (b *brittle) Ask(ctx context.Context, q locate.Question) (locate.Answer, error) {
	if b.breaks() {
		panic("poisoned look-up")
	}
	return b.network.Ask(ctx, q)
}

// Probes and look-ups that break do not end the watch: what comes after them is seen.
func TestWatchSurvivesPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &brittle{network: newNetwork(), broken: true}
		trunks, err := New(testConfig(), Deps{Sender: n, DNS: n})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = trunks.Run(ctx) })
		time.Sleep(10 * time.Minute) // many rounds of both
		n.mu.Lock()
		n.broken = false
		n.mu.Unlock()
		n.set("198.51.100.7", true)
		n.set("192.0.2.100", true)
		time.Sleep(3 * time.Minute)
		for _, h := range trunks.Status() {
			if (h.Trunk == "tcp" || h.Trunk == "mtt") && h.State != StateUp {
				t.Errorf("%s is %s after the network has recovered: %s", h.Trunk, h.State, h.Problem)
			}
		}
		stop()
		running.Wait()
	})
}
