package dialog

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/wire"
)

func uri(t *testing.T, s string) wire.URI {
	t.Helper()
	u, err := wire.ParseURI(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestHop(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, transport, from, target string
		routes                        []string
		want                          string
	}{
		{"public contact", "udp", "198.51.100.9:5060", "sip:a@198.51.100.10:5070", nil, "198.51.100.10:5070"},
		{"default port", "udp", "198.51.100.9:1024", "sip:a@198.51.100.9", nil, "198.51.100.9:5060"},
		{"private contact behind NAT", "udp", "198.51.100.9:1024", "sip:a@192.168.1.5", nil, "198.51.100.9:1024"},
		{"loopback contact from outside", "udp", "198.51.100.9:1024", "sip:a@127.0.0.1", nil, "198.51.100.9:1024"},
		{"operator's NAT", "udp", "198.51.100.9:1024", "sip:a@100.64.1.1", nil, "198.51.100.9:1024"},
		{"private network", "udp", "192.168.1.5:1024", "sip:a@192.168.1.5:5062", nil, "192.168.1.5:5062"},
		{"name", "udp", "198.51.100.9:1024", "sip:a@example.com", nil, "198.51.100.9:1024"},
		{"other family", "udp", "198.51.100.9:1024", "sip:a@[2001:db8::1]", nil, "198.51.100.9:1024"},
		{"route", "udp", "198.51.100.9:1024", "sip:a@198.51.100.10", []string{"<sip:198.51.100.8:5061;lr>"}, "198.51.100.8:5061"},
		{"stream", "tcp", "198.51.100.9:40000", "sip:a@198.51.100.9:5060", nil, "198.51.100.9:40000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := State{Target: uri(t, tt.target), Routes: tt.routes, Flow: wire.Flow{
				Transport: wire.Transport(tt.transport), Remote: netip.MustParseAddrPort(tt.from),
			}}
			if got := s.hop().Remote.String(); got != tt.want {
				t.Errorf("goes to %s, want %s", got, tt.want)
			}
		})
	}
}

func TestHopWhenTheirConnectionIsGone(t *testing.T) {
	t.Parallel()
	const none = "invalid AddrPort"
	accepted := wire.Flow{Remote: netip.MustParseAddrPort("198.51.100.9:40000"), Accepted: true}
	tests := []struct {
		name, transport, target string
		routes                  []string
		kept                    bool
		want                    string
	}{
		{"contact", "tcp", "sip:a@198.51.100.9:5070", nil, false, "198.51.100.9:5070"},
		{"default port", "tcp", "sip:a@198.51.100.9", nil, false, "198.51.100.9:5060"},
		{"default port of TLS", "tls", "sip:a@198.51.100.9", nil, false, "198.51.100.9:5061"},
		{"route", "tls", "sip:a@198.51.100.10", []string{"<sip:198.51.100.8:5071;lr>"}, false, "198.51.100.8:5071"},
		{"behind NAT", "tcp", "sip:a@192.168.1.5", nil, false, none},
		{"name", "tcp", "sip:a@example.com", nil, false, none},
		{"kept", "tls", "sip:a@198.51.100.9", nil, true, none},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := State{Target: uri(t, tt.target), Routes: tt.routes, Flow: accepted}
			s.Flow.Transport, s.Flow.Kept = wire.Transport(tt.transport), tt.kept
			if got := s.hop(); got.Remote != accepted.Remote || got.Instead.String() != tt.want {
				t.Errorf("goes to %s, else to %s, want %s", got.Remote, got.Instead, tt.want)
			}
		})
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	at := func(transport wire.Transport, addr, profile string, accepted, kept bool) wire.Flow {
		return wire.Flow{Transport: transport, Remote: netip.MustParseAddrPort(addr), Profile: profile, Accepted: accepted, Kept: kept}
	}
	const old, fresh = "198.51.100.9:40000", "198.51.100.9:40001"
	tests := []struct {
		name            string
		was, came, want wire.Flow
	}{
		{"theirs", at("tls", old, "op", true, false), at("tls", fresh, "", true, false), at("tls", fresh, "op", true, false)},
		{"a phone's", at("tls", old, "", false, true), at("tls", fresh, "", true, false), at("tls", fresh, "", true, true)},
		{"ours instead of theirs", at("tls", old, "op", true, false), at("tls", fresh, "op", false, false), at("tls", fresh, "op", false, false)},
		{"ours stays", at("tls", old, "op", false, false), at("tls", fresh, "", true, false), at("tls", old, "op", false, false)},
		{"never to less", at("tls", old, "", true, false), at("tcp", fresh, "", true, false), at("tls", old, "", true, false)},
		{"datagrams", at("udp", old, "", false, false), at("tcp", fresh, "", true, false), at("udp", old, "", false, false)},
		{"a datagram", at("tcp", old, "", true, false), at("udp", fresh, "", false, false), at("tcp", old, "", true, false)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := State{Flow: tt.was}
			if s.follow(tt.came); s.Flow != tt.want {
				t.Errorf("%+v, want %+v", s.Flow, tt.want)
			}
		})
	}
}

