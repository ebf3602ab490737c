// Package sla knows the clocks of a ticket: when each starts, when it is due,
// whether it was met. Clocks are pure functions of facts and of now; facts
// arrive as plain values taken from the ticket's event log, so the same log
// always gives the same verdict. It pages nobody.
//
// A clock is met if it stopped strictly before start + limit. Elapsed time is
// rounded up to whole seconds and never into compliance. Instants are compared
// as instants; on a round-the-clock contract no calendar takes part, so
// midnight and clock changes cost nothing.
//
// All functions may be called concurrently.
package sla

import (
	"fmt"
	"slices"
	"time"
)

// DefaultFirstContact is the promise to Critical tickets: a human engineer
// speaks to the client in less than this.
const DefaultFirstContact = 15 * time.Minute

// Name names a clock.
type Name string

// FirstContactClock is K1: from the first signal until an engineer has reached
// the requester.
const FirstContactClock Name = "first_contact"

// Kind is what happened to a report.
type Kind uint8

// The facts that move clocks.
const (
	Reported  Kind = iota // a signal arrived: the start; the earliest wins
	Contacted             // an engineer reached the requester
	Withdrawn             // the contact with this Ref turned out not to be one
)

// String returns the fact's name.
func (k Kind) String() string {
	switch k {
	case Reported:
		return "reported"
	case Contacted:
		return "contacted"
	case Withdrawn:
		return "withdrawn"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Fact is one thing that happened. Ref names the contact (a call, a message),
// so that it can be withdrawn.
type Fact struct {
	Kind Kind
	At   time.Time
	Ref  string
}

// Verdict is how a clock stands.
type Verdict uint8

// The verdicts.
const (
	Idle     Verdict = iota // not started
	Running                 // started, not stopped, not due
	Met                     // stopped in time
	Breached                // stopped late, or still running when due
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
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Clock is the state of one clock at one moment.
type Clock struct {
	Name    Name          `json:"name"`
	Start   time.Time     `json:"start"`
	Due     time.Time     `json:"due"`
	Stop    time.Time     `json:"stop,omitzero"` // zero while it runs
	StopRef string        `json:"stop_ref,omitempty"`
	Limit   time.Duration `json:"limit_ns"`
	Elapsed time.Duration `json:"elapsed_ns"` // exact, until Stop or now
	Verdict Verdict       `json:"verdict"`
}

// Seconds returns the elapsed time rounded up to whole seconds.
func (c Clock) Seconds() int64 { return int64((c.Elapsed + time.Second - 1) / time.Second) }

// Remaining returns the time left at the moment the clock was read; negative
// when due has passed, zero when it does not run.
func (c Clock) Remaining() time.Duration {
	if c.Start.IsZero() || !c.Stop.IsZero() {
		return 0
	}
	return c.Limit - c.Elapsed
}

// FirstContact reads K1 from the facts of one report as they stood at now.
// It starts at the earliest signal and stops at the earliest contact that was
// not withdrawn; it never pauses. A limit of zero means DefaultFirstContact.
func FirstContact(facts []Fact, limit time.Duration, now time.Time) Clock {
	if limit <= 0 {
		limit = DefaultFirstContact
	}
	c := Clock{Name: FirstContactClock, Limit: limit}
	for _, f := range facts {
		if f.At.After(now) {
			continue
		}
		switch f.Kind {
		case Reported:
			if c.Start.IsZero() || f.At.Before(c.Start) {
				c.Start = f.At
			}
		case Contacted:
			if !withdrawn(facts, f.Ref, now) && (c.Stop.IsZero() || f.At.Before(c.Stop)) {
				c.Stop, c.StopRef = f.At, f.Ref
			}
		case Withdrawn: // looked up per contact
		}
	}
	return c.judge(now)
}

func withdrawn(facts []Fact, ref string, now time.Time) bool {
	return slices.ContainsFunc(facts, func(f Fact) bool {
		return f.Kind == Withdrawn && f.Ref == ref && !f.At.After(now)
	})
}

// judge fills due, elapsed and verdict of a clock whose start and stop are set.
func (c Clock) judge(now time.Time) Clock {
	if c.Start.IsZero() {
		c.Stop, c.StopRef = time.Time{}, ""
		return c
	}
	c.Due = c.Start.Add(c.Limit)
	end := now
	if !c.Stop.IsZero() {
		end = c.Stop
	}
	c.Elapsed = max(0, end.Sub(c.Start))
	switch {
	case c.Elapsed >= c.Limit: // strict: at the limit it is late
		c.Verdict = Breached
	case c.Stop.IsZero():
		c.Verdict = Running
	default:
		c.Verdict = Met
	}
	return c
}
