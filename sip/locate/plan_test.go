package locate

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// zone is what DNS knows, as "KIND name" → answer. A missing entry is a question without an answer.
type zone map[string][]Record

// naptr, srv and a are records as zone files write them.
func naptr(order, pref uint16, service, target string) Record {
	return Record{Order: order, Preference: pref, Flags: "S", Service: service, Target: target}
}

func srv(prio, weight, port uint16, target string) Record {
	return Record{Priority: prio, Weight: weight, Port: port, Target: target}
}

func a(addrs ...string) []Record {
	var out []Record
	for _, s := range addrs {
		out = append(out, Record{Addr: netip.MustParseAddr(s)})
	}
	return out
}

// follow walks a zone in which everything that is not written down does not exist.
func (z zone) follow(q Query) (Plan, *walk) {
	w := &walk{
		known:  func(q Question) (Answer, bool) { return Answer{Records: z[q.Kind.String()+" "+q.Name]}, true },
		failed: func(Question) bool { return false },
	}
	return w.follow(q), w
}

// text writes a plan as "udp host:port addr addr (priority/weight)".
func (p Plan) text() string {
	var lines []string
	for _, s := range p {
		lines = append(lines, fmt.Sprintf("%s %s:%d %v (%d/%d)", s.Transport, s.Name, s.Port, s.Addrs, s.Priority, s.Weight))
	}
	return strings.Join(lines, ", ")
}