func TestRFC3261StrictRouter(t *testing.T) {
	t.Parallel()
	s := State{Target: uri(t, "sip:a@198.51.100.9"), Routes: []string{"<sip:old@198.51.100.7>", "<sip:198.51.100.8;lr>"}}
	u, routes := s.routing()
	if u.String() != "sip:old@198.51.100.7" || strings.Join(routes, " ") != "<sip:198.51.100.8;lr> <sip:a@198.51.100.9>" {
		t.Errorf("%s, %v", u, routes)
	}
}

func TestCSeqIsReservedInBlocks(t *testing.T) {
	t.Parallel()
	s := State{}
	used := map[uint32]bool{}
	for range 100 {
		n := s.nextCSeq()
		if used[n] || n > s.CSeqLimit {
			t.Fatalf("number %d, block ends at %d", n, s.CSeqLimit)
		}
		used[n] = true
	}
	next := s.Resume()
	if n := next.nextCSeq(); n <= s.CSeqLimit {
		t.Errorf("successor uses %d inside the block that ends at %d", n, s.CSeqLimit)
	}
}

func TestReasonHeader(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int{
		`Q.850;cause=16;text="Normal call clearing"`:    16,
		`SIP;cause=200;text="Call completed elsewhere"`: 0,
		`SIP ;cause=487, q.850 ;cause=31`:               31,
		`Q.850;cause=999`:                               0,
		`Q.850;cause=x;;`:                               0,
		ReasonQ850(102, `say "no"`).Value:               102,
	} {
		if got, _ := parseReason([]string{value}); got != want {
			t.Errorf("%s: cause %d, want %d", value, got, want)
		}
	}
}

func TestMultipartDescription(t *testing.T) {
	t.Parallel()
	req := wire.NewRequest(wire.INVITE, uri(t, "sip:a@example.com"))
	req.SetBody("multipart/mixed;boundary=xyz", []byte("--xyz\r\nContent-Type: application/isup\r\n\r\nabc\r\n"+
		"--xyz\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--xyz--\r\n"))
	if got := string(description(req)); got != "v=0\r\n" {
		t.Errorf("%q", got)
	}
	req.SetBody("text/plain", []byte("v=0"))
	if got := description(req); got != nil {
		t.Errorf("%q", got)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{T1: -1, T2: -2}.Validate()
	for _, path := range []string{"t1", "t2", "ack_timeout", "no_answer"} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s is missing in %v", path, err)
		}
	}
}

