package oncall

import "time"

// hours is the length of one period on the civil clock.
func (h Handoff) hours() int {
	every := max(h.Every, 1)
	switch h.Unit {
	case Hour:
		return every
	case Day:
		return 24 * every
	case Week:
		return 7 * 24 * every
	default:
		return 0
	}
}

// Never reports whether the turn never changes.
func (h Handoff) Never() bool { return h.hours() == 0 }

// At returns the instant of hand-off i, for any i, always counted from the anchor. A civil day has 24 hours here, so days
// and weeks keep the anchor's clock across every transition, and hours hand off at the same readings of the clock.
func (h Handoff) At(i int, zone Zone) time.Time {
	return zone.Resolve(h.Anchor.AddHours(i*h.hours()), First)
}

// Period returns the period that holds t: the largest i whose hand-off is not after t, with its start and end. Hand-offs
// that collapse onto one instant leave empty periods between them whose index is consumed. It must not be asked of a
// Handoff that never changes.
func (h Handoff) Period(t time.Time, zone Zone) (i int, start, end time.Time) {
	seconds := h.hours() * 3600
	elapsed := int(CivilAt(t, zone).wall.Unix() - h.Anchor.wall.Unix())
	i = elapsed / seconds
	if elapsed < 0 {
		i-- // at worst one too low; the search below corrects it
	}
	start, end = h.At(i, zone), h.At(i+1, zone)
	for start.After(t) {
		i--
		start, end = h.At(i, zone), start
	}
	for !end.After(t) {
		i++
		start, end = end, h.At(i+1, zone)
	}
	return i, start, end
}

// memberAt returns the member whose turn it is at t and the instant at which the turn ends, zero when it never does.
func (l *Layer) memberAt(t time.Time, zone Zone) (Member, time.Time) {
	if len(l.Members) == 0 {
		return nil, time.Time{}
	}
	if l.Handoff.Never() {
		return l.Members[floorMod(l.Handoff.Start, len(l.Members))], time.Time{}
	}
	i, _, end := l.Handoff.Period(t, zone)
	return l.Members[floorMod(l.Handoff.Start+i, len(l.Members))], end
}

// floorMod is the remainder that is never negative, for n > 0.
func floorMod(a, n int) int { return ((a % n) + n) % n }
