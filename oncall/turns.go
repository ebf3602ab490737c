package oncall

import (
	"iter"
	"slices"
	"time"
)

// Turn is a shift of one person: the longest span without a break during which the person is on the track.
type Turn struct {
	Schedule string    `json:"schedule"`
	Track    string    `json:"track"`
	Person   string    `json:"person"`
	Start    time.Time `json:"start,omitzero"` // zero when it lies more than Foresight back
	End      time.Time `json:"end,omitzero"`   // zero when there is none within Foresight
}

// Next returns the first of the person's turns at t or within Foresight after, on any schedule and track: the present one, of
// several the one that began first; else the next to begin.
func (e *Evaluator) Next(person string, t time.Time) (Turn, bool) {
	var (
		best  Turn
		found bool
		at    = unix(t)
		limit = at + foresightSeconds
	)
	e.lanesOf(person, func(id, track string, s *schedule, p int32) {
		s.turns(track, p, at, limit, func(start, end int64) bool {
			if end <= at {
				return true
			}
			turn := Turn{id, track, person, instantOf(start), instantOf(end)}
			if !found || turn.Start.Before(best.Start) {
				best, found = turn, true
				limit = max(start, at) + 1 // what begins later does not matter
			}
			return false
		})
	})
	return best, found
}

// Turns yields all turns of a person that touch [from, to), whole, ordered by their start.
func (e *Evaluator) Turns(person string, from, to time.Time) iter.Seq[Turn] {
	return func(yield func(Turn) bool) {
		var list []Turn
		e.lanesOf(person, func(id, track string, s *schedule, p int32) {
			s.turns(track, p, unix(from), unix(to), func(start, end int64) bool {
				list = append(list, Turn{id, track, person, instantOf(start), instantOf(end)})
				return true
			})
		})
		slices.SortStableFunc(list, func(a, b Turn) int { return a.Start.Compare(b.Start) })
		for _, turn := range list {
			if !yield(turn) {
				return
			}
		}
	}
}

// lanesOf visits the tracks on which a person may ever be, in the order of the roster.
func (e *Evaluator) lanesOf(person string, visit func(id, track string, s *schedule, p int32)) {
	p, known := e.people[person]
	if !known {
		return
	}
	for i := range e.roster.Schedules {
		id := e.roster.Schedules[i].ID
		s := e.schedules[id]
		var seen []string
		for k := range s.versions {
			for n := range s.versions[k].lanes {
				ln := &s.versions[k].lanes[n]
				if ln.mayHave(p) && !slices.Contains(seen, ln.track) {
					seen = append(seen, ln.track)
					visit(id, ln.track, s, p)
				}
			}
		}
	}
}

// turns visits the turns of a person on a track that touch [from, to), whole, until visit returns false.
func (s *schedule) turns(track string, p int32, from, to int64, visit func(start, end int64) bool) {
	if from >= to {
		return
	}
	choose := func(v *version) *lane { return v.lane(track) }
	start, on, more := always, false, true
	s.spans(from, to+foresightSeconds, choose, func(at, _ int64, list []entry) bool {
		switch was := on; {
		case !holds(list, p):
			on = false
			if was {
				more = visit(start, at)
			}
		case !was && at < to:
			on, start = true, at
			if at == from {
				start = s.turnStart(choose, p, from)
			}
		}
		return more && (on || at < to)
	})
	if on && more {
		visit(start, never)
	}
}

// firstLook is how far back the beginning of a turn is looked for at first.
const firstLook = 8 * secondsPerDay

// turnStart returns when a turn that goes on at t began, always when that lies more than Foresight back.
func (s *schedule) turnStart(choose func(*version) *lane, p int32, t int64) int64 {
	for look := firstLook; ; look *= 4 {
		look = min(look, foresightSeconds)
		start := always
		s.spans(t-look, t, choose, func(_, end int64, list []entry) bool {
			if !holds(list, p) {
				start = end
			}
			return true
		})
		if start != always || look == foresightSeconds {
			return start
		}
	}
}
