package locate

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/butlerspb/vahta/sip/siptest"
)

// client asks these servers and nothing of the machine's own configuration.
func client(t *testing.T, servers ...string) *Client {
	t.Helper()
	cfg := Default()
	cfg.Servers, cfg.Timeout = servers, 300*time.Millisecond
	c := NewClient(cfg)
	c.hosts, c.resolv = filepath.Join(t.TempDir(), "hosts"), filepath.Join(t.TempDir(), "resolv.conf")
	return c
}

// said is an answer in short: what stands in its records and for how long it holds.
func said(a Answer, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	var out []string
	for _, r := range a.Records {
		switch {
		case r.Addr.IsValid():
			out = append(out, r.Addr.String())
		case r.Service != "":
			out = append(out, fmt.Sprintf("%d/%d %s %s %s", r.Order, r.Preference, r.Flags, r.Service, r.Target))
		default:
			out = append(out, fmt.Sprintf("%d/%d %s:%d", r.Priority, r.Weight, r.Target, r.Port))
		}
	}
	return strings.Join(out, ", ") + " for " + a.TTL.String()
}

func zoneLines() []string {
	return []string{
		`op.test. 60 IN NAPTR 10 20 "S" "SIP+D2U" "" _sip._udp.op.test.`,
		`_sip._udp.op.test. 60 IN SRV 10 60 5070 A.op.test.`, `_sip._udp.op.test. 30 IN SRV 20 0 5060 b.op.test.`,
		`a.op.test. 90 IN A 127.0.0.1`, `a.op.test. 90 IN AAAA ::1`,
		`b.op.test. 300 IN CNAME c.op.test.`, `c.op.test. 40 IN CNAME a.op.test.`,
		`loop1.op.test. 60 IN CNAME loop2.op.test.`, `loop2.op.test. 60 IN CNAME loop1.op.test.`,
		`_sip._tcp.op.test. 60 IN SRV 0 0 0 .`,
	}
}

func TestRFC3263Questions(t *testing.T) {
	t.Parallel()
	server := siptest.StartDNS(t, zoneLines()...)
	c := client(t, server.Addr())
	for _, tt := range []struct {
		q    Question
		want string
	}{
		{ask("op.test", KindNAPTR), "10/20 S SIP+D2U _sip._udp.op.test for 1m0s"},
		{ask("_sip._udp.op.test", KindSRV), "10/60 a.op.test:5070, 20/0 b.op.test:5060 for 30s"},
		{ask("_sip._tcp.op.test", KindSRV), "0/0 :0 for 1m0s"},
		{ask("A.OP.test.", KindA), "127.0.0.1 for 1m30s"},
		{ask("a.op.test", KindAAAA), "::1 for 1m30s"},
		{ask("b.op.test", KindA), "127.0.0.1 for 40s"},
		{ask("op.test", KindA), " for 2s"},
		{ask("nobody.test", KindA), " for 2s"},
		{ask("loop1.op.test", KindA), "error: its aliases lead in a circle"},
	} {
		if got := said(c.Ask(t.Context(), tt.q)); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.q.Kind, tt.q.Name, got, tt.want)
		}
	}
}

// A name server's bad ways, and what is made of them.
func TestRFC3263NameServers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		mode siptest.DNSMode
		want string
	}{
		{"an answer that is cut off is asked for by TCP", siptest.DNSTruncates, "127.0.0.1 for 40s"},
		{"one that knows no EDNS is asked without", siptest.DNSNoEDNS, "127.0.0.1 for 40s"},
		{"an alias that is not followed is asked for", siptest.DNSBareAlias, "127.0.0.1 for 40s"},
		{"SERVFAIL is no answer", siptest.DNSFails, "error: SERVFAIL"},
		{"REFUSED is no answer", siptest.DNSRefuses, "error: REFUSED"},
		{"a referral is no answer", siptest.DNSRefers, "error: refers"},
		{"the answer to another question is none", siptest.DNSLies, "error: another question"},
		{"silence is no answer", siptest.DNSSilent, "error: timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := siptest.StartDNS(t, zoneLines()...)
			server.Mode(tt.mode)
			got := said(client(t, server.Addr()).Ask(t.Context(), ask("b.op.test", KindA)))
			if what, isError := strings.CutPrefix(tt.want, "error: "); got != tt.want && (!isError || !strings.HasPrefix(got, "error: ") || !strings.Contains(got, what)) {
				t.Errorf("%s, want %s\nasked: %q", got, tt.want, server.Asked())
			}
		})
	}
}

