package edit

import (
	"fmt"
	"slices"

	"github.com/butlerspb/vahta/oncall"
)

// override adds an override, changes one that has not begun, or changes what is to come of one in progress.
func (d *draft) override(o oncall.Override, reason, field string) *Refusal {
	if refusal := d.mayKeep(field); refusal != nil {
		return refusal
	}
	taken := func(id string) bool { return find(d.roster.Overrides, id, overrideID) != nil }
	if refusal := d.identify(&o.ID, field, taken); refusal != nil {
		return refusal
	}
	if refusal := d.track(o.Schedule, &o.Track, field); refusal != nil {
		return refusal
	}
	old := find(d.roster.Overrides, o.ID, overrideID)
	if o.Kind == oncall.Takeover && (old == nil || old.Kind != oncall.Takeover) {
		return refuse("takeover_kind", field+".kind")
	}
	if len(o.Changes) == 0 {
		return refuse("no_changes", field+".changes")
	}
	if reason != "" {
		o.Reason = reason
	}
	o.Changes = slices.Clone(o.Changes)
	if old != nil {
		begun, over := d.progress(*old)
		if over {
			return refuse("over", field, o.ID)
		}
		if begun {
			return d.prolongOverride(*old, o, field)
		}
	}
	for i := range o.Changes {
		if refusal := d.change(&o.Changes[i], o.Schedule, fmt.Sprintf("%s.changes[%d]", field, i)); refusal != nil {
			return refusal
		}
	}
	if refusal := d.bothWays(o, field); refusal != nil {
		return refusal
	}
	reason = o.Reason
	if old != nil {
		o.By, o.At, o.Reason = old.By, old.At, old.Reason
	}
	if old == nil || !alike(o, *old) { // whoever gives another reason alone leaves it in its place
		o.By, o.At = d.by.Person, d.write()
	}
	o.Reason = reason
	d.putOverride(o)
	return nil
}

// bothWays refuses a swap of which one half would change nothing: the other half would be a present.
func (d *draft) bothWays(o oncall.Override, field string) *Refusal {
	if o.Kind != oncall.Swap {
		return nil
	}
	r := d.roster
	r.Overrides = drop(r.Overrides, o.ID, overrideID)
	without := draft{roster: r, now: d.now}
	for i, c := range o.Changes {
		if c.Remove != "" && !without.onDuty(c.Remove, oncall.Request{Schedule: o.Schedule, Track: o.Track}, c.From, c.To) {
			return refuse("swap_half", fmt.Sprintf("%s.changes[%d]", field, i), c.Remove, c.From.String(), c.To.String())
		}
	}
	return nil
}

// change checks one substitution that is new.
func (d *draft) change(c *oncall.Change, schedule, field string) *Refusal {
	zones := clocks{d.wall(schedule)}
	d.read(zones, &c.From, &c.To)
	if refusal := d.coming(&c.From, zones, field+".from"); refusal != nil {
		return refusal
	}
	if refusal := d.span(c.From, c.To, zones, field+".to"); refusal != nil {
		return refusal
	}
	if c.Add == "" && c.Remove == "" {
		return refuse("no_changes", field)
	}
	if c.Add == c.Remove {
		return refuse("same_person", field+".add", c.Add)
	}
	if c.Add != "" {
		if refusal := d.able(c.Add, field+".add"); refusal != nil {
			return refusal
		}
	}
	if c.Remove != "" {
		return d.known(c.Remove, field+".remove")
	}
	return nil
}

// progress tells whether a part of an override has begun, and whether all of it is over.
func (d *draft) progress(o oncall.Override) (begun, over bool) {
	zones := clocks{d.wall(o.Schedule)}
	over = len(o.Changes) > 0
	for _, c := range o.Changes {
		begun = begun || d.begun(c.From, zones)
		over = over && d.over(c.To, zones)
	}
	return begun, over
}

// prolongOverride changes what is to come of an override in progress: substitutions that have begun keep their start and
// people, and their end moves only among moments to come.
func (d *draft) prolongOverride(old, o oncall.Override, field string) *Refusal {
	if o.Schedule != old.Schedule || o.Track != old.Track || o.Kind != old.Kind {
		return refuse("begun", field, old.ID)
	}
	zones := clocks{d.wall(old.Schedule)}
	var begun []oncall.Change
	for _, c := range old.Changes {
		if d.begun(c.From, zones) {
			begun = append(begun, c)
		}
	}
	n := 0
	for i := range o.Changes {
		c, path := &o.Changes[i], fmt.Sprintf("%s.changes[%d]", field, i)
		if !d.begun(c.From, zones) || c.From.IsZero() {
			if refusal := d.change(c, o.Schedule, path); refusal != nil {
				return refusal
			}
			continue
		}
		if n == len(begun) || c.From != begun[n].From || c.Add != begun[n].Add || c.Remove != begun[n].Remove {
			return refuse("begun", path, old.ID)
		}
		if !d.sameEnd(begun[n].To, c.To, zones) {
			return refuse("past_end", path+".to", c.To.String(), d.clock(zones))
		}
		if refusal := d.span(c.From, c.To, zones, path+".to"); refusal != nil {
			return refusal
		}
		n++
	}
	if n < len(begun) {
		return refuse("begun", field+".changes", old.ID)
	}
	changed := !slices.Equal(old.Changes, o.Changes)
	old.Changes, old.Reason = o.Changes, o.Reason
	d.putOverride(old)
	if changed {
		d.makeLatest(old)
	}
	return nil
}

// makeLatest gives an override in progress the latest time of writing, unless that changes who was on duty until now.
func (d *draft) makeLatest(o oncall.Override) {
	s := d.wall(o.Schedule)
	begin := d.now
	for _, c := range o.Changes {
		if t := s.Instant(c.From); t.Before(begin) {
			begin = t
		}
	}
	kept, asItWas := o, d.evaluator()
	o.By, o.At = d.by.Person, d.write()
	d.putOverride(o)
	if !oncall.Diff(asItWas, d.evaluator(), o.Schedule, begin, d.now).Same() {
		d.putOverride(kept)
	}
}

func (d *draft) putOverride(o oncall.Override) {
	d.roster.Overrides = put(d.roster.Overrides, o, overrideID)
	d.touch(Override, o.ID)
	d.see(Schedule, o.Schedule)
}

// removeOverride takes an override away, or ends it now. Engineers may end a takeover of their own.
func (d *draft) removeOverride(id, field string) *Refusal {
	old := find(d.roster.Overrides, id, overrideID)
	if old == nil {
		return refuse("not_found", field, id)
	}
	if refusal := d.mayEnd(*old, field); refusal != nil {
		return refusal
	}
	begun, over := d.progress(*old)
	switch {
	case over:
		return refuse("over", field, id)
	case !begun:
		d.roster.Overrides = drop(d.roster.Overrides, id, overrideID)
		d.touch(Override, id)
		return nil
	}
	zones := clocks{d.wall(old.Schedule)}
	ended := *old
	ended.Changes = nil
	for _, c := range old.Changes {
		if !d.begun(c.From, zones) {
			continue
		}
		if !d.over(c.To, zones) {
			c.To = oncall.InstantPoint(d.now)
		}
		ended.Changes = append(ended.Changes, c)
	}
	d.putOverride(ended)
	return nil
}

func (d *draft) mayEnd(o oncall.Override, field string) *Refusal {
	if o.Kind != oncall.Takeover {
		return d.mayKeep(field)
	}
	who := ""
	for _, c := range o.Changes {
		if c.Add != "" {
			who = c.Add
		}
	}
	return d.mayActFor(who, field)
}
