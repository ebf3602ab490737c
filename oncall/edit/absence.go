package edit

import "github.com/butlerspb/vahta/oncall"

// absence adds time off, changes one that has not begun, or moves the end of one in progress.
func (d *draft) absence(a oncall.Absence, reason, field string) *Refusal {
	if refusal := d.mayKeep(field); refusal != nil {
		return refusal
	}
	if refusal := d.identify(&a.ID, field, func(id string) bool { return find(d.roster.Absences, id, absenceID) != nil }); refusal != nil {
		return refusal
	}
	if reason != "" {
		a.Reason = reason
	}
	old := find(d.roster.Absences, a.ID, absenceID)
	if old != nil {
		zones := d.zones(old.Zone)
		if d.over(old.To, zones) {
			return refuse("over", field, a.ID)
		}
		if d.begun(old.From, zones) {
			return d.prolongAbsence(*old, a, field)
		}
	}
	if a.Zone.IsZero() && d.begun(a.From, d.zones(a.Zone)) { // by some of the clocks: that of the person counts
		a.Zone = d.home(a.Person)
	}
	zones := d.zones(a.Zone)
	d.read(zones, &a.From, &a.To)
	if refusal := d.coming(&a.From, zones, field+".from"); refusal != nil {
		return refusal
	}
	if refusal := d.span(a.From, a.To, zones, field+".to"); refusal != nil {
		return refusal
	}
	if refusal := d.known(a.Person, field+".person"); refusal != nil {
		return refusal
	}
	if a.Substitute != "" {
		if a.Substitute == a.Person {
			return refuse("same_person", field+".substitute", a.Person)
		}
		if refusal := d.able(a.Substitute, field+".substitute"); refusal != nil {
			return refusal
		}
	}
	if refusal := d.awayAlready(a, field); refusal != nil {
		return refusal
	}
	reason = a.Reason
	if old != nil {
		a.By, a.At, a.Reason = old.By, old.At, old.Reason
	}
	if old == nil || !alike(a, *old) {
		a.By, a.At = d.by.Person, d.write()
	}
	a.Reason = reason
	d.putAbsence(a)
	return nil
}

// awayAlready refuses time off that is written down already, word for word.
func (d *draft) awayAlready(a oncall.Absence, field string) *Refusal {
	for _, b := range d.roster.Absences {
		if b.ID != a.ID && b.Person == a.Person && b.From == a.From && b.To == a.To && b.Substitute == a.Substitute && b.Zone.String() == a.Zone.String() {
			return refuse("absence_twice", field, a.Person, b.ID)
		}
	}
	return nil
}

// prolongAbsence moves the end of an absence in progress; its reason may be corrected too.
func (d *draft) prolongAbsence(old, a oncall.Absence, field string) *Refusal {
	if a.From.IsZero() {
		a.From = old.From
	}
	if a.Person != old.Person || a.From != old.From || a.Substitute != old.Substitute || a.Zone.String() != old.Zone.String() {
		return refuse("begun", field, old.ID)
	}
	zones := d.zones(old.Zone)
	if refusal := d.span(old.From, a.To, zones, field+".to"); refusal != nil {
		return refusal
	}
	if refusal := d.ending(a.To, zones, field+".to"); refusal != nil {
		return refusal
	}
	old.To, old.Reason = a.To, a.Reason
	d.putAbsence(old)
	return nil
}

func (d *draft) putAbsence(a oncall.Absence) {
	d.roster.Absences = put(d.roster.Absences, a, absenceID)
	d.touch(Absence, a.ID)
	d.see(Person, a.Person)
}

// removeAbsence takes an absence away, or ends it now.
func (d *draft) removeAbsence(id, field string) *Refusal {
	old := find(d.roster.Absences, id, absenceID)
	if old == nil {
		return refuse("not_found", field, id)
	}
	zones := d.zones(old.Zone)
	switch {
	case d.over(old.To, zones):
		return refuse("over", field, id)
	case d.begun(old.From, zones):
		ended := *old
		ended.To = oncall.InstantPoint(d.now)
		d.putAbsence(ended)
	default:
		d.roster.Absences = drop(d.roster.Absences, id, absenceID)
		d.touch(Absence, id)
	}
	return nil
}