// Only records of the name that was asked for, and of its aliases, count: what else a response carries could be anybody's.
func TestRFC3263RecordsOfOtherNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		kind    Kind
		records []string
		want    string
	}{
		{"another name", KindA, []string{`evil.test. 60 IN A 192.0.2.66`}, " for 30s"},
		{"another name beside it", KindA, []string{`evil.test. 1 IN A 192.0.2.66`, `op.test. 60 IN A 192.0.2.1`, `sub.op.test. 1 IN A 192.0.2.67`}, "192.0.2.1 for 1m0s"},
		{"an alias of another name", KindA, []string{`evil.test. 1 IN CNAME op.test.`, `op.test. 60 IN A 192.0.2.1`}, "192.0.2.1 for 1m0s"},
		{"the name beside its alias", KindA, []string{`op.test. 60 IN CNAME a.test.`, `op.test. 60 IN A 192.0.2.66`, `a.test. 60 IN A 192.0.2.1`}, "192.0.2.1 for 1m0s"},
		{"a server of another domain", KindSRV, []string{`_sip._udp.evil.test. 60 IN SRV 0 0 5060 evil.test.`}, " for 30s"},
		{"another kind", KindSRV, []string{`op.test. 60 IN A 192.0.2.66`}, " for 30s"},
		{"another class", KindA, []string{`op.test. 60 CH A 192.0.2.66`}, " for 30s"},
	} {
		msg := new(dns.Msg)
		msg.SetQuestion("op.test.", typeOf(tt.kind))
		msg.Response = true
		for _, text := range tt.records {
			rr, err := dns.NewRR(text)
			if err != nil {
				t.Fatal(err)
			}
			msg.Answer = append(msg.Answer, rr)
		}
		answer, alias, err := read(ask("OP.test.", tt.kind), msg)
		if got := said(answer, err); got != tt.want || alias != "" {
			t.Errorf("%s: %s, alias %q, want %s", tt.name, got, alias, tt.want)
		}
	}
}

// The next name server is asked when one fails, and the one that answered is asked first from then on.
func TestRFC3263SeveralNameServers(t *testing.T) {
	t.Parallel()
	for _, mode := range []siptest.DNSMode{siptest.DNSSilent, siptest.DNSFails, siptest.DNSRefuses, siptest.DNSLies} {
		bad, good := siptest.StartDNS(t, zoneLines()...), siptest.StartDNS(t, zoneLines()...)
		bad.Mode(mode)
		c := client(t, bad.Addr(), good.Addr())
		if got := said(c.Ask(t.Context(), ask("a.op.test", KindA))); got != "127.0.0.1 for 1m30s" {
			t.Errorf("mode %d: %s", mode, got)
		}
		before := len(bad.Asked())
		if got := said(c.Ask(t.Context(), ask("a.op.test", KindAAAA))); got != "::1 for 1m30s" || len(bad.Asked()) != before {
			t.Errorf("mode %d: %s, and the bad one was asked again", mode, got)
		}
	}
}

func TestRFC3263SystemConfiguration(t *testing.T) {
	t.Parallel()
	server := siptest.StartDNS(t, `pbx.corp.test. 60 IN A 127.0.0.7`, `deep.pbx.test. 60 IN A 127.0.0.8`)
	c := client(t)
	addr := netip.MustParseAddrPort(server.Addr())
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(c.hosts, "# comment\n127.0.0.9 Fixed.test alias.test # more\n::1 fixed.test\nnonsense\n")
	write(c.resolv, "search other.test corp.test\nnameserver "+addr.Addr().String()+"\n")
	c.conf()
	c.mu.Lock()
	c.system.servers = []string{server.Addr()} // resolv.conf knows no ports
	c.mu.Unlock()
	for _, tt := range []struct {
		q    Question
		want string
	}{
		{ask("fixed.test", KindA), "127.0.0.9 for 30s"},
		{ask("fixed.test", KindAAAA), "::1 for 30s"},
		{ask("alias.test", KindAAAA), " for 30s"},
		{ask("pbx", KindA), "127.0.0.7 for 1m0s"},
		{ask("deep.pbx.test", KindA), "127.0.0.8 for 1m0s"},
	} {
		if got := said(c.Ask(t.Context(), tt.q)); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.q.Kind, tt.q.Name, got, tt.want)
		}
	}
	if asked := server.Asked(); slices.ContainsFunc(asked, func(s string) bool { return strings.Contains(s, "fixed") || strings.Contains(s, "deep.pbx.test.") }) {
		t.Errorf("asked %q", asked)
	}
}

// Whatever a name server sends, reading it ends and keeps its bounds.
func FuzzRead(f *testing.F) {
	for _, lines := range [][]string{zoneLines(), {`op.test. 0 IN A 0.0.0.0`}} {
		msg := new(dns.Msg)
		msg.SetQuestion("op.test.", dns.TypeSRV)
		msg.Response = true
		for _, text := range lines {
			rr, err := dns.NewRR(text)
			if err != nil {
				f.Fatal(err)
			}
			msg.Answer = append(msg.Answer, rr)
		}
		packed, err := msg.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed, uint8(KindSRV))
	}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		msg := new(dns.Msg)
		if msg.Unpack(data) != nil {
			return
		}
		answer, alias, err := read(ask("op.test", Kind(kind%4)), msg)
		if len(answer.Records) > maxRecords || answer.TTL < 0 || err != nil && (alias != "" || len(answer.Records) > 0) {
			t.Fatalf("%+v, %q, %v", answer, alias, err)
		}
	})
}

func FuzzReadHosts(f *testing.F) {
	f.Add("127.0.0.1 localhost\n::1 localhost", "localhost")
	f.Fuzz(func(t *testing.T, text, name string) {
		if a, _ := readHosts(text, ask(name, KindA)); len(a.Records) > maxRecords {
			t.Fatal("too many")
		}
	})
}
