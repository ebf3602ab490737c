package b2bua

import (
	"log/slog"
	"sync"
	"time"
)

const (
	// turnQuiet is how long nobody may have been refused for a reason until its turn is over.
	turnQuiet = 5 * time.Second
	// turnLook is how often ended turns are looked for.
	turnLook = time.Second
	// knownLines is how many refused known clients a second get a line of their own; the others are counted in the next.
	knownLines = 5
)

// turns log refusals once a turn and reason, however many callers are refused.
type turns struct {
	log *slog.Logger

	mu      sync.Mutex
	now     map[string]*turn // guarded by mu: by reason
	second  time.Time        // guarded by mu: when the second of knownLines began
	lines   int              // guarded by mu: of that second
	skipped int              // guarded by mu: refused known clients without a line
}

// turn is a time in which callers were refused again and again.
type turn struct {
	since, last time.Time
	refused     int
}

func newTurns(log *slog.Logger) *turns { return &turns{log: log, now: make(map[string]*turn)} }

// refused counts one refusal and tells of the first of a turn.
func (t *turns) refused(why string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.now[why]
	if one == nil {
		one = &turn{since: at}
		t.now[why] = one
		t.log.Warn("new calls are refused with 503", "cause", why)
	}
	one.last = at
	one.refused++
}

// known tells of a known client who was refused.
func (t *turns) known(number, trunk, why string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.Sub(t.second) >= time.Second {
		t.second, t.lines = at, 0
	}
	if t.lines++; t.lines > knownLines {
		t.skipped++
		return
	}
	t.log.Error("a known client was refused", "caller", number, "trunk", trunk, "cause", why, "suppressed", t.skipped)
	t.skipped = 0
}

// settle ends turns in which nobody was refused of late.
func (t *turns) settle(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for why, one := range t.now {
		if at.Sub(one.last) >= turnQuiet {
			delete(t.now, why)
			t.log.Info("new calls are taken again", "cause", why, "calls", one.refused, "took", one.last.Sub(one.since).Round(time.Millisecond))
		}
	}
}
