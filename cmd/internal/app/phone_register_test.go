package app_test

import (
	"errors"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/registrar"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

// registering lets phones register at an address, over UDP, TCP and TLS; it returns who signed the server's certificate.
func registering(tb testing.TB, host string, change func(*config.Config)) (func(*config.Config), *siptest.Authority) {
	tb.Helper()
	ca := siptest.NewAuthority(tb, "phones")
	cert, key := ca.Issue(time.Now().Add(time.Hour), host, "localhost")
	return func(c *config.Config) {
		c.Phones.Enabled, c.Phones.Algorithms = true, []digest.Algorithm{digest.MD5} // baresip copes with no choice
		c.SIP.Listen = []wire.Listen{
			{Transport: wire.UDP, Addr: host + ":0"},
			{Transport: wire.TCP, Addr: host + ":0"},
			{Transport: wire.TLS, Addr: host + ":0", TLS: wire.ListenTLS{Cert: cert, Key: key}},
		}
		if change != nil {
			change(c)
		}
	}, ca
}

// account makes one of a person and returns its password.
func (r *rig) account(tb testing.TB, user, person string) string {
	tb.Helper()
	r.addAccount(tb, user, person)
	s, err := r.app.Phones().Reveal(tb.Context(), user)
	if err != nil {
		tb.Fatal(err)
	}
	return s.Password
}

// addAccount makes an account as soon as the record is open: on a busy machine that may come after the start.
func (r *rig) addAccount(tb testing.TB, user, person string) {
	tb.Helper()
	var err error
	until(tb, "the record is open", func() bool {
		err = r.app.Phones().Add(tb.Context(), user, person)
		return !errors.Is(err, dispatch.ErrAway)
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// phones are the phones of an account that are registered now.
func (r *rig) phones(tb testing.TB, user string) []registrar.Phone {
	tb.Helper()
	list, err := r.app.Phones().List(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	for _, a := range list {
		if a.User == user {
			return a.Phones
		}
	}
	return nil
}

// registered waits until one phone of the account is registered and known to answer.
func (r *rig) registered(tb testing.TB, user string) registrar.Phone {
	tb.Helper()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("phones of %s: %+v", user, r.phones(tb, user))
		}
	})
	until(tb, user+" is registered", func() bool {
		list := r.phones(tb, user)
		return len(list) == 1 && list[0].Alive == "yes"
	})
	return r.phones(tb, user)[0]
}

// TestRegistrarTakesBaresip: Debian's baresip registers over each transport, takes a call and talks.
func TestRegistrarTakesBaresip(t *testing.T) { //nolint:tparallel // a group in between waits for them, so that what is left can be counted
	t.Parallel()
	setUp, ca := registering(t, "127.0.0.1", nil)
	r := newRig(t, setUp)
	t.Run("all", func(t *testing.T) {
		for _, transport := range []string{"udp", "tcp", "tls"} {
			t.Run(transport, func(t *testing.T) {
				t.Parallel()
				user := "anna-" + transport
				l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: user})
				reg := siptest.Register{Server: r.addr(transport), Password: r.account(t, user, l.people[0])}
				if transport == "tls" {
					reg.CA, reg.SRTP = ca.File, true
				}
				engineer := siptest.StartBaresip(t, siptest.Baresip{User: user, Transport: transport, Tone: 700, AutoAnswer: true, Register: reg})
				if p := r.registered(t, user); p.Transport != transport {
					t.Errorf("registered over %s", p.Transport)
				}
				caller := l.dial("udp", phone.Options{Talk: phone.Talk{Tone: 440}})
				engineer.Expect("CALL_ESTABLISHED")
				engineer.Command("sndcode 1")
				wait(t, caller, phone.Answered)
				talkFor(t, 3*time.Second)
				caller.Hangup()
				engineer.Expect("CALL_CLOSED")
				l.settled(dispatch.CallServed, "1 accepted")
				if got := phone.ToneTime(engineer.Heard(), 440); got < time.Second {
					t.Errorf("the engineer heard the caller for %s", got)
				}
			})
		}
	})
	r.empty()
}

// TestREGISTEROldPhoneAsksAgain: baresip gives up at a choice of algorithms; when it tries again it is offered none.
func TestREGISTEROldPhoneAsksAgain(t *testing.T) {
	t.Parallel()
	setUp, _ := registering(t, "127.0.0.1", func(c *config.Config) { c.Phones.Algorithms = []digest.Algorithm{digest.SHA256, digest.MD5} })
	r := newRig(t, setUp)
	l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "old"})
	siptest.StartBaresip(t, siptest.Baresip{User: "old", Register: siptest.Register{Server: r.addr("udp"), Password: r.account(t, "old", l.people[0])}})
	untilWithin(t, 2*time.Minute, "it is registered", func() bool { return len(r.phones(t, "old")) == 1 }) // it waits 30 to 60 s
}
