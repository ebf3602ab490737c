package sla

import (
	"slices"
	"time"
)

// FirstContact reads K1 of the first report alone, with a limit of its own, as
// it stood at now: what a ticket has whose log pins no policy. It starts at the earliest signal and stops at the earliest contact that was
// not withdrawn; it never pauses. A limit of zero means DefaultFirstContact.
func FirstContact(facts []Fact, limit time.Duration, now time.Time) Clock {
	if limit <= 0 {
		limit = DefaultFirstContact
	}
	c := Clock{Name: FirstContactClock, Report: 1, At: now, Limit: limit}
	for _, f := range facts {
		if f.At.After(now) || f.Report > 1 {
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
		default: // a Withdrawn is looked up per contact; the others move other clocks
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
