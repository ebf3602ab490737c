package edit

import (
	"fmt"
	"slices"

	"github.com/butlerspb/vahta/oncall"
)

// temporary adds a temporary schedule, changes one that has not begun, or changes what is to come of one in progress.
func (d *draft) temporary(t oncall.Temporary, reason, field string) *Refusal {
	if refusal := d.mayKeep(field); refusal != nil {
		return refusal
	}
	taken := func(id string) bool { return find(d.roster.Temporaries, id, temporaryID) != nil }
	if refusal := d.identify(&t.ID, field, taken); refusal != nil {
		return refusal
	}
	if refusal := d.track(t.Schedule, &t.Track, field); refusal != nil {
		return refusal
	}
	if reason != "" {
		t.Reason = reason
	}
	t.Shifts = slices.Clone(t.Shifts)
	zones := clocks{d.wall(t.Schedule)}
	old := find(d.roster.Temporaries, t.ID, temporaryID)
	if old != nil {
		zones := clocks{d.wall(old.Schedule)}
		if d.over(old.To, zones) {
			return refuse("over", field, t.ID)
		}
		if d.begun(old.From, zones) {
			return d.prolongTemporary(*old, t, field)
		}
	}
	d.read(zones, &t.From, &t.To)
	if refusal := d.coming(&t.From, zones, field+".from"); refusal != nil {
		return refusal
	}
	if refusal := d.span(t.From, t.To, zones, field+".to"); refusal != nil {
		return refusal
	}
	for i := range t.Shifts {
		if refusal := d.temporaryShift(&t.Shifts[i], t, fmt.Sprintf("%s.shifts[%d]", field, i)); refusal != nil {
			return refusal
		}
	}
	reason = t.Reason
	if old != nil {
		t.By, t.At, t.Reason = old.By, old.At, old.Reason
	}
	if old == nil || !alike(t, *old) {
		t.By, t.At = d.by.Person, d.write()
	}
	t.Reason = reason
	d.putTemporary(t)
	return nil
}

// temporaryShift checks a shift that is new; without a start or end it has those of its schedule.
func (d *draft) temporaryShift(s *oncall.TemporaryShift, t oncall.Temporary, field string) *Refusal {
	zones := clocks{d.wall(t.Schedule)}
	if s.From.IsZero() {
		s.From = t.From
	}
	if s.To.IsZero() {
		s.To = t.To
	}
	d.read(zones, &s.From, &s.To)
	if refusal := d.coming(&s.From, zones, field+".from"); refusal != nil {
		return refusal
	}
	if refusal := d.span(s.From, s.To, zones, field+".to"); refusal != nil {
		return refusal
	}
	for _, id := range s.Member {
		if refusal := d.able(id, field+".member"); refusal != nil {
			return refusal
		}
	}
	return nil
}

// prolongTemporary changes what is to come: the end, and shifts that have not begun. Those that have keep their start and
// their people, and their end moves only among moments to come.
func (d *draft) prolongTemporary(old, t oncall.Temporary, field string) *Refusal {
	zones := clocks{d.wall(old.Schedule)}
	if t.From.IsZero() {
		t.From = old.From
	}
	if t.Schedule != old.Schedule || t.Track != old.Track || t.From != old.From || t.FallBack != old.FallBack {
		return refuse("begun", field, old.ID)
	}
	if refusal := d.span(t.From, t.To, zones, field+".to"); refusal != nil {
		return refusal
	}
	if refusal := d.ending(t.To, zones, field+".to"); refusal != nil {
		return refusal
	}
	n := 0 // begun shifts so far: they must be the same, in the same order
	var begun []oncall.TemporaryShift
	for _, s := range old.Shifts {
		if d.begun(s.From, zones) {
			begun = append(begun, s)
		}
	}
	for i := range t.Shifts {
		s, path := &t.Shifts[i], fmt.Sprintf("%s.shifts[%d]", field, i)
		if s.From.IsZero() {
			s.From = t.From
		}
		if s.To.IsZero() {
			s.To = t.To
		}
		if !d.begun(s.From, zones) {
			if refusal := d.temporaryShift(s, t, path); refusal != nil {
				return refusal
			}
			continue
		}
		if n == len(begun) || s.From != begun[n].From || !slices.Equal(s.Member, begun[n].Member) || !d.sameEnd(begun[n].To, s.To, zones) {
			return refuse("begun", path, old.ID)
		}
		n++
	}
	if n < len(begun) {
		return refuse("begun", field+".shifts", old.ID)
	}
	old.To, old.Shifts, old.Reason = t.To, t.Shifts, t.Reason
	d.putTemporary(old)
	return nil
}

// sameEnd reports whether two ends say the same of the past.
func (d *draft) sameEnd(a, b oncall.Point, zones clocks) bool {
	return a == b || (!first(a, zones).Before(d.now) && !first(b, zones).Before(d.now))
}

func (d *draft) putTemporary(t oncall.Temporary) {
	d.roster.Temporaries = put(d.roster.Temporaries, t, temporaryID)
	d.touch(Temporary, t.ID)
	d.see(Schedule, t.Schedule)
}

// removeTemporary takes a temporary schedule away, or ends it now.
func (d *draft) removeTemporary(id, field string) *Refusal {
	old := find(d.roster.Temporaries, id, temporaryID)
	if old == nil {
		return refuse("not_found", field, id)
	}
	zones := clocks{d.wall(old.Schedule)}
	switch {
	case d.over(old.To, zones):
		return refuse("over", field, id)
	case d.begun(old.From, zones):
		now := oncall.InstantPoint(d.now)
		ended := *old
		ended.To, ended.Shifts = now, nil
		for _, s := range old.Shifts {
			if !d.begun(s.From, zones) {
				continue
			}
			if !d.over(s.To, zones) {
				s.To = now
			}
			ended.Shifts = append(ended.Shifts, s)
		}
		d.putTemporary(ended)
	default:
		d.roster.Temporaries = drop(d.roster.Temporaries, id, temporaryID)
		d.touch(Temporary, id)
	}
	return nil
}