// The rules of RFC 3263 §4.1 and §4.2, one line each.
func TestRFC3263Walk(t *testing.T) {
	t.Parallel()
	full := zone{
		"NAPTR op.example": {
			naptr(50, 50, "SIPS+D2T", "_sips._tcp.op.example"), naptr(90, 50, "SIP+D2T", "_sip._tcp.op.example"),
			naptr(100, 50, "SIP+D2U", "_sip._udp.op.example"), naptr(10, 10, "SIP+D2W", "_ws.op.example"), naptr(1, 1, "E2U+sip", "x"),
		},
		"SRV _sips._tcp.op.example": {srv(1, 0, 5061, "s1.op.example")},
		"SRV _sip._tcp.op.example":  {srv(1, 0, 5060, "s1.op.example")},
		"SRV _sip._udp.op.example":  {srv(20, 1, 5060, "s2.op.example"), srv(10, 60, 5070, "s1.op.example"), srv(10, 20, 5080, "s3.op.example")},
		"A s1.op.example":           a("192.0.2.1", "192.0.2.11"),
		"A s2.op.example":           a("192.0.2.2"),
		"AAAA s2.op.example":        a("2001:db8::2"),
		"A s3.op.example":           a("192.0.2.3"),
		"A op.example":              a("192.0.2.100"),
	}
	for _, tt := range []struct {
		name  string
		zone  zone
		query Query
		want  string
	}{
		{"an address is itself", full, Query{Host: "192.0.2.9"}, "udp 192.0.2.9:5060 [192.0.2.9] (0/0)"},
		{"an address with TLS", full, Query{Host: "192.0.2.9", Transport: TLS}, "tls 192.0.2.9:5061 [192.0.2.9] (0/0)"},
		{"an address in brackets", full, Query{Host: "[2001:db8::9]", Port: 5070, Transport: TCP}, "tcp [2001:db8::9]:5070 [2001:db8::9] (0/0)"},
		{"a port asks for addresses only", full, Query{Host: "op.example", Port: 5062}, "udp op.example:5062 [192.0.2.100] (0/0)"},
		{"a port and a transport", full, Query{Host: "op.example", Port: 5062, Transport: TCP}, "tcp op.example:5062 [192.0.2.100] (0/0)"},
		{
			"a transport asks for its SRV", full,
			Query{Host: "op.example", Transport: UDP},
			"udp s1.op.example:5070 [192.0.2.1 192.0.2.11] (10/60), udp s3.op.example:5080 [192.0.2.3] (10/20), udp s2.op.example:5060 [192.0.2.2 2001:db8::2] (20/1)",
		},
		{"TLS has a service of its own", full, Query{Host: "op.example", Transport: TLS}, "tls s1.op.example:5061 [192.0.2.1 192.0.2.11] (1/0)"},
		{"neither: NAPTR chooses by order", full, Query{Host: "op.example"}, "tls s1.op.example:5061 [192.0.2.1 192.0.2.11] (1/0)"},
		{
			"NAPTR prefers among one order",
			zone{
				"NAPTR op.example":        {naptr(1, 20, "SIP+D2U", "u.example"), naptr(1, 10, "sip+d2t", "T.example")},
				"SRV t.example":           {srv(0, 0, 5060, "a.example")},
				"SRV u.example":           {srv(0, 0, 5060, "a.example")},
				"A a.example":             a("192.0.2.1"),
				"SRV _sip._udp.op.exampl": nil,
			},
			Query{Host: "op.example"},
			"tcp a.example:5060 [192.0.2.1] (0/0)",
		},
		{
			"a NAPTR that leads nowhere gives way to the next",
			zone{
				"NAPTR op.example": {naptr(1, 1, "SIPS+D2T", "gone.example"), naptr(2, 1, "SIP+D2U", "u.example")},
				"SRV u.example":    {srv(0, 0, 5060, "a.example")},
				"A a.example":      a("192.0.2.1"),
			},
			Query{Host: "op.example"},
			"udp a.example:5060 [192.0.2.1] (0/0)",
		},
		{
			"without NAPTR the first SRV there is",
			zone{"SRV _sip._tcp.op.example": {srv(0, 0, 5066, "a.example")}, "A a.example": a("192.0.2.1")},
			Query{Host: "op.example"},
			"tcp a.example:5066 [192.0.2.1] (0/0)",
		},
		{"without both the name itself", zone{"A op.example": a("192.0.2.1")}, Query{Host: "op.example"}, "udp op.example:5060 [192.0.2.1] (0/0)"},
		{"the same with TLS", zone{"A op.example": a("192.0.2.1")}, Query{Host: "op.example", Transport: TLS}, "tls op.example:5061 [192.0.2.1] (0/0)"},
		{"IPv6 only", zone{"AAAA op.example": a("2001:db8::1")}, Query{Host: "op.example"}, "udp op.example:5060 [2001:db8::1] (0/0)"},
		{"capitals are nothing", zone{"A op.example": a("192.0.2.1")}, Query{Host: "OP.Example.", Port: 5060}, "udp OP.Example.:5060 [192.0.2.1] (0/0)"},
		{
			"the root as target: not offered, and the name is not tried",
			zone{"SRV _sip._udp.op.example": {srv(0, 0, 0, "")}, "A op.example": a("192.0.2.1")},
			Query{Host: "op.example", Transport: UDP},
			"",
		},
		{
			"a service that is not offered gives way to one that is",
			zone{
				"SRV _sip._udp.op.example": {srv(0, 0, 0, "")}, "SRV _sip._tcp.op.example": {srv(1, 0, 5060, "a.example")},
				"A a.example": a("192.0.2.1"), "A op.example": a("192.0.2.100"),
			},
			Query{Host: "op.example"},
			"tcp a.example:5060 [192.0.2.1] (1/0)",
		},
		{
			"no service is offered, and the name is not tried",
			zone{
				"SRV _sip._udp.op.example": {srv(0, 0, 0, "")}, "SRV _sips._tcp.op.example": {srv(1, 0, 5061, "gone.example")},
				"A op.example": a("192.0.2.100"),
			},
			Query{Host: "op.example"},
			"",
		},
		{
			"a NAPTR whose servers are gone gives way to the next",
			zone{
				"NAPTR op.example": {naptr(1, 1, "SIPS+D2T", "s.example"), naptr(2, 1, "SIP+D2T", "t.example"), naptr(3, 1, "SIP+D2U", "u.example")},
				"SRV s.example":    {srv(0, 0, 5061, "gone.example")},
				"SRV t.example":    {srv(0, 0, 0, "")},
				"SRV u.example":    {srv(0, 0, 5060, "a.example")},
				"A a.example":      a("192.0.2.1"),
			},
			Query{Host: "op.example"},
			"udp a.example:5060 [192.0.2.1] (0/0)",
		},
		{
			"a target without address is left out",
			zone{"SRV _sip._udp.op.example": {srv(1, 0, 5060, "gone.example"), srv(2, 0, 5060, "a.example")}, "A a.example": a("192.0.2.1")},
			Query{Host: "op.example", Transport: UDP},
			"udp a.example:5060 [192.0.2.1] (2/0)",
		},
		{
			"an address as target is taken",
			zone{"SRV _sip._udp.op.example": {srv(1, 0, 5060, "192.0.2.7")}},
			Query{Host: "op.example", Transport: UDP},
			"udp 192.0.2.7:5060 [192.0.2.7] (1/0)",
		},
		{"sinkholes are no addresses", zone{"A op.example": a("0.0.0.0", "224.0.0.1", "192.0.2.1")}, Query{Host: "op.example"}, "udp op.example:5060 [192.0.2.1] (0/0)"},
		{"nothing at all", zone{}, Query{Host: "op.example"}, ""},
	} {
		plan, w := tt.zone.follow(tt.query)
		if got := plan.text(); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s\nasked %v", tt.name, got, tt.want, w.asked)
		}
	}
}

