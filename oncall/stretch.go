package oncall

import (
	"iter"
	"slices"
	"time"
)

// The night of a civil date begins on it and ends on the next one, by the clock.
const (
	nightFrom Clock = 22 * 3600
	nightTo   Clock = 6 * 3600
)

// stretch is a span of time.
type stretch struct{ start, end time.Time }

// common is how long two stretches are at once.
func (s stretch) common(other stretch) time.Duration {
	start, end := s.start, s.end
	if other.start.After(start) {
		start = other.start
	}
	if other.end.Before(end) {
		end = other.end
	}
	return max(end.Sub(start), 0)
}

// reign is a span in which one version of a schedule is in force.
type reign struct {
	Rules
	from, to time.Time
}

// reigns yields the versions of a schedule in [from, to), in order.
func (s *Schedule) reigns(from, to time.Time) iter.Seq[reign] {
	return func(yield func(reign) bool) {
		for start := from; start.Before(to); {
			end := to
			for i := range s.Versions {
				if v := s.Versions[i].From; v.After(start) && v.Before(end) {
					end = v
				}
			}
			if !yield(reign{s.RulesAt(start), start, end}) {
				return
			}
			start = end
		}
	}
}

// membersOf returns all who take turns on the tracks.
func membersOf(tracks []Track) []string {
	var ids []string
	for _, track := range tracks {
		for _, layer := range track.Layers {
			for _, m := range layer.Members {
				ids = append(ids, m...)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// stretches returns when everybody is on one of the tracks of a version that are called first, each person's in order and without overlaps.
func (e *Evaluator) stretches(schedule string, r reign, tracks int) map[string][]stretch {
	all := map[string][]stretch{}
	for _, track := range r.Foremost()[:min(tracks, len(r.Tracks))] {
		for shift := range e.Shifts(schedule, track.ID, r.from, r.to) {
			for _, duty := range shift.Duties {
				all[duty.Person] = append(all[duty.Person], stretch{shift.Start, shift.End})
			}
		}
	}
	for person, list := range all {
		all[person] = union(list)
	}
	return all
}

// union sorts stretches and joins those that touch.
func union(list []stretch) []stretch {
	slices.SortFunc(list, func(a, b stretch) int { return a.start.Compare(b.start) })
	out := list[:0]
	for _, s := range list {
		switch n := len(out) - 1; {
		case n < 0 || s.start.After(out[n].end):
			out = append(out, s)
		case s.end.After(out[n].end):
			out[n].end = s.end
		}
	}
	return out
}

// dayHours is a civil date: its hours, the night that begins on it, its class.
type dayHours struct {
	day, night stretch
	class      DayClass
}

// ends is when nothing of the date is left.
func (d dayHours) ends() time.Time {
	if d.night.end.After(d.day.end) {
		return d.night.end
	}
	return d.day.end
}

// days returns the civil dates that have a part in [from, to), in order.
func (e *Evaluator) days(zone Zone, calendar string, from, to time.Time) []dayHours {
	var list []dayHours
	for date := CivilAt(from, zone).At(0).AddDays(-1); ; date = date.AddDays(1) {
		next := date.AddDays(1)
		d := dayHours{
			day:   stretch{zone.Resolve(date, First), zone.Resolve(next, First)},
			night: stretch{zone.Resolve(date.At(nightFrom), First), zone.Resolve(next.At(nightTo), Last)},
		}
		if !d.day.start.Before(to) {
			return list
		}
		d.class, _ = e.DayClass(calendar, date)
		list = append(list, d)
	}
}
