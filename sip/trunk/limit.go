package trunk

import (
	"sync"
	"time"
)

// limit holds an operator's channels and calls per second.
type limit struct {
	maxChannels int     // 0 = no limit
	rate        float64 // calls per second, 0 = no limit

	mu       sync.Mutex
	channels int       // guarded by mu
	tokens   float64   // guarded by mu: calls that may start now
	filled   time.Time // guarded by mu: when tokens was right
}

// take occupies one channel, or reports that the operator's contract has none left now.
func (l *limit) take(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.maxChannels > 0 && l.channels >= l.maxChannels {
		return false
	}
	if l.rate > 0 {
		burst := max(1, l.rate)
		if l.filled.IsZero() {
			l.tokens = burst
		} else if passed := now.Sub(l.filled); passed > 0 {
			l.tokens = min(burst, l.tokens+passed.Seconds()*l.rate)
		}
		l.filled = now
		if l.tokens < 1 {
			return false
		}
		l.tokens--
	}
	l.channels++
	return true
}

// give frees one channel.
func (l *limit) give() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.channels > 0 {
		l.channels--
	}
}

func (l *limit) used() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.channels
}