// TestEveryCell checks what holds for every state and event: the step is defined,
// nothing is told twice in one step, and an INVITE leaves from Idle only.
func TestEveryCell(t *testing.T) {
	t.Parallel()
	last := func(actions []Action) (n int) {
		for _, a := range actions {
			if a == TellFailed || a == TellCancelled || a == TellEnded {
				n++
			}
		}
		return n
	}
	check := func(from, ev, next interface{ String() string }, over bool, actions []Action) {
		for _, a := range actions {
			if a == SendInvite && from.String() != "Idle" {
				t.Errorf("%s on %s sends an INVITE", from, ev)
			}
		}
		if n := last(actions); n > 1 || n == 1 && from.String() == "Terminated" {
			t.Errorf("%s on %s tells the end %d times", from, ev, n)
		}
		if from.String() == "Terminated" && !over {
			t.Errorf("%s on %s comes back as %s", from, ev, next)
		}
	}
	for s := range uacStateCount {
		for ev := range uacEventCount {
			next, actions := s.Step(ev)
			check(s, ev, next, next == UACTerminated, actions)
		}
	}
	for s := range uasStateCount {
		for ev := range uasEventCount {
			next, actions := s.Step(ev)
			check(s, ev, next, next == UASTerminated, actions)
		}
	}
	for s := range offerStateCount {
		for ev := range offerEventCount {
			if next, _ := s.Step(ev); s == OfferClosed && next != OfferClosed {
				t.Errorf("%s on %s comes back as %s", s, ev, next)
			}
		}
	}
	for s := range reliableStateCount {
		for ev := range reliableEventCount {
			next, actions := s.Step(ev)
			if s == ReliableDone && next != ReliableDone {
				t.Errorf("%s on %s comes back as %s", s, ev, next)
			}
			armed := next == ReliableUnacked || next == ReliableUnackedSDP || next == ReliableHeld
			if was := s == ReliableUnacked || s == ReliableUnackedSDP || s == ReliableHeld; was && !armed && !slices.Contains(actions, StopPrack) {
				t.Errorf("%s on %s leaves its timers running", s, ev)
			}
		}
	}
	for s := range sessionStateCount {
		for ev := range sessionEventCount {
			next, actions := Session{State: s, Interval: time.Minute}.Step(ev, time.Unix(0, 0), time.Minute)
			if next.State != SessionOff && next.State != s && !slices.Contains(actions, ArmSession) {
				t.Errorf("%s on %s becomes %s and never wakes", s, ev, next.State)
			}
		}
	}
	for a := range actionCount {
		if strings.HasPrefix(a.String(), "action(") {
			t.Errorf("action %d has no name", a)
		}
	}
	for k := range kindCount {
		if strings.HasPrefix(k.String(), "kind(") {
			t.Errorf("kind %d has no name", k)
		}
	}
}

func TestRouteSetAndState(t *testing.T) {
	t.Parallel()
	if got := strings.Join(reversed([]string{"<sip:a;lr>", "<sip:b;lr>"}), " "); got != "<sip:b;lr> <sip:a;lr>" {
		t.Error(got)
	}
	d := &Dialog{s: State{Role: UAS, CallID: "c", LocalTag: "l", RemoteTag: "r", Routes: []string{"<sip:a;lr>"}}}
	copied := d.State()
	d.s.Routes[0] = "changed"
	if copied.Routes[0] != "<sip:a;lr>" || copied.Role.String() != "uas" || d.ID() != (ID{"c", "l", "r"}) {
		t.Errorf("%+v", copied)
	}
}

func TestHeaderCannotBreakOut(t *testing.T) {
	t.Parallel()
	s := State{Local: "<sip:a@example.com>;tag=x", Remote: "<sip:b@example.com>;tag=y", CallID: "c", Target: uri(t, "sip:b@example.com")}
	if _, err := s.request(wire.BYE, 1, []wire.Header{{Name: "Reason", Value: "x\r\nEvil: 1"}}); err == nil {
		t.Error("a header with a line end was taken")
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	m := newMetrics(reg)
	m.opened(1)
	m.swept()
	m.unacked()
	m.illegal()
	m.foreigner()
	m.panicked()
	m.expired()
	families, err := reg.Gather()
	if err != nil || len(families) != 7 {
		t.Fatalf("%d families, %v", len(families), err)
	}
	for _, f := range families {
		value := f.GetMetric()[0]
		if value.GetCounter().GetValue()+value.GetGauge().GetValue() != 1 {
			t.Errorf("%s is not counted", f.GetName())
		}
	}
}

// FuzzParts feeds what a far end writes into bodies and Reason headers.
func FuzzParts(f *testing.F) {
	f.Add("multipart/mixed;boundary=x", "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--", `Q.850;cause=16;text="a"`)
	f.Add("multipart/mixed", "--", `;;,cause=,SIP;cause=x;text=`)
	f.Add("application/sdp", "v=0", "Q.850 ; CAUSE=127")
	f.Fuzz(func(t *testing.T, contentType, body, reason string) {
		if cause, _ := parseReason([]string{reason}); cause < 0 || cause > 127 {
			t.Errorf("cause %d", cause)
		}
		req := wire.NewRequest(wire.INVITE, wire.URI{Scheme: "sip", Host: "example.com"})
		req.SetBody(contentType, []byte(body))
		if sdp := description(req); len(sdp) > len(body) {
			t.Errorf("%d bytes out of %d", len(sdp), len(body))
		}
	})
}
