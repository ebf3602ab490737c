package trunk

import (
	"crypto/rand"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// Hysteresis of the OPTIONS health: with the default probe interval of 8 s a dead operator is down
// within 24 s.
const (
	missesToDown = 3
	hitsToUp     = 2
)

// State is what we believe about an operator's reachability.
type State uint8

// States of an operator. Unknown (not probed yet, or probing is off) counts as usable.
const (
	StateUnknown State = iota
	StateUp
	StateDown
)

// String names the state as metrics and commands show it.
func (s State) String() string {
	switch s {
	case StateUnknown:
		return "unknown"
	case StateUp:
		return "up"
	case StateDown:
		return "down"
	}
	return "invalid"
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Health is what `doctor` and the console show of one operator.
type Health struct {
	Trunk       string        `json:"trunk"`
	State       State         `json:"state"`
	Since       time.Time     `json:"since"`             // when State was entered
	Remote      string        `json:"remote,omitempty"`  // address that is probed, "" while its name has no address
	RTT         time.Duration `json:"rtt_ns,omitempty"`  // of the last answered probe
	Problem     string        `json:"problem,omitempty"` // why the last probe failed, "" when it did not
	Channels    int           `json:"channels"`          // calls in both directions now
	MaxChannels int           `json:"max_channels"`      // 0 = no limit
	Doubted     bool          `json:"doubted,omitempty"` // it failed the line's self-test: calls prefer others
	// Registration is where our registration with the operator stands.
	Registration        Registration `json:"registration"`
	RegisteredUntil     time.Time    `json:"registered_until,omitzero"`      // when it runs out unless it is renewed
	RegistrationProblem string       `json:"registration_problem,omitempty"` // why the last attempt failed, "" when it did not
	Registrar           string       `json:"registrar,omitempty"`            // address that keeps it
}

// Standing orders trunks: the lower, the sooner they are used.
const (
	standingUsable       = iota
	standingDoubted      // it failed the line's self-test
	standingUnregistered // it answers, but does not know us now; it may refuse our calls
	standingDown
)

// standing tells how far the trunk can be relied on.
func (t *Trunk) standing() int {
	switch {
	case t.State() == StateDown:
		return standingDown
	case t.enrol != nil && t.Registration() != RegistrationActive:
		return standingUnregistered
	case t.doubted.Load():
		return standingDoubted
	}
	return standingUsable
}

// Doubt says whether calls should prefer other operators because this one failed the line's self-test.
func (t *Trunks) Doubt(name string, doubted bool) {
	if one := t.byName[name]; one != nil {
		one.doubted.Store(doubted)
	}
}

// HasRoom reports whether the operator has channels for so many more calls.
func (t *Trunks) HasRoom(name string, calls int) bool {
	one := t.byName[name]
	return one == nil || one.op.MaxChannels == 0 || one.limit.used()+calls <= one.op.MaxChannels
}

// Registration returns where our registration with the operator stands.
func (t *Trunk) Registration() Registration {
	if t.enrol == nil {
		return RegistrationOff
	}
	return t.enrol.show().state.standing(t.enrol.t.deps.Now())
}

// routeSet is the preloaded route set of requests to the operator: what the registrar demanded (RFC 3608), else the
// outbound proxy.
func (t *Trunk) routeSet() []string {
	if t.enrol != nil {
		if routes := t.enrol.show().routes; len(routes) > 0 && t.Registration() == RegistrationActive {
			return routes
		}
	}
	return t.op.routes()
}

// registration fills in what is known of the registration.
func (t *Trunk) registration(h *Health) {
	h.Registration = t.Registration()
	if t.enrol == nil {
		return
	}
	shown := t.enrol.show()
	h.RegistrationProblem = shown.state.why
	if h.Registration == RegistrationActive {
		h.RegisteredUntil, h.Registrar = shown.state.bound, shown.flow.Remote.String()
	}
}

// Reregister renews all registrations soon: the network or a listener has come back.
func (t *Trunks) Reregister() {
	for _, one := range t.trunks {
		if one.enrol != nil {
			one.enrol.nudge()
		}
	}
}

// FlowClosed tells that a connection has gone; what was registered by it is registered anew.
func (t *Trunks) FlowClosed(flow wire.Flow) {
	for _, one := range t.trunks {
		if one.enrol == nil {
			continue
		}
		if kept := one.enrol.show().flow; kept.Transport == flow.Transport && kept.Remote == flow.Remote {
			one.enrol.nudge()
		}
	}
}

// random fills b with unpredictable bytes.
func (t *Trunks) random(b []byte) { _, _ = rand.Read(b) } // crypto/rand never fails

// pulse is the pure machine behind [State]: hits and misses in, state out.
type pulse struct {
	state        State
	hits, misses int
}

// step counts one probe. Any answer at all is a hit: a peer that refuses OPTIONS is alive.
func (p pulse) step(alive bool) (next pulse, changed bool) {
	if alive {
		p.hits, p.misses = min(p.hits+1, hitsToUp), 0
	} else {
		p.hits, p.misses = 0, min(p.misses+1, missesToDown)
	}
	before := p.state
	switch p.state {
	case StateUnknown:
		if alive {
			p.state = StateUp
		} else if p.misses >= missesToDown {
			p.state = StateDown
		}
	case StateUp:
		if p.misses >= missesToDown {
			p.state = StateDown
		}
	case StateDown:
		if p.hits >= hitsToUp {
			p.state = StateUp
		}
	}
	return p, p.state != before
}
