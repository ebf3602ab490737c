package oncall

import "time"

// The longest interval that is taken as it stands; a longer one is a slip of the pen, and this one in its stead.
const maxIntervalYears = 10

// pace is the arithmetic of a Handoff on the civil clock: step seconds or months between two hand-offs, none for never.
type pace struct {
	step, months int64
	anchor       int64
}

// longest is the greatest number of units in an interval.
func longest(u Unit) int {
	switch u {
	case Hour:
		return maxIntervalYears * 366 * 24
	case Day:
		return maxIntervalYears * 366
	case Week:
		return maxIntervalYears * 53
	case Month:
		return maxIntervalYears * 12
	default:
		return 1
	}
}

func (h Handoff) pace() pace {
	every := int64(min(max(h.Every, 1), longest(h.Unit)))
	p := pace{anchor: h.Anchor.wall.Unix()}
	switch h.Unit {
	case Hour:
		p.step = every * 3600
	case Day:
		p.step = every * secondsPerDay
	case Week:
		p.step = every * 7 * secondsPerDay
	case Month:
		p.months = every
	}
	return p
}

func (p pace) never() bool { return p.step == 0 && p.months == 0 }

// reading returns what the clock shows at hand-off i, always counted from the anchor. A civil day has 24 hours here, so days
// and weeks keep the anchor's clock across every transition, and hours hand off at the same readings of the clock.
func (p pace) reading(i int64) int64 {
	if p.months == 0 {
		return p.anchor + i*p.step
	}
	return addMonths(p.anchor, i*p.months)
}

// index returns the hand-off whose reading is the last not after wall.
func (p pace) index(wall int64) int64 {
	if p.months == 0 {
		return floorDiv(wall-p.anchor, p.step)
	}
	i := floorDiv(monthOf(wall)-monthOf(p.anchor), p.months)
	if p.reading(i) > wall {
		i--
	}
	return i
}

// period returns the period that holds t, which the clock shows as wall: the largest i whose hand-off is not after t, with its
// start and end. Hand-offs that collapse onto one instant leave empty periods between them whose index is consumed.
func (p pace) period(t, wall int64, resolve func(wall int64) int64) (i, start, end int64) {
	i = p.index(wall) // right but near a transition, where the clock has shown this reading before or skipped one
	start, end = resolve(p.reading(i)), resolve(p.reading(i+1))
	for start > t {
		i--
		start, end = resolve(p.reading(i)), start
	}
	for end <= t {
		i++
		start, end = end, resolve(p.reading(i+1))
	}
	return i, start, end
}

// monthOf numbers the months of the calendar.
func monthOf(wall int64) int64 {
	y, m, _ := time.Unix(wall, 0).UTC().Date()
	return int64(y)*12 + int64(m-time.January)
}

// addMonths moves a reading by n months and clamps it to the last day of the month: January 31st plus one month is the last of
// February, and plus two is March 31st again.
func addMonths(wall, n int64) int64 {
	at := time.Unix(wall, 0).UTC()
	y, m, d := at.Date()
	month := time.Month(int64(m) + n)
	last := time.Date(y, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(y, month, min(d, last), 0, 0, 0, 0, time.UTC).Unix() + floorMod(wall, secondsPerDay)
}

// Never reports whether the turn never changes.
func (h Handoff) Never() bool { return h.pace().never() }

// At returns the instant of hand-off i, for any i: the anchor moved by i intervals on the civil clock, at its first occurrence.
func (h Handoff) At(i int, zone Zone) time.Time {
	return zone.Resolve(civilOf(h.pace().reading(int64(i))), First)
}

// Period returns the period that holds t, with its start and end. It must not be asked of a Handoff that never changes.
func (h Handoff) Period(t time.Time, zone Zone) (i int, start, end time.Time) {
	n, a, b := h.pace().period(unix(t), CivilAt(t, zone).wall.Unix(), func(wall int64) int64 {
		return zone.Resolve(civilOf(wall), First).Unix()
	})
	return int(n), instantOf(a), instantOf(b)
}
