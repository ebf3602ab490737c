package trunk

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/locate"
)

const (
	// keepKnown is how long an operator's calls are taken from an address to which DNS no longer leads: name servers that
	// share the load say another few of many each time, and calls in progress still come from the old one.
	keepKnown = 24 * time.Hour
	// maxKnown bounds what is kept of one operator.
	maxKnown = 64
)

// known are the addresses to which DNS has led, by operator.
type known struct {
	mu   sync.Mutex
	last map[*Trunk]map[netip.Addr]time.Time // guarded by mu: when DNS said so last
}

// query is what DNS is asked for an operator: its outbound proxy if it has one, else its host.
func (o Operator) query() locate.Query {
	if p, err := parseProxy(o.OutboundProxy); o.OutboundProxy != "" && err == nil {
		return locate.Query{Host: p.host, Port: p.port, Transport: string(cmp.Or(p.transport, o.Transport))}
	}
	return locate.Query{Host: o.Host, Port: o.Port, Transport: string(o.Transport)}
}

// phoneQuery asks for a phone's addresses and nothing else: its URI says the rest.
func phoneQuery(host string) locate.Query { return locate.Query{Host: host, Port: sipPort} }

// queries are all names that matter.
func (t *Trunks) queries() []locate.Query {
	var out []locate.Query
	for _, one := range t.trunks {
		out = append(out, one.op.query())
	}
	for _, host := range t.phones.Load().hosts {
		if _, err := parseSource(host); err != nil {
			out = append(out, phoneQuery(host))
		}
	}
	return out
}

// addrs are the addresses of a phone's host.
func (t *Trunks) addrs(host string) []netip.Addr {
	var out []netip.Addr
	for _, s := range t.locator.Plan(phoneQuery(host)) {
		out = append(out, s.Addrs...)
	}
	return out
}

// resolve keeps names fresh until ctx ends.
func (t *Trunks) resolve(ctx context.Context) { _ = t.locator.Run(ctx) }

// Resolve looks up all names that are not known yet, for commands that do not run for long.
func (t *Trunks) Resolve(ctx context.Context) { t.locator.Refresh(ctx) }

// Names is what DNS says of the peers' names.
func (t *Trunks) Names() []locate.State { return t.locator.Status() }

// resolved takes what DNS says anew.
func (t *Trunks) resolved() {
	t.reindex()
	t.lookedUp()
}

// reindex makes the picture of who may speak to us anew.
func (t *Trunks) reindex() {
	t.known.mu.Lock()
	defer t.known.mu.Unlock()
	now := t.deps.Now()
	if t.known.last == nil {
		t.known.last = make(map[*Trunk]map[netip.Addr]time.Time)
	}
	admitted := make(map[*Trunk][]netip.Addr, len(t.trunks))
	for _, one := range t.trunks {
		last := t.known.last[one]
		if last == nil {
			last = make(map[netip.Addr]time.Time)
			t.known.last[one] = last
		}
		for _, s := range t.locator.Plan(one.op.query()) {
			for _, addr := range s.Addrs {
				last[addr] = now
			}
		}
		if literal, err := netip.ParseAddr(one.op.Host); err == nil {
			last[literal.Unmap()] = now
		}
		admitted[one] = prune(last, now)
	}
	t.peers.Store(t.index(admitted))
}

// prune forgets what is too old or too much, and returns the rest in order.
func prune(last map[netip.Addr]time.Time, now time.Time) []netip.Addr {
	addrs := make([]netip.Addr, 0, len(last))
	for addr, at := range last {
		if now.Sub(at) > keepKnown {
			delete(last, addr)
			continue
		}
		addrs = append(addrs, addr)
	}
	slices.SortFunc(addrs, func(a, b netip.Addr) int { return cmp.Or(last[b].Compare(last[a]), a.Compare(b)) })
	for i := maxKnown; i < len(addrs); i++ {
		delete(last, addrs[i])
	}
	return addrs[:min(len(addrs), maxKnown)]
}
