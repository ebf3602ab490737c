package trunk

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/butlerspb/vahta/sip/wire"
)

// peers is one immutable picture of who may speak to us.
type peers struct {
	exact map[netip.Addr]*Trunk // whole addresses without a port; nil = softphone
	nets  []peerNet             // the rest: most specific first, operators before phones

	operators map[*Trunk][]netip.Addr // addresses of each operator's servers
}

type peerNet struct {
	source
	trunk *Trunk // nil = softphone
}

// find returns who sits at an address: a nil Trunk with true is a softphone.
func (p *peers) find(from netip.AddrPort) (*Trunk, bool) {
	addr := from.Addr().Unmap()
	from = netip.AddrPortFrom(addr, from.Port())
	for _, n := range p.nets {
		if n.port != 0 && n.matches(from) {
			return n.trunk, true
		}
	}
	if who, ok := p.exact[addr]; ok {
		return who, true
	}
	for _, n := range p.nets {
		if n.port == 0 && n.matches(from) {
			return n.trunk, true
		}
	}
	return nil, false
}

// account returns which of several accounts at one operator a request is for: they share its servers, and the request
// names the account, its contact or its number. first is the one that the address alone tells.
func (t *Trunks) account(p *peers, first *Trunk, req *wire.Request) *Trunk {
	user := req.URI().User
	if first.named(user) {
		return first
	}
	for _, other := range t.trunks {
		if other != first && other.named(user) && p.from(other, req.Flow().Remote) {
			return other
		}
	}
	return first
}

// named reports whether a Request-URI means this account.
func (t *Trunk) named(user string) bool {
	return t.op.login().is(user) || t.op.Number != "" && Normalize(user) == Normalize(t.op.Number)
}

// from reports whether an operator's calls come from an address.
func (p *peers) from(one *Trunk, remote netip.AddrPort) bool {
	addr := remote.Addr().Unmap()
	if slices.Contains(p.operators[one], addr) {
		return true
	}
	return slices.ContainsFunc(one.op.Sources, func(text string) bool {
		s, err := parseSource(text)
		return err == nil && s.matches(netip.AddrPortFrom(addr, remote.Port()))
	})
}

// index builds the picture from the configuration and from the addresses of operators and phones.
func (t *Trunks) index(operators map[*Trunk][]netip.Addr) *peers {
	p := &peers{exact: make(map[netip.Addr]*Trunk), operators: operators}
	for _, phone := range t.phones.Load().hosts {
		if s, err := parseSource(phone); err == nil {
			p.add(s, nil)
			continue
		}
		p.addAll(t.addrs(phone), nil)
	}
	for _, one := range t.trunks {
		p.addAll(operators[one], one)
		for _, text := range one.op.Sources {
			if s, err := parseSource(text); err == nil { // Validate refused the others
				p.add(s, one)
			}
		}
	}
	slices.SortStableFunc(p.nets, func(a, b peerNet) int {
		return cmp.Or(cmp.Compare(b.prefix.Bits(), a.prefix.Bits()), cmp.Compare(rank(a.trunk), rank(b.trunk)))
	})
	return p
}

func (p *peers) addAll(addrs []netip.Addr, who *Trunk) {
	for _, addr := range addrs {
		p.add(source{prefix: hostPrefix(addr)}, who)
	}
}

// add admits one source. Operators win over phones at the same address; the first operator wins.
func (p *peers) add(s source, who *Trunk) {
	if s.port != 0 || !s.prefix.IsSingleIP() {
		p.nets = append(p.nets, peerNet{source: s, trunk: who})
		return
	}
	if old, ok := p.exact[s.prefix.Addr()]; !ok || old == nil {
		p.exact[s.prefix.Addr()] = who
	}
}

// rank sorts operators before phones.
func rank(t *Trunk) int {
	if t == nil {
		return 1
	}
	return 0
}
