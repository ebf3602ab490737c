package trunk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/locate"
	"github.com/butlerspb/vahta/sip/wire"
)

// pair is a primary operator with four servers behind SRV, and a backup with one.
func pair(change ...func(*Config)) (Config, *network) {
	cfg := Default()
	cfg.Operators = []Operator{
		{Name: "primary", Host: "op.example", Transport: wire.UDP, Number: "+74957770000"},
		{Name: "backup", Host: "198.51.100.1", Number: "+74957770001"},
	}
	for _, f := range change {
		f(&cfg)
	}
	n := newNetwork()
	n.services = map[string][]locate.Record{"_sip._udp.op.example": {
		{Priority: 1, Port: 5070, Target: "s1.op.example"},
		{Priority: 2, Port: 5071, Target: "s2.op.example"},
		{Priority: 3, Port: 5072, Target: "s3.op.example"},
		{Priority: 4, Port: 5073, Target: "s4.op.example"},
	}}
	for i := range 4 {
		n.names[fmt.Sprintf("s%d.op.example", i+1)] = []netip.Addr{netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i+1))}
	}
	return cfg, n
}

// ways is where calls go, in short: the last octet of each target and how long it may be silent.
func ways(list []Destination) string {
	var out []string
	for _, d := range list {
		host := d.Flow.Remote.Addr().String()
		out = append(out, fmt.Sprintf("%s/%s", host[strings.LastIndexByte(host, '.')+1:], d.NoProgress))
	}
	return strings.Join(out, " ")
}

