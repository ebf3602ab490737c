package oncall_test

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// walk is one layer walked turn by turn from its anchor, forwards and backwards, never by a jump.
type walk struct {
	layer  *oncall.Layer
	zone   timeline
	class  func(date wall) oncall.DayClass
	begins []int64 // hand-offs 0, 1, 2 …
	worked []int   // worked[i] is the number of periods with active time in [0, i)
	before []int64 // hand-offs -1, -2, -3 …
	rested []int   // rested[i] is the number of periods with active time in [-1-i, 0)
	spans  map[spanKey]span
}

type spanKey struct {
	window int
	date   wall
}

type span struct{ from, to int64 }

func newWalk(layer *oncall.Layer, zone timeline, class func(wall) oncall.DayClass) *walk {
	return &walk{layer: layer, zone: zone, class: class, spans: map[spanKey]span{}}
}

// handoff is hand-off i, counted from the anchor.
func (k *walk) handoff(i int) int64 {
	h := k.layer.Handoff
	return k.zone.resolve(wallOf(h.Anchor).plus(i*max(h.Every, 1), h.Unit), false)
}

// alive reports whether t is within the layer's life: from its From, or from its anchor, until its To.
func (k *walk) alive(t int64) bool {
	begin := k.layer.From
	if begin.IsZero() && k.layer.Handoff.Unit != "" {
		begin = k.layer.Handoff.Anchor
	}
	if !begin.IsZero() && t < k.zone.resolve(wallOf(begin), false) {
		return false
	}
	return k.layer.To.IsZero() || t < k.zone.resolve(wallOf(k.layer.To), false)
}

// turn is the index into Members of whose turn it is at t.
func (k *walk) turn(t int64) int {
	h, n := k.layer.Handoff, len(k.layer.Members)
	if h.Unit == "" {
		return h.Start % n
	}
	if len(k.begins) == 0 {
		k.begins = append(k.begins, k.handoff(0))
		k.worked = append(k.worked, 0)
	}
	for k.begins[len(k.begins)-1] <= t {
		i := len(k.begins)
		k.begins = append(k.begins, k.handoff(i))
		k.worked = append(k.worked, k.worked[i-1]+k.counts(k.begins[i-1], k.begins[i]))
	}
	var index, count int
	if t >= k.begins[0] {
		index = sort.Search(len(k.begins), func(i int) bool { return k.begins[i] > t }) - 1
		count = k.worked[index]
	} else {
		index = k.back(t)
		count = -k.rested[-index-1]
	}
	if h.Advance == oncall.ByWorked {
		index = count
	}
	index = (h.Start + index) % n
	if index < 0 {
		index += n
	}
	return index
}

// back is the index of the period of t before the anchor: the largest i < 0 whose hand-off is not after t.
func (k *walk) back(t int64) int {
	for len(k.before) == 0 || k.before[len(k.before)-1] > t {
		i := len(k.before)
		end, count := k.begins[0], 0
		if i > 0 {
			end, count = k.before[i-1], k.rested[i-1]
		}
		begin := k.handoff(-i - 1)
		k.before = append(k.before, begin)
		k.rested = append(k.rested, count+k.counts(begin, end))
	}
	return -1 - sort.Search(len(k.before), func(i int) bool { return k.before[i] <= t })
}

// counts is 1 when the layer has any active time in [from, to).
func (k *walk) counts(from, to int64) int {
	if from >= to {
		return 0
	}
	if len(k.layer.Windows) == 0 {
		return 1
	}
	for date := k.zone.shows(from).date() - 3*daySeconds; date <= k.zone.shows(to).date()+daySeconds; date += daySeconds {
		for i := range k.layer.Windows {
			if s := k.window(i, date); max(s.from, from) < min(s.to, to) {
				return 1
			}
		}
	}
	return 0
}

// open reports whether a window of the layer is open at t.
func (k *walk) open(t int64) bool {
	if len(k.layer.Windows) == 0 {
		return true
	}
	today := k.zone.shows(t).date()
	for date := today - 3*daySeconds; date <= today+2*daySeconds; date += daySeconds {
		for i := range k.layer.Windows {
			if s := k.window(i, date); s.from <= t && t < s.to {
				return true
			}
		}
	}
	return false
}

// window is when window i of a date is open; nothing when it is not.
func (k *walk) window(i int, date wall) span {
	key := spanKey{i, date}
	s, ok := k.spans[key]
	if !ok {
		s = k.makeWindow(k.layer.Windows[i], date)
		k.spans[key] = s
	}
	return s
}

func (k *walk) makeWindow(w oncall.Window, date wall) span {
	class := k.class(date)
	if !holds(w, date.weekday(), class) {
		return span{}
	}
	from, to := date+wall(w.From), date+wall(w.To)
	if w.From >= w.To {
		to += daySeconds
	}
	if class == oncall.Short {
		to -= wall(w.Shorten / time.Second)
	}
	if to <= from {
		return span{} // shortened to nothing
	}
	s := span{k.zone.resolve(from, false), k.zone.resolve(to, true)}
	if s.to <= s.from {
		return span{}
	}
	return s
}

// ordinary is the class that a weekday has by itself.
func ordinary(day time.Weekday) oncall.DayClass {
	if day == time.Saturday || day == time.Sunday {
		return oncall.Weekend
	}
	return oncall.Workday
}

// holds reports whether a window opens on a date. The class decides alone where it contradicts the weekday; a short Tuesday
// is a Tuesday.
func holds(w oncall.Window, day time.Weekday, class oncall.DayClass) bool {
	wanted := w.Days == 0 || w.Days.Has(day)
	if len(w.Require) == 0 && len(w.Exclude) == 0 {
		return wanted
	}
	fits := (len(w.Require) == 0 || slices.Contains(w.Require, class)) && !slices.Contains(w.Exclude, class)
	contradicts := class != ordinary(day) && (class != oncall.Short || ordinary(day) != oncall.Workday)
	return fits && (wanted || contradicts)
}

// classes looks dates up in the years of a calendar.
func classes(roster *oncall.Roster, calendar string) func(date wall) oncall.DayClass {
	return func(date wall) oncall.DayClass {
		t := time.Unix(int64(date), 0).UTC()
		for _, year := range roster.Calendars {
			if year.Calendar == calendar && year.Year == t.Year() && calendar != "" {
				if class, ok := year.Days[fmt.Sprintf("%02d-%02d", t.Month(), t.Day())]; ok {
					return class
				}
			}
		}
		return ordinary(t.Weekday())
	}
}
