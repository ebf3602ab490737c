package edit

import (
	"slices"

	"github.com/butlerspb/vahta/oncall"
)

// The clock of a schedule is that of the zone in force, so another zone makes it read civil times otherwise. That this moves
// neither what was planned nor what has happened, points that would be read otherwise become instants.

// read makes instants of points of something new whose reading is past and comes once more: the clocks have gone back, or the
// schedule has moved west.
func (d *draft) read(on clocks, points ...*oncall.Point) {
	zone := on[0].RulesAt(d.now).Zone
	for _, p := range points {
		c, civil := p.Civil()
		if !civil || !d.begun(*p, on) {
			continue
		}
		for _, pick := range []oncall.Pick{oncall.First, oncall.Last} {
			if t := zone.Resolve(c, pick); !t.Before(d.now) {
				*p = oncall.InstantPoint(t)
				break
			}
		}
	}
}

// home is the zone by which somebody reads the clock: that of the first schedule with the person, else the person's own, else
// that of the first schedule.
func (d *draft) home(person string) oncall.Zone {
	for i := range d.roster.Schedules {
		if s := &d.roster.Schedules[i]; inSchedule(s, person) {
			return s.RulesAt(d.now).Zone
		}
	}
	if p := find(d.roster.People, person, personID); p != nil && !p.Zone.IsZero() {
		return p.Zone
	}
	return d.zones(oncall.Zone{})[0].RulesAt(d.now).Zone
}

// keepMoments makes instants of what a schedule would read otherwise than it did before. Time off without a zone keeps its
// moments where all schedules have read it alike; else each reads it by its own clock.
func (d *draft) keepMoments(before, after *oncall.Schedule) {
	pin := func(points ...*oncall.Point) (moved bool) {
		for _, p := range points {
			if at := before.Instant(*p); !after.Instant(*p).Equal(at) {
				*p, moved = oncall.InstantPoint(at), true
			}
		}
		return moved
	}
	for _, t := range d.roster.Temporaries {
		if t.Schedule == before.ID && pin(temporaryPoints(&t)...) {
			d.putTemporary(t)
		}
	}
	for _, o := range d.roster.Overrides {
		if o.Schedule == before.ID && pin(overridePoints(&o)...) {
			d.putOverride(o)
		}
	}
	for _, q := range d.roster.Requests {
		if q.Schedule == before.ID && q.State == oncall.RequestOpen && pin(&q.From, &q.To, &q.ReturnFrom, &q.ReturnTo) {
			d.putRequest(q)
		}
	}
	d.keepTimeOff(before, pin)
}

// keepTimeOff does so for time off without a zone.
func (d *draft) keepTimeOff(before *oncall.Schedule, pin func(...*oncall.Point) bool) {
	for _, a := range d.roster.Absences {
		if a.Zone.IsZero() && d.alikeElsewhere(before, a.From) && d.alikeElsewhere(before, a.To) && pin(&a.From, &a.To) {
			d.putAbsence(a)
		}
	}
}

// temporaryPoints are the points of a copy of a temporary schedule that may be changed.
func temporaryPoints(t *oncall.Temporary) []*oncall.Point {
	t.Shifts = slices.Clone(t.Shifts)
	points := []*oncall.Point{&t.From, &t.To}
	for i := range t.Shifts {
		points = append(points, &t.Shifts[i].From, &t.Shifts[i].To)
	}
	return points
}

// overridePoints are those of an override.
func overridePoints(o *oncall.Override) []*oncall.Point {
	o.Changes = slices.Clone(o.Changes)
	var points []*oncall.Point
	for i := range o.Changes {
		points = append(points, &o.Changes[i].From, &o.Changes[i].To)
	}
	return points
}

// alikeElsewhere reports whether all other schedules read a point as this one.
func (d *draft) alikeElsewhere(s *oncall.Schedule, p oncall.Point) bool {
	return !slices.ContainsFunc(d.roster.Schedules, func(o oncall.Schedule) bool {
		return o.ID != s.ID && !o.Instant(p).Equal(s.Instant(p))
	})
}
