package edit

import (
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// minTakeover is the shortest takeover: less would end before a call is accepted.
const minTakeover = time.Minute

// take puts somebody on a track now, for a while, instead of or beside all others.
func (d *draft) take(t Take, reason, field string) *Refusal {
	if t.Person == "" {
		t.Person = d.by.Person
	}
	if refusal := d.mayActFor(t.Person, field+".person"); refusal != nil {
		return refusal
	}
	if refusal := d.able(t.Person, field+".person"); refusal != nil {
		return refusal
	}
	if t.For == 0 {
		t.For = DefaultTakeover
	}
	if t.For < minTakeover || t.For > MaxTakeover {
		return refuse("take_long", field+".for", minTakeover.String(), MaxTakeover.String(), t.For.String())
	}
	if refusal := d.track(t.Schedule, &t.Track, field); refusal != nil {
		return refusal
	}
	o := oncall.Override{Schedule: t.Schedule, Track: t.Track, Kind: oncall.Takeover, Reason: reason, By: d.by.Person, At: d.write()}
	taken := func(id string) bool { return find(d.roster.Overrides, id, overrideID) != nil }
	if refusal := d.identify(&o.ID, field, taken); refusal != nil {
		return refusal
	}
	from, to := d.now, d.now.Add(t.For)
	add := oncall.Change{From: oncall.InstantPoint(from), To: oncall.InstantPoint(to), Add: t.Person}
	o.Changes = []oncall.Change{add}
	if !t.Beside {
		for _, id := range peopleOn(d.evaluator(), t.Schedule, t.Track, from, to) {
			if id != t.Person {
				o.Changes = append(o.Changes, oncall.Change{From: add.From, To: add.To, Remove: id})
			}
		}
	}
	d.putOverride(o)
	return nil
}

// peopleOn returns everybody who is on a track at some time of [from, to), in the order of first duty.
func peopleOn(e *oncall.Evaluator, schedule, track string, from, to time.Time) []string {
	var ids []string
	known := map[string]bool{}
	for s := range e.Shifts(schedule, track, from, to) {
		for _, duty := range s.Duties {
			if !known[duty.Person] {
				known[duty.Person] = true
				ids = append(ids, duty.Person)
			}
		}
	}
	return ids
}
