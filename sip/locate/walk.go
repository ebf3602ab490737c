package locate

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// walk follows RFC 3263 §4 from a query to a plan as far as known answers lead. It notes every question on the way, also
// those that are answered.
type walk struct {
	known   func(Question) (Answer, bool)
	failed  func(Question) bool // asked without success so far: the way goes on as if there were no such records
	host    string              // what the configuration names
	inward  bool                // an address was passed over because it leads to this machine or its link
	asked   []Question
	missing bool // the plan lacks something that has not been asked yet
	guessed bool // the plan stands on a question that has failed
}

// follow returns the plan. It is empty when DNS says that there is no server.
func (w *walk) follow(q Query) Plan {
	w.host = canonical(q.Host)
	transport := cmp.Or(q.Transport, UDP)
	if addr, ok := literal(q.Host); ok {
		return Plan{{Name: q.Host, Transport: transport, Port: port(q.Port, transport), Addrs: []netip.Addr{addr}}}
	}
	switch {
	case q.Port != 0: // §4.2: a port asks for addresses only
		return w.single(q.Host, transport, port(q.Port, transport))
	case q.Transport != "":
		if plan, found := w.services(srvName(q.Host, transport), transport); found {
			return plan
		}
	default: // §4.1
		if plan, found := w.any(q.Host); found {
			return plan
		}
	}
	if w.missing {
		return nil
	}
	return w.single(q.Host, transport, defaultPort(transport))
}

// any lets DNS choose the transport: by NAPTR, else by which SRV there is, in our order of preference. A service that has
// no server now gives way to the next. found says that some service was named.
func (w *walk) any(host string) (plan Plan, found bool) {
	answer, ok := w.get(host, KindNAPTR)
	if !ok {
		return nil, false
	}
	offers := slices.DeleteFunc(slices.Clone(answer.Records), func(r Record) bool {
		return transportOf(r.Service) == "" || !strings.EqualFold(r.Flags, "s") || r.Target == ""
	})
	slices.SortStableFunc(offers, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	for _, r := range offers[:min(len(offers), maxServers)] {
		plan, some := w.services(r.Target, transportOf(r.Service))
		if found = found || some; len(plan) > 0 || w.missing {
			return plan, found
		}
	}
	for _, transport := range []string{UDP, TCP, TLS} {
		plan, some := w.services(srvName(host, transport), transport)
		if found = found || some; len(plan) > 0 || w.missing {
			return plan, found
		}
	}
	return nil, found
}

// services reads SRV records. found says that there are some, even if they only say that the service is not offered.
func (w *walk) services(name, transport string) (plan Plan, found bool) {
	answer, ok := w.get(name, KindSRV)
	if !ok || len(answer.Records) == 0 {
		return nil, false
	}
	records := slices.Clone(answer.Records)
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Port, b.Port))
	})
	for _, r := range records[:min(len(records), maxServers)] {
		if r.Target == "" || r.Port == 0 {
			continue
		}
		s := Server{Name: r.Target, Transport: transport, Port: r.Port, Priority: r.Priority, Weight: r.Weight, Addrs: w.addrs(r.Target)}
		if len(s.Addrs) > 0 {
			plan = append(plan, s)
		}
	}
	return plan, true
}

// single is a plan of one name's addresses.
func (w *walk) single(host, transport string, port uint16) Plan {
	addrs := w.addrs(host)
	if len(addrs) == 0 {
		return nil
	}
	return Plan{{Name: host, Transport: transport, Port: port, Addrs: addrs}}
}

// addrs are a name's addresses in a stable order, IPv4 first.
func (w *walk) addrs(name string) []netip.Addr {
	var out []netip.Addr
	if addr, ok := literal(name); ok { // against RFC 2782, and seen in the field
		if w.believes(name, Record{Addr: addr}) {
			out = append(out, addr)
		}
		return out
	}
	guessed := w.guessed
	for _, kind := range []Kind{KindA, KindAAAA} {
		answer, _ := w.get(name, kind)
		for _, r := range answer.Records {
			if addr := r.Addr.Unmap(); w.believes(name, r) && !slices.Contains(out, addr) {
				out = append(out, addr)
			}
		}
	}
	if len(out) > 0 {
		w.guessed = guessed // one family is enough: there are name servers that never answer for the other
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out[:min(len(out), maxAddrs)]
}

// believes says whether an address of a name may be sent to, so that nobody who writes or poisons a zone can aim us inward.
// Groups and everybody are never sent to. Loopback and link-local addresses are, as long as nobody outside can have named
// them: all the way from a configured name that is never public (localhost and test, RFC 6761), and where the hosts file gives
// one to the configured name itself. That the name server is on this machine says nothing: most that are ask those outside. An
// address in the configuration does not come here.
func (w *walk) believes(name string, r Record) bool {
	addr := r.Addr.Unmap()
	switch {
	case !addr.IsValid(), addr.IsUnspecified(), addr.IsMulticast(), addr == broadcast:
		return false
	case addr.IsLoopback(), addr.IsLinkLocalUnicast():
		meant := neverPublic(w.host) || r.Hosts && canonical(name) == w.host
		w.inward = w.inward || !meant
		return meant
	}
	return true
}

// broadcast reaches everybody on the network, RFC 919 §7.
//
//nolint:gochecknoglobals // a value that is never written to
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// neverPublic says whether a canonical name is one that the public DNS must not know, RFC 6761 §6.2 and §6.3.
func neverPublic(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return last == "localhost" || last == "test"
}

// get reads an answer and notes that it is needed.
func (w *walk) get(name string, kind Kind) (Answer, bool) {
	q := ask(name, kind)
	if !slices.Contains(w.asked, q) {
		w.asked = append(w.asked, q)
	}
	if answer, ok := w.known(q); ok {
		return answer, true
	}
	if w.failed(q) {
		w.guessed = true
		return Answer{}, true
	}
	w.missing = true
	return Answer{}, false
}

func port(given int, transport string) uint16 {
	if given > 0 {
		return uint16(given)
	}
	return defaultPort(transport)
}

// srvName is where a domain's servers for a transport are listed, RFC 3263 §4.1.
func srvName(host, transport string) string {
	if transport == TLS {
		return "_sips._tcp." + host
	}
	return "_sip._" + transport + "." + host
}

// transportOf reads a NAPTR service, RFC 3263 §4.1; "" is one that we do not speak.
func transportOf(service string) string {
	switch strings.ToUpper(service) {
	case "SIP+D2U":
		return UDP
	case "SIP+D2T":
		return TCP
	case "SIPS+D2T":
		return TLS
	}
	return ""
}
