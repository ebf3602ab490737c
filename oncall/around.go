package oncall

import "time"

// clocksApart is more than what clocks of different zones can be apart.
const clocksApart = 48 * time.Hour

// Excerpts makes short rosters of a long one: whoever asks about short spans again and again need not prepare years of
// corrections each time. The roster must not be changed meanwhile.
type Excerpts struct {
	r                                Roster
	absences, temporaries, overrides []reach
}

// reach is the widest span of a correction, whatever the zone.
type reach struct{ start, end int64 }

// reachOf is the span between two points in any zone; one that is not set does not limit.
func reachOf(from, to Point) reach {
	s := reach{always, never}
	if !from.IsZero() {
		s.start = from.In(Zone{}).Add(-clocksApart).Unix()
	}
	if !to.IsZero() {
		s.end = to.In(Zone{}).Add(clocksApart).Unix()
	}
	return s
}

// NewExcerpts finds out where the corrections of a roster lie.
func NewExcerpts(r *Roster) *Excerpts {
	x := &Excerpts{r: *r}
	for i := range r.Absences {
		x.absences = append(x.absences, reachOf(r.Absences[i].From, r.Absences[i].To))
	}
	for i := range r.Temporaries {
		x.temporaries = append(x.temporaries, reachOf(r.Temporaries[i].From, r.Temporaries[i].To))
	}
	for i := range r.Overrides {
		whole := reach{never, always}
		for _, c := range r.Overrides[i].Changes {
			one := reachOf(c.From, c.To)
			whole = reach{min(whole.start, one.start), max(whole.end, one.end)}
		}
		x.overrides = append(x.overrides, whole)
	}
	return x
}

// Around returns the roster with only those absences, temporary schedules and overrides that may be in force at some moment of
// [from, to): who is on duty then is the same.
func (x *Excerpts) Around(from, to time.Time) Roster {
	r, start, end := x.r, from.Unix(), to.Unix()
	r.Absences = within(r.Absences, x.absences, start, end)
	r.Temporaries = within(r.Temporaries, x.temporaries, start, end)
	r.Overrides = within(r.Overrides, x.overrides, start, end)
	return r
}

// within returns those of a list that reach into [start, end).
func within[T any](list []T, reaches []reach, start, end int64) []T {
	var some []T
	for i, s := range reaches {
		if s.start < end && s.end > start {
			some = append(some, list[i])
		}
	}
	return some
}
