package dispatch

import (
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/escalation"
)

// The rota is looked at this far ahead and this often for the check of reach.
const (
	reachAhead = 7 * 24 * time.Hour
	reachEvery = time.Hour
)

// emptyAhead is how long a target of the escalation may have nobody without a
// word: two weeks, as far as the rota's own warnings look.
const emptyAhead = 14 * 24 * time.Hour

// Warnings reports what is allowed but may leave a client waiting, each with
// the path of its setting. A line is checked hour by hour for the week from
// now: would the first page about a lost call go out within 15 minutes, and to
// somebody whom the escalation steps name? And does the policy keep its promise
// with the people of each hour of two weeks, if nobody answers? What the rota says depends on the
// day, so these are warnings: a sound file must not be refused at night.
func (s *Snapshot) Warnings(now time.Time) []error {
	list := s.shortNumbers()
	list = append(list, leaves(under("escalation", s.Policy.CheckPeople(s.Roster.People)))...)
	list = append(list, s.lintPolicy(now)...)
	for i, l := range s.lines {
		if err := s.reach(l, now); err != nil {
			list = append(list, fmt.Errorf("lines[%d].schedule: %w", i, err))
		}
	}
	return list
}

// lintPolicy checks the policy with the people of each line, now and at all hours
// ahead at which they are others; what is true of several is said once, with the
// first hour at which it is.
func (s *Snapshot) lintPolicy(now time.Time) (list []error) {
	var moments []time.Time
	for at := now; at.Before(now.Add(emptyAhead)); at = at.Add(reachEvery) {
		moments = append(moments, at)
	}
	told, empty := map[string]bool{}, map[string]int{}
	add := func(err error, at time.Time) {
		text := err.Error()
		if told[text] {
			return
		}
		told[text] = true
		if !strings.HasPrefix(text, "people[") {
			err = fmt.Errorf("escalation.%w", err)
		}
		if at.After(now) {
			err = fmt.Errorf("%w (from %s on)", err, at.Format(whenForm))
		}
		list = append(list, err)
	}
	for _, l := range s.lines {
		m := machineFor(s, l, nil)
		seen := map[string]bool{}
		for _, at := range moments {
			if who := fmt.Sprint(names(m.Chain(at)), names(m.Resort(at))); !seen[who] {
				seen[who] = true
				for _, err := range leaves(m.Lint(at, escalation.ReactionTime)) {
					add(err, at)
				}
			}
		}
		for _, err := range leaves(m.Empty(moments)) {
			if empty[err.Error()]++; empty[err.Error()] == len(s.lines) { // a track of another line's schedule is sound
				add(err, now)
			}
		}
	}
	return list
}

// names are the people of tiers.
func names(tiers []oncall.Tier) (list []string) {
	for _, t := range tiers {
		list = append(list, t.Name+":")
		for _, d := range t.Duties {
			list = append(list, d.Person)
		}
	}
	return list
}

// whenForm is how an hour is told in a warning.
const whenForm = "Mon 2006-01-02 15:04 MST"

// reach returns the first fault of a line's reach.
func (s *Snapshot) reach(l Line, now time.Time) error {
	m := machineFor(s, l, nil)
	for at := now; at.Before(now.Add(reachAhead)); at = at.Add(reachEvery) {
		r, when := m.Reach(at), at.Format(whenForm)
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
