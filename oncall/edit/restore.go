package edit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// restore makes something what it once was.
func (d *draft) restore(was Restore, field string) *Refusal {
	if refusal := d.mayKeep(field); refusal != nil {
		return refusal
	}
	n := 0
	for _, set := range []bool{was.Schedule != nil, was.Absence != nil, was.Temporary != nil, was.Override != nil} {
		if set {
			n++
		}
	}
	switch {
	case n != 1:
		return refuse("one_thing", field, fmt.Sprint(n))
	case was.Schedule != nil:
		return d.restoreSchedule(*was.Schedule, field+".schedule")
	case was.Absence != nil:
		return d.restoreAbsence(*was.Absence, field+".absence")
	case was.Temporary != nil:
		return d.restoreTemporary(*was.Temporary, field+".temporary")
	default:
		return d.restoreOverride(*was.Override, field+".override")
	}
}

// A correction is written anew when it is restored; as neither it nor what stands in its place has begun, nothing has passed
// that its former time of writing could change. What has begun is edited as any author would.

func (d *draft) restoreAbsence(was oncall.Absence, field string) *Refusal {
	old := find(d.roster.Absences, was.ID, absenceID)
	fresh := !d.begun(was.From, d.zones(was.Zone)) && (old == nil || !d.begun(old.From, d.zones(old.Zone)))
	if refusal := d.absence(was, "", field); refusal != nil || !fresh || was.At.IsZero() {
		return refusal
	}
	again := *find(d.roster.Absences, was.ID, absenceID)
	again.By, again.At = was.By, was.At
	d.putAbsence(again)
	return nil
}

func (d *draft) restoreTemporary(was oncall.Temporary, field string) *Refusal {
	old := find(d.roster.Temporaries, was.ID, temporaryID)
	zones := clocks{d.wall(was.Schedule)}
	fresh := !d.begun(was.From, zones) && (old == nil || !d.begun(old.From, zones))
	if refusal := d.temporary(was, "", field); refusal != nil || !fresh || was.At.IsZero() {
		return refusal
	}
	again := *find(d.roster.Temporaries, was.ID, temporaryID)
	again.By, again.At = was.By, was.At
	d.putTemporary(again)
	return nil
}

func (d *draft) restoreOverride(was oncall.Override, field string) *Refusal {
	fresh, _ := d.progress(was)
	fresh = !fresh
	if old := find(d.roster.Overrides, was.ID, overrideID); old != nil && fresh {
		begun, _ := d.progress(*old)
		fresh = !begun
	}
	if refusal := d.override(was, "", field); refusal != nil || !fresh || was.At.IsZero() {
		return refusal
	}
	again := *find(d.roster.Overrides, was.ID, overrideID)
	again.By, again.At = was.By, was.At
	d.putOverride(again)
	return nil
}

// restoreSchedule makes a schedule from now on what it once was: its name, the rules of now with their start indexes, and the versions
// that are planned, no more and no fewer. What has been in force until now stays in the past.
func (d *draft) restoreSchedule(was oncall.Schedule, field string) *Refusal {
	if !idShape.MatchString(was.ID) {
		return refuse("id", field+".id", quote(was.ID))
	}
	s := oncall.Schedule{ID: was.ID, Name: was.Name}
	rules := was.RulesAt(d.now)
	if old := find(d.roster.Schedules, was.ID, scheduleID); old != nil {
		s.Zone, s.Calendar, s.Tracks, s.Failover = old.Zone, old.Calendar, old.Tracks, old.Failover
		s.Versions = slices.DeleteFunc(slices.Clone(old.Versions), func(v oncall.Version) bool { return !v.From.Before(d.now) })
	} else {
		s.Zone, s.Calendar = rules.Zone, rules.Calendar
	}
	if !sameRules(s.RulesAt(d.now), rules) {
		s.Versions = append(s.Versions, oncall.Version{From: d.now, Rules: rules})
	}
	for _, v := range was.Versions {
		if v.From.After(d.now) {
			s.Versions = append(s.Versions, v)
		}
	}
	slices.SortStableFunc(s.Versions, byFrom)
	d.putSchedule(s)
	return nil
}

func byFrom(a, b oncall.Version) int { return a.From.Compare(b.From) }

// sameRules reports whether two sets of rules are written alike.
func sameRules(a, b oncall.Rules) bool {
	return alike(oncall.Version{From: time.Time{}, Rules: a}, oncall.Version{From: time.Time{}, Rules: b})
}

// alike reports whether two values have the same written form.
func alike(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
