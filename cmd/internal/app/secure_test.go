package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/siptest"
)

// softphone is a scripted phone that registers with the server, and is told by its own password only.
func (r *rig) softphone(t *testing.T, user, person, transport string, ca *siptest.Authority, answer phone.Answer) *phone.Phone {
	t.Helper()
	cfg := phone.Default()
	cfg.Name, cfg.Transport = user, transport
	cfg.Account = phone.Account{User: user, Password: r.account(t, user, person)}
	cfg.TLS.CA = ca.File
	p, stop, err := phone.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	if err := p.Answer(answer); err != nil {
		t.Fatal(err)
	}
	if err := p.Register(t.Context(), phone.Registration{Registrar: "sip:" + r.addr(transport).String() + ";transport=" + transport}); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSDESThroughTheWholeLine: an engineer's phone registers by SHA-256 over each transport, is rung there, presses the
// accept key and talks; the sound is encrypted where
// the phone can, over TLS it must, and the call's detail says so.
func TestSDESThroughTheWholeLine(t *testing.T) { //nolint:tparallel // a group in between waits for them, so that what is left can be counted
	t.Parallel()
	setUp, ca := registering(t, "127.0.0.1", func(c *config.Config) { c.Phones.Algorithms = []digest.Algorithm{digest.SHA256, digest.MD5} })
	r := newRig(t, setUp)
	t.Run("all", func(t *testing.T) {
		for transport, security := range map[string]sdp.Security{
			"udp": sdp.SecurityOff, "tcp": sdp.SecurityOffered, "tls": sdp.SecurityRequired,
		} {
			t.Run(transport, func(t *testing.T) {
				t.Parallel()
				user := "boris-" + transport
				l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: user})
				answer := phone.Accepting(200*time.Millisecond, "1", 500*time.Millisecond)
				answer.Talk.Tone, answer.Talk.Security = 700, security
				engineer := r.softphone(t, user, l.people[0], transport, ca, answer)
				if p := r.registered(t, user); p.Transport != transport {
					t.Errorf("registered over %s", p.Transport)
				}
				caller := l.dial("udp", phone.Options{Talk: phone.Talk{Tone: 440}})
				in, err := engineer.Incoming(t.Context(), 0)
				if err != nil {
					t.Fatal(err)
				}
				if err := caller.WaitHeard(t.Context(), 700, time.Second); err != nil {
					t.Error(err)
				}
				if err := in.WaitHeard(t.Context(), 440, time.Second); err != nil {
					t.Error(err)
				}
				caller.Hangup()
				record := l.settled(dispatch.CallServed, "1 accepted")
				if got := secureLegs(record.call); (got != "") != (security != sdp.SecurityOff) {
					t.Errorf("the call's detail says %q of sound that is %s", got, security)
				}
			})
		}
	})
	r.empty()
}

// secureLegs are the SRTP suites of a call's legs, the caller's left out.
func secureLegs(c dispatch.CallRecord) string {
	var out []string
	for _, leg := range c.Detail.Legs {
		if leg.Name != "A" && leg.Quality.SRTP != "" {
			out = append(out, leg.Quality.SRTP)
		}
	}
	return strings.Join(out, " ")
}
