package oncall

import (
	"math"
	"time"
)

// The evaluator counts instants in seconds of Unix time and readings of a wall clock in the seconds that a clock of UTC would
// need to show them. These two are earlier and later than all others.
const (
	always int64 = math.MinInt64
	never  int64 = math.MaxInt64
)

// Instants outside of these are taken as these, so that arithmetic with days and offsets can not overflow.
const (
	farPast   int64 = -1 << 40 // 35 thousand years
	farFuture int64 = 1 << 40
)

// unix returns t in whole seconds.
func unix(t time.Time) int64 { return min(max(t.Unix(), farPast), farFuture) }

// instantOf is the reverse of unix for instants that occur; zero for always and never.
func instantOf(t int64) time.Time {
	if t == always || t == never {
		return time.Time{}
	}
	return time.Unix(t, 0).UTC()
}

// A clock table covers these years; before and after them the zone keeps its first and its last offset.
const (
	clockFirstYear = 1900
	clockLastYear  = 2100
)

const reachSeconds = int64(zoneReach / time.Second)

// clock is a zone as a table: the spans of one offset, in order. It answers what Zone.Resolve and CivilAt do, without
// allocating and without the rules of the zone file.
type clock struct {
	from   []int64 // the first instant of each span; that of the first is always
	offset []int64 // seconds east of UTC
}

// newClock reads the table of a zone.
func newClock(zone Zone) *clock {
	c := &clock{}
	last := time.Date(clockLastYear+1, 1, 1, 0, 0, 0, 0, time.UTC)
	for at := time.Date(clockFirstYear, 1, 1, 0, 0, 0, 0, time.UTC).In(zone.Location()); at.Before(last); {
		_, seconds := at.Zone()
		if n := len(c.offset); n == 0 {
			c.from, c.offset = append(c.from, always), append(c.offset, int64(seconds))
		} else if c.offset[n-1] != int64(seconds) {
			c.from, c.offset = append(c.from, at.Unix()), append(c.offset, int64(seconds))
		}
		next := spanEnd(at)
		if next.IsZero() {
			break
		}
		at = next
	}
	return c
}

// index returns the span that holds t.
func (c *clock) index(t int64) int {
	low, high := 0, len(c.from)
	for high-low > 1 {
		if mid := (low + high) / 2; c.from[mid] <= t {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// wall returns what the clock shows at t.
func (c *clock) wall(t int64) int64 { return t + c.offset[c.index(t)] }

// resolve is Zone.Resolve.
func (c *clock) resolve(wall int64, pick Pick) int64 {
	i := c.index(wall - reachSeconds)
	if i+1 == len(c.from) || c.from[i+1] > wall+reachSeconds {
		return wall - c.offset[i]
	}
	found, after := never, never
	for ; i < len(c.from) && c.from[i] <= wall+reachSeconds; i++ {
		at := wall - c.offset[i]
		switch {
		case at < c.from[i]:
			after = min(after, c.from[i]) // the span begins with a later reading: this one was skipped unless found
		case i+1 < len(c.from) && at >= c.from[i+1]: // the span ends before the clock shows it
		case found == never || pick == Last:
			found = at
		}
	}
	if found == never {
		return after
	}
	return found
}

// secondsPerDay is the length of a civil day.
const secondsPerDay = int64(day)

// dayOf returns the civil day of a reading, counted from 1970-01-01.
func dayOf(wall int64) int64 { return floorDiv(wall, secondsPerDay) }

// weekdayOf returns the day of the week of a civil day.
func weekdayOf(n int64) time.Weekday {
	return time.Weekday(floorMod(n+int64(time.Thursday), 7)) // 1970-01-01 was a Thursday
}

// floorDiv is the quotient rounded down, for n > 0.
func floorDiv(a, n int64) int64 { return (a - floorMod(a, n)) / n }

// floorMod is the remainder that is never negative, for n > 0.
func floorMod(a, n int64) int64 { return ((a % n) + n) % n }
