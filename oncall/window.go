package oncall

import "time"

// Windows of the civil days from two before to one after t's own can hold t: a window lasts up to a day and an edge may
// stand up to a day off its usual place where a whole civil day was skipped.
const (
	windowDaysBefore = 2
	windowDaysAfter  = 1
)

// windowDaysAhead is how many civil days ahead the next opening is looked for: a week and a day hold every weekday once. What
// opens later than that, by the class of the day, is found by asking again then.
const windowDaysAhead = 8

// opening is a Window made ready.
type opening struct {
	days             Weekdays
	from, to         int64 // seconds of the day on which it starts; to may lie in the next day
	require, exclude classes
	classed          bool // the class of the day matters
	shorten          int64
}

func compileWindows(list []Window) []opening {
	openings := make([]opening, 0, len(list))
	for i := range list {
		w := &list[i]
		o := opening{
			days: w.Days, from: int64(w.From), to: int64(w.To), require: classesOf(w.Require...), exclude: classesOf(w.Exclude...),
			classed: len(w.Require)+len(w.Exclude) > 0, shorten: int64(max(w.Shorten, 0) / time.Second),
		}
		if len(w.Require) > 0 && o.require == 0 {
			o.exclude = ^classes(0) // it requires nothing but unknown classes
		}
		if o.from >= o.to {
			o.to += secondsPerDay
		}
		openings = append(openings, o)
	}
	return openings
}

// startsOn is the rule of days: without classes the weekday decides; with them, a day that is not what its weekday promises
// is judged by its class alone, any other by both.
func (o *opening) startsOn(n int64, class classes) bool {
	if !o.classed {
		return o.days.Has(weekdayOf(n))
	}
	if ordinary(n, class) && !o.days.Has(weekdayOf(n)) {
		return false
	}
	return (o.require == 0 || class&o.require != 0) && class&o.exclude == 0
}

// on returns the span of the window that starts on civil day n. Its start is the first occurrence of its reading, its end the
// last one of its own, cut on short days.
func (o *opening) on(n int64, clock *clock, days *dayTable) (start, end int64, ok bool) {
	class, _ := days.of(n)
	if !o.startsOn(n, class) {
		return 0, 0, false
	}
	to := o.to
	if class == isShort {
		to -= o.shorten
	}
	if to <= o.from {
		return 0, 0, false
	}
	midnight := n * secondsPerDay
	return clock.resolve(midnight+o.from, First), clock.resolve(midnight+to, Last), true
}

// open reports whether a window of the layer is open at t, and until when that surely stays so.
func (l *layer) open(t int64) (open bool, until int64) {
	if len(l.windows) == 0 {
		return true, never
	}
	today := dayOf(l.clock.wall(t))
	next := l.clock.resolve((today+windowDaysAhead)*secondsPerDay, First)
	for i := range l.windows {
		w := &l.windows[i]
		for n := today - windowDaysBefore; n < today+windowDaysAhead; n++ {
			start, end, ok := w.on(n, l.clock, l.days)
			if !ok || start >= end || end <= t {
				continue
			}
			if start > t {
				next = min(next, start)
				break
			}
			if !open || end > until {
				open, until = true, end
			}
		}
	}
	if !open {
		return false, next
	}
	return true, until
}

// openWithin reports whether a window of the layer is open at some moment of [from, to).
func (l *layer) openWithin(from, to int64) bool {
	if from >= to {
		return false
	}
	if len(l.windows) == 0 {
		return true
	}
	last := dayOf(l.clock.wall(to)) + windowDaysAfter
	for n := dayOf(l.clock.wall(from)) - windowDaysBefore; n <= last; n++ {
		for i := range l.windows {
			if start, end, ok := l.windows[i].on(n, l.clock, l.days); ok && max(start, from) < min(end, to) {
				return true
			}
		}
	}
	return false
}
