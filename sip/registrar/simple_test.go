package registrar

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// TestREGISTEROldPhone: one that gives up at a choice is offered MD5 alone when it comes again; others keep their choice.
func TestREGISTEROldPhone(t *testing.T) {
	t.Parallel()
	now := t0
	r := newRig(t, func(_ *Config, d *Deps) { d.Now = func() time.Time { return now } })
	challenges := func(p *phone) int {
		return len(r.answer(p.request(wire.REGISTER)).Headers("WWW-Authenticate"))
	}
	old := r.phone("anna", r.password, "udp 192.0.2.7:1", "<sip:a@h>")
	stranger := r.phone("nobody", "", "udp 192.0.2.9:1", "<sip:a@h>") // is treated alike
	for name, p := range map[string]*phone{"old": old, "stranger": stranger} {
		if first, second := challenges(p), challenges(p); first != 2 || second != 1 {
			t.Errorf("%s: %d challenges, then %d", name, first, second)
		}
	}
	old.mustRegister()
	now = now.Add(50 * time.Minute)
	old.mustRegister()
	now = now.Add(50 * time.Minute)
	if n := challenges(old); n != 1 {
		t.Errorf("as long as it registers it is offered %d", n)
	}
	now = now.Add(simpleLife)
	if n := challenges(old); n != 2 {
		t.Errorf("after an hour without it: %d", n)
	}
	able := r.phone("anna", r.password, "udp 192.0.2.8:1", "<sip:b@h>")
	for range 5 {
		able.mustRegister()
		if n := challenges(able); n != 2 {
			t.Errorf("a phone that copes is offered %d", n)
		}
		now = now.Add(simpleAnswer)
	}
	s := newSimple()
	for i := range 3 * simpleMost {
		from := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		s.ask(from, true, t0)
		s.ask(from, true, t0)
	}
	if len(s.known) > simpleMost || len(s.asked) > simpleMost {
		t.Error(fmt.Sprint("remembered: ", len(s.known), " ", len(s.asked)))
	}
}
