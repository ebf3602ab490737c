package escalation

import (
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// ReactionTime is the promise a policy is measured against: first contact within 15 minutes.
const ReactionTime = 15 * time.Minute

// Lint reports every reason, joined, why the policy may fail to reach somebody of the schedule within the limit when paging
// starts at now: a target that is no tier, nobody to page in time, a last step without a last resort or too late.
func Lint(p Policy, roster oncall.Roster, schedule string, now time.Time, limit time.Duration) error {
	var (
		errs   []error
		delays time.Duration
		rungs  = p.rungs()
		s, _   = roster.Schedule(schedule)
	)
	for i, rung := range rungs {
		delays += rung.Delay
		for k, target := range rung.Targets {
			if !isTier(s, target) {
				errs = append(errs, fmt.Errorf("steps[%d].targets[%d]: %q is no tier of schedule %q; name a track, %s, %s or %s",
					i, k, target, schedule, oncall.Everyone, oncall.Static, Chain))
			}
		}
	}
	if last := rungs[len(rungs)-1]; !last.has(oncall.Everyone) && !last.has(oncall.Static) {
		errs = append(errs, fmt.Errorf("steps[%d].targets: the last step has no last resort; add %s or %s", len(rungs)-1, oncall.Everyone, oncall.Static))
	}
	if delays > limit {
		errs = append(errs, fmt.Errorf("steps: the last one begins %s after the start, more than %s; shorten the delays", delays, limit))
	}
	if at, found := p.firstPage(roster, schedule, now); !found || at.Sub(now) > limit {
		errs = append(errs, fmt.Errorf("steps: nobody of schedule %q is paged within %s of %s; add people, devices or static numbers",
			schedule, limit, now.Format(time.RFC3339)))
	}
	return errors.Join(errs...)
}

func isTier(s oncall.Schedule, name string) bool {
	if name == Chain || name == oncall.Everyone || name == oncall.Static {
		return true
	}
	for i := range s.Tracks {
		if s.Tracks[i].ID == name {
			return true
		}
	}
	return false
}

// firstPage plays the policy's first round and returns when its first page starts.
func (p Policy) firstPage(roster oncall.Roster, schedule string, now time.Time) (time.Time, bool) {
	m := Machine{Policy: p, Chain: func(at time.Time) []oncall.Tier { return roster.Chain(schedule, at) }}
	s, _ := m.Step(State{}, Event{Kind: Start}, now)
	for s.Round == 1 && s.Phase == Waiting {
		now = s.Due
		s, _ = m.Step(s, Event{Kind: Wake}, now)
	}
	return now, s.Phase == Ringing
}
