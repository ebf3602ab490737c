package app_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

const (
	kamailioDID = "+74957770000"
	mobile      = "+79210000001"
)

// mobileDevice is an engineer who is reached through an operator.
func mobileDevice() oncall.Device { return oncall.Device{Kind: oncall.Mobile, Number: mobile} }

// byKamailio is an operator that Kamailio plays: with an account there, a registration, and servers that DNS tells.
func byKamailio(name string, transport wire.Transport) trunk.Operator {
	return trunk.Operator{
		Name: name, Host: name + ".test", Transport: transport, Number: kamailioDID,
		Auth: trunk.Auth{User: "login", Password: "secret"}, Register: trunk.Register{Enabled: true, Expires: time.Minute},
	}
}

// srvLines are zone lines of an operator with servers in order of preference.
func srvLines(name, transport string, servers ...netip.AddrPort) []string {
	service := "_sip._" + transport
	if transport == "tls" {
		service = "_sips._tcp"
	}
	var out []string
	for i, s := range servers {
		out = append(out,
			fmt.Sprintf("%s.%s.test. 2 IN SRV %d 10 %d s%d.%s.test.", service, name, i+1, s.Port(), i, name),
			fmt.Sprintf("s%d.%s.test. 2 IN A %s", i, name, s.Addr()))
	}
	return out
}

// withOperators makes these the only operators; DNS is the test's own.
func withOperators(dns *siptest.DNSServer, operators ...trunk.Operator) func(*config.Config) {
	return func(c *config.Config) {
		c.Trunks.Operators = operators
		c.Trunks.DNS.Servers, c.Trunks.DNS.MinTTL = []string{dns.Addr()}, time.Second
		c.Trunks.ProbeEvery = time.Second
		c.SIP.Listen = append(c.SIP.Listen, wire.Listen{Transport: wire.TLS, Addr: "127.0.0.1:0"}) // lends its address
	}
}

// takes makes a line take the operator's number besides its own.
func takes(l *dispatch.Line) { l.DIDs = append(l.DIDs, kamailioDID) }

// health is what is known of one operator.
func (r *rig) health(name string) trunk.Health {
	r.Helper()
	for _, h := range r.app.Trunks().Status() {
		if h.Trunk == name {
			return h
		}
	}
	r.Fatalf("there is no operator %s", name)
	return trunk.Health{}
}

