package wire

import (
	"net/netip"
	"sync"
	"time"
)

// buckets are token buckets per source address in a table of bounded size: the
// limiter itself cannot be flooded. When the table is full of busy sources, all
// further ones share one bucket.
type buckets struct {
	rate, burst             float64 // tokens per second, tokens
	sharedRate, sharedBurst float64 // of all sources together that have no bucket of their own
	most                    int

	mu     sync.Mutex
	m      map[netip.Addr]*bucket
	shared bucket
	swept  time.Time
}

type bucket struct {
	tokens float64
	last   time.Time
}

func newBuckets(rate, burst, most int) *buckets {
	r, n := float64(rate), float64(burst)
	return &buckets{rate: r, burst: n, sharedRate: r, sharedBurst: n, most: most, m: make(map[netip.Addr]*bucket)}
}

// take spends one token of a source and tells whether there was one.
func (b *buckets) take(from netip.Addr, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	one, ok := b.m[from]
	if !ok {
		one = b.admit(from, now)
	}
	return one != nil && one.take(b.rate, b.burst, now) || one == nil && b.shared.take(b.sharedRate, b.sharedBurst, now)
}

// sweepEvery bounds how often a full table is gone through for idle sources: a flood of forged ones must not cost that much
// for each message.
const sweepEvery = time.Second

// admit makes the bucket of a new source; nil means the shared one.
func (b *buckets) admit(from netip.Addr, now time.Time) *bucket {
	if len(b.m) >= b.most && now.Sub(b.swept) >= sweepEvery {
		b.swept = now
		for addr, one := range b.m {
			if now.Sub(one.last).Seconds()*b.rate >= b.burst { // full again: nothing is lost
				delete(b.m, addr)
			}
		}
	}
	if len(b.m) >= b.most {
		if b.shared.last.IsZero() {
			b.shared = bucket{tokens: b.sharedBurst, last: now}
		}
		return nil
	}
	one := &bucket{tokens: b.burst, last: now}
	b.m[from] = one
	return one
}

func (b *bucket) take(rate, burst float64, now time.Time) bool {
	if d := now.Sub(b.last).Seconds(); d > 0 {
		b.tokens = min(burst, b.tokens+d*rate)
		b.last = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
