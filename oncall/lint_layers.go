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

// lintReign is how long rules must hold from now on to be asked what they come to.
const lintReign = 183 * 24 * time.Hour

// layers reports rules that are never reached: layers that put nobody on duty in a year to come, members whose turn never
// comes while that of others does, members who are disabled.
func (l *linter) layers(bare *Evaluator, s *Schedule) {
	var done []string
	for r := range s.reigns(l.now, l.now.Add(lintRules)) {
		for i := range r.Tracks {
			track := &r.Tracks[i]
			var reached map[string]map[string]bool
			for k := range track.Layers {
				layer := &track.Layers[k]
				where := fmt.Sprintf("schedule %s, track %s, layer %s", s.ID, track.ID, layer.ID)
				life := lifeIn(layer, r)
				if life > 0 && !slices.Contains(done, where) {
					done = append(done, where)
					l.disabled(s.ID, where, layer)
					l.shortDays(s.ID, where, r.Calendar, track, layer)
				}
				if life < lintReign {
					continue
				}
				if reached == nil {
					reached = reachedIn(bare, s.ID, track.ID, r)
				}
				l.reach(s.ID, where, layer, reached[layer.ID])
			}
		}
	}
}

// reachedIn returns whom the layers of a track put on duty in a reign.
func reachedIn(bare *Evaluator, schedule, track string, r reign) map[string]map[string]bool {
	reached := map[string]map[string]bool{}
	for shift := range bare.Shifts(schedule, track, r.from, r.to) {
		for _, d := range shift.Duties {
			if reached[d.Provenance.ID] == nil {
				reached[d.Provenance.ID] = map[string]bool{}
			}
			reached[d.Provenance.ID][d.Person] = true
		}
	}
	return reached
}

// lifeIn is how long a layer lives in a reign.
func lifeIn(l *Layer, r reign) time.Duration {
	life := stretch{r.from, r.to}
	from := l.From
	if from.IsZero() {
		from = l.Handoff.Anchor
	}
	if !from.IsZero() {
		life.start = laterOf(life.start, r.Zone.Resolve(from, First))
	}
	if to := r.Zone.Resolve(l.To, First); !l.To.IsZero() && to.Before(life.end) {
		life.end = to
	}
	return life.end.Sub(life.start)
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// disabled reports members who are disabled.
func (l *linter) disabled(schedule, where string, layer *Layer) {
	for _, id := range membersOf([]Track{{Layers: []Layer{*layer}}}) {
		if p, known := l.e.Roster().Person(id); known && p.Disabled {
			l.warn(WarnDisabledMember, l.now, where, schedule, layer.ID, id)
		}
	}
}

// shortDays reports a layer for workdays on a track that nobody is on when they are shortened: a short workday is a class of its
// own, which is easily forgotten.
func (l *linter) shortDays(schedule, where, calendar string, track *Track, layer *Layer) {
	forWorkdays := func(w Window) bool { return slices.Contains(w.Require, Workday) }
	if calendar == "" || !slices.ContainsFunc(layer.Windows, forWorkdays) {
		return
	}
	forShort := func(w Window) bool {
		return !slices.Contains(w.Exclude, Short) && (len(w.Require) == 0 || slices.Contains(w.Require, Short))
	}
	for _, other := range track.Layers {
		if len(other.Windows) == 0 || slices.ContainsFunc(other.Windows, forShort) {
			return
		}
	}
	l.warn(WarnShortDay, l.now, where, schedule, layer.ID, track.ID)
}

// reach reports a layer that nobody gets to, or members of it who never have a turn.
func (l *linter) reach(schedule, where string, layer *Layer, got map[string]bool) {
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
	people = slices.DeleteFunc(people, func(id string) bool { return got[id] })
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
