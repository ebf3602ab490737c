package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

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