// Up to three servers of an operator in the order of DNS, then the next operator, all of it in less than four seconds of
// silence; what failed comes last for a while, and comes back.
func TestRFC3263Targets(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	cfg, n := pair()
	trunks, err := New(cfg, Deps{Sender: n, DNS: n, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if got := ways(trunks.Route("112")); got != "1/3s" {
		t.Errorf("before DNS has answered: %s", got) // the backup has an address
	}
	trunks.Resolve(t.Context())
	step := func(what, want string) {
		t.Helper()
		if got := ways(trunks.Route("112")); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	report := func(way int, r Result) { d := trunks.Route("112")[way]; trunks.Report(&d, r) }
	step("all are well", "1/1s 2/1s 3/1s 1/3s")
	report(0, Result{Err: dialog.ErrSilent})
	step("the first was silent: the fourth server takes its place", "2/1s 3/1s 4/1s 1/3s")
	report(0, Result{Status: 503, RetryAfter: 5 * time.Minute})
	step("the second asks for rest: it comes behind the backup", "3/1.5s 4/1.5s 1/3s 1/3s")
	report(0, Result{Status: 486})
	step("busy is a person: nothing changes", "3/1.5s 4/1.5s 1/3s 1/3s")
	report(0, Result{Err: wire.ErrUnreachable})
	report(0, Result{Err: wire.ErrTransport})
	step("all servers rest: the backup is first", "1/3s 1/1s 2/1s 3/1s")
	now = now.Add(restAfterFailure)
	step("half a minute later all but the one that asked for more", "1/1s 3/1s 4/1s 1/3s")
	now = now.Add(5 * time.Minute)
	step("five minutes later", "1/1s 2/1s 3/1s 1/3s")
	report(0, Result{Status: 503, RetryAfter: 24 * time.Hour})
	now = now.Add(maxRest)
	step("nobody rests longer than ten minutes", "1/1s 2/1s 3/1s 1/3s")
	report(1, Result{Err: dialog.ErrSilent})
	d := trunks.Route("112")
	dead := trunks.destination(trunks.Get("primary"), "112", wire.Flow{Transport: wire.UDP, Remote: netip.MustParseAddrPort("192.0.2.2:5071")})
	trunks.Report(&dead, Result{Status: 100})
	if got := ways(trunks.Route("112")); got == ways(d) || got != "1/1s 2/1s 3/1s 1/3s" {
		t.Errorf("a target that takes a call again: %s", got)
	}
	for _, r := range []Result{{}, {Err: errors.New("our own fault")}, {Err: dialog.ErrCancelled}} {
		report(0, r)
		step("what says nothing of the operator changes nothing", "1/1s 2/1s 3/1s 1/3s")
	}
	if sum := silence(trunks.Route("112")); sum >= 4*time.Second {
		t.Errorf("an operator of dead servers costs %s", sum)
	}
}

// silence is how long dead servers of the first operator hold up a call.
func silence(list []Destination) (sum time.Duration) {
	for _, d := range list {
		if d.Trunk == list[0].Trunk {
			sum += d.NoProgress
		}
	}
	return sum
}

// A probe that a target answers ends a rest that another probe began, and none that a call or a 503 began.
func TestRFC3263ProbesAndCalls(t *testing.T) {
	t.Parallel()
	cfg, n := pair()
	trunks := newTrunks(t, cfg, n)
	trunks.Resolve(t.Context())
	one := trunks.Get("primary")
	first := trunks.ways(one)[0].flow
	trunks.rest(one, first, time.Minute)
	if trunks.ways(one)[0].flow == first {
		t.Fatal("a target that rests is first")
	}
	trunks.revive(one, first)
	if trunks.ways(one)[0].flow != first {
		t.Error("a target that answers still rests")
	}
	d := trunks.destination(one, "112", first)
	trunks.Report(&d, Result{Err: dialog.ErrSilent})
	trunks.revive(one, first)
	if trunks.ways(one)[0].flow == first {
		t.Error("an answer to OPTIONS outweighs a call that failed")
	}
}

// What an operator is told of a call out, setting by setting.
func TestIdentityOfCallsOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		op   Operator
		want string
	}{
		{"plain", Operator{}, "sip:+79161234567@op.example from <sip:+74957770000@op.example>"},
		{"domain", Operator{Domain: "ims.example"}, "sip:+79161234567@ims.example from <sip:+74957770000@ims.example>"},
		{"plan", Operator{Plan: PlanPlain7}, "sip:79161234567@op.example from <sip:74957770000@op.example>"},
		{"as it is written", Operator{Plan: PlanPlain7, Number: "84957770000", Identity: Identity{CLI: CLIAsIs}}, "sip:79161234567@op.example from <sip:84957770000@op.example>"},
		{
			"the login, and the number asserted",
			Operator{Auth: Auth{User: "login", Password: "x"}, Identity: Identity{CLI: CLILogin, Send: []string{"pai"}}},
			"sip:+79161234567@op.example from <sip:login@op.example> P-Asserted-Identity: <sip:+74957770000@op.example>",
		},
		{
			"all headers",
			Operator{Identity: Identity{Send: []string{"pai", "ppi", "rpid", "diversion", "history-info"}, Privacy: "none"}},
			"sip:+79161234567@op.example from <sip:+74957770000@op.example> P-Asserted-Identity: <sip:+74957770000@op.example>" +
				" P-Preferred-Identity: <sip:+74957770000@op.example> Remote-Party-ID: <sip:+74957770000@op.example>;party=calling;privacy=off;screen=no" +
				" Diversion: <sip:+74957770000@op.example>;reason=unconditional;counter=1" +
				" History-Info: <sip:+74957770000@op.example?Reason=SIP%3Bcause%3D302>;index=1, <sip:+79161234567@op.example>;index=1.1 Privacy: none",
		},
		{
			"withheld",
			Operator{Identity: Identity{Send: []string{"rpid"}, Privacy: "id"}},
			"sip:+79161234567@op.example from <sip:+74957770000@op.example> Remote-Party-ID: <sip:+74957770000@op.example>;party=calling;privacy=full;screen=no Privacy: id",
		},
		{"IMS", Operator{Identity: Identity{UserPhone: true}}, "sip:+79161234567@op.example;user=phone from <sip:+74957770000@op.example;user=phone>"},
		{"a port", Operator{Port: 5080}, "sip:+79161234567@op.example:5080 from <sip:+74957770000@op.example>"},
		{"the default port is not written", Operator{Port: 5060}, "sip:+79161234567@op.example from <sip:+74957770000@op.example>"},
		{"TCP", Operator{Port: 5060, Transport: wire.TCP}, "sip:+79161234567@op.example;transport=tcp from <sip:+74957770000@op.example>"},
		{
			"an outbound proxy",
			Operator{OutboundProxy: "sip:192.0.2.1:5066;transport=tcp"},
			"sip:+79161234567@op.example;transport=tcp from <sip:+74957770000@op.example> Route: <sip:192.0.2.1:5066;transport=tcp;lr>",
		},
	} {
		op := tt.op
		op.Name, op.Host = "op", "op.example"
		if op.Number == "" {
			op.Number = "+7 495 777-00-00"
		}
		cfg := Default()
		cfg.Operators = []Operator{op}
		n := newNetwork()
		n.names["op.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
		trunks := newTrunks(t, cfg, n)
		trunks.Resolve(t.Context())
		list := trunks.Route("8 916 123-45-67")
		if len(list) != 1 {
			t.Errorf("%s: %d ways", tt.name, len(list))
			continue
		}
		d := list[0]
		var got strings.Builder
		got.WriteString(d.URI.String() + " from " + d.From.String())
		for _, h := range d.Headers {
			got.WriteString(" " + h.Name + ": " + h.Value)
		}
		for _, r := range d.Routes {
			got.WriteString(" Route: " + r)
		}
		if got.String() != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got.String(), tt.want)
		}
		if d.Number != "+79161234567" {
			t.Errorf("%s: the number is %q", tt.name, d.Number)
		}
	}
}

