package trunk

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/wire"
)

// The registration is made at once, with what was configured, renewed ahead of its end by one request each, and taken
// back at the end.
func TestREGISTERRefreshesAndLeaves(t *testing.T) {
	t.Parallel()
	x := newExchange()
	registering(t, x, func(o *Operator) { o.Register.Expires = 10 * time.Minute }, func(trunks *Trunks, one *Trunk) {
		if got := one.Registration(); got != RegistrationActive || one.standing() != standingUsable {
			t.Errorf("it is %s and stands at %d", got, one.standing())
		}
		h := trunks.Status()[0]
		if h.Registration != RegistrationActive || h.Registrar != "192.0.2.1:5060" || time.Until(h.RegisteredUntil) != 5*time.Minute {
			t.Errorf("status %+v", h)
		}
		if got := figure(t, trunks.metrics.bound.WithLabelValues("op")); got != 1 {
			t.Errorf("vahta_trunk_registered is %v", got)
		}
		x.set(func() {
			req := x.last
			if c, _ := req.Contact(); c.String() != "<sip:line1@198.51.100.9>;expires=600" {
				t.Errorf("Contact %s", c)
			}
			if req.URI().String() != "sip:"+operatorRealm || req.To().URI.String() != "sip:login@"+operatorRealm || req.Header("Expires") != "600" {
				t.Errorf("REGISTER %s, To %s, Expires %s", req.URI(), req.To(), req.Header("Expires"))
			}
		})
		for range 600 {
			time.Sleep(time.Second)
			if !x.registered() {
				t.Fatal("the registration ran out")
			}
		}
	})
	asked, wrong := x.counts()
	if asked < 2+4+1 || asked > 2+2*5+2 || wrong != 0 {
		t.Errorf("%d REGISTERs, %d with a wrong answer", asked, wrong)
	}
	if x.registered() || x.last.Header("Expires") != "0" {
		t.Errorf("our contact stayed at the registrar, last Expires %s", x.last.Header("Expires"))
	}
	if len(x.callIDs) != 1 || x.unordered != 0 {
		t.Errorf("Call-IDs %v, %d CSeqs did not rise", x.callIDs, x.unordered)
	}
}

// The registrar names SHA-256 first and MD5 behind it, or what nobody knows first.
func TestREGISTERSeveralAlgorithms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		offers []digest.Algorithm
		more   string
		want   string
	}{
		{"SHA-256 then MD5", []digest.Algorithm{digest.SHA256, digest.MD5}, "", "algorithm=SHA-256,"},
		{"MD5 then SHA-256", []digest.Algorithm{digest.MD5, digest.SHA256}, "", "algorithm=SHA-256,"},
		{"MD5 only", []digest.Algorithm{digest.MD5}, "", "algorithm=MD5,"},
		{"MD5-sess", []digest.Algorithm{digest.MD5Sess}, "", "algorithm=MD5-sess,"},
		{"SHA-512-256", []digest.Algorithm{digest.SHA512256}, "", "algorithm=SHA-512-256,"},
	} {
		x := newExchange()
		x.algo = tt.offers
		x.restart()
		registering(t, x, nil, func(_ *Trunks, one *Trunk) {
			if got := one.Registration(); got != RegistrationActive {
				t.Errorf("%s: %s", tt.name, got)
			}
			x.set(func() {
				if got := x.last.Header("Authorization"); !strings.Contains(got, tt.want) {
					t.Errorf("%s: answered %s", tt.name, got)
				}
			})
		})
	}
}