// A zone that was poisoned, or made for somebody else's network, cannot aim us at this machine, its network or everybody.
func TestRFC3263ForbiddenAddresses(t *testing.T) {
	t.Parallel()
	inward := a("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1", "255.255.255.255", "0.0.0.0", "::")
	server := func(z zone) zone {
		z["SRV _sip._udp.op.example"], z["SRV _sip._udp.lab.test"], z["SRV _sip._udp.localhost"] = z["SRV"], z["SRV"], z["SRV"]
		return z
	}
	hosts := func(addrs ...string) []Record {
		out := a(addrs...)
		for i := range out {
			out[i].Hosts = true
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		zone  zone
		query Query
		want  string
	}{
		{"of the name itself", zone{"A op.example": inward, "AAAA op.example": inward}, Query{Host: "op.example", Port: 6379}, ""},
		{"beside a good one", zone{"A op.example": append(a("192.0.2.1", "10.0.0.1"), inward...)}, Query{Host: "op.example", Port: 5060}, "udp op.example:5060 [10.0.0.1 192.0.2.1] (0/0)"},
		{"of a target", server(zone{"SRV": {srv(1, 0, 6379, "a.example")}, "A a.example": inward}), Query{Host: "op.example"}, ""},
		{"as a target", server(zone{"SRV": {srv(1, 0, 6379, "127.0.0.1"), srv(2, 0, 80, "169.254.169.254"), srv(3, 0, 80, "::1")}}), Query{Host: "op.example"}, ""},
		{
			"of a target that is a name of this machine",
			server(zone{"SRV": {srv(1, 0, 6379, "localhost"), srv(2, 0, 6379, "x.test")}, "A localhost": hosts("127.0.0.1"), "A x.test": a("127.0.0.1")}),
			Query{Host: "op.example"},
			"",
		},

		{"the name of a laboratory leads here", zone{"A lab.test": inward}, Query{Host: "Lab.TEST.", Port: 5060}, "udp Lab.TEST.:5060 [127.0.0.1 127.1.2.3 169.254.169.254 ::1 fe80::1] (0/0)"},
		{"so do its targets", server(zone{"SRV": {srv(1, 0, 5070, "a.example"), srv(2, 0, 5070, "127.0.0.1")}, "A a.example": a("127.0.0.9")}), Query{Host: "lab.test"}, "udp a.example:5070 [127.0.0.9] (1/0), udp 127.0.0.1:5070 [127.0.0.1] (2/0)"},
		{"a name that only ends alike is public", zone{"A notatest": inward, "A test.example": inward}, Query{Host: "notatest", Port: 5060}, ""},
		{"localhost is what it says", zone{"A localhost": a("127.0.0.1"), "AAAA localhost": a("::1")}, Query{Host: "localhost", Port: 5060}, "udp localhost:5060 [127.0.0.1 ::1] (0/0)"},
		{"a name that the hosts file leads here", zone{"A pbx.example": hosts("127.0.1.1", "224.0.0.1")}, Query{Host: "PBX.example", Port: 5060}, "udp PBX.example:5060 [127.0.1.1] (0/0)"},
		{"an address of this machine that was configured", zone{}, Query{Host: "127.0.0.1"}, "udp 127.0.0.1:5060 [127.0.0.1] (0/0)"},
	} {
		plan, _ := tt.zone.follow(tt.query)
		if got := plan.text(); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// What is asked is only what the rules need.
func TestRFC3263AsksNoMoreThanNeeded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		query Query
		want  string
	}{
		{Query{Host: "192.0.2.1"}, ""},
		{Query{Host: "h", Port: 5060}, "A h, AAAA h"},
		{Query{Host: "h", Transport: TCP}, "SRV _sip._tcp.h, A h, AAAA h"},
		{Query{Host: "h"}, "NAPTR h, SRV _sip._udp.h, SRV _sip._tcp.h, SRV _sips._tcp.h, A h, AAAA h"},
	} {
		_, w := zone{}.follow(tt.query)
		var asked []string
		for _, q := range w.asked {
			asked = append(asked, q.Kind.String()+" "+q.Name)
		}
		if got := strings.Join(asked, ", "); got != tt.want {
			t.Errorf("%+v asks %s, want %s", tt.query, got, tt.want)
		}
	}
}

// The order of targets: priorities first, then weights by chance, each server's first address before any second.
func TestRFC3263Order(t *testing.T) {
	t.Parallel()
	server := func(name string, prio, weight uint16, addrs ...string) Server {
		s := Server{Name: name, Transport: UDP, Port: 5060, Priority: prio, Weight: weight}
		for _, r := range a(addrs...) {
			s.Addrs = append(s.Addrs, r.Addr)
		}
		return s
	}
	plan := Plan{
		server("backup", 20, 100, "192.0.2.20"), server("a", 10, 60, "192.0.2.1", "192.0.2.11"),
		server("b", 10, 20, "192.0.2.2"), server("zero", 10, 0, "192.0.2.3"),
	}
	for _, tt := range []struct {
		draws []int // what chance says, in turn: from 0 to the sum of the weights that are left
		want  string
	}{
		{[]int{0, 0, 0, 0}, "zero a b backup a"},
		{[]int{1, 0, 0, 0}, "a zero b backup a"},
		{[]int{60, 1, 0, 0}, "a b zero backup a"},
		{[]int{61, 60, 0, 0}, "b a zero backup a"},
		{[]int{80, 0, 0, 100}, "b zero a backup a"},
	} {
		draws := tt.draws
		var got []string
		for _, target := range plan.Targets(func(n int) int {
			draw := draws[0]
			draws = draws[1:]
			if draw >= n {
				t.Fatalf("%v: %d was drawn of %d", tt.draws, draw, n)
			}
			return draw
		}) {
			got = append(got, target.Host)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%v: %s, want %s", tt.draws, strings.Join(got, " "), tt.want)
		}
	}
}

// Weights are shares: 60 of 80 calls begin with the server of weight 60.
func TestRFC3263Weights(t *testing.T) {
	t.Parallel()
	plan := Plan{{Name: "a", Weight: 60, Addrs: []netip.Addr{{}}}, {Name: "b", Weight: 20, Addrs: []netip.Addr{{}}}}
	random := rand.New(rand.NewPCG(1, 2))
	first := map[string]int{}
	const rounds = 10_000
	for range rounds {
		first[plan.Targets(random.IntN)[0].Host]++
	}
	if share := float64(first["a"]) / rounds; share < 0.72 || share > 0.79 { // 60/81 to 61/81 by the RFC's algorithm
		t.Errorf("a weight of 60 among 80 came first in %.3f", share)
	}
}

// Whatever the weights: nothing is lost, nothing doubled, priorities hold.
func TestRFC3263OrderKeepsAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var plan Plan
		for i := range rapid.IntRange(0, 12).Draw(t, "servers") {
			plan = append(plan, Server{
				Name: fmt.Sprint(i), Priority: rapid.Uint16Range(0, 3).Draw(t, "priority"), Weight: rapid.Uint16().Draw(t, "weight"),
				Addrs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})},
			})
		}
		targets := plan.Targets(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "draw") })
		prio := map[string]uint16{}
		for _, s := range plan {
			prio[s.Name] = s.Priority
		}
		if len(targets) != len(plan) {
			t.Fatalf("%d of %d servers are left", len(targets), len(plan))
		}
		if !slices.IsSortedFunc(targets, func(a, b Target) int { return int(prio[a.Host]) - int(prio[b.Host]) }) {
			t.Fatalf("priorities are mixed: %v", targets)
		}
	})
}

