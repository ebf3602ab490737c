package oncall

import (
	"fmt"
	"slices"
)

// corrections checks calendars, absences, temporary schedules, overrides and requests. Schedules that they name are looked up
// only in a roster that has any, so that one correction can be checked beside the people alone.
func (f *faults) corrections(r *Roster) {
	f.calendars(r)
	seen := map[string]bool{}
	for i := range r.Absences {
		path := fmt.Sprintf("absences[%d]", i)
		f.id(path+".id", r.Absences[i].ID, seen)
		f.absence(path, r, &r.Absences[i])
	}
	seen = map[string]bool{}
	for i := range r.Temporaries {
		path := fmt.Sprintf("temporaries[%d]", i)
		f.id(path+".id", r.Temporaries[i].ID, seen)
		f.temporary(path, r, &r.Temporaries[i])
	}
	seen = map[string]bool{}
	for i := range r.Overrides {
		path := fmt.Sprintf("overrides[%d]", i)
		f.id(path+".id", r.Overrides[i].ID, seen)
		f.override(path, r, &r.Overrides[i])
	}
	seen = map[string]bool{}
	for i := range r.Requests {
		path := fmt.Sprintf("requests[%d]", i)
		f.id(path+".id", r.Requests[i].ID, seen)
		f.request(path, r, &r.Requests[i])
	}
}

func (f *faults) calendars(r *Roster) {
	type key struct {
		id   string
		year int
	}
	seen := map[key]bool{}
	for i := range r.Calendars {
		y := &r.Calendars[i]
		path := fmt.Sprintf("calendars[%d]", i)
		if !idShape.MatchString(y.Calendar) {
			f.add(path+".calendar", "%q is not an ID; use letters, digits, dots, dashes or underscores, such as ru", y.Calendar)
		}
		switch {
		case y.Year < calendarFirstYear || y.Year > calendarLastYear:
			f.add(path+".year", "%d is out of range; use %d to %d", y.Year, calendarFirstYear, calendarLastYear)
		case seen[key{y.Calendar, y.Year}]:
			f.add(path+".year", "%d is there twice; write each year of a calendar once", y.Year)
		}
		seen[key{y.Calendar, y.Year}] = true
		dates := make([]string, 0, len(y.Days))
		for date := range y.Days {
			dates = append(dates, date)
		}
		slices.Sort(dates)
		for _, date := range dates {
			if err := y.CheckDay(date); err != nil {
				f.add(fmt.Sprintf("%s.days[%s]", path, date), "%v", err)
			}
		}
	}
}

func (f *faults) absence(path string, r *Roster, a *Absence) {
	f.known(path+".person", r, a.Person)
	f.span(path, a.From, a.To, a.Zone)
	if a.Substitute != "" {
		f.known(path+".substitute", r, a.Substitute)
	}
	if a.Substitute == a.Person {
		f.add(path+".substitute", "is the absent person; name somebody else, or nobody")
	}
}

func (f *faults) temporary(path string, r *Roster, t *Temporary) {
	zone := f.place(path, r, t.Schedule, t.Track)
	f.span(path, t.From, t.To, zone)
	for i := range t.Shifts {
		shiftPath := fmt.Sprintf("%s.shifts[%d]", path, i)
		f.span(shiftPath, t.Shifts[i].From, t.Shifts[i].To, zone)
		f.member(shiftPath+".member", r, t.Shifts[i].Member)
	}
}

var overrideKinds = [...]OverrideKind{Planned, Cover, Swap, Takeover} //nolint:gochecknoglobals // a constant table

func (f *faults) override(path string, r *Roster, o *Override) {
	zone := f.place(path, r, o.Schedule, o.Track)
	if !slices.Contains(overrideKinds[:], o.Kind) {
		f.add(path+".kind", "%q is unknown; use %s, or leave it out", string(o.Kind), listed(overrideKinds[1:]))
	}
	if len(o.Changes) == 0 {
		f.add(path+".changes", "is empty; say who is added and who is removed, and from when to when")
	}
	for i := range o.Changes {
		c := &o.Changes[i]
		changePath := fmt.Sprintf("%s.changes[%d]", path, i)
		f.span(changePath, c.From, c.To, zone)
		if c.Add != "" {
			f.known(changePath+".add", r, c.Add)
		}
		if c.Remove != "" {
			f.known(changePath+".remove", r, c.Remove)
		}
		if c.Add == c.Remove {
			f.add(changePath+".add", "%q for %q changes nothing; add somebody, remove somebody, or replace one by another", c.Add, c.Remove)
		}
	}
}

var requestStates = [...]RequestState{ //nolint:gochecknoglobals // a constant table
	RequestOpen, RequestAccepted, RequestDeclined, RequestWithdrawn, RequestExpired,
}

func (f *faults) request(path string, r *Roster, q *Request) {
	zone := f.place(path, r, q.Schedule, q.Track)
	f.known(path+".person", r, q.Person)
	f.span(path, q.From, q.To, zone)
	if !q.ReturnFrom.IsZero() || !q.ReturnTo.IsZero() {
		f.ends(path+".return_from", path+".return_to", q.ReturnFrom, q.ReturnTo, zone)
	}
	for i, id := range q.Asked {
		f.known(fmt.Sprintf("%s.asked[%d]", path, i), r, id)
	}
	if !slices.Contains(requestStates[:], q.State) {
		f.add(path+".state", "%q is unknown; use %s, or leave it out", string(q.State), listed(requestStates[1:]))
	}
}

// known checks that an ID is somebody's.
func (f *faults) known(path string, r *Roster, id string) {
	if r.person(id) == nil {
		f.add(path, "%q is nobody; use an ID from people", id)
	}
}

// place checks where a correction belongs and returns the zone of that schedule, zero when unknown.
func (f *faults) place(path string, r *Roster, schedule, track string) Zone {
	if track == "" {
		f.add(path+".track", "is missing; name a track of the schedule")
	}
	if schedule == "" {
		f.add(path+".schedule", "is missing; name a schedule")
	}
	s, ok := r.Schedule(schedule)
	if !ok {
		if schedule != "" && len(r.Schedules) > 0 {
			f.add(path+".schedule", "%q is no schedule; use an ID from schedules", schedule)
		}
		return Zone{}
	}
	has := func(tracks []Track) bool {
		return slices.ContainsFunc(tracks, func(t Track) bool { return t.ID == track })
	}
	if track != "" && !has(s.Tracks) && !slices.ContainsFunc(s.Versions, func(v Version) bool { return has(v.Tracks) }) {
		f.add(path+".track", "%q is no track of %s; use an ID from its tracks", track, schedule)
	}
	zone := s.Zone
	for i := range s.Versions {
		if s.Versions[i].Zone.String() != zone.String() {
			return Zone{} // which one holds depends on the instant
		}
	}
	return zone
}

func (f *faults) span(path string, from, to Point, zone Zone) {
	f.ends(path+".from", path+".to", from, to, zone)
}

// ends checks that a span has both ends, the later one last. A reading and an instant can be compared only in a known zone.
func (f *faults) ends(fromPath, toPath string, from, to Point, zone Zone) {
	switch {
	case from.IsZero():
		f.add(fromPath, "is missing; write it as 2026-11-05 09:00")
	case to.IsZero():
		f.add(toPath, "is missing; write it as 2026-11-05 18:00")
	case zone.IsZero() && from.civil.IsZero() != to.civil.IsZero(): // nobody can tell
	case !from.In(zone).Before(to.In(zone)):
		f.add(toPath, "%s is not after %s; a span ends after it begins", to, from)
	}
}