// Registered with an operator over each transport, with MD5 and with SHA-256: a call that comes through it is answered
// under the number that was dialled, an engineer's mobile is rung through it after its challenge, and the two talk.
func TestREGISTERWithKamailio(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		transport wire.Transport
		algorithm string
		proxied   bool
	}{{wire.UDP, "MD5", false}, {wire.TCP, "SHA-256", false}, {wire.TLS, "SHA-256", false}, {wire.UDP, "SHA-256", true}} {
		t.Run(fmt.Sprintf("%s %s proxy %v", c.transport, c.algorithm, c.proxied), func(t *testing.T) {
			t.Parallel()
			name := "op" + string(c.transport)
			mobilePhone := startPhone(t, "mobile", "udp", accepting())
			ca := siptest.NewAuthority(t, "operator")
			cert, key := ca.Issue(time.Now().Add(time.Hour), name+".test")
			k := siptest.StartKamailio(t, siptest.Kamailio{
				IP: fmt.Sprintf("127.0.1.%d", i+1), Domain: name + ".test", Algorithm: c.algorithm, DID: kamailioDID,
				Gateway: mobilePhone.Addr("udp"), Cert: cert, Key: key,
			})
			zone := srvLines(name, string(c.transport), k.Addr(string(c.transport)))
			op := byKamailio(name, c.transport)
			if c.transport == wire.TLS { // DNS chooses it
				op.Transport = ""
				zone = append(zone, fmt.Sprintf(`%s.test. 2 IN NAPTR 10 10 "S" "SIPS+D2T" "" _sips._tcp.%s.test.`, name, name))
			}
			dns := siptest.StartDNS(t, zone...)
			op.TLS.CA = map[wire.Transport]string{wire.TLS: ca.File}[c.transport]
			op.Identity.Send = []string{"pai"}
			if c.proxied { // the domain is known to no DNS
				op.Host, op.OutboundProxy = "login.op.invalid", k.Addr("udp").String()
				op.Domain = name + ".test"
			}
			r := newRig(t, withOperators(dns, op))
			k.WaitFor("rig REGISTER login", string(c.transport))
			until(t, "registered", func() bool { return r.health(name).Registration == trunk.RegistrationActive })

			l := r.lineOf(t, takes, mobileDevice())
			client := startPhone(t, "client", "udp", phone.Answer{})
			s := l.dialFrom(client, "sip:"+kamailioDID+"@"+k.Addr("udp").String(), phone.Options{Talk: phone.Talk{Tone: 440, For: 2 * time.Second}})
			engineer := incoming(t, mobilePhone, 1)
			wait(t, s, phone.Heard)
			wait(t, s, phone.Ended)
			wait(t, engineer, phone.Ended)
			rec := l.settled(dispatch.CallServed, "1 accepted")
			if string(rec.call.Caller) != l.caller {
				t.Errorf("the caller is %q, want %q from P-Asserted-Identity", rec.call.Caller, l.caller)
			}
			k.WaitFor("rig INVITE challenged " + mobile)
			if told := k.WaitFor("rig INVITE out " + mobile); !strings.Contains(told, "from "+kamailioDID+" "+string(c.transport)) {
				t.Errorf("the call out: %s", told)
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// One of two servers dies while a mobile rings through it: the other rings the mobile, and it is still one call with one
// ticket. Over TCP the connection tells; over UDP only silence does, which OPTIONS find out.
func TestRFC3263KamailioDiesMidRing(t *testing.T) {
	t.Parallel()
	for i, transport := range []wire.Transport{wire.UDP, wire.TCP, wire.TLS} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			name := "dies" + string(transport)
			first, second := startPhone(t, "first", "udp", phone.Ringing()), startPhone(t, "second", "udp", accepting())
			ca := siptest.NewAuthority(t, "operator")
			cert, key := ca.Issue(time.Now().Add(time.Hour), name+".test")
			server := func(n int, gateway *phone.Phone) *siptest.KamailioRun {
				return siptest.StartKamailio(t, siptest.Kamailio{
					IP: fmt.Sprintf("127.0.2.%d", 10*i+n), Domain: name + ".test", Gateway: gateway.Addr("udp"), Cert: cert, Key: key,
				})
			}
			a, b := server(1, first), server(2, second)
			tr := string(transport)
			dns := siptest.StartDNS(t, srvLines(name, tr, a.Addr(tr), b.Addr(tr))...)
			op := byKamailio(name, transport)
			op.TLS.CA = map[wire.Transport]string{wire.TLS: ca.File}[transport]
			r := newRig(t, withOperators(dns, op))
			until(t, "registered", func() bool { return r.health(name).Registration == trunk.RegistrationActive })
			l := r.lineOf(t, nil, mobileDevice())
			s := l.dial("udp", phone.Options{Talk: phone.Talk{For: time.Second}})
			ringing := incoming(t, first, 1)
			wait(t, ringing, phone.Rang)
			a.Stop()
			died := time.Now()
			engineer := incoming(t, second, 1)
			t.Logf("the other server rings after %s", time.Since(died).Round(time.Millisecond))
			wait(t, engineer, phone.Ended)
			wait(t, s, phone.Ended)
			l.servedOnce()
			ringing.Hangup() // nobody is left to cancel it
		})
	}
}

// operatorPair is a rig with a primary operator on two Kamailios and a backup that is a plain gateway.
type operatorPair struct {
	*rig
	first, second *siptest.KamailioRun
	mobile        *phone.Phone // behind the primary
	reserve       *phone.Phone // behind the backup
	dns           *siptest.DNSServer
	ca            *siptest.Authority
	cert, key     string
}

// newPair makes the pair; net is a third octet of its own, change may alter primary and backup.
func newPair(t *testing.T, net int, transport wire.Transport, change func(p *operatorPair, primary, backup *trunk.Operator, c *config.Config)) *operatorPair {
	t.Helper()
	p := &operatorPair{
		mobile: startPhone(t, "mobile", "udp", accepting()), reserve: startPhone(t, "reserve", "udp", accepting()),
		ca: siptest.NewAuthority(t, "operator"),
	}
	p.cert, p.key = p.ca.Issue(time.Now().Add(time.Hour), "primary.test")
	start := func(n int) *siptest.KamailioRun {
		return siptest.StartKamailio(t, siptest.Kamailio{
			IP: fmt.Sprintf("127.0.%d.%d", net, n), Domain: "primary.test", Gateway: p.mobile.Addr("udp"), Cert: p.cert, Key: p.key,
		})
	}
	p.first, p.second = start(1), start(2)
	tr := string(transport)
	p.dns = siptest.StartDNS(t, append(srvLines("primary", tr, p.first.Addr(tr), p.second.Addr(tr)), "backup.test. 2 IN A 127.0.0.1")...)
	primary := byKamailio("primary", transport)
	primary.TLS.CA = map[wire.Transport]string{wire.TLS: p.ca.File}[transport]
	backup := trunk.Operator{
		Name: "backup", Host: "backup.test", Port: int(p.reserve.Addr("udp").Port()), Transport: wire.UDP, Number: "+78120000000", NoOptions: true,
	}
	p.rig = newRig(t, func(c *config.Config) {
		if change != nil {
			change(p, &primary, &backup, c)
		}
		withOperators(p.dns, primary, backup)(c)
	})
	return p
}

// servedOnce expects one ticket and one call that was served. It does not wait for the remains of ways that were left:
// a server that says nothing gets 32 s to answer late (RFC 3261 §17.1.1.2).
func (l *line) servedOnce() {
	l.Helper()
	l.event(ticket.KindCallEnded, 1)
	r := l.read()
	if got := r.attempts(false); r.call.Result != dispatch.CallServed || len(got) != 1 || got[0] != "1 accepted" {
		l.Errorf("the call's result is %q, attempts %q", r.call.Result, got)
	}
	l.close(r.ticket)
}

// served is a call whose engineer is rung on this phone; it returns how long that took from the caller's INVITE.
func (p *operatorPair) served(t *testing.T, via *phone.Phone) time.Duration {
	t.Helper()
	before := len(via.Sessions())
	l := p.lineOf(t, nil, mobileDevice())
	began := time.Now()
	s := l.dial("udp", phone.Options{Talk: phone.Talk{For: 300 * time.Millisecond}})
	engineer := incoming(t, via, before+1)
	took := time.Since(began)
	wait(t, engineer, phone.Ended)
	wait(t, s, phone.Ended)
	l.servedOnce()
	return took
}

// The operator's certificate has ended: the trunk is down, and everything says why; calls take the backup. Renewed, the
// trunk is up and registered again, and calls take it.
func TestTLSKamailioCertificateExpires(t *testing.T) {
	t.Parallel()
	p := newPair(t, 10, wire.TLS, nil)
	until(t, "registered", func() bool { return p.health("primary").Registration == trunk.RegistrationActive })
	p.served(t, p.mobile)

	p.first.Stop()
	p.second.Stop()
	p.ca.Renew(p.cert, p.key, time.Now().Add(-time.Minute), "primary.test")
	p.first.Start()
	p.second.Start()
	until(t, "down", func() bool { return p.health("primary").State == trunk.StateDown })
	if h := p.health("primary"); !strings.Contains(h.Problem, "expired") {
		t.Errorf("the problem of the trunk is %q", h.Problem)
	}
	p.logged("trunk is down", "trunk=primary", "expired")
	if up := p.metric("vahta_trunk_up", "trunk", "primary"); up != 0 {
		t.Errorf("vahta_trunk_up is %v", up)
	}
	p.served(t, p.reserve)

	p.first.Stop()
	p.second.Stop()
	p.ca.Renew(p.cert, p.key, time.Now().Add(time.Hour), "primary.test")
	p.first.Start()
	p.second.Start()
	until(t, "up and registered", func() bool {
		h := p.health("primary")
		return h.State == trunk.StateUp && h.Registration == trunk.RegistrationActive
	})
	until(t, "first again", func() bool { return p.app.Trunks().Route(mobile)[0].Trunk == "primary" })
	p.served(t, p.mobile)
}

// A wrong password: the operator refuses to register us and every call, which is told and takes the backup; with the
// right one all is well again.
func TestRFC3263KamailioWrongPassword(t *testing.T) {
	t.Parallel()
	p := newPair(t, 11, wire.UDP, func(_ *operatorPair, primary, _ *trunk.Operator, _ *config.Config) { primary.Auth.Password = "wrong" })
	until(t, "refused", func() bool { return p.health("primary").Registration == trunk.RegistrationRefused })
	if h := p.health("primary"); h.RegistrationProblem == "" {
		t.Errorf("health = %+v", h)
	}
	p.served(t, p.reserve)
	if n := len(p.mobile.Sessions()); n != 0 {
		t.Errorf("%d calls passed without a password", n)
	}
}

// DNS is gone: calls go on, and so does a new start with the addresses of the last run.
func TestRFC3263DNSGone(t *testing.T) {
	t.Parallel()
	p := newPair(t, 12, wire.UDP, nil)
	until(t, "registered", func() bool { return p.health("primary").Registration == trunk.RegistrationActive })
	p.dns.Mode(siptest.DNSSilent)
	p.served(t, p.mobile)
	until(t, "the addresses are old", func() bool {
		for _, s := range p.app.Trunks().Names() {
			if s.Query.Host == "primary.test" && s.Stale && s.Problem != "" {
				return true
			}
		}
		return false
	})
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	p.rig = startRig(t, p.cfg, p.client)
	p.lines = 100 // the record has those of the first run
	until(t, "registered without DNS", func() bool { return p.health("primary").Registration == trunk.RegistrationActive })
	p.served(t, p.mobile)
	p.dns.Mode(siptest.DNSAnswers)
	until(t, "the addresses are fresh", func() bool {
		for _, s := range p.app.Trunks().Names() {
			if s.Stale {
				return false
			}
		}
		return true
	})
}

// Of two servers the first is dead when a call goes out, before any probe has seen it: the second is tried, and the next
// call begins with it.
func TestRFC3263KamailioFirstIsDead(t *testing.T) {
	t.Parallel()
	p := newPair(t, 13, wire.UDP, func(_ *operatorPair, primary, _ *trunk.Operator, _ *config.Config) {
		primary.NoOptions = true
		primary.Register.Enabled = false
	})
	until(t, "looked up", func() bool { return len(p.app.Trunks().Route(mobile)) == 3 })
	dead := siptest.NewUA(t, siptest.UAConfig{User: "dead"}) // takes everything and says nothing
	p.dns.Set(append(srvLines("primary", "udp", dead.Addr(), p.second.Addr("udp")), "backup.test. 2 IN A 127.0.0.1")...)
	until(t, "the dead one is first", func() bool { return p.app.Trunks().Route(mobile)[0].Flow.Remote == dead.Addr() })
	t.Logf("rung after %s", p.served(t, p.mobile))
	if first := p.app.Trunks().Route(mobile)[0].Flow.Remote; first != p.second.Addr("udp") {
		t.Errorf("the next call begins with %s", first)
	}
	before := dead.Seen(func(m *siptest.Message) bool { return m.Method == "INVITE" })
	p.served(t, p.mobile)
	if n := dead.Seen(func(m *siptest.Message) bool { return m.Method == "INVITE" }); n != before {
		t.Errorf("the dead server was tried again")
	}

	others := []*siptest.UA{siptest.NewUA(t, siptest.UAConfig{User: "dead2"}), siptest.NewUA(t, siptest.UAConfig{User: "dead3"})}
	p.dns.Set(append(srvLines("primary", "udp", others[0].Addr(), others[1].Addr()), "backup.test. 2 IN A 127.0.0.1")...)
	until(t, "all servers of the primary are dead", func() bool {
		list := p.app.Trunks().Route(mobile)
		return list[0].Flow.Remote == others[0].Addr() && list[1].Flow.Remote == others[1].Addr()
	})
	t.Logf("the backup rings after %s", p.served(t, p.reserve))
	if first := p.app.Trunks().Route(mobile)[0].Trunk; first != "backup" {
		t.Errorf("the next call begins with %s", first)
	}
}

// A trunk that says 100 and no more: the next operator rings the mobile.
func TestOperatorSays100AndNoMore(t *testing.T) {
	t.Parallel()
	stuck := siptest.NewUA(t, siptest.UAConfig{User: "stuck"})
	p := newPair(t, 14, wire.UDP, func(_ *operatorPair, primary, _ *trunk.Operator, c *config.Config) {
		primary.Host, primary.Port, primary.NoOptions = "127.0.0.1", int(stuck.Addr().Port()), true
		primary.Register.Enabled = false
		c.Trunks.TrunkRinging = 2 * time.Second
	})
	until(t, "looked up", func() bool { return len(p.app.Trunks().Route(mobile)) == 2 })
	go func() {
		invite := stuck.ExpectRequest("INVITE")
		stuck.Answer(invite, 100, "Trying", siptest.Reply{})
		cancel := stuck.ExpectRequest("CANCEL")
		stuck.Answer(cancel, 200, "OK", siptest.Reply{})
		stuck.Answer(invite, 487, "Request Terminated", siptest.Reply{})
	}()
	p.served(t, p.reserve)
	if first := p.app.Trunks().Route(mobile)[0].Trunk; first != "backup" {
		t.Errorf("the next call begins with %s", first)
	}
	p.logged("call moves on", "trunk=primary", "100")
}

// The engineer's side of an operator sends no sound: it is asked anew, and the ticket and the metric tell.
func TestOperatorOneWayAudio(t *testing.T) {
	t.Parallel()
	p := newPair(t, 15, wire.UDP, func(_ *operatorPair, _, _ *trunk.Operator, c *config.Config) { c.Calls.OneWay = time.Second })
	until(t, "registered", func() bool { return p.health("primary").Registration == trunk.RegistrationActive })
	mute := accepting()
	mute.Talk = phone.Talk{Mute: true, Keys: []phone.Key{{Digits: "1", After: 100 * time.Millisecond, By: phone.Info}}}
	if err := p.mobile.Answer(mute); err != nil {
		t.Fatal(err)
	}
	l := p.lineOf(t, nil, mobileDevice())
	s := l.dial("udp", phone.Options{Talk: phone.Talk{Tone: 440, For: 4 * time.Second}})
	engineer := incoming(t, p.mobile, 1)
	wait(t, engineer, phone.Heard) // the client, although nothing comes back
	wait(t, s, phone.Ended)
	rec := l.settled(dispatch.CallServed, "1 accepted")
	if !strings.Contains(fmt.Sprintf("%+v", rec.call.Detail), "asked again by re-INVITE") {
		t.Errorf("the call's detail says nothing of it: %+v", rec.call.Detail)
	}
	p.logged("one-way audio", "trunk=primary")
}

// No ACK to our 200 comes through the operator: the two talk on while their sound flows; it is still one call and one
// ticket.
func TestOperatorACKNeverComes(t *testing.T) {
	t.Parallel()
	mobilePhone := startPhone(t, "mobile", "udp", accepting())
	k := siptest.StartKamailio(t, siptest.Kamailio{IP: "127.0.16.1", Domain: "noack.test", Gateway: mobilePhone.Addr("udp"), DropACK: true})
	dns := siptest.StartDNS(t, srvLines("noack", "udp", k.Addr("udp"))...)
	r := newRig(t, withOperators(dns, byKamailio("noack", wire.UDP)))
	until(t, "registered", func() bool { return r.health("noack").Registration == trunk.RegistrationActive })
	engineerPhone := startPhone(t, "engineer", "udp", accepting())
	l := r.line(t, takes, engineerPhone.URI())
	client := startPhone(t, "client", "udp", phone.Answer{})
	s := l.dialFrom(client, "sip:"+kamailioDID+"@"+k.Addr("udp").String(), phone.Options{Talk: phone.Talk{Tone: 440, For: 3 * time.Second}})
	wait(t, s, phone.Heard)
	engineer := incoming(t, engineerPhone, 1)
	wait(t, engineer, phone.Heard)
	k.WaitFor("rig ACK dropped")
	wait(t, s, phone.Ended)
	wait(t, engineer, phone.Ended)
	l.settled(dispatch.CallServed, "1 accepted")
	if n := len(engineerPhone.Sessions()); n != 1 {
		t.Errorf("the engineer was rung %d times", n)
	}
}
