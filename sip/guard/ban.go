package guard

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// The ladder of bans: so many failures within a minute ban for five minutes; each further ban lasts four times as long, a day
// at most. A clean day forgets all.
const (
	banAfter  = 16
	banWindow = time.Minute
	banFirst  = 5 * time.Minute
	banFactor = 4
	banMost   = 24 * time.Hour
	banForget = 24 * time.Hour
	maxBans   = 4096 // addresses remembered; about 400 KiB
)

// record is what is remembered of an address.
type record struct {
	since  time.Time // of the window
	fails  int
	until  time.Time // of the ban
	length time.Duration
	seen   time.Time
}

// fail counts one proven failure and returns the record after it; banned says that a ban has begun.
func (r record) fail(now time.Time) (next record, banned bool) {
	if now.Sub(r.seen) >= banForget {
		r = record{}
	}
	if now.Sub(r.since) >= banWindow {
		r.since, r.fails = now, 0
	}
	r.fails++
	r.seen = now
	if r.fails < banAfter || now.Before(r.until) {
		return r, false
	}
	r.length = min(max(r.length*banFactor, banFirst), banMost)
	r.until, r.fails = now.Add(r.length), 0
	return r, true
}

// Bans are addresses that are not heard for a while.
type Bans struct {
	exempt func(netip.Addr) bool
	tell   func(Event)

	mu    sync.RWMutex
	table map[netip.Addr]record // guarded by mu
}

// NewBans returns an empty table. exempt names addresses that are never banned: peers of the configuration. tell gets an event
// for each ban; it may be nil.
func NewBans(exempt func(netip.Addr) bool, tell func(Event)) *Bans {
	if exempt == nil {
		exempt = func(netip.Addr) bool { return false }
	}
	if tell == nil {
		tell = func(Event) {}
	}
	return &Bans{exempt: exempt, tell: tell, table: map[netip.Addr]record{}}
}

// Fail counts a failure of authentication. proven means that the source used a nonce that we sent to it: only then it counts,
// since anybody can forge an address.
func (b *Bans) Fail(now time.Time, from netip.Addr, proven bool) {
	from = from.Unmap()
	if !proven || b.exempt(from) {
		return
	}
	from = network(from)
	b.mu.Lock()
	if _, there := b.table[from]; !there && len(b.table) >= maxBans {
		b.evict(now)
	}
	next, banned := b.table[from].fail(now)
	b.table[from] = next
	b.mu.Unlock()
	if banned {
		b.tell(Event{Kind: Banned, Source: from, Detail: "for " + next.length.String()})
	}
}

// Banned reports whether an address is not to be heard now.
func (b *Bans) Banned(now time.Time, from netip.Addr) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if len(b.table) == 0 {
		return false
	}
	return now.Before(b.table[network(from.Unmap())].until)
}

// network is what is banned: an address, or the IPv6 network that one customer has as a whole (RFC 6177).
func network(from netip.Addr) netip.Addr {
	if !from.Is6() {
		return from
	}
	p, err := from.WithZone("").Prefix(64)
	if err != nil {
		return from
	}
	return p.Addr()
}

// Lift ends the ban of an address and forgets its failures; false when it was not banned.
func (b *Bans) Lift(now time.Time, from netip.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	from = network(from.Unmap())
	r := b.table[from]
	delete(b.table, from)
	return now.Before(r.until)
}

// List returns the addresses that are banned now, with the end of each ban.
func (b *Bans) List(now time.Time) map[netip.Addr]time.Time {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := map[netip.Addr]time.Time{}
	for a, r := range b.table {
		if now.Before(r.until) {
			out[a] = r.until
		}
	}
	return out
}

// sorted is List in order of address.
func (b *Bans) sorted(now time.Time) []Ban {
	var out []Ban
	for a, until := range b.List(now) {
		out = append(out, Ban{a, until})
	}
	slices.SortFunc(out, func(a, b Ban) int { return a.Source.Compare(b.Source) })
	return out
}

// evict makes room: the address that was seen longest ago goes, those that are not banned first. mu is held.
func (b *Bans) evict(now time.Time) {
	var victim netip.Addr
	worst := record{}
	for a, r := range b.table {
		free, best := !now.Before(r.until), !now.Before(worst.until)
		if !victim.IsValid() || free && !best || free == best && r.seen.Before(worst.seen) {
			victim, worst = a, r
		}
	}
	delete(b.table, victim)
}
