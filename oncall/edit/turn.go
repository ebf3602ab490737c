package edit

import (
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// keepTurns returns the new rules with start indexes such that every layer that was there before goes on with the member
// whose turn it is at from. Where that member is gone, the next one of the old order who is still there has the turn.
func keepTurns(before, after oncall.Rules, calendars []oncall.CalendarYear, from time.Time) oncall.Rules {
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
				keepTurn(before, *old, after, layer, calendars, from)
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
