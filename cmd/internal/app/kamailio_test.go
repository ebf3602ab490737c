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
