package edit

import (
	"cmp"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// stint is a span during which a person is on one track.
type stint struct {
	schedule, track string
	start, end      time.Time
}

// dutiesOf returns what everybody has to do on all schedules in a span, by person; without standby only on the tracks that are
// called first.
func dutiesOf(e *oncall.Evaluator, from, to time.Time, standby bool) map[string][]stint {
	all := map[string][]stint{}
	r := e.Roster()
	for i := range r.Schedules {
		s := &r.Schedules[i]
		for _, track := range tracksWithin(s, from, to, standby) {
			for shift := range e.Shifts(s.ID, track, from, to) {
				for _, duty := range shift.Duties {
					all[duty.Person] = append(all[duty.Person], stint{s.ID, track, shift.Start, shift.End})
				}
			}
		}
	}
	return all
}

// tracksWithin are the IDs of the tracks a schedule has at any time of a span.
func tracksWithin(s *oncall.Schedule, from, to time.Time, standby bool) []string {
	all := s.RulesIn(from, to)
	for i := range all {
		all[i].Tracks = all[i].Foremost()
		if !standby {
			all[i].Tracks = all[i].Tracks[:min(1, len(all[i].Tracks))]
		}
	}
	return oncall.TrackIDs(all...)
}

// clashes are where those who come on duty by an edit are away, or on duty on another schedule.
func (l *look) clashes(d oncall.Difference, duties map[string][]stint) []Overlap {
	var list []Overlap
	r := l.after.Roster()
	s, _ := r.Schedule(d.Schedule)
	for _, span := range d.Spans {
		for _, id := range span.After {
			if slices.Contains(span.Before, id) {
				continue
			}
			for i := range r.Absences {
				a := &r.Absences[i]
				on := &s
				if !a.Zone.IsZero() {
					on = &oncall.Schedule{Zone: a.Zone}
				}
				if a.Person == id {
					list = appendOverlap(list, Overlap{Person: id, Track: span.Track, Absence: a.ID}, span, on.Instant(a.From), on.Instant(a.To))
				}
			}
			for _, other := range duties[id] {
				if other.schedule != d.Schedule {
					list = appendOverlap(list, Overlap{Person: id, Track: span.Track, Schedule: other.schedule}, span, other.start, other.end)
				}
			}
		}
	}
	return joined(list)
}

// appendOverlap appends the common part of a span and [start, end), if there is any.
func appendOverlap(list []Overlap, o Overlap, span oncall.SpanDiff, start, end time.Time) []Overlap {
	o.Start, o.End = span.Start, span.End
	if start.After(o.Start) {
		o.Start = start
	}
	if end.Before(o.End) {
		o.End = end
	}
	if o.Start.Before(o.End) {
		list = append(list, o)
	}
	return list
}

// joined puts neighbours of one kind together.
func joined(list []Overlap) []Overlap {
	slices.SortFunc(list, func(a, b Overlap) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Track, b.Track), cmp.Compare(a.Absence, b.Absence),
			cmp.Compare(a.Schedule, b.Schedule), a.Start.Compare(b.Start), a.End.Compare(b.End))
	})
	var out []Overlap
	for _, o := range list {
		if n := len(out) - 1; n >= 0 && out[n].Person == o.Person && out[n].Track == o.Track && out[n].Absence == o.Absence &&
			out[n].Schedule == o.Schedule && !o.Start.After(out[n].End) {
			if o.End.After(out[n].End) {
				out[n].End = o.End
			}
			continue
		}
		out = append(out, o)
	}
	return out
}
