package edit

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Versions of a schedule may have different zones, and each reads the civil times of corrections by its own. So that this does
// not move what was planned, still less what has happened, corrections become instants where the zones come together.

// pinned returns the start of something new as an instant if a version of a time gone by would read it as lying before now.
func (d *draft) pinned(from oncall.Point, schedule string) oncall.Point {
	s := find(d.roster.Schedules, schedule, scheduleID)
	if s == nil {
		return from
	}
	zones := []oncall.Zone{s.Zone}
	for _, v := range s.Versions {
		if !v.From.After(d.now) {
			zones = append(zones, v.Zone)
		}
	}
	if d.begun(from, zones) {
		return oncall.InstantPoint(from.In(d.zoneOf(schedule)))
	}
	return from
}

// pinAll makes instants of what is not yet over on a schedule, by its zone of now, before that changes.
func (d *draft) pinAll(schedule string) {
	zone := d.zoneOf(schedule)
	zones := []oncall.Zone{zone}
	for _, t := range d.roster.Temporaries {
		if t.Schedule != schedule || d.over(t.To, zones) {
			continue
		}
		t.Shifts = slices.Clone(t.Shifts)
		points := []*oncall.Point{&t.From, &t.To}
		for i := range t.Shifts {
			points = append(points, &t.Shifts[i].From, &t.Shifts[i].To)
		}
		if pin(zone, points...) {
			d.putTemporary(t)
		}
	}
	for _, o := range d.roster.Overrides {
		if _, over := d.progress(o); o.Schedule != schedule || over {
			continue
		}
		o.Changes = slices.Clone(o.Changes)
		var points []*oncall.Point
		for i := range o.Changes {
			points = append(points, &o.Changes[i].From, &o.Changes[i].To)
		}
		if pin(zone, points...) {
			d.putOverride(o)
		}
	}
	for _, q := range d.roster.Requests {
		open := q.Schedule == schedule && StateOf(d.roster, q, d.now) == oncall.RequestOpen
		if open && pin(zone, &q.From, &q.To, &q.ReturnFrom, &q.ReturnTo) {
			d.putRequest(q)
		}
	}
}

// pin makes instants of points, and reports whether any was none.
func pin(zone oncall.Zone, points ...*oncall.Point) (moved bool) {
	for _, p := range points {
		if at := oncall.InstantPoint(p.In(zone)); !p.IsZero() && *p != at {
			*p, moved = at, true
		}
	}
	return moved
}

// zoneChanges reports whether the zone of a schedule is another from a moment on.
func zoneChanges(s *oncall.Schedule, from time.Time, zone oncall.Zone) bool {
	return s.RulesAt(from).Zone.String() != zone.String()
}
