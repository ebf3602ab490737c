package oncall

import "time"

// Windows of the civil days from two before to one after t's own can hold t: a window lasts up to a day and an edge may
// stand up to a day off its usual place where a whole civil day was skipped.
const (
	windowDaysBefore = 2
	windowDaysAfter  = 1
)

// nextEdgeDays is how many civil days ahead the next edge is looked for: a week holds every enabled weekday once, and a day
// more covers the edge of a window that began yesterday.
const nextEdgeDays = 8

// on returns the window that starts on the civil date of d, and false when that weekday is not enabled.
func (w Window) on(d Civil, zone Zone) (start, end time.Time, ok bool) {
	if !w.Days.Has(d.Weekday()) {
		return start, end, false
	}
	last := d
	if w.From >= w.To {
		last = d.AddDays(1)
	}
	return zone.Resolve(d.At(w.From), First), zone.Resolve(last.At(w.To), Last), true
}

// holds reports whether the window is open at t.
func (w Window) holds(t time.Time, zone Zone) bool {
	today := CivilAt(t, zone)
	for n := -windowDaysBefore; n <= windowDaysAfter; n++ {
		start, end, ok := w.on(today.AddDays(n), zone)
		if ok && !start.After(t) && t.Before(end) {
			return true
		}
	}
	return false
}

// nextEdge returns the earliest opening or closing after t.
func (w Window) nextEdge(t time.Time, zone Zone) time.Time {
	var next time.Time
	today := CivilAt(t, zone)
	for n := -windowDaysBefore; n <= nextEdgeDays; n++ {
		start, end, ok := w.on(today.AddDays(n), zone)
		if !ok {
			continue
		}
		next = earlierAfter(t, next, start)
		next = earlierAfter(t, next, end)
		if !next.IsZero() && start.After(t) {
			break // later days only have later edges
		}
	}
	return next
}

// active reports whether the layer lives and has an open window at t.
func (l *Layer) active(t time.Time, zone Zone) bool {
	start, end := l.life(zone)
	if (!start.IsZero() && t.Before(start)) || (!end.IsZero() && !t.Before(end)) {
		return false
	}
	if len(l.Windows) == 0 {
		return true
	}
	for _, w := range l.Windows {
		if w.holds(t, zone) {
			return true
		}
	}
	return false
}

// life returns the bounds of the layer, zero for none.
func (l *Layer) life(zone Zone) (start, end time.Time) {
	from := l.From
	if from.IsZero() && !l.Handoff.Never() {
		from = l.Handoff.Anchor
	}
	if !from.IsZero() {
		start = zone.Resolve(from, First)
	}
	if !l.To.IsZero() {
		end = zone.Resolve(l.To, First)
	}
	return start, end
}

// nextBoundary returns the earliest instant after t at which the layer may contribute something else, zero for never.
func (l *Layer) nextBoundary(t time.Time, zone Zone) time.Time {
	start, end := l.life(zone)
	if !start.IsZero() && t.Before(start) {
		return start
	}
	if !end.IsZero() && !t.Before(end) {
		return time.Time{}
	}
	next := earlierAfter(t, time.Time{}, end)
	_, turn := l.memberAt(t, zone)
	next = earlierAfter(t, next, turn)
	for _, w := range l.Windows {
		next = earlierAfter(t, next, w.nextEdge(t, zone))
	}
	return next
}

// earlierAfter returns candidate if it lies after t and before best; a zero best means none yet.
func earlierAfter(t, best, candidate time.Time) time.Time {
	if candidate.After(t) && (best.IsZero() || candidate.Before(best)) {
		return candidate
	}
	return best
}
