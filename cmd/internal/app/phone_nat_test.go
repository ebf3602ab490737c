package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// natMapping is how long the box of these tests remembers a quiet UDP flow. Real ones take 30 s and more; ping is shortened alike.
const natMapping = 5 * time.Second

// behindNAT is a hotline whose phones are behind a box of their own.
func behindNAT(t *testing.T) (*rig, *siptest.NAT, *siptest.Authority) {
	t.Helper()
	nat := siptest.StartNAT(t, natMapping)
	setUp, ca := registering(t, nat.Outside.String(), func(c *config.Config) {
		c.Phones.Ping = 2 * time.Second
		c.Media.Bind = nat.Outside
		c.Trunks.Phones = []string{nat.Outside.String()} // the callers of these tests
	})
	return newRig(t, setUp), nat, ca
}

// nearby is an accepting phone that the line reaches without a NAT.
func nearby(t *testing.T, nat *siptest.NAT) *phone.Phone {
	t.Helper()
	p := at(t, nat)
	if err := p.Answer(accepting()); err != nil {
		t.Fatal(err)
	}
	return p
}

// at is a phone at the address of the line.
func at(tb testing.TB, nat *siptest.NAT) *phone.Phone {
	tb.Helper()
	c := phone.Default()
	c.Name, c.Addr = "near", nat.Outside
	p, stop, err := phone.Start(context.Background(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = stop() })
	return p
}

// talk calls the line, lets the engineer accept by key and checks that both are heard.
func (l *line) talk(nat *siptest.NAT, engineer *siptest.BaresipRun) {
	l.Helper()
	caller := l.dialFrom(at(l.TB, nat), l.uri("udp"), phone.Options{Talk: phone.Talk{Tone: 440}})
	engineer.Expect("CALL_ESTABLISHED")
	engineer.Command("sndcode 1")
	wait(l.TB, caller, phone.Answered)
	talkFor(l.TB, 3*time.Second)
	caller.Hangup()
	engineer.Expect("CALL_CLOSED")
	rec := l.settled(dispatch.CallServed, "1 accepted")
	if got := phone.ToneTime(engineer.Heard(), 440); got < time.Second {
		l.Errorf("the engineer heard the caller for %s", got)
	}
	checkRecording(l.TB, rec.call, 440, 700)
}

// TestNATPhoneIsReachedAfterIdle: a phone behind a box that forgets quiet flows in 5 s registers, is left alone for four
// times as long, and takes a call, over each transport.
func TestNATPhoneIsReachedAfterIdle(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			r, nat, ca := behindNAT(t)
			l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
			reg := siptest.Register{Server: r.addr(transport), Password: r.account(t, "anna", l.people[0])}
			if transport == "tls" {
				reg.CA, reg.SRTP = ca.File, true
			}
			engineer := siptest.StartBaresip(t, siptest.Baresip{User: "anna", Transport: transport, Tone: 700, AutoAnswer: true, Register: reg, Network: nat})
			p := r.registered(t, "anna")
			if !p.NAT {
				t.Errorf("seen as not behind a NAT: %+v", p)
			}
			talkFor(t, 4*natMapping)
			if again := r.registered(t, "anna"); again.Address != p.Address {
				t.Errorf("its way was lost: %s, then %s", p.Address, again.Address)
			}
			l.talk(nat, engineer)
			r.empty()
		})
	}
}

// TestNATPhoneLosesItsNetworkWhileItRings: the next device rings within two seconds.
func TestNATPhoneLosesItsNetworkWhileItRings(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			r, nat, ca := behindNAT(t)
			next := nearby(t, nat)
			l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"}, oncall.Device{Kind: oncall.Softphone, URI: next.URI()})
			reg := siptest.Register{Server: r.addr(transport), Password: r.account(t, "anna", l.people[0])}
			if transport == "tls" {
				reg.CA, reg.SRTP = ca.File, true
			}
			lost := siptest.StartBaresip(t, siptest.Baresip{User: "anna", Transport: transport, Register: reg, Network: nat})
			r.registered(t, "anna")
			caller := l.dialFrom(at(t, nat), l.uri("udp"), phone.Options{Talk: phone.Talk{Tone: 440}})
			lost.Expect("CALL_INCOMING")
			talkFor(t, 700*time.Millisecond)
			cut := time.Now()
			nat.Cut()
			incoming(t, next, 1)
			if took := time.Since(cut); took > 2*time.Second {
				t.Errorf("the next device rang %s after the phone had lost its network", took)
			}
			wait(t, caller, phone.Answered)
			caller.Hangup()
			l.settled(dispatch.CallServed, "1 unreachable", "2 accepted")
			nat.Mend()
		})
	}
}

