package oncall

import "slices"

// lane is one track during one version of a schedule.
type lane struct {
	track    string
	layers   []layer   // the highest priority first, equal ones in their order
	segments []segment // never none
	people   []int32   // everybody who may ever be on it, ascending
}

// mayHave reports whether somebody may ever be on the lane.
func (ln *lane) mayHave(person int32) bool {
	_, found := slices.BinarySearch(ln.people, person)
	return found
}

// at is the resolution order: layers or a temporary schedule, absences, overrides, takeovers. It appends who is on duty at t to
// list, and returns until when that surely stays so. said holds what each layer last said, for a t that only grows.
func (ln *lane) at(t int64, said []saying, list []entry) ([]entry, int64) {
	if ln == nil {
		return list, never
	}
	s, until := ln.segment(t)
	if s.layers {
		var holds int64
		list, holds = ln.base(t, s, said, list)
		until = min(until, holds)
	} else {
		list = append(list, s.fixed...)
	}
	list = unique(list)
	for rest := s.changes; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].group == rest[0].group {
			n++
		}
		list = unique(applyGroup(rest[:n], list))
		rest = rest[n:]
	}
	return list, until
}

// segment returns the corrections in force at t, and until when they are.
func (ln *lane) segment(t int64) (s *segment, until int64) {
	low, high := 0, len(ln.segments)
	for high-low > 1 {
		if mid := (low + high) / 2; ln.segments[mid].start <= t {
			low = mid
		} else {
			high = mid
		}
	}
	if high < len(ln.segments) {
		return &ln.segments[low], ln.segments[high].start
	}
	return &ln.segments[low], never
}

// base is the work of the layers: the highest priority that has somebody, or a Gap of an exclusive layer; equal priorities are
// united. A Gap falls through to lower priorities. Those who are away leave their place to a substitute or to nobody, and
// never to a lower priority: that hole must be seen.
func (ln *lane) base(t int64, s *segment, said []saying, list []entry) ([]entry, int64) {
	until, found, priority := never, false, 0
	for i := range ln.layers {
		l := &ln.layers[i]
		if found && l.priority < priority {
			break
		}
		if said[i].until <= t {
			said[i] = l.at(t)
		}
		until = min(until, said[i].until)
		turn := said[i].turn
		if turn == silent || l.members[turn].gap && !l.exclusive {
			continue
		}
		found, priority = true, l.priority
		list = l.appendTurn(list, turn, s)
	}
	return list, until
}

// appendTurn appends those on duty by a turn of the layer.
func (l *layer) appendTurn(list []entry, turn int32, s *segment) []entry {
	n := len(list)
	people := l.members[turn].people
	list = s.appendPresent(list, people, l.rule)
	if len(list) > n || !l.substitute || len(people) == 0 {
		return list
	}
	rule := s.absence(people)
	if rule == noRule { // all of them are disabled
		rule = l.rule
	}
	return l.appendNext(list, turn, rule, s)
}

// appendNext appends the next member with somebody who is there, in the order of turns.
func (l *layer) appendNext(list []entry, turn, rule int32, s *segment) []entry {
	n := len(list)
	for k := 1; k < len(l.members) && len(list) == n; k++ {
		for _, p := range l.members[(int(turn)+k)%len(l.members)].people {
			if s.find(p) == nil {
				list = append(list, entry{p, rule})
			}
		}
	}
	return list
}

// absence returns the absence of the first of people who has one, or noRule.
func (s *segment) absence(people []int32) int32 {
	for _, p := range people {
		if a := s.find(p); a != nil && a.rule != noRule {
			return a.rule
		}
	}
	return noRule
}

// applyGroup applies the changes of one group at once to what all earlier ones have made: a person who is replaced leaves the
// place to the replacement, a person who is added comes last.
func applyGroup(group []change, list []entry) []entry {
	n := len(list)
	for i := range n {
		e, stays := list[i], true
		for _, c := range group {
			if c.remove != e.person {
				continue
			}
			stays = false
			if c.add != nobody {
				list = append(list, entry{c.add, c.rule})
			}
		}
		if stays {
			list = append(list, e)
		}
	}
	for _, c := range group {
		if c.remove == nobody {
			list = append(list, entry{c.add, c.rule})
		}
	}
	return list[:copy(list, list[n:])]
}
