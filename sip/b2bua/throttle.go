package b2bua

import (
	"sync"
	"time"
)

// throttle is a token bucket of new calls: a burst at once, then so many a second.
type throttle struct {
	rate, burst float64 // set at New: tokens per second, tokens; rate 0 = no limit

	mu     sync.Mutex
	tokens float64   // guarded by mu
	last   time.Time // guarded by mu
}

func newThrottle(rate, burst int) *throttle {
	return &throttle{rate: float64(rate), burst: float64(burst), tokens: float64(burst)}
}

// take spends one token, if as many as are kept for others are left after it, and tells whether it did.
func (t *throttle) take(now time.Time, kept float64) bool {
	if t.rate == 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if past := now.Sub(t.last).Seconds(); past > 0 {
		t.tokens = min(t.burst, t.tokens+past*t.rate)
		t.last = now
	}
	if t.tokens < 1+kept {
		return false
	}
	t.tokens--
	return true
}
