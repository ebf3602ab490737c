package locate

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// maxRecords bounds what is kept of one answer.
const maxRecords = 32

// negativeTTL is how long it holds that there is nothing when the answer does not say.
const negativeTTL = 30 * time.Second

// read takes what a response says to a question. Only records of the name that was asked for, and of its aliases, count.
// An alias comes back when its own records are not in the response: they have to be asked for.
func read(q Question, msg *dns.Msg) (answer Answer, alias string, err error) {
	aliases := make(map[string]string)
	ttl := uint32(1<<31 - 1)
	for _, rr := range msg.Answer {
		if c, ok := rr.(*dns.CNAME); ok && len(aliases) <= maxAliases {
			aliases[canonical(c.Hdr.Name)] = canonical(c.Target)
		}
	}
	name := canonical(q.Name)
	way := make(map[string]bool) // aliases between the question and name
	for hops := 0; aliases[name] != ""; hops++ {
		if hops > len(aliases) {
			return Answer{}, "", errors.New("its aliases lead in a circle")
		}
		way[name] = true
		name = aliases[name]
	}
	for _, rr := range msg.Answer {
		h := rr.Header()
		if h.Rrtype == dns.TypeCNAME && way[canonical(h.Name)] {
			ttl = min(ttl, h.Ttl)
		}
		if canonical(h.Name) != name || h.Class != dns.ClassINET || len(answer.Records) == maxRecords {
			continue
		}
		if r, ok := record(rr, q.Kind); ok {
			ttl = min(ttl, h.Ttl)
			answer.Records = append(answer.Records, r)
		}
	}
	answer.TTL = time.Duration(ttl) * time.Second
	switch {
	case len(answer.Records) > 0:
	case name != canonical(q.Name) && msg.Rcode == dns.RcodeSuccess && !saysNothing(msg):
		return answer, name, nil
	default:
		if answer.TTL, err = nothing(msg); err != nil {
			return Answer{}, "", err
		}
	}
	return answer, "", nil
}

// nothing is how long it holds that there is nothing: RFC 2308 §5. A name server that only knows whom else to ask has
// not answered.
func nothing(msg *dns.Msg) (time.Duration, error) {
	refers := false
	for _, rr := range msg.Ns {
		switch v := rr.(type) {
		case *dns.SOA:
			return time.Duration(min(v.Hdr.Ttl, v.Minttl)) * time.Second, nil
		case *dns.NS:
			refers = true
		}
	}
	if refers && msg.Rcode == dns.RcodeSuccess && !msg.Authoritative {
		return 0, errors.New("refers to other name servers; it does not resolve names for us")
	}
	return negativeTTL, nil
}

// saysNothing reports whether the response tells that the last alias has no such records.
func saysNothing(msg *dns.Msg) bool {
	for _, rr := range msg.Ns {
		if _, ok := rr.(*dns.SOA); ok {
			return true
		}
	}
	return false
}

// record reads one record of the kind that was asked for.
func record(rr dns.RR, kind Kind) (Record, bool) {
	switch v := rr.(type) {
	case *dns.NAPTR:
		return Record{
			Order: v.Order, Preference: v.Preference, Flags: v.Flags, Service: v.Service, Target: canonical(v.Replacement),
		}, kind == KindNAPTR
	case *dns.SRV:
		return Record{Priority: v.Priority, Weight: v.Weight, Port: v.Port, Target: canonical(v.Target)}, kind == KindSRV
	case *dns.A:
		addr, ok := netip.AddrFromSlice(v.A)
		return Record{Addr: addr.Unmap()}, ok && kind == KindA
	case *dns.AAAA:
		addr, ok := netip.AddrFromSlice(v.AAAA)
		return Record{Addr: addr.Unmap()}, ok && kind == KindAAAA
	}
	return Record{}, false
}

// canonical is a name as questions hold it.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// readHosts looks a name up in the text of a hosts file, hosts(5).
func readHosts(text string, q Question) (Answer, bool) {
	found := false
	answer := Answer{TTL: hostsTTL}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, name := range fields[1:] {
			if canonical(name) != q.Name {
				continue
			}
			found = true
			if addr.Unmap().Is4() == (q.Kind == KindA) && len(answer.Records) < maxRecords {
				answer.Records = append(answer.Records, Record{Addr: addr.Unmap(), Hosts: true})
			}
		}
	}
	return answer, found
}
