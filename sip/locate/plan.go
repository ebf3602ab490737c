package locate

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Transports that are looked for, as SIP names them.
const (
	UDP = "udp"
	TCP = "tcp"
	TLS = "tls"
)

// Query is what is known of a peer before DNS is asked. What it leaves out DNS decides.
type Query struct {
	Host      string `json:"host"`
	Port      int    `json:"port,omitempty"`      // 0 = what SRV says, else the transport's default
	Transport string `json:"transport,omitempty"` // udp, tcp or tls; "" = what NAPTR says, else udp
}

// Server is one server of a domain.
type Server struct {
	Name      string       `json:"name"`
	Transport string       `json:"transport"`
	Port      uint16       `json:"port"`
	Priority  uint16       `json:"priority,omitempty"` // lower is tried first
	Weight    uint16       `json:"weight,omitempty"`   // share among those of one priority
	Addrs     []netip.Addr `json:"addrs"`
}

// Plan is what DNS says to a query.
type Plan []Server

// Target is one address to send to.
type Target struct {
	Transport string
	Addr      netip.AddrPort
	Host      string // the server's name
}

const (
	sipPort  = 5060 // RFC 3261 §19.1.2
	sipsPort = 5061

	maxServers = 16 // of one plan; the rest would never be tried
	maxAddrs   = 16 // of one server
)

func defaultPort(transport string) uint16 {
	if transport == TLS {
		return sipsPort
	}
	return sipPort
}

// Targets puts the servers' addresses into the order in which they are to be tried: by priority, among equals by weight
// and chance (RFC 2782). The first address of each server comes before the second of any: several addresses of one name
// are often one machine. random(n) is a whole number from 0 to n-1.
func (p Plan) Targets(random func(n int) int) []Target {
	servers := p.order(random)
	var out []Target
	for i := 0; ; i++ {
		more := false
		for _, s := range servers {
			if i < len(s.Addrs) {
				more = true
				out = append(out, Target{Transport: s.Transport, Addr: netip.AddrPortFrom(s.Addrs[i], s.Port), Host: s.Name})
			}
		}
		if !more {
			return out
		}
	}
}

// order is the algorithm of RFC 2782, "Usage rules".
func (p Plan) order(random func(n int) int) []Server {
	left := slices.Clone(p)
	slices.SortStableFunc(left, func(a, b Server) int { // servers without weight first, as the RFC says
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(min(a.Weight, 1), min(b.Weight, 1)))
	})
	out := make([]Server, 0, len(left))
	for len(left) > 0 {
		same := 1
		sum := int(left[0].Weight)
		for same < len(left) && left[same].Priority == left[0].Priority {
			sum += int(left[same].Weight)
			same++
		}
		pick, running := random(sum+1), 0
		for i := range same {
			running += int(left[i].Weight)
			if running >= pick {
				out = append(out, left[i])
				left = slices.Delete(left, i, i+1)
				break
			}
		}
	}
	return out
}

// literal returns the address that a host is, if it is one.
func literal(host string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return addr.Unmap(), err == nil
}

// equal reports whether two plans say the same.
func (p Plan) equal(o Plan) bool {
	return slices.EqualFunc(p, o, func(a, b Server) bool {
		return a.Name == b.Name && a.Transport == b.Transport && a.Port == b.Port && a.Priority == b.Priority && a.Weight == b.Weight &&
			slices.Equal(a.Addrs, b.Addrs)
	})
}