// TestNATPhoneComesFromANewPort: its box gives it another port; one binding is left, and it is rung there.
func TestNATPhoneComesFromANewPort(t *testing.T) {
	t.Parallel()
	r, nat, _ := behindNAT(t)
	l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
	reg := siptest.Register{Server: r.addr("udp"), Password: r.account(t, "anna", l.people[0]), Every: 30}
	engineer := siptest.StartBaresip(t, siptest.Baresip{User: "anna", Tone: 700, AutoAnswer: true, Register: reg, Network: nat})
	was := r.registered(t, "anna")
	nat.Cut()
	until(t, "the phone is silent", func() bool {
		list := r.phones(t, "anna")
		return len(list) == 0 || list[0].Alive == "silent"
	})
	nat.Mend()
	until(t, "it has registered from another port", func() bool {
		list := r.phones(t, "anna")
		return len(list) == 1 && list[0].Address != was.Address && list[0].Alive == "yes"
	})
	l.talk(nat, engineer)
	r.empty()
}

// TestRegistrarRevokedWhileItRings: the next device rings at once, and the phone registers no more.
func TestRegistrarRevokedWhileItRings(t *testing.T) {
	t.Parallel()
	r, nat, _ := behindNAT(t)
	next := nearby(t, nat)
	l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"}, oncall.Device{Kind: oncall.Softphone, URI: next.URI()})
	reg := siptest.Register{Server: r.addr("udp"), Password: r.account(t, "anna", l.people[0])}
	stolen := siptest.StartBaresip(t, siptest.Baresip{User: "anna", Register: reg, Network: nat})
	r.registered(t, "anna")
	caller := l.dialFrom(at(t, nat), l.uri("udp"), phone.Options{Talk: phone.Talk{Tone: 440}})
	stolen.Expect("CALL_INCOMING")
	revoked := time.Now()
	if err := r.app.Phones().Revoke(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	stolen.Expect("CALL_CLOSED")
	incoming(t, next, 1)
	if took := time.Since(revoked); took > 2*time.Second {
		t.Errorf("the next device rang %s after the account had been revoked", took)
	}
	wait(t, caller, phone.Answered)
	caller.Hangup()
	l.settled(dispatch.CallServed, "1 unreachable", "2 accepted")
	if n := len(r.phones(t, "anna")); n != 0 {
		t.Errorf("%d phones are registered", n)
	}
	stolen.Expect("REGISTER_FAIL")
}

// TestRegistrarPhoneMovesWhileItRings: it registers from elsewhere in the middle of the ringing, and rings there.
func TestRegistrarPhoneMovesWhileItRings(t *testing.T) {
	t.Parallel()
	r, nat, _ := behindNAT(t)
	l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
	password := r.account(t, "anna", l.people[0])
	const instance = "11111111-2222-3333-4444-555555555555"
	start := func(auto bool, from siptest.Network) *siptest.BaresipRun {
		reg := siptest.Register{Server: r.addr("udp"), Password: password, Instance: instance}
		return siptest.StartBaresip(t, siptest.Baresip{User: "anna", Tone: 700, AutoAnswer: auto, Register: reg, Network: from})
	}
	old := start(false, nat)
	was := r.registered(t, "anna")
	caller := l.dialFrom(at(t, nat), l.uri("udp"), phone.Options{Talk: phone.Talk{Tone: 440}})
	old.Expect("CALL_INCOMING")
	moved := start(true, nat)
	until(t, "one phone is registered, elsewhere", func() bool {
		list := r.phones(t, "anna")
		return len(list) == 1 && list[0].Address != was.Address
	})
	old.Expect("CALL_CLOSED")
	moved.Expect("CALL_ESTABLISHED")
	moved.Command("sndcode 1")
	wait(t, caller, phone.Answered)
	caller.Hangup()
	moved.Expect("CALL_CLOSED")
	l.settled(dispatch.CallServed, "1 accepted")
}

// TestRegistrarEngineerCalls: a phone behind NAT calls the hotline; over UDP it proves who it is for the call, over TLS its
// connection has.
func TestRegistrarEngineerCalls(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			r, nat, ca := behindNAT(t)
			next := nearby(t, nat)
			l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, URI: next.URI()})
			reg := siptest.Register{Server: r.addr(transport), Password: r.account(t, "anna", l.people[0])}
			if transport == "tls" {
				reg.CA, reg.SRTP = ca.File, true
			}
			engineer := siptest.StartBaresip(t, siptest.Baresip{User: "anna", Transport: transport, Tone: 700, Register: reg, Network: nat})
			r.registered(t, "anna")
			engineer.Command("dial " + l.uri(transport))
			engineer.Expect("CALL_ESTABLISHED")
			incoming(t, next, 1)
			engineer.Command("hangup")
			engineer.Expect("CALL_CLOSED")
			r.empty()
		})
	}
}
