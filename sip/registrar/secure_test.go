package registrar

import (
	"errors"
	"slices"
	"testing"

	"github.com/butlerspb/vahta/sip/wire"
)

// edit changes an account of the record.
func (l *ledger) edit(user string, f func(*Account)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.all[user]
	f(&a)
	l.all[user] = a
}

// TestSIPoverTCPTwoAccountsOfOneConnection: each calls in its own name, whichever registered first.
func TestSIPoverTCPTwoAccountsOfOneConnection(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const flow = "tls 192.0.2.7:40000"
	anna := r.phone("anna", r.password, flow, "<sip:a@10.0.0.5>")
	boris := r.phone("boris", r.account("boris"), flow, "<sip:b@10.0.0.5>")
	anna.mustRegister()
	boris.mustRegister()
	for range 20 {
		for _, p := range []*phone{anna, boris} {
			in := &incoming{req: p.request(wire.INVITE)}
			user, ok := r.Authenticate(in)
			if !ok || user != p.user {
				t.Fatalf("%s by its own connection: %q %d", p.user, user, in.status)
			}
			r.Release(user)
		}
	}
	r.account("clara")
	in := &incoming{req: r.phone("clara", "", flow, "").request(wire.INVITE)}
	if user, ok := r.Authenticate(in); ok || in.status != wire.StatusUnauthorized {
		t.Errorf("one that has not registered there: %q %d", user, in.status)
	}
}

// TestRegistrarBarredAccount: the phone of a disabled engineer is as good as revoked, until he is back.
func TestRegistrarBarredAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.phone("anna", r.password, "tls 192.0.2.7:40000", "<sip:a@10.0.0.5>")
	p.mustRegister()
	for _, barred := range []bool{true, false} {
		r.ledger.edit("anna", func(a *Account) { a.Barred = barred })
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.ways("anna"); got != "" {
			t.Errorf("barred %t: rung at %q", barred, got)
		}
		in := &incoming{req: p.request(wire.INVITE)}
		if _, ok := r.Authenticate(in); ok || in.status != wire.StatusUnauthorized {
			t.Errorf("barred %t: it calls, %d", barred, in.status)
		}
		want := map[bool]int{true: wire.StatusUnauthorized, false: wire.StatusOK}[barred]
		if res := p.register("60"); res.Status() != want {
			t.Errorf("barred %t: REGISTER %d", barred, res.Status())
		}
	}
}

func TestRegistrarRevocationIsToldOnce(t *testing.T) {
	t.Parallel()
	var told []string
	r := newRig(t, func(_ *Config, d *Deps) { d.Revoked = func(user string) { told = append(told, user) } })
	r.account("boris")
	if err := r.Provisioner().Revoke(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(told, []string{"anna"}) {
		t.Errorf("told %v", told)
	}
}

// TestRegistrarSameCallIDIsTheSamePhone: without an instance a phone that moves while it rings is known by its Call-ID.
func TestRegistrarSameCallIDIsTheSamePhone(t *testing.T) {
	t.Parallel()
	for callID, same := range map[string]bool{"boot-udp 192.0.2.7:40000": true, "boot-2": false} {
		r := newRig(t)
		p := r.phone("anna", r.password, "udp 192.0.2.7:40000", "<sip:a@10.0.0.5>")
		p.mustRegister()
		ringing := r.Destinations("anna")[0]
		p.from, p.contact, p.callID = "udp 198.51.100.9:7", "<sip:a9@10.9.9.9>", callID
		p.mustRegister()
		moved, ok := errors.AsType[*MovedError](ringing.Alive(t.Context()))
		if ok != same || ok && moved.To.Flow.Remote != addr("198.51.100.9:7") {
			t.Errorf("Call-ID %q: moved %+v", callID, moved)
		}
	}
}
