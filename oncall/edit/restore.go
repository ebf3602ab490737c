package edit

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// restore makes a schedule from now on what it once was: its name, the rules of now with their start indexes, and the versions
// that are planned, no more and no fewer. What has been in force until now stays in the past.
func (d *draft) restore(was oncall.Schedule, field string) *Refusal {
	if refusal := d.mayKeep(field); refusal != nil {
		return refusal
	}
	if !idShape.MatchString(was.ID) {
		return refuse("id", field+".id", quote(was.ID))
	}
	s := oncall.Schedule{ID: was.ID, Name: was.Name}
	rules := was.RulesAt(d.now)
	if old := find(d.roster.Schedules, was.ID, scheduleID); old != nil {
		if d.zonesDiffer(old, &was) {
			d.pinAll(was.ID)
		}
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

// zonesDiffer reports whether two plans of a schedule have different zones at any time from now on.
func (d *draft) zonesDiffer(a, b *oncall.Schedule) bool {
	for _, s := range []*oncall.Schedule{a, b} {
		for _, v := range append([]oncall.Version{{From: d.now}}, s.Versions...) {
			if !v.From.Before(d.now) && zoneChanges(a, v.From, b.RulesAt(v.From).Zone) {
				return true
			}
		}
	}
	return false
}

func byFrom(a, b oncall.Version) int { return a.From.Compare(b.From) }

// sameRules reports whether two sets of rules are written alike.
func sameRules(a, b oncall.Rules) bool {
	x, err1 := json.Marshal(oncall.Version{From: time.Time{}, Rules: a})
	y, err2 := json.Marshal(oncall.Version{From: time.Time{}, Rules: b})
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
