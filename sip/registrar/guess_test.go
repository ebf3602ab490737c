package registrar

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// TestRegistrarGuessesMeetSilence: behind the NAT of a live phone passwords of others are guessed a few times, whether they
// exist or not; the phone itself goes on, and so does who is set up anew.
func TestRegistrarGuessesMeetSilence(t *testing.T) {
	t.Parallel()
	now := t0
	r := newRig(t, func(_ *Config, d *Deps) { d.Now = func() time.Time { return now } })
	boris := r.account("boris")
	live := r.phone("anna", r.password, "udp 192.0.2.7:1000", "<sip:a@10.0.0.5>")
	live.mustRegister()
	// guess returns how many of so many guesses were answered.
	guess := func(user, from string, n int) (answers int) {
		p := r.phone(user, "guess", from, "<sip:x@10.0.0.6>")
		for i := range n {
			p.callID = fmt.Sprint(user, from, now, i)
			res := r.answer(p.request(wire.REGISTER))
			if res == nil {
				continue
			}
			answers++
			req := p.request(wire.REGISTER)
			p.authorize(req, res)
			if r.answer(req) != nil {
				answers++
			}
		}
		return answers
	}
	for _, user := range []string{"boris", "nobody"} {
		if n := guess(user, "udp 192.0.2.7:2000", 800); n != 2*guessTries {
			t.Errorf("%s: %d answers to 800 guesses", user, n)
		}
	}
	right := r.phone("boris", boris, "udp 192.0.2.7:2000", "<sip:b@10.0.0.6>")
	in := &incoming{req: right.request(wire.INVITE)}
	if _, ok := r.Authenticate(in); ok || in.status != wire.StatusForbidden || len(in.headers) != 0 {
		t.Errorf("a call of his: %d %v", in.status, in.headers)
	}
	if n := guess("anna", "udp 192.0.2.7:2000", 3*guessTries); n != 6*guessTries {
		t.Errorf("the live phone's own user: %d answers", n)
	}
	live.mustRegister()
	r.phone("boris", boris, "udp 192.0.2.8:1", "<sip:b@10.0.0.6>").mustRegister() // from elsewhere
	now = now.Add(guessLife)
	right.mustRegister()

	guess("boris", "udp 192.0.2.9:1", 2*guessTries)
	if again := r.phone("boris", r.renew("boris"), "udp 192.0.2.9:1", "<sip:b@10.0.0.6>"); again.register("60").Status() != wire.StatusOK {
		t.Error("a new secret is no new start")
	}
	before := len(r.guesses.failed)
	forged := r.phone("boris", "guess", "udp 192.0.2.10:1", "<sip:b@h>")
	for range 2 * guessTries { // challenges that went elsewhere
		req := forged.request(wire.REGISTER)
		forged.authorize(req, r.answer(r.phone("boris", "", "udp 192.0.2.11:1", "").request(wire.REGISTER)))
		if r.answer(req) == nil {
			t.Fatal("who forges an address shuts it out")
		}
	}
	if len(r.guesses.failed) != before {
		t.Error("forged guesses are counted")
	}
}

func TestGuessesAreBounded(t *testing.T) {
	t.Parallel()
	g := newGuesses()
	for i := range 2 * guessMost {
		g.wrong(guesser{netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), "anna"}, 1, t0)
	}
	if len(g.failed) != guessMost {
		t.Errorf("%d are remembered", len(g.failed))
	}
	g.wrong(guesser{netip.IPv6Loopback(), "anna"}, 1, t0.Add(guessLife))
	if len(g.failed) != 1 {
		t.Errorf("%d are remembered for ever", len(g.failed))
	}
}

// renew gives an account a new secret.
func (r *rig) renew(user string) string {
	r.t.Helper()
	s, err := r.Provisioner().Reveal(r.t.Context(), user)
	if err != nil {
		r.t.Fatal(err)
	}
	return s.Password
}
