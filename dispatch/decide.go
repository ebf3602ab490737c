package dispatch

import (
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// planFor decides whom a call on the line rings at now. It is pure.
func planFor(s *Snapshot, l Line, ref Ref, now time.Time) Plan {
	p := Plan{
		Line: LineInfo{
			ID: l.ID, Name: l.Name, Language: l.Language, Greeting: l.Greeting,
			Schedule: l.Schedule, DIDs: l.DIDs, Record: !l.NoRecording,
		},
		Ref: ref, At: now, AnswerAfter: l.AnswerAfter, ProgressEvery: l.ProgressEvery,
		Rounds: l.Rounds, Exhausted: l.Exhausted, Static: l.Static,
	}
	if l.Schedule == "" {
		p.Rungs = ladderRungs(s.Roster, l)
		if len(p.Static) == 0 {
			p.Static = s.Roster.Static
		}
		return p
	}
	for _, tier := range s.Roster.Chain(l.Schedule, now) {
		if tier.Name == oncall.Static {
			if len(p.Static) == 0 {
				p.Static = tier.Numbers
			}
			continue
		}
		r := Rung{Name: tier.Name, Parallel: tier.Parallel, RingTime: ringTime(tier.RingTime, l.RingTime)}
		for _, d := range tier.Duties {
			if person, ok := s.Roster.Person(d.Person); ok {
				r.Duties = append(r.Duties, Candidate{
					Person: person, Provenance: d.Provenance.String(), Devices: person.Devices, Until: d.Until,
				})
			}
		}
		p.Rungs = append(p.Rungs, r)
	}
	return p
}

// ladderRungs is the fixed ladder of a line without a schedule. Disabled
// people and repeats are left out.
func ladderRungs(roster oncall.Roster, l Line) []Rung {
	var rungs []Rung
	seen := map[string]bool{}
	for _, step := range l.Ladder {
		r := Rung{Name: "ladder", Parallel: step.Parallel, RingTime: ringTime(step.RingTime, l.RingTime)}
		for _, id := range step.People {
			if p, ok := roster.Person(id); ok && p.Eligible() && !seen[id] {
				seen[id] = true
				r.Duties = append(r.Duties, Candidate{Person: p, Provenance: "ladder " + l.ID, Devices: p.Devices})
			}
		}
		if len(r.Duties) > 0 {
			rungs = append(rungs, r)
		}
	}
	return rungs
}

// ringTime returns the tier's own time unless it is the default and the line sets one.
func ringTime(tier, line time.Duration) time.Duration {
	if line > 0 && (tier == 0 || tier == oncall.DefaultRingTime) {
		return line
	}
	if tier == 0 {
		return oncall.DefaultRingTime
	}
	return tier
}
