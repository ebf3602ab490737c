package oncall

import (
	"iter"
	"slices"
	"time"
)

// Shift is a span of one track during which the same people are on duty for the same reasons. A shift without duties is a
// gap. The duties carry no Until: it is the shift's End.
type Shift struct {
	Track  string    `json:"track"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Duties []Duty    `json:"duties,omitempty"`
}

// Gap reports whether nobody is on duty.
func (s Shift) Gap() bool { return len(s.Duties) == 0 }

// Shifts yields the shifts and gaps of one track that tile [from, to) exactly, in order. Neighbours always differ. An unknown
// schedule or track is one gap.
func (r Roster) Shifts(schedule, track string, from, to time.Time) iter.Seq[Shift] {
	return func(yield func(Shift) bool) {
		if !from.Before(to) {
			return
		}
		m := r.momentOf(schedule, track, from)
		current := Shift{Track: track, Start: from, Duties: m.duties()}
		for {
			next := m.nextBoundary()
			if next.IsZero() || !next.Before(to) {
				break
			}
			m.at = next
			if duties := m.duties(); !slices.Equal(duties, current.Duties) {
				current.End = next
				if !yield(current) {
					return
				}
				current = Shift{Track: track, Start: next, Duties: duties}
			}
		}
		current.End = to
		yield(current)
	}
}

// momentOf returns the question about a track at t; an unknown track has no layers.
func (r *Roster) momentOf(schedule, track string, t time.Time) moment {
	s, _ := r.Schedule(schedule)
	m := moment{roster: r, zone: s.Zone, track: &Track{ID: track}, at: t}
	for i := range s.Tracks {
		if s.Tracks[i].ID == track {
			m.track = &s.Tracks[i]
		}
	}
	return m
}
