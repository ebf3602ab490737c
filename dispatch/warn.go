package dispatch

import (
	"fmt"
	"time"

	"github.com/butlerspb/vahta/oncall/escalation"
)

// The rota is looked at this far ahead and this often for the check of reach.
const (
	reachAhead = 7 * 24 * time.Hour
	reachEvery = time.Hour
)

// Warnings reports what is allowed but may leave a client waiting, each with
// the path of its setting. A line is checked hour by hour for the week from
// now: would the first page about a lost call go out within 15 minutes, and to
// somebody whom the escalation steps name? What the rota says depends on the
// day, so these are warnings: a sound file must not be refused at night.
func (s *Snapshot) Warnings(now time.Time) []error {
	list := s.shortNumbers()
	list = append(list, leaves(under("escalation", s.Policy.Lint(escalation.ReactionTime)))...)
	for i, l := range s.lines {
		if err := s.reach(l, now); err != nil {
			list = append(list, fmt.Errorf("lines[%d].schedule: %w", i, err))
		}
	}
	return list
}

// reach returns the first fault of a line's reach.
func (s *Snapshot) reach(l Line, now time.Time) error {
	m := machineFor(s, l)
	for at := now; at.Before(now.Add(reachAhead)); at = at.Add(reachEvery) {
		r, when := m.Reach(at), at.Format("Mon 2006-01-02 15:04 MST")
		switch {
		case !r.Found:
			return fmt.Errorf("nobody can be paged on %s; add people with devices, or static numbers", when)
		case r.After > escalation.ReactionTime:
			return fmt.Errorf("on %s nobody is paged within %s; shorten the delays of escalation.steps", when, escalation.ReactionTime)
		case r.Fallen:
			return fmt.Errorf("on %s the escalation steps find nobody and the line's whole chain is paged instead; name tracks of its schedule, or %s",
				when, escalation.Chain)
		}
	}
	return nil
}
