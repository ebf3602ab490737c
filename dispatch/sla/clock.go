package sla

import (
	"fmt"
	"time"
)

// DefaultFirstContact is the promise to Critical tickets: a human engineer
// speaks to the client in less than this.
const DefaultFirstContact = 15 * time.Minute

// Name names a clock.
type Name string

// The clocks: K1 to K6.
const (
	FirstContactClock Name = "first_contact"
	PlanClock         Name = "plan"
	StabiliseClock    Name = "stabilisation"
	UpdateClock       Name = "next_update"
	RootCauseClock    Name = "root_cause"
	ReportClock       Name = "report"
)

// Names returns the clocks' names in their order, K1 first.
func Names() []Name {
	return []Name{FirstContactClock, PlanClock, StabiliseClock, UpdateClock, RootCauseClock, ReportClock}
}

// Verdict is how a clock stands.
type Verdict uint8

// The verdicts.
const (
	Idle     Verdict = iota // not started
	Running                 // started, not stopped, not due
	Met                     // stopped in time, or stopped where nothing was promised
	Breached                // stopped late, or still running when due
	Void                    // nobody waits for it any more: the ticket was closed, cancelled or merged before it was due
)

// String returns the verdict's name as stored and shown.
func (v Verdict) String() string {
	switch v {
	case Idle:
		return "idle"
	case Running:
		return "running"
	case Met:
		return "met"
	case Breached:
		return "breached"
	case Void:
		return "void"
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *Verdict) UnmarshalText(b []byte) error {
	for w := Idle; w <= Void; w++ {
		if w.String() == string(b) {
			*v = w
			return nil
		}
	}
	return fmt.Errorf("read verdict %q: no such verdict", b)
}

// Manner is what stopped a first-contact clock.
type Manner string

// The manners. The zero Manner is a contact.
const (
	ByContact  Manner = ""
	ByPolicy   Manner = "met_by_policy"   // the contract lets the client sleep: acknowledged, and diagnosis begun
	ByAttempts Manner = "met_by_attempts" // the contract takes so many tries over two channels
)

// Clock is the state of one clock at one moment.
type Clock struct {
	Name    Name          `json:"name"`
	Report  int           `json:"report,omitempty"` // whose first contact; 0 = the incident's clock
	Cycle   int           `json:"cycle,omitempty"`  // how many reopenings came before it
	At      time.Time     `json:"at"`               // when it was read
	Start   time.Time     `json:"start"`
	Due     time.Time     `json:"due"`           // zero = nothing is promised, or not while a pause without end lasts
	Stop    time.Time     `json:"stop,omitzero"` // zero while it runs
	StopRef string        `json:"stop_ref,omitempty"`
	Ceased  time.Time     `json:"ceased,omitzero"` // when nobody waited for it any more, though it had not stopped
	Limit   time.Duration `json:"limit_ns"`        // zero where the limit is in Days, or nothing is promised
	Days    int           `json:"business_days,omitempty"`
	Elapsed time.Duration `json:"elapsed_ns"` // exact, until Stop or now, without Gaps and, of a business clock, without closed hours
	Verdict Verdict       `json:"verdict"`

	Manner    Manner        `json:"manner,omitempty"`      // K1
	Tried     time.Time     `json:"attempted_at,omitzero"` // K1: the first try that failed
	Lag       time.Duration `json:"lag_ns,omitempty"`      // K1: how long the signal lay before it was received
	Withdrawn int           `json:"withdrawn,omitempty"`   // K1, K2, K4, K6: stops that turned out not to be one
	Gaps      []Span        `json:"gaps,omitempty"`        // K3, K5, K6: pauses, united, and times between stabilised and reopened
	Paused    bool          `json:"paused,omitempty"`      // it stands still now
	ETA       *Promise      `json:"eta,omitempty"`         // K3
	Periods   int           `json:"periods,omitempty"`     // K4: from word to word, with the last one, which Start to Elapsed are of
	Missed    int           `json:"missed,omitempty"`      // K4: of them, how many were too long
	Longest   time.Duration `json:"longest_ns,omitempty"`  // K4: of them, the longest
	DayBefore time.Time     `json:"day_before,omitzero"`   // K5, K6: one business day before it is due
}

// Span is [From, To); an open end is zero.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
}

// Promise is what was said about when the main function would work again: the
// first word and the last. Due is the ETA moved by pauses that came after it
// was told.
type Promise struct {
	First        time.Time `json:"first"`
	FirstDue     time.Time `json:"first_due"`
	FirstVerdict Verdict   `json:"first_verdict"`
	Last         time.Time `json:"last"`
	LastDue      time.Time `json:"last_due"`
	LastVerdict  Verdict   `json:"last_verdict"`
	Revised      int       `json:"revised,omitempty"`
	// Due is when the ETA in force lapses, which the clock goes by.
	Due time.Time `json:"due"`
	// Late counts revisions that were told only when the ETA before had lapsed; they do not move the clock.
	Late int `json:"late_revisions,omitempty"`
}

// Seconds returns the elapsed time rounded up to whole seconds.
func (c Clock) Seconds() int64 { return int64((c.Elapsed + time.Second - 1) / time.Second) }

// Runs reports whether the clock has started and nothing has stopped it.
func (c Clock) Runs() bool {
	return !c.Start.IsZero() && c.Stop.IsZero() && c.Ceased.IsZero()
}

// Remaining returns the time left at the moment the clock was read; negative
// when due has passed, zero when it does not run or nothing is promised.
func (c Clock) Remaining() time.Duration {
	if !c.Runs() || c.Due.IsZero() {
		return 0
	}
	return c.Due.Sub(c.At)
}
