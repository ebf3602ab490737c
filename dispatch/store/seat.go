package store

import (
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// seat is what the arbiter knows of one person: his last token and whose it
// is. Both stores decide by it, so that they decide alike.
type seat struct {
	call, attempt, node string

	token uint64
	until int64 // µs; 0 = released
}

func (s seat) open(now time.Time) bool { return s.until > micros(now) }

// holds reports whether a is the last assignment of the person.
func (s seat) holds(a dispatch.Assignment) bool {
	return s.token == a.Token && s.call == a.Call && s.attempt == a.Attempt
}

// assign returns the seat after a was let in. Another attempt of the call that
// has the person replaces the older one.
func (s seat) assign(a dispatch.Assignment, now time.Time) (seat, error) {
	switch {
	case s.open(now) && s.holds(a):
		return s.extend(a), nil
	case s.open(now) && s.call != a.Call:
		return s, dispatch.ErrAssigned
	case a.Token <= s.token:
		return s, dispatch.ErrStale
	}
	return seat{call: a.Call, attempt: a.Attempt, node: a.Node, token: a.Token, until: micros(a.Until)}, nil
}

// extend moves the end of the assignment if a is it and it was not released.
// One that has passed and that nobody else got since is open again: its person
// is still with that call, the store was only not told in time. The end never
// comes nearer, whatever order extensions arrive in.
func (s seat) extend(a dispatch.Assignment) seat {
	if s.holds(a) && s.until != 0 {
		s.until = max(s.until, micros(a.Until))
	}
	return s
}

// confirm returns the seat if a may join its person: one that has run out and
// that nobody else got since is open again first, so that nobody gets it next.
func (s seat) confirm(a dispatch.Assignment, now time.Time) (seat, error) {
	if s.holds(a) && !s.open(now) {
		s = s.extend(a)
	}
	if !s.holds(a) || !s.open(now) {
		return s, dispatch.ErrStale
	}
	return s, nil
}

// release ends the assignment if a is it.
func (s seat) release(a dispatch.Assignment) seat {
	if s.holds(a) {
		s.until = 0
	}
	return s
}

// counterBits are the low bits of a token; its epoch is above them. It is
// EpochShift of oncall/rotation, of which the store knows nothing else.
const counterBits = 40

// nextEpoch is above the last epoch given out and above that of every token
// seen: a node that could not ask may have raised the epoch by itself.
func nextEpoch(last, token uint64) uint64 { return max(last, token>>counterBits) + 1 }
