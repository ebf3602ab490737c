package trunk

import (
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

const (
	// restAfterFailure is how long a target that failed a call, or did not answer a probe, is tried last.
	restAfterFailure = 30 * time.Second
	// maxRest bounds what a Retry-After can ask for.
	maxRest = 10 * time.Minute
	// maxTargets bounds what is remembered of one operator's targets.
	maxTargets = 64
)

// targets remembers which targets of an operator are left alone for a while.
type targets struct {
	mu     sync.Mutex
	rest   map[string]rest   // guarded by mu; by transport and address
	vigils map[string]*vigil // guarded by mu; likewise: watches while calls ring
}

// rest is why and until when a target is tried last.
type rest struct {
	until  time.Time
	byCall bool // a call failed there: an answer to OPTIONS proves nothing against it
}

func targetKey(f wire.Flow) string { return string(f.Transport) + " " + f.Remote.String() }

// resting reports whether the target is tried last now.
func (t *targets) resting(f wire.Flow, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rest[targetKey(f)].until.After(now)
}

// lay lets a target rest. A longer rest stays.
func (t *targets) lay(f wire.Flow, now time.Time, d time.Duration, byCall bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rest == nil {
		t.rest = make(map[string]rest)
	}
	for key, r := range t.rest {
		if !r.until.After(now) {
			delete(t.rest, key)
		}
	}
	key := targetKey(f)
	old, known := t.rest[key]
	if !known && len(t.rest) >= maxTargets {
		return
	}
	r := rest{until: now.Add(min(d, maxRest)), byCall: byCall || old.byCall}
	if old.until.After(r.until) {
		r.until = old.until
	}
	t.rest[key] = r
}

// wake ends a rest; a call's failure is outweighed by a call only.
func (t *targets) wake(f wire.Flow, byCall bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if key := targetKey(f); byCall || !t.rest[key].byCall {
		delete(t.rest, key)
	}
}

// rest lets a target that does not answer probes or registrations be tried last for a while.
func (t *Trunks) rest(one *Trunk, f wire.Flow, d time.Duration) {
	one.targets.lay(f, t.deps.Now(), d, false)
}

// revive tells that a target has answered a probe or a registration.
func (t *Trunks) revive(one *Trunk, f wire.Flow) { one.targets.wake(f, false) }
