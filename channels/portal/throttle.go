package portal

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// Limits of failures from one address. Secrets can not be guessed; the limit keeps guessers from costing look-ups and log lines.
const (
	maxFailures   = 20
	failureWindow = time.Minute
	maxFailing    = 4096 // addresses remembered
)

// throttle counts failed tokens by address.
type throttle struct {
	mu   sync.Mutex
	seen map[netip.Prefix]failures // guarded by mu
}

type failures struct {
	since time.Time
	n     int
}

// failed notes a failure.
func (t *throttle) failed(address string, now time.Time) {
	key := neighbourhood(address)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil || len(t.seen) >= maxFailing {
		t.seen = map[netip.Prefix]failures{} // so many are a flood; it begins to be counted anew
	}
	f := t.seen[key]
	if now.Sub(f.since) >= failureWindow {
		f = failures{since: now}
	}
	f.n++
	t.seen[key] = f
}

// wait returns how long an address with too many failures has to wait, 0 for all others.
func (t *throttle) wait(address string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.seen[neighbourhood(address)]
	if left := failureWindow - now.Sub(f.since); f.n >= maxFailures && left > 0 {
		return left
	}
	return 0
}

// neighbourhood is what one guesser is likely to have: an IPv4 address, or the IPv6 network of a customer.
func neighbourhood(address string) netip.Prefix {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}
