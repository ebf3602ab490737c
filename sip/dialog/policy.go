package dialog

import (
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// Extensions are the option tags that a far end may require of us (RFC 3262, RFC
// 4028), for wire.Config.Extensions.
//
//nolint:gochecknoglobals // a list that is never written to
var Extensions = []string{tag100rel, tagTimer}

const (
	tag100rel = "100rel"
	tagTimer  = "timer"
)

// Authorizer answers the challenge of a 401 or 407 to an INVITE of ours: the
// header to send the request again with. An error means that the challenge must
// not or cannot be answered: it is then a refusal.
type Authorizer interface {
	Authorize(method string, uri wire.URI, body []byte, challenge *wire.Response) (wire.Header, error)
}

// Reliability says how provisional responses are made reliable on a leg (RFC 3262).
type Reliability uint8

// How 100rel is used. What a far end requires is honoured in every case.
const (
	// ReliableAuto offers it; towards a caller who supports it, what carries a
	// description is sent reliably.
	ReliableAuto Reliability = iota
	// ReliableRequire requires it of whom we call; towards a caller who supports
	// it, all of 101 to 199 is sent reliably.
	ReliableRequire
	// ReliableOff does not offer it.
	ReliableOff
	reliabilityCount
)

// String returns the word of the configuration.
func (r Reliability) String() string {
	return name("reliability", []string{"auto", "require", "off"}, uint8(r))
}

// MarshalText writes the word of the configuration.
func (r Reliability) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads auto, require or off; an empty word is auto.
func (r *Reliability) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = ReliableAuto
		return nil
	}
	for i := range reliabilityCount {
		if i.String() == string(text) {
			*r = i
			return nil
		}
	}
	return fmt.Errorf("reliable provisional responses: %q is not one of auto, require, off", text)
}

// SessionTimer is the policy of session timers on a leg (RFC 4028). Zero values
// are those of [Config].
type SessionTimer struct {
	Off     bool          `yaml:"off"`     // neither asked for nor agreed to, unless the far end requires it
	Expires time.Duration `yaml:"expires"` // the interval we ask for, and the longest we agree to
	MinSE   time.Duration `yaml:"min_se"`  // the shortest we agree to
}

// shortestMinSE is the least a Min-SE may say (RFC 4028 §5).
const shortestMinSE = 90 * time.Second

// Validate reports every fault at once; zero values are none.
func (t SessionTimer) Validate() error {
	var faults []error
	if t.MinSE != 0 && t.MinSE < shortestMinSE {
		faults = append(faults, fmt.Errorf("min_se is %v, must not be below %v (RFC 4028 §5)", t.MinSE, shortestMinSE))
	}
	if t.Expires != 0 && t.Expires < max(t.MinSE, shortestMinSE) {
		faults = append(faults, fmt.Errorf("expires is %v, must not be below min_se (%v)", t.Expires, max(t.MinSE, shortestMinSE)))
	}
	return errors.Join(faults...)
}

// or completes a leg's policy by the stack's.
func (t SessionTimer) or(c SessionTimer) SessionTimer {
	if t == (SessionTimer{}) {
		return c
	}
	if t.MinSE == 0 {
		t.MinSE = c.MinSE
	}
	if t.Expires == 0 {
		t.Expires = c.Expires
	}
	t.Expires = max(t.Expires, t.MinSE)
	return t
}