// A wrong password is tried once in five minutes, told once, and does not keep the others from being used first; when
// it is right again, so are we.
func TestREGISTERWrongPasswordBacksOff(t *testing.T) {
	t.Parallel()
	x := newExchange()
	x.password = "changed"
	registering(t, x, nil, func(trunks *Trunks, one *Trunk) {
		time.Sleep(time.Hour)
		asked, wrong := x.counts()
		if wrong < 10 || wrong > 12 || asked > 2*wrong {
			t.Errorf("in an hour %d REGISTERs, %d with the wrong password", asked, wrong)
		}
		x.set(func() {
			for i := range x.wrong[1:] {
				if gap := x.wrong[i+1].Sub(x.wrong[i]); gap < 300*time.Second {
					t.Errorf("tried again after %s", gap)
				}
			}
		})
		h := trunks.Status()[0]
		if h.Registration != RegistrationRefused || h.RegistrationProblem == "" || one.standing() != standingUnregistered {
			t.Errorf("status %+v", h)
		}
		if got := figure(t, trunks.metrics.asked.WithLabelValues("op", "refused")); int(got) != wrong {
			t.Errorf("%v refusals are counted, want %d", got, wrong)
		}
		x.set(func() { x.password = "secret" })
		time.Sleep(6 * time.Minute)
		if one.Registration() != RegistrationActive {
			t.Errorf("it is %s after the password is right again", one.Registration())
		}
	})
}

// A 423 raises what is asked for.
func TestREGISTER423(t *testing.T) {
	t.Parallel()
	x := newExchange()
	x.least = 30 * time.Minute
	registering(t, x, nil, func(trunks *Trunks, one *Trunk) {
		if got := trunks.Status()[0]; got.Registration != RegistrationActive || time.Until(got.RegisteredUntil) != x.least {
			t.Errorf("%+v", got)
		}
		time.Sleep(time.Hour)
		if one.Registration() != RegistrationActive {
			t.Errorf("it is %s", one.Registration())
		}
	})
}

// What a registrar demands for calls is kept for calls.
func TestREGISTERServiceRoute(t *testing.T) {
	t.Parallel()
	x := newExchange()
	x.answer = func(_ *wire.Request, res *wire.Response) {
		_ = res.Add("Service-Route", "<sip:a.example;lr>, <sip:b.example;lr>")
		_ = res.Add("Service-Route", "<sip:c.example;lr>")
	}
	registering(t, x, nil, func(trunks *Trunks, one *Trunk) {
		if got := fmt.Sprint(one.routeSet()); got != "[<sip:a.example;lr> <sip:b.example;lr> <sip:c.example;lr>]" {
			t.Errorf("routes %s", got)
		}
		if got := trunks.Route("+79161234567"); len(got) == 0 || len(got[0].Routes) != 3 || got[0].Auth == nil {
			t.Errorf("destinations %+v", got)
		}
	})
}

// A challenge is answered only for the own realm and to the own operator.
func TestREGISTERChallengesOfOthers(t *testing.T) {
	t.Parallel()
	x := newExchange()
	x.challenge = []string{`Digest realm="evil.example", nonce="x", qop="auth"`}
	registering(t, x, func(o *Operator) { o.Auth.Realm = operatorRealm }, func(trunks *Trunks, _ *Trunk) {
		h := trunks.Status()[0]
		if h.Registration != RegistrationRefused || !strings.Contains(h.RegistrationProblem, "evil.example") {
			t.Errorf("%+v", h)
		}
		x.set(func() {
			if got := x.last.Header("Authorization"); got != "" {
				t.Errorf("answered %s", got)
			}
		})
	})
}

// A month of a registration, or as much of it as has every kind of day when VAHTA_PROOF is not set: outages, nonces that are forgotten, a password that is wrong for an hour, a registrar with
// a minimum. The trunk is registered whenever the operator lets it be, within minutes, and nothing grows.
func TestREGISTERMonth(t *testing.T) {
	t.Parallel()
	x := newExchange()
	first, second := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	const slot = time.Minute
	registering(t, x, nil, func(trunks *Trunks, one *Trunk) {
		var away time.Duration // since the operator would have us and has not
		days := 14
		if os.Getenv("VAHTA_PROOF") != "" {
			days = 30
		}
		for i := range days * 24 * 60 {
			day, minute := i/(24*60), i%(24*60)
			x.set(func() {
				x.dead[first] = day%5 == 1 && minute < 120 || day%7 == 3 && minute >= 600 && minute < 960
				x.dead[second] = day%7 == 3 && minute >= 600 && minute < 960
				x.status = 0
				if day%6 == 4 && minute >= 300 && minute < 420 {
					x.status = 503
				}
				x.password = "secret"
				if day == 9 && minute >= 60 && minute < 120 {
					x.password = "other"
				}
				x.least = 0
				if day == 12 {
					x.least = time.Hour
				}
			})
			if minute%360 == 0 {
				x.restart()
			}
			time.Sleep(slot)
			synctest.Wait()
			x.mu.Lock()
			can := x.status == 0 && x.password == "secret" && !x.dead[second]
			x.mu.Unlock()
			if !can || x.registered() {
				away = 0
				continue
			}
			if away += slot; away > 7*time.Minute {
				t.Fatalf("day %d, minute %d: not registered for %s: %+v", day, minute, away, trunks.Status()[0])
			}
		}
		asked, wrong := x.counts()
		if asked < days*24*60/5 || asked > days*24*60 {
			t.Errorf("%d REGISTERs in %d days", asked, days)
		}
		if wrong > 14 {
			t.Errorf("%d tries with the wrong password", wrong)
		}
		if len(x.callIDs) != 1 || x.unordered != 0 {
			t.Errorf("Call-IDs %v, %d CSeqs did not rise", x.callIDs, x.unordered)
		}
		if one.Registration() != RegistrationActive {
			t.Errorf("at last it is %s", one.Registration())
		}
		one.targets.mu.Lock()
		if len(one.targets.rest) > 4 {
			t.Errorf("%d targets are remembered", len(one.targets.rest))
		}
		one.targets.mu.Unlock()
	})
}

