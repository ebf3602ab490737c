package oncall

import (
	"cmp"
	"slices"
	"time"
)

// Corrections (absences, temporary schedules, overrides, takeovers) hold between their edges. At compile time the life of a
// lane is cut at all of those edges, and for each segment between two of them is written down once what the corrections in
// force come to. A question then needs one binary search and short lists without conditions.

// entry is one person on duty, and the rule that says so.
type entry struct{ person, rule int32 }

// nobody stands for no person, stranger for one whom the roster does not know, noRule for no rule.
const (
	nobody   int32 = -1
	stranger int32 = -2
	noRule   int32 = -1
)

// segment is a span of a lane in which no correction begins or ends; it lasts until the next one.
type segment struct {
	start   int64
	layers  bool     // the layers speak
	fixed   []entry  // what a temporary schedule says instead, absences already applied
	away    []away   // who is not there
	changes []change // of overrides, those that can take effect, in order
}

// away is a person who is not there.
type away struct {
	person  int32
	instead int32 // who is on duty instead, or nobody
	rule    int32 // the absence, or noRule
	off     bool  // disabled
}

// change is a Change made ready. Changes of one group are neighbours.
type change struct{ add, remove, rule, group int32 }

// find returns how somebody is away, nil for somebody who is there.
func (s *segment) find(person int32) *away {
	for i := range s.away {
		if s.away[i].person == person {
			return &s.away[i]
		}
	}
	return nil
}

// correction is one thing in force from start to end.
type correction struct {
	start, end int64
	order      int // of its kind
	what       any // leave, disabled, *temporary, *temporaryShift or groupChange
}

// disabled is a person who is switched off.
type disabled int32

// leave is an Absence made ready.
type leave struct {
	person     int32
	substitute int32
	rule       int32
	at         time.Time
}

// temporary is a Temporary made ready.
type temporary struct {
	fallBack bool
	rule     int32
}

// temporaryShift is a shift of a temporary schedule made ready.
type temporaryShift struct {
	of     *temporary
	people []int32
}

// groupChange is a change, and when its override was written.
type groupChange struct {
	change
	at       time.Time
	takeover bool
}

// cut makes the segments of a lane that lives from start to end.
func cut(list []correction, start, end int64) []segment {
	list = slices.DeleteFunc(list, func(c correction) bool { return max(c.start, start) >= min(c.end, end) })
	slices.SortStableFunc(list, func(a, b correction) int { return cmp.Compare(a.start, b.start) })
	edges := []int64{start}
	for i := range list {
		edges = append(edges, list[i].start, list[i].end)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)

	var segments []segment
	var inForce []*correction
	for _, edge := range edges {
		if edge < start || edge >= end {
			continue
		}
		inForce = slices.DeleteFunc(inForce, func(c *correction) bool { return c.end <= edge })
		come := false
		for len(list) > 0 && list[0].start <= edge {
			inForce = append(inForce, &list[0])
			list, come = list[1:], true
		}
		if come {
			slices.SortFunc(inForce, func(a, b *correction) int { return cmp.Compare(a.order, b.order) })
		}
		segments = append(segments, newSegment(edge, inForce))
	}
	return segments
}

// newSegment sums up the corrections in force, which are ordered within their kinds.
func newSegment(start int64, inForce []*correction) segment {
	s := segment{start: start, layers: true}
	latest := s.writeAway(inForce)
	s.writeTemporary(inForce)
	var void []int32 // takeovers that can not put their person on duty
	for _, c := range inForce {
		if g, ok := c.what.(groupChange); ok && g.takeover && !s.canAdd(g, latest) {
			void = append(void, g.group)
		}
	}
	for _, c := range inForce {
		if g, ok := c.what.(groupChange); ok && s.canAdd(g, latest) && !slices.Contains(void, g.group) {
			s.changes = append(s.changes, g.change)
		}
	}
	return s
}

// writeAway lists who is not there: of several absences of one person the latest names the substitute, who must be there.
// Nobody stands in for somebody disabled. It returns when the latest absence of each was written.
func (s *segment) writeAway(inForce []*correction) (latest map[int32]time.Time) {
	latest = map[int32]time.Time{}
	for _, c := range inForce {
		switch what := c.what.(type) {
		case leave:
			a := s.put(what.person)
			a.instead, a.rule = what.substitute, what.rule
			latest[what.person] = what.at
		case disabled:
			s.put(int32(what)).off = true
		}
	}
	for i := range s.away {
		if a := &s.away[i]; a.off || s.find(a.instead) != nil {
			a.instead = nobody
		}
	}
	return latest
}

// put returns the note about somebody who is away, a new one if there is none.
func (s *segment) put(person int32) *away {
	if a := s.find(person); a != nil {
		return a
	}
	s.away = append(s.away, away{person: person, instead: nobody, rule: noRule})
	return &s.away[len(s.away)-1]
}

// writeTemporary lets the latest temporary schedule in force speak. Where none of its shifts does, it says nobody, or leaves
// it to the layers.
func (s *segment) writeTemporary(inForce []*correction) {
	var speaks *temporary
	for _, c := range inForce {
		if t, ok := c.what.(*temporary); ok {
			speaks = t
		}
	}
	if speaks == nil {
		return
	}
	s.layers = speaks.fallBack
	for _, c := range inForce {
		if shift, ok := c.what.(*temporaryShift); ok && shift.of == speaks {
			s.layers = false
			s.fixed = s.appendPresent(s.fixed, shift.people, speaks.rule)
		}
	}
	s.fixed = unique(s.fixed)
}

// canAdd reports whether a change can take effect: whom it adds is there, or was put on duty after the absence was written.
func (s *segment) canAdd(g groupChange, latest map[int32]time.Time) bool {
	if g.add == stranger {
		return false
	}
	a := s.find(g.add)
	return a == nil || !a.off && latest[g.add].Before(g.at)
}

// appendPresent appends those of people who are there, and for those who are not whoever is on duty instead.
func (s *segment) appendPresent(list []entry, people []int32, rule int32) []entry {
	for _, p := range people {
		switch a := s.find(p); {
		case a == nil:
			list = append(list, entry{p, rule})
		case a.instead != nobody:
			list = append(list, entry{a.instead, a.rule})
		}
	}
	return list
}

// unique keeps the first entry of each person.
func unique(list []entry) []entry {
	kept := list[:0]
	for _, e := range list {
		if !holds(kept, e.person) {
			kept = append(kept, e)
		}
	}
	return kept
}

func holds(list []entry, person int32) bool {
	for i := range list {
		if list[i].person == person {
			return true
		}
	}
	return false
}
