package edit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// remove takes a thing away. One in progress ends now, one that is over stays.
func (d *draft) remove(key Key, field string) *Refusal {
	if key.Kind != Override {
		if refusal := d.mayKeep(field); refusal != nil {
			return refusal
		}
	}
	switch key.Kind {
	case Person:
		return d.removePerson(key.ID, field+".id")
	case Schedule:
		return d.removeSchedule(key.ID, field+".id")
	case Absence:
		return d.removeAbsence(key.ID, field+".id")
	case Temporary:
		return d.removeTemporary(key.ID, field+".id")
	case Override:
		return d.removeOverride(key.ID, field+".id")
	case Calendar:
		if find(d.roster.Calendars, key.ID, calendarID) == nil {
			return refuse("not_found", field+".id", quote(key.ID))
		}
		d.roster.Calendars = drop(d.roster.Calendars, key.ID, calendarID)
		d.touch(Calendar, key.ID)
		return nil
	case Request:
		return refuse("remove_request", field+".kind")
	case Organisation: // cards of clients are edited elsewhere
	}
	return refuse("remove_kind", field+".kind", quote(string(key.Kind)))
}

// removePerson removes somebody who has never been in a rota.
func (d *draft) removePerson(id, field string) *Refusal {
	if find(d.roster.People, id, personID) == nil {
		return refuse("unknown_person", field, quote(id))
	}
	if where := mention(&d.roster, id); where != "" {
		return refuse("person_in_use", field, id, where)
	}
	d.roster.People = drop(d.roster.People, id, personID)
	d.touch(Person, id)
	return nil
}

// mention returns one place that names a person, empty when none does.
func mention(r *oncall.Roster, id string) string {
	for i := range r.Schedules {
		if s := &r.Schedules[i]; inSchedule(s, id) {
			return Key{Schedule, s.ID}.String()
		}
	}
	for i := range r.Absences {
		if a := &r.Absences[i]; a.Person == id || a.Substitute == id {
			return Key{Absence, a.ID}.String()
		}
	}
	for i := range r.Temporaries {
		t := &r.Temporaries[i]
		if slices.ContainsFunc(t.Shifts, func(s oncall.TemporaryShift) bool { return slices.Contains(s.Member, id) }) {
			return Key{Temporary, t.ID}.String()
		}
	}
	for i := range r.Overrides {
		o := &r.Overrides[i]
		if slices.ContainsFunc(o.Changes, func(c oncall.Change) bool { return c.Add == id || c.Remove == id }) {
			return Key{Override, o.ID}.String()
		}
	}
	for i := range r.Requests {
		if q := &r.Requests[i]; q.Person == id || slices.Contains(q.Asked, id) {
			return Key{Request, q.ID}.String()
		}
	}
	return ""
}

// inSchedule reports whether a person is a member of any layer of any version.
func inSchedule(s *oncall.Schedule, id string) bool {
	if inTracks(s.Tracks, id) {
		return true
	}
	return slices.ContainsFunc(s.Versions, func(v oncall.Version) bool { return inTracks(v.Tracks, id) })
}

func inTracks(tracks []oncall.Track, id string) bool {
	for i := range tracks {
		for k := range tracks[i].Layers {
			for _, member := range tracks[i].Layers[k].Members {
				if slices.Contains(member, id) {
					return true
				}
			}
		}
	}
	return false
}

// removeSchedule closes a schedule from now on, or cancels one future version of it. A schedule that has never begun goes
// altogether when nothing speaks of it.
func (d *draft) removeSchedule(id, field string) *Refusal {
	name, version, one := strings.Cut(id, "@")
	s := find(d.roster.Schedules, name, scheduleID)
	if s == nil {
		return refuse("unknown_schedule", field, quote(name))
	}
	if one {
		return d.removeVersion(*s, version, field)
	}
	begun := len(s.Tracks) > 0 || slices.ContainsFunc(s.Versions, func(v oncall.Version) bool { return v.From.Before(d.now) })
	if !begun && !spokenOf(&d.roster, name) {
		d.roster.Schedules = drop(d.roster.Schedules, name, scheduleID)
		d.touch(Schedule, name)
		return nil
	}
	rules := s.RulesAt(d.now)
	ahead := slices.ContainsFunc(s.Versions, func(v oncall.Version) bool { return !v.From.Before(d.now) })
	if len(rules.Tracks) == 0 && !ahead {
		return refuse("closed", field, name)
	}
	closed := *s
	closed.Versions = slices.DeleteFunc(slices.Clone(s.Versions), func(v oncall.Version) bool { return !v.From.Before(d.now) })
	closed.Versions = append(closed.Versions, oncall.Version{
		From: d.now, Rules: oncall.Rules{Zone: rules.Zone, Calendar: rules.Calendar},
	})
	d.putSchedule(closed)
	return nil
}

// removeVersion cancels a version that has not begun.
func (d *draft) removeVersion(s oncall.Schedule, version, field string) *Refusal {
	from, err := time.Parse(time.RFC3339, version)
	i := slices.IndexFunc(s.Versions, func(v oncall.Version) bool { return v.From.Equal(from) })
	if err != nil || i < 0 || s.Versions[i].From.Before(d.now) {
		return refuse("schedule_begun", field, quote(fmt.Sprintf("%s@%s", s.ID, version)))
	}
	s.Versions = slices.Delete(slices.Clone(s.Versions), i, i+1)
	d.putSchedule(s)
	return nil
}

// spokenOf reports whether a correction or request belongs to a schedule.
func spokenOf(r *oncall.Roster, schedule string) bool {
	return slices.ContainsFunc(r.Temporaries, func(t oncall.Temporary) bool { return t.Schedule == schedule }) ||
		slices.ContainsFunc(r.Overrides, func(o oncall.Override) bool { return o.Schedule == schedule }) ||
		slices.ContainsFunc(r.Requests, func(q oncall.Request) bool { return q.Schedule == schedule })
}