// What is agreed with an operator stands on both legs; a flow says by which address and with which certificates.
func TestTLSOperatorFlow(t *testing.T) {
	t.Parallel()
	cfg := Default()
	op := Operator{
		Name: "op", Host: "192.0.2.1", Transport: wire.TLS, Local: "10.0.0.2", Number: "+74957770000",
		TLS: wire.TLSProfile{CA: "ca.pem", MinVersion: "1.3"}, Reliable: dialog.ReliableRequire, Timer: dialog.SessionTimer{Off: true},
		Media: Media{Codecs: []string{"pcmu"}, DTMF: DTMFInfo, SRTP: SRTPRequired},
	}
	proxied := Operator{Name: "proxied", Host: "op.example", OutboundProxy: "proxy.example:5071", Transport: wire.TLS, Number: "+74957770001"}
	named := Operator{Name: "named", Host: "op.example", TLS: wire.TLSProfile{ServerName: "sip.op.example"}, Number: "+74957770002"}
	cfg.Operators = []Operator{op, proxied, named}
	listener := netip.MustParseAddrPort("10.0.0.2:5061")
	trunks, err := New(cfg, Deps{Sender: newNetwork(), DNS: newNetwork(), ListenerOn: func(tr wire.Transport, addr netip.Addr) (netip.AddrPort, bool) {
		return listener, tr == wire.TLS && addr == listener.Addr()
	}})
	if err != nil {
		t.Fatal(err)
	}
	d := trunks.Route("112")[0]
	if want := (wire.Flow{Transport: wire.TLS, Local: listener, Remote: netip.MustParseAddrPort("192.0.2.1:5061"), Profile: "op"}); d.Flow != want {
		t.Errorf("flow %+v, want %+v", d.Flow, want)
	}
	p := trunks.Get("op").Policy()
	if p.Media.DTMF != d.Media.DTMF || p.Media.SRTP != SRTPRequired || p.Reliable != d.Reliable || p.Timer != d.Timer || !p.Timer.Off {
		t.Errorf("policy %+v, destination %+v", p, d)
	}
	profiles := trunks.TLSProfiles()
	if got := profiles["op"]; got.ServerName != "192.0.2.1" || got.CA != "ca.pem" || got.MinVersion != "1.3" {
		t.Errorf("profile %+v", got)
	}
	if got := profiles["proxied"].ServerName + " " + profiles["named"].ServerName; got != "proxy.example sip.op.example" {
		t.Errorf("names that must stand in certificates: %s", got)
	}
}

