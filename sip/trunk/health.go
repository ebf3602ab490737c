package trunk

import "time"

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
}

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