// While a question is not answered, the plan says so; a question that failed is passed over.
func TestRFC3263WalkWithoutAnswers(t *testing.T) {
	t.Parallel()
	z := zone{"A op.example": a("192.0.2.1")}
	for _, tt := range []struct {
		name           string
		open, failed   string // the question without an answer
		want           string
		missing, guess bool
	}{
		{"NAPTR is on its way", "NAPTR op.example", "", "", true, false},
		{"NAPTR is never answered", "", "NAPTR op.example", "udp op.example:5060 [192.0.2.1] (0/0)", false, true},
		{"SRV is never answered", "", "SRV _sip._udp.op.example", "udp op.example:5060 [192.0.2.1] (0/0)", false, true},
		{"AAAA is never answered", "", "AAAA op.example", "udp op.example:5060 [192.0.2.1] (0/0)", false, false},
		{"A is never answered", "", "A op.example", "", false, true},
	} {
		w := &walk{
			known: func(q Question) (Answer, bool) {
				name := q.Kind.String() + " " + q.Name
				return Answer{Records: z[name]}, name != tt.open && name != tt.failed
			},
			failed: func(q Question) bool { return q.Kind.String()+" "+q.Name == tt.failed },
		}
		plan := w.follow(Query{Host: "op.example"})
		if plan.text() != tt.want || w.missing != tt.missing || w.guessed != tt.guess {
			t.Errorf("%s: %q missing %v guessed %v", tt.name, plan.text(), w.missing, w.guessed)
		}
	}
}
