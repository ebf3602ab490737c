package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// rulesAlone is a rota without corrections, with everybody enabled: what the layers would say.
func rulesAlone(r *Roster) *Evaluator {
	bare := Roster{Schedules: r.Schedules, Calendars: r.Calendars, People: slices.Clone(r.People)}
	for i := range bare.People {
		p := &bare.People[i]
		p.Disabled, p.DisabledAt, p.Off = false, time.Time{}, nil
	}
	return Compile(bare)
}

// reached is what a layer came to within the span that was looked at.
type reached struct {
	layer bool
	who   map[string]bool
}

// layers reports rules that are never reached: layers that put nobody on duty in a year to come, members whose turn never
// comes while that of others does, members who are disabled.
func (l *linter) layers(bare *Evaluator, s *Schedule) {
	until := l.now.Add(lintRules)
	seen := map[[2]string]*reached{}
	for _, track := range tracksOf(s.ID, l.now, until, bare) {
		for shift := range bare.Shifts(s.ID, track, l.now, until) {
			for _, d := range shift.Duties {
				key := [2]string{track, d.Provenance.ID}
				if seen[key] == nil {
					seen[key] = &reached{layer: true, who: map[string]bool{}}
				}
				seen[key].who[d.Person] = true
			}
		}
	}
	var done []string
	for r := range s.reigns(l.now, until) {
		for i := range r.Tracks {
			for k := range r.Tracks[i].Layers {
				layer := &r.Tracks[i].Layers[k]
				where := fmt.Sprintf("schedule %s, track %s, layer %s", s.ID, r.Tracks[i].ID, layer.ID)
				if slices.Contains(done, where) || !lives(layer, r) {
					continue
				}
				done = append(done, where)
				l.disabled(s.ID, where, layer)
				l.reach(s.ID, where, layer, seen[[2]string{r.Tracks[i].ID, layer.ID}])
			}
		}
	}
}

// lives reports whether a layer has a part of its life in a reign.
func lives(l *Layer, r reign) bool {
	return (l.To.IsZero() || r.Zone.Resolve(l.To, First).After(r.from)) && (l.From.IsZero() || r.Zone.Resolve(l.From, First).Before(r.to))
}

// disabled reports members who are disabled.
func (l *linter) disabled(schedule, where string, layer *Layer) {
	for _, id := range membersOf([]Track{{Layers: []Layer{*layer}}}) {
		if p, known := l.e.Roster().Person(id); known && p.Disabled {
			l.warn(WarnDisabledMember, l.now, where, schedule, layer.ID, id)
		}
	}
}

// reach reports a layer that nobody gets to, or members of it who never have a turn.
func (l *linter) reach(schedule, where string, layer *Layer, got *reached) {
	people := membersOf([]Track{{Layers: []Layer{*layer}}})
	if len(people) == 0 {
		return // a gap on purpose
	}
	if got == nil {
		l.warn(WarnIdleLayer, l.now, where, schedule, layer.ID)
		return
	}
	if !oftenEnough(layer) {
		return
	}
	people = slices.DeleteFunc(people, func(id string) bool { return got.who[id] })
	if len(people) > 0 {
		l.warn(WarnIdleMember, l.now, where, schedule, layer.ID, strings.Join(people, ", "))
	}
}

// oftenEnough reports whether all members of a layer should have had a turn within half the span that is looked at.
func oftenEnough(l *Layer) bool {
	const days = 183
	every := max(l.Handoff.Every, 1)
	var round int
	switch l.Handoff.Unit {
	case Hour:
		round = every * len(l.Members) / 24
	case Day:
		round = every * len(l.Members)
	case Week:
		round = 7 * every * len(l.Members)
	case Month:
		round = 31 * every * len(l.Members)
	}
	if l.Handoff.Advance == ByWorked {
		round *= 7
	}
	return every <= days && round <= days
}
