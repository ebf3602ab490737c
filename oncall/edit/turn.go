package edit

import (
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// keepTurns returns the new rules of a schedule with start indexes such that every layer that was there before goes on with
// the member whose turn it is at from. Where that member is gone, the next one of the old order who is still there has the
// turn; and where another member stands in and would have to make way for somebody new, who stands in has it.
func keepTurns(r *oncall.Roster, s *oncall.Schedule, after oncall.Rules, from time.Time) oncall.Rules {
	before := s.RulesAt(from)
	after.Tracks = slices.Clone(after.Tracks)
	for i := range after.Tracks {
		track := &after.Tracks[i]
		was := find(before.Tracks, track.ID, func(t *oncall.Track) string { return t.ID })
		if was == nil {
			continue
		}
		track.Layers = slices.Clone(track.Layers)
		for k := range track.Layers {
			layer := &track.Layers[k]
			if old := find(was.Layers, layer.ID, func(l *oncall.Layer) string { return l.ID }); old != nil {
				keepTurn(before, *old, after, layer, r.Calendars, from)
				keepStandIn(before, *old, after, layer, presence{r, s, from})
			}
		}
	}
	return after
}

// keepTurn sets the start index of one layer.
func keepTurn(before oncall.Rules, old oncall.Layer, after oncall.Rules, layer *oncall.Layer, calendars []oncall.CalendarYear, from time.Time) {
	turn, begun := turnAt(before, old, calendars, from)
	if !begun {
		return
	}
	at, begun := turnAt(after, withStart(*layer, 0), calendars, from)
	if !begun {
		return // it begins later, with the member it names
	}
	given := mod(layer.Handoff.Start+at, len(layer.Members))
	if place, found := successor(old.Members, turn, layer.Members, given); found {
		layer.Handoff.Start = mod(place-at, len(layer.Members))
	}
}

// keepStandIn gives the turn to the member who stands in for those away, if the new members would let another one do so.
func keepStandIn(before oncall.Rules, old oncall.Layer, after oncall.Rules, layer *oncall.Layer, here presence) {
	was, begunBefore := turnAt(before, old, here.roster.Calendars, here.at)
	is, begunAfter := turnAt(after, *layer, here.roster.Calendars, here.at)
	if !begunBefore || !begunAfter || !old.Substitute || !layer.Substitute {
		return
	}
	present, next := here.next(old.Members, was), here.next(layer.Members, is)
	if present < 0 || present == was || next < 0 {
		return
	}
	stays := place(layer.Members, old.Members[present])
	if stays >= 0 && layer.Members[next].String() != old.Members[present].String() {
		layer.Handoff.Start = mod(layer.Handoff.Start+stays-is, len(layer.Members))
	}
}

// place returns the first place of a member, -1 for none.
func place(members []oncall.Member, wanted oncall.Member) int {
	return slices.IndexFunc(members, func(m oncall.Member) bool { return m.String() == wanted.String() })
}

// presence says who of a schedule's people is there at an instant.
type presence struct {
	roster   *oncall.Roster
	schedule *oncall.Schedule
	at       time.Time
}

// next returns the place of the first member from a turn on with somebody who is there, -1 for none. Somebody away who has
// named a substitute counts as there: nobody else of the layer stands in.
func (p presence) next(members []oncall.Member, turn int) int {
	for k := range members {
		if i := mod(turn+k, len(members)); slices.ContainsFunc(members[i], p.there) || k == 0 && len(members[i]) == 0 {
			return i
		}
	}
	return -1
}

func (p presence) there(person string) bool {
	for i := range p.roster.Absences {
		a := &p.roster.Absences[i]
		on := p.schedule
		if !a.Zone.IsZero() {
			on = &oncall.Schedule{Zone: a.Zone}
		}
		if a.Person == person && a.Substitute == "" && within(p.at, on.Instant(a.From), on.Instant(a.To)) {
			return false
		}
	}
	known := find(p.roster.People, person, func(p *oncall.Person) string { return p.ID })
	if known == nil {
		return false
	}
	off := known.Disabled && !p.at.Before(known.DisabledAt)
	return !off && !slices.ContainsFunc(known.Off, func(o oncall.Off) bool { return within(p.at, o.From, o.To) })
}

// within reports whether t lies in [from, to).
func within(t, from, to time.Time) bool { return !t.Before(from) && t.Before(to) }

// worksWithin is how far ahead the next turn of a layer is looked for that only counts periods in which it is active.
const worksWithin = 366 * 24 * time.Hour

// turnAt returns the index of the member whose turn it is at an instant, or whose turn is next while a layer that counts only
// active periods rests; false before the layer's start and after its end.
func turnAt(rules oncall.Rules, layer oncall.Layer, calendars []oncall.CalendarYear, at time.Time) (index int, begun bool) {
	probe := layer
	probe.ID, probe.Priority, probe.Exclusive, probe.Substitute = "probe", 0, false, false
	probe.Members = make([]oncall.Member, len(layer.Members))
	r := oncall.Roster{Calendars: calendars}
	places := map[string]int{}
	for i := range probe.Members {
		id := fmt.Sprintf("m%d", i)
		probe.Members[i] = oncall.Member{id}
		places[id] = i
		r.People = append(r.People, oncall.Person{ID: id})
	}
	if layer.Handoff.Advance == oncall.ByCalendar {
		probe.Windows = nil // periods pass in the closed hours too
	}
	const name = "probe"
	r.Schedules = []oncall.Schedule{{
		ID: name, Zone: rules.Zone, Calendar: rules.Calendar, Tracks: []oncall.Track{{ID: name, Layers: []oncall.Layer{probe}}},
	}}
	for shift := range oncall.Compile(r).Shifts(name, name, at, at.Add(worksWithin)) {
		switch {
		case !shift.Gap():
			return places[shift.Duties[0].Person], true
		case layer.Handoff.Advance == oncall.ByCalendar:
			return 0, false
		}
	}
	return 0, false
}

func withStart(layer oncall.Layer, start int) oncall.Layer {
	layer.Handoff.Start = start
	return layer
}

// successor returns the place in the new members of the one whose turn it was, or of the next of the old ones who is there.
// A member who stands there several times goes on where most of those that follow are the same; the given place wins a tie.
func successor(old []oncall.Member, turn int, members []oncall.Member, given int) (place int, found bool) {
	for step := range old {
		wanted := old[mod(turn+step, len(old))]
		best := -1
		for i, m := range members {
			if m.String() != wanted.String() {
				continue
			}
			score := 2 * following(old, turn+step, members, i)
			if i == given {
				score++
			}
			if score > best {
				best, place, found = score, i, true
			}
		}
		if found {
			return place, true
		}
		for i, m := range members { // a pair that has changed: whoever of them is there
			if slices.ContainsFunc(m, func(id string) bool { return slices.Contains(wanted, id) }) {
				return i, true
			}
		}
	}
	return 0, false
}

// following counts how many members after a turn are the same in both orders, not counting those only one of them has.
func following(old []oncall.Member, turn int, members []oncall.Member, place int) int {
	a := rest(old, turn, members)
	b := rest(members, place, old)
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// rest lists the members after a place, those that others has too.
func rest(list []oncall.Member, place int, others []oncall.Member) []string {
	var names []string
	for i := 1; i < len(list); i++ {
		name := list[mod(place+i, len(list))].String()
		if slices.ContainsFunc(others, func(m oncall.Member) bool { return m.String() == name }) {
			names = append(names, name)
		}
	}
	return names
}

// mod is the remainder that is never negative; n may be zero.
func mod(a, n int) int {
	if n == 0 {
		return 0
	}
	return ((a % n) + n) % n
}