// A connection that breaks is replaced at once; another one's is not ours to replace.
func TestREGISTERAgainWhenTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	x := newExchange()
	registering(t, x, func(o *Operator) { o.Transport = wire.TCP }, func(trunks *Trunks, one *Trunk) {
		trunks.FlowClosed(one.enrol.show().flow)
		trunks.Reregister()
		asked, _ := x.counts()
		time.Sleep(2 * nudgeGap)
		if now, _ := x.counts(); now == asked {
			t.Error("a lost connection did not lead to a new registration")
		}
		asked, _ = x.counts()
		trunks.FlowClosed(wire.Flow{Transport: wire.TCP, Remote: netip.MustParseAddrPort("192.0.2.77:5060")})
		time.Sleep(2 * nudgeGap)
		if now, _ := x.counts(); now != asked {
			t.Error("somebody else's connection led to a new registration")
		}
	})
}

// Who only asks proves the account and changes nothing at the registrar.
func TestREGISTERAskOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		password string
		want     Registration
	}{{"secret", RegistrationActive}, {"changed", RegistrationRefused}} {
		x := newExchange()
		x.password = tt.password
		x.answer = func(req *wire.Request, res *wire.Response) {
			res.Remove("Contact")
			if req.Header("Contact") == "" {
				x.bound = time.Time{}
			}
			_ = res.Add("Contact", "<sip:login@203.0.113.5>;expires=77") // the server that runs
		}
		x.only = true
		registering(t, x, nil, func(_ *Trunks, one *Trunk) {
			if got := one.Registration(); got != tt.want {
				t.Errorf("with password %s: %s", tt.password, got)
			}
		})
		if x.last.Header("Contact") != "" || x.last.Header("Expires") != "" || x.registered() {
			t.Errorf("it was not only asked: Contact %s, Expires %s", x.last.Header("Contact"), x.last.Header("Expires"))
		}
	}
}

// Where OPTIONS are not welcome an empty line keeps the way to us open; when it cannot be written, we register anew.
func TestREGISTERKeepsNATOpen(t *testing.T) {
	t.Parallel()
	x := newExchange()
	registering(t, x, func(o *Operator) { o.NoOptions = true }, func(_ *Trunks, _ *Trunk) {
		time.Sleep(2 * time.Minute)
		x.set(func() {
			if n := len(x.pings); n != 4 {
				t.Errorf("%d empty lines in two minutes, want one in 25 s", n)
			}
			x.broken = true
		})
		before, _ := x.counts()
		time.Sleep(defaultKeepAlive)
		if after, _ := x.counts(); after == before {
			t.Error("a broken way was not repaired")
		}
	})
	x = newExchange()
	registering(t, x, nil, func(_ *Trunks, _ *Trunk) {
		time.Sleep(10 * time.Minute)
		x.set(func() {
			if n := len(x.pings); n != 0 {
				t.Errorf("%d empty lines although OPTIONS do it", n)
			}
		})
	})
}
