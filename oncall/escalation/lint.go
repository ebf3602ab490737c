package escalation

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// ReactionTime is the promise a policy is measured against: first contact within 15 minutes.
const ReactionTime = 15 * time.Minute

// CheckTargets reports every target, joined, that names no tier: neither a track of any of the schedules nor Everyone,
// Static or Chain. A schedule that lacks a track of another one is sound: its step is skipped.
func (p Policy) CheckTargets(schedules []oncall.Schedule) error {
	var errs []error
	for i, step := range p.Steps {
		for k, target := range step.Targets {
			switch {
			case !isTier(schedules, target):
				errs = append(errs, fmt.Errorf("steps[%d].targets[%d]: %q is no track of any schedule; name a track, %s, %s or %s",
					i, k, target, oncall.Everyone, oncall.Static, Chain))
			case slices.Contains(step.Targets[:k], target):
				errs = append(errs, fmt.Errorf("steps[%d].targets[%d]: %q is named twice; remove one", i, k, target))
			}
		}
	}
	return errors.Join(errs...)
}

func isTier(schedules []oncall.Schedule, name string) bool {
	if name == Chain || name == oncall.Everyone || name == oncall.Static {
		return true
	}
	return slices.ContainsFunc(schedules, func(s oncall.Schedule) bool {
		return slices.ContainsFunc(s.Tracks, func(t oncall.Track) bool { return t.ID == name })
	})
}

// Lint reports what is allowed but may break the promise, joined: a last step without a last resort, or one that begins
// later than the limit after the start.
func (p Policy) Lint(limit time.Duration) error {
	var (
		errs   []error
		delays time.Duration
		rungs  = p.rungs()
		at     = len(rungs) - 1
	)
	for _, rung := range rungs {
		delays += rung.Delay
	}
	if last := rungs[at]; !last.has(oncall.Everyone) && !last.has(oncall.Static) {
		errs = append(errs, fmt.Errorf("steps[%d].targets: the last step has no last resort; add %s or %s", at, oncall.Everyone, oncall.Static))
	}
	if delays > limit {
		errs = append(errs, fmt.Errorf("steps[%d].delay: the last step begins %s after the start, more than %s; shorten the delays", at, delays, limit))
	}
	return errors.Join(errs...)
}

// Reach is what paging that starts at some moment comes to.
type Reach struct {
	Found  bool          // somebody is paged in the first round
	After  time.Duration // when
	Fallen bool          // only because of the fallback: the steps find nobody
}

// Reach plays the first round of paging that starts at now, with nobody answering, up to its first page.
func (m Machine) Reach(now time.Time) Reach {
	start := now
	s, actions := m.Step(State{}, Event{Kind: Start}, now)
	for s.Round == 1 && s.Phase == Waiting {
		now = s.Due
		s, actions = m.Step(s, Event{Kind: Wake}, now)
	}
	return Reach{
		Found: s.Phase == Ringing, After: now.Sub(start),
		Fallen: slices.ContainsFunc(actions, func(a Action) bool { return a.Kind == FallBack }),
	}
}
