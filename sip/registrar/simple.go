package registrar

import (
	"net/netip"
	"sync"
	"time"
)

// simple remembers addresses of phones that cannot cope with a choice of
// algorithms: many of those that know MD5 alone do not pass over a challenge for
// another one, as RFC 8760 section 2.3 wants them to, but give up. They are known
// by asking again without an answer, and get one challenge then, the weakest. Our
// secrets are long and random, so MD5 does not make them easier to find. It says
// nothing of accounts: who is known and who is not is treated alike.
type simple struct {
	mu     sync.Mutex
	asked  map[netip.Addr]time.Time // offered a choice, and not heard of since
	known  map[netip.Addr]time.Time // last seen to need one challenge
	sweeps time.Time
}

// How long addresses are remembered, and how many.
const (
	simpleAnswer = 2 * time.Minute // a phone that failed tries again within that
	simpleLife   = time.Hour
	simpleMost   = 4096
)

func newSimple() *simple {
	return &simple{asked: map[netip.Addr]time.Time{}, known: map[netip.Addr]time.Time{}}
}

// ask notes a challenge and tells whether it is to be a simple one. first says
// that the request brought no answer to an earlier one.
func (s *simple) ask(from netip.Addr, first bool, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	if _, ok := s.known[from]; ok {
		return true
	}
	if !first {
		return false
	}
	if _, again := s.asked[from]; again && len(s.known) < simpleMost {
		delete(s.asked, from)
		s.known[from] = now
		return true
	}
	if len(s.asked) < simpleMost {
		s.asked[from] = now
	}
	return false
}

// answered notes that a phone coped.
func (s *simple) answered(from netip.Addr, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.asked, from)
	if _, ok := s.known[from]; ok {
		s.known[from] = now
	}
}

// forget drops what is old, once a second at most; mu is held.
func (s *simple) forget(now time.Time) {
	if now.Sub(s.sweeps) < time.Second && !now.Before(s.sweeps) {
		return
	}
	s.sweeps = now
	for table, life := range map[*map[netip.Addr]time.Time]time.Duration{&s.asked: simpleAnswer, &s.known: simpleLife} {
		for from, at := range *table {
			if now.Sub(at) >= life || now.Before(at) {
				delete(*table, from)
			}
		}
	}
}
