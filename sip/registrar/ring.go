package registrar

import (
	"context"
	"errors"
	"sync"

	"github.com/butlerspb/vahta/sip/wire"
)

// ErrGone says that a phone cannot be reached any more: its connection has
// closed, it does not answer, its registration has ended or its account was revoked.
var ErrGone = errors.New("the phone is gone")

// MovedError says that a phone has registered from elsewhere.
type MovedError struct{ To *Destination }

// Error implements error.
func (e *MovedError) Error() string { return "the phone has registered from elsewhere" }

// Destination is one way to ring a phone.
type Destination struct {
	Account string
	URI     wire.URI  // Request-URI
	Flow    wire.Flow // where the INVITE goes

	registrar *Registrar
	ref       string

	mu    sync.Mutex
	watch watch // guarded by mu
	lost  error // guarded by mu; the network said so
}

// Destinations lists the ways to ring an account's phones, the best first:
// by q, then the phone that registered last. Silent phones are left out.
func (r *Registrar) Destinations(account string) []*Destination {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.accounts[account]; !ok || !a.usable(r.cfg.Realm) {
		return nil
	}
	var own, foreign []Binding
	for _, b := range r.own[account] {
		if b.live(now) && !b.silent() {
			own = append(own, b)
		}
	}
	for _, b := range r.foreign[account] {
		if b.live(now) && b.Transport == wire.UDP && !b.Behind && r.accounts.valid(&b, r.cfg.Realm) {
			b.Local = r.noLocal() // the other node's listener is not ours
			foreign = append(foreign, b)
		}
	}
	sortForRinging(own)
	sortForRinging(foreign)
	var list []*Destination
	for _, b := range append(own, foreign...) {
		if d := r.destination(&b); d != nil {
			list = append(list, d)
		}
	}
	return list
}

func (r *Registrar) destination(b *Binding) *Destination {
	uri, ok := b.uri()
	if !ok {
		return nil
	}
	return &Destination{Account: b.Account, URI: uri, Flow: b.Flow(), registrar: r, ref: b.Ref}
}

// find returns a live binding.
func (r *Registrar) find(account, ref string) (Binding, bool) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.own[account] {
		if b.Ref == ref && b.live(now) {
			return b, true
		}
	}
	for _, b := range r.foreign[account] {
		if b.Ref == ref && b.live(now) && r.accounts.valid(&b, r.cfg.Realm) {
			b.Local = r.noLocal()
			return b, true
		}
	}
	return Binding{}, false
}

// Alive tells whether the phone is still there while it rings; it is to be asked
// every WatchEvery. It never waits: it sends an OPTIONS and judges by what it has
// heard so far. A phone that never answered one is only known by its connection
// and its registration. An error is ErrGone or a *MovedError.
func (d *Destination) Alive(context.Context) error {
	r := d.registrar
	b, ok := r.find(d.Account, d.ref)
	if !ok {
		return ErrGone
	}
	if b.Flow() != d.Flow {
		if to := r.destination(&b); to != nil {
			return &MovedError{to}
		}
		return ErrGone
	}
	now := r.now()
	d.mu.Lock()
	var gone bool
	d.watch, gone = d.watch.ask(now, b.Answers)
	lost := d.lost
	d.mu.Unlock()
	if gone || lost != nil {
		r.metrics.goneRinging()
		return errors.Join(ErrGone, lost)
	}
	r.options(&b, WatchEvery*4, func(ev wire.ClientEvent) {
		d.mu.Lock()
		defer d.mu.Unlock()
		switch {
		case ev.Response != nil:
			d.watch = d.watch.answered(now)
		case errors.Is(ev.Err, wire.ErrUnreachable):
			d.lost = ev.Err
		}
	})
	return nil
}
