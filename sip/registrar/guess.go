package registrar

import (
	"net/netip"
	"sync"
	"time"
)

// guesses counts wrong passwords by address and user: a guard bans no address that has a live phone, since others behind the
// same NAT would lose the line. Only answers to challenges that reached the address count, so that nobody is shut out by forged
// ones. Users that do not exist are treated alike. It is bounded; what is evicted is counted anew.
type guesses struct {
	mu     sync.Mutex
	failed map[guesser]guessed
	sweeps time.Time
}

// guesser is who guesses whose password.
type guesser struct {
	from netip.Addr
	user string
}

// guessed is how often he did.
type guessed struct {
	tries   int
	last    time.Time
	version int64 // of the account: a new secret is a new start
}

// How many guesses are answered, for how long after the last of them none is, and how many guessers are remembered.
const (
	guessTries = 10
	guessLife  = 5 * time.Minute
	guessMost  = 4096
)

func newGuesses() *guesses { return &guesses{failed: map[guesser]guessed{}} }

// wrong notes a wrong password.
func (g *guesses) wrong(who guesser, version int64, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(now)
	is, known := g.failed[who]
	if !known && len(g.failed) >= guessMost {
		for one := range g.failed {
			delete(g.failed, one)
			break
		}
	}
	if is.version != version || is.old(now) {
		is = guessed{version: version}
	}
	is.tries, is.last = is.tries+1, now
	g.failed[who] = is
}

// many reports whether somebody has guessed too often to be answered.
func (g *guesses) many(who guesser, version int64, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	is, known := g.failed[who]
	return known && is.tries >= guessTries && is.version == version && !is.old(now)
}

func (g *guessed) old(now time.Time) bool { return now.Sub(g.last) >= guessLife || now.Before(g.last) }

// forget drops what is old, once a second at most; mu is held.
func (g *guesses) forget(now time.Time) {
	if now.Sub(g.sweeps) < time.Second && !now.Before(g.sweeps) {
		return
	}
	g.sweeps = now
	for who, is := range g.failed {
		if is.old(now) {
			delete(g.failed, who)
		}
	}
}

// guessing tells who asks for whom and whether he is not to be answered: never the user of a phone that is registered at that
// address, whoever else guesses there.
func (r *Registrar) guessing(from netip.Addr, user string, now time.Time) (who guesser, version int64, silent bool) {
	who = guesser{from.Unmap(), clipped(user)}
	r.mu.Lock()
	version = r.accounts[user].Version
	live := false
	for i := range r.own[user] {
		b := &r.own[user][i]
		live = live || b.live(now) && b.Remote.Addr() == who.from
	}
	r.mu.Unlock()
	return who, version, !live && r.guesses.many(who, version, now)
}
