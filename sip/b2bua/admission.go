package b2bua

import (
	"fmt"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Pressure is what is used of the resource that is nearest its end.
type Pressure struct {
	Share float64 // 0 to 1, above 1 when a limit is exceeded
	Why   string  // its name, from a closed set: it becomes a metric label
}

// mark is how hard a resource presses.
type mark uint8

const (
	markNone mark = iota
	markSoft      // only known clients are taken
	markHard      // nobody new is
)

// String names the mark as /status shows it.
func (m mark) String() string {
	switch m {
	case markNone:
		return "none"
	case markSoft:
		return "soft"
	case markHard:
		return "hard"
	}
	return "invalid"
}

// Load is what the engine carries now and whom it takes.
type Load struct {
	Calls    int    `json:"calls"`
	MaxCalls int    `json:"max_calls"`
	Open     int    `json:"open_to_all"` // calls up to here are taken from anybody, the rest is kept for known clients
	Mark     string `json:"mark"`        // "none", "soft": known clients only, "hard": nobody new
	Why      string `json:"why,omitempty"`
}

// limits are the marks in the units they are compared in.
type limits struct {
	soft, hard float64 // shares of a resource
	open       int64   // calls that anybody may have
	kept       float64 // tokens of the throttle that only known clients may have
}

// newLimits reads the percentages. However small the whole, somebody unknown gets in when nothing else goes on.
func newLimits(cfg Config) limits {
	const whole = 100
	open := int64(cfg.MaxCalls) * int64(whole-cfg.KeepForKnown) / whole
	kept := float64(cfg.CallsBurst) * float64(cfg.KeepForKnown) / whole
	return limits{
		soft: float64(cfg.SoftMark) / whole,
		hard: float64(cfg.HardMark) / whole,
		open: max(1, open),
		kept: max(0, min(kept, float64(cfg.CallsBurst-1))),
	}
}

// judge compares a pressure with the marks.
func (l limits) judge(p Pressure) mark {
	switch {
	case p.Share >= l.hard:
		return markHard
	case p.Share >= l.soft:
		return markSoft
	}
	return markNone
}

// pressed is the mark that the machine has reached, and by which resource.
func (e *Engine) pressed() (mark, string) {
	if e.pressure == nil {
		return markNone, ""
	}
	p := e.pressure()
	return e.limits.judge(p), p.Why
}

// caller is somebody whose INVITE is being decided on. Whether he is known is asked at most once, and only when it
// matters.
type caller struct {
	who          trunk.Inbound
	peer         bool // his INVITE came from an operator or phone of ours
	asked, known bool
}

func (e *Engine) knows(c *caller) bool {
	if !c.asked {
		c.asked = true
		c.known = c.peer && (e.known == nil || c.who.Account != "" || e.known(c.who)) // our own engineers are
	}
	return c.known
}

// admit decides on a new call by what the engine can bear; "" means that it is taken, and counted as active.
func (e *Engine) admit(received time.Time, c *caller) (why string) {
	now := e.now()
	if e.draining.Load() || e.script == nil {
		return refusedDrain
	}
	if now.Sub(received) > e.cfg.MaxAge {
		return refusedLate
	}
	if m, why := e.pressed(); m == markHard || m == markSoft && !e.knows(c) {
		return why
	}
	if !e.throttle.take(now, e.limits.kept) && (!e.knows(c) || !e.throttle.take(now, 0)) {
		return refusedRate
	}
	n := e.active.Add(1)
	if n > int64(e.cfg.MaxCalls) || n > e.limits.open && !e.knows(c) {
		e.active.Add(-1)
		return refusedCalls
	}
	return ""
}

// shed refuses an INVITE that is too much now; another node or a later try may have it.
func (e *Engine) shed(in *dialog.Incoming, c *caller, why string) {
	e.metrics.refused(why)
	in.Reject(wire.StatusServiceUnavailable, "", e.retryAfter)
	now := e.now()
	e.turns.refused(why, now)
	if why != refusedDrain && e.known != nil && e.knows(c) { // he was to get through
		e.metrics.refusedKnown()
		e.turns.known(maskNumber(c.who.Caller), c.who.Trunk, why, now)
	}
}

// maskNumber hides all but the last four characters of a caller's number.
func maskNumber(s string) string {
	const keep = 4
	if len(s) <= keep {
		return s
	}
	return "…" + s[len(s)-keep:]
}

// Load returns what the engine carries now.
func (e *Engine) Load() Load {
	l := Load{Calls: e.Active(), MaxCalls: e.cfg.MaxCalls, Open: int(e.limits.open)}
	m, why := e.pressed()
	switch {
	case m != markHard && l.Calls >= l.MaxCalls:
		m, why = markHard, refusedCalls
	case m == markNone && l.Calls >= l.Open:
		m, why = markSoft, refusedCalls
	}
	if l.Mark = m.String(); m != markNone {
		l.Why = why
	}
	return l
}

// Full returns why the machine can bear nobody new, nil below the hard mark: OPTIONS and readiness say the same. That all
// calls are taken is no such reason: the next may end at any moment, and an operator that hears 503 to OPTIONS stays
// away for longer.
func (e *Engine) Full() error {
	m, why := e.pressed()
	if m != markHard {
		return nil
	}
	return fmt.Errorf("new calls are refused with 503, the %d in progress go on: the machine is out of %s", e.Active(), why)
}
