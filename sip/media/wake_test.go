package media

import (
	"sync"
	"testing"
	"time"
)

// TestCommandsAreNeverLeft opens and closes streams from many goroutines on a shard that has nothing else to wake it:
// each command that was posted must be run, also one that came in while the shard was falling asleep.
func TestCommandsAreNeverLeft(t *testing.T) {
	t.Parallel()
	for _, e := range engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			p := startPool(t, e, func(c *PoolConfig) { c.Shards, c.Drain = 1, 0 })
			const rounds, atOnce = 200, 8
			for range rounds {
				var all sync.WaitGroup
				for range atOnce {
					all.Go(func() {
						s, err := p.NewStream(StreamConfig{Name: "short"})
						if err != nil {
							t.Error(err)
							return
						}
						s.Close()
					})
				}
				all.Wait()
				last, err := p.NewStream(StreamConfig{Name: "last"})
				if err != nil {
					t.Fatal(err)
				}
				ran := make(chan struct{})
				if !last.do(func(*shard) { close(ran) }) {
					t.Fatal("the shard has ended")
				}
				select {
				case <-ran:
				case <-time.After(5 * time.Second):
					t.Fatal("a command was posted and never run")
				}
				last.Close()
			}
		})
	}
}