// A server that dies while a call rings through it is noticed within four seconds, and no other reason ends a call.
func TestRFC3263ServerDiesWhileItRings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg, n := pair()
		trunks := newTrunks(t, cfg, n)
		trunks.Resolve(t.Context())
		n.set("192.0.2.1", true)
		ask := func(d Destination) error { // as the owner of a call asks
			time.Sleep(500 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return d.Alive(ctx)
		}
		d := trunks.Route("112")[0]
		for range 3 {
			if err := ask(d); err != nil {
				t.Fatalf("a living server: %v", err)
			}
		}
		n.set("192.0.2.1", false)
		died := time.Now()
		for ask(d) == nil {
			if time.Since(died) > time.Minute {
				t.Fatal("never noticed")
			}
		}
		if took := time.Since(died); took >= 4*time.Second {
			t.Errorf("noticed after %s", took)
		}
		if next := trunks.Route("112")[0].Flow.Remote; next == d.Flow.Remote {
			t.Error("the next call begins with the dead server")
		}
		mute := trunks.Route("112")[0] // this one has never answered OPTIONS
		for range 5 {
			if err := ask(mute); err != nil {
				t.Errorf("a server that never answers OPTIONS: %v", err)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) { // fifty calls ask no more than one
		cfg, n := pair()
		trunks := newTrunks(t, cfg, n)
		trunks.Resolve(t.Context())
		n.set("192.0.2.1", true)
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() {
				d := trunks.Route("112")[0]
				for range 20 {
					time.Sleep(500 * time.Millisecond)
					if err := d.Alive(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		calls.Wait()
		if n.sent > 11 {
			t.Errorf("%d OPTIONS in ten seconds", n.sent)
		}
	})
	cfg, n := pair(func(c *Config) { c.Operators[1].NoOptions = true })
	if d := newTrunks(t, cfg, n).Route("112")[0]; d.Alive != nil {
		t.Error("an operator that dislikes OPTIONS is asked while it rings")
	}
}

// Calls come from addresses to which DNS led a moment ago as well, but not for ever.
func TestRFC3263AddressesOfLateStayWelcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.Operators = []Operator{{Name: "op", Host: "op.example", Port: 5060, NoOptions: true}}
		n := newNetwork()
		n.names["op.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
		trunks := newTrunks(t, cfg, n)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = trunks.Run(ctx) })
		synctest.Wait()
		old, fresh := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("192.0.2.2:5060")
		if trunks.Admit(old) != wire.Peer || trunks.Admit(fresh) == wire.Peer {
			t.Fatal("not admitted")
		}
		n.mu.Lock()
		n.names["op.example"] = []netip.Addr{fresh.Addr()}
		n.mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		if trunks.Admit(old) != wire.Peer || trunks.Admit(fresh) != wire.Peer {
			t.Error("one of the addresses is not welcome")
		}
		time.Sleep(keepKnown)
		trunks.SetPhones(nil)
		if trunks.Admit(old) == wire.Peer || trunks.Admit(fresh) != wire.Peer {
			t.Error("the old address is welcome for ever, or the new one is not")
		}
		stop()
		running.Wait()
	})
}

func TestOutboundProxy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]proxy{
		"proxy.example": {host: "proxy.example"}, "proxy.example:5070": {host: "proxy.example", port: 5070},
		"sip:proxy.example": {host: "proxy.example"}, "sip:proxy.example:5070;transport=TLS;lr": {host: "proxy.example", port: 5070, transport: wire.TLS},
		"192.0.2.1": {host: "192.0.2.1"}, "[2001:db8::1]:5070": {host: "2001:db8::1", port: 5070}, "2001:db8::1": {host: "2001:db8::1"},
	} {
		if got, err := parseProxy(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"proxy example", "proxy:0", "proxy:x", "sip:user@proxy", "sip:proxy;transport=sctp", "http://proxy"} {
		if got, err := parseProxy(bad); err == nil {
			t.Errorf("%s was taken as %+v", bad, got)
		}
	}
}

func TestValidateOperator(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.DNS.Servers = []string{"dns.example"}
	cfg.Operators = []Operator{
		{
			Name: "a", Host: "h", Profile: "x", Transport: wire.UDP, TLS: wire.TLSProfile{Cert: "c", MinVersion: "1.1"}, Local: "lo", OutboundProxy: "a b",
			Auth: Auth{Password: "p"}, DID: "header:", Identity: Identity{CLI: "x", Send: []string{"x"}, Believe: []string{"diversion"}, Privacy: "x"},
			Media: Media{Codecs: []string{"pcma", "g729", "pcma"}, DTMF: "x", SRTP: "x"}, Timer: dialog.SessionTimer{Expires: time.Second},
		},
		{Name: "b", Host: "h", Auth: Auth{User: "u"}},
		{Name: "c", Host: "h", Identity: Identity{CLI: CLILogin}},
	}
	err := cfg.Validate()
	if err == nil {
		t.Fatal("nothing was wrong")
	}
	for _, want := range []string{
		"[0].profile", "[0].tls", "[0].local", "[0].outbound_proxy", "[0].auth.user", "[0].did", "[0].identity.cli", "[0].identity.send",
		"[0].identity.believe", "[0].identity.privacy", "[0].codecs", "[0].dtmf", "[0].srtp", "[0].timer", "[1].auth.password", "[2].identity.cli", "dns",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in:\n%v", want, err)
		}
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg.Operators[0].Auth, cfg.Operators[0].Auth.Password), `"p"`) {
		t.Error("a password shows")
	}
}
