package edit

import (
	"cmp"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// person adds somebody, or replaces the record of somebody.
func (d *draft) person(p oncall.Person, field string) *Refusal {
	if refusal := d.mayKeep(field); refusal != nil {
		return refusal
	}
	if !idShape.MatchString(p.ID) {
		return refuse("id", field+".id", quote(p.ID))
	}
	p.DisabledAt, p.Off = time.Time{}, nil
	if old := find(d.roster.People, p.ID, personID); old != nil {
		d.keepOff(*old, &p)
	}
	d.roster.People = put(d.roster.People, p, personID)
	d.touch(Person, p.ID)
	return nil
}

// keepOff carries over since when and in which earlier spans somebody was disabled, so that the past stays as it was.
func (d *draft) keepOff(old oncall.Person, p *oncall.Person) {
	p.Off = old.Off
	switch {
	case old.Disabled && p.Disabled:
		p.DisabledAt = old.DisabledAt
	case p.Disabled:
		p.DisabledAt = d.now
	case old.Disabled && old.DisabledAt.Before(d.now):
		p.Off = append(slices.Clone(old.Off), oncall.Off{From: old.DisabledAt, To: d.now})
	}
}

// calendar adds or replaces a year of a calendar. It is the one edit that may change the past: a calendar that was wrong was
// wrong then too.
func (d *draft) calendar(y oncall.CalendarYear, field string) *Refusal {
	if refusal := d.mayKeep(field); refusal != nil {
		return refusal
	}
	if !idShape.MatchString(y.Calendar) {
		return refuse("id", field+".calendar", quote(y.Calendar))
	}
	d.roster.Calendars = put(d.roster.Calendars, y, calendarID)
	d.touch(Calendar, calendarID(&y))
	return nil
}

// schedule adds a schedule, or a version of it from a moment on.
func (d *draft) schedule(n NewRules, field string) *Refusal {
	if refusal := d.mayKeep(field); refusal != nil {
		return refusal
	}
	if !idShape.MatchString(n.ID) {
		return refuse("id", field+".id", quote(n.ID))
	}
	old := find(d.roster.Schedules, n.ID, scheduleID)
	if old != nil && n.Zone.IsZero() && len(n.Tracks) == 0 && len(n.Failover) == 0 && n.Calendar == "" {
		renamed := *old
		renamed.Name = cmp.Or(n.Name, old.Name)
		d.putSchedule(renamed)
		return nil
	}
	on := clocks{{Zone: n.Zone}}
	if old != nil && n.Zone.IsZero() {
		on = clocks{old}
	}
	d.read(on, &n.From)
	if refusal := d.coming(&n.From, on, field+".from"); refusal != nil {
		return refusal
	}
	from := on[0].Instant(n.From)
	s := oncall.Schedule{ID: n.ID, Name: n.Name, Zone: n.Zone, Calendar: n.Calendar}
	if old != nil {
		s = *old
		s.Name = cmp.Or(n.Name, old.Name)
		n.keepRest(s.RulesAt(from))
		s.Versions = slices.DeleteFunc(slices.Clone(s.Versions), func(v oncall.Version) bool { return v.From.Equal(from) })
		if !n.KeepStart {
			n.Rules = keepTurns(&d.roster, &s, n.Rules, from)
		}
	}
	if old == nil || !sameRules(s.RulesAt(from), n.Rules) { // else the rules before go on
		s.Versions = append(s.Versions, oncall.Version{From: from, Rules: n.Rules})
		slices.SortStableFunc(s.Versions, byFrom)
	}
	d.putSchedule(s)
	return nil
}

// keepRest lets rules without tracks and tiers be those before, with another zone or calendar.
func (n *NewRules) keepRest(before oncall.Rules) {
	if len(n.Tracks) > 0 || len(n.Failover) > 0 {
		return
	}
	n.Tracks, n.Failover, n.Calendar = before.Tracks, before.Failover, cmp.Or(n.Calendar, before.Calendar)
	if n.Zone.IsZero() {
		n.Zone = before.Zone
	}
}

func (d *draft) putSchedule(s oncall.Schedule) {
	if old := find(d.roster.Schedules, s.ID, scheduleID); old != nil {
		d.keepMoments(old, &s)
	}
	d.roster.Schedules = put(d.roster.Schedules, s, scheduleID)
	d.touch(Schedule, s.ID)
}
