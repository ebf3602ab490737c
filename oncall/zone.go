package oncall

import (
	"fmt"
	"time"
)

// Zone is an IANA time zone, looked up once. The zero value is "not set" and counts as UTC.
type Zone struct {
	loc *time.Location
}

// LoadZone looks up an IANA name such as "Europe/Moscow". "Local" is refused: a rota must mean the same on every node.
func LoadZone(name string) (Zone, error) {
	if name == "" || name == "Local" {
		return Zone{}, fmt.Errorf("load zone %q: name an IANA zone such as Europe/Moscow", name)
	}
	loc, err := location(name)
	if err != nil {
		return Zone{}, fmt.Errorf("load zone %q: name an IANA zone such as Europe/Moscow: %w", name, err)
	}
	return Zone{loc}, nil
}

// ZoneOf wraps a location that is already at hand, for example a fixed offset.
func ZoneOf(loc *time.Location) Zone { return Zone{loc} }

// IsZero reports whether the zone is not set.
func (z Zone) IsZero() bool { return z.loc == nil }

// String returns the zone's IANA name, empty when not set.
func (z Zone) String() string {
	if z.loc == nil {
		return ""
	}
	return z.loc.String()
}

// MarshalText writes the zone's name.
func (z Zone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// UnmarshalText looks the zone up as LoadZone does.
func (z *Zone) UnmarshalText(text []byte) error {
	loaded, err := LoadZone(string(text))
	if err == nil {
		*z = loaded
	}
	return err
}

// Location returns the zone for calculations with time.Time; UTC when not set.
func (z Zone) Location() *time.Location {
	if z.loc == nil {
		return time.UTC
	}
	return z.loc
}

// Pick chooses between the two occurrences of an ambiguous civil time.
type Pick uint8

// The picks: starts and hand-offs use First, ends of windows use Last, so that a window never shrinks when clocks go back.
const (
	First Pick = iota
	Last
)

// String returns "first" or "last".
func (p Pick) String() string {
	if p == Last {
		return "last"
	}
	return "first"
}

// zoneReach bounds how far a civil reading lies from the same reading in UTC: offsets stay within -16..+16 h and the widest
// jump ever made is the 24 h of Pacific/Apia and Pacific/Kwajalein.
const zoneReach = 42 * time.Hour

// Resolve returns the instant at which the zone's clock shows c. A reading that occurs twice is taken at the occurrence
// that pick names; one that never occurs is the first instant after the gap. Resolve never decreases as c grows.
func (z Zone) Resolve(c Civil, pick Pick) time.Time {
	guess := c.wall.In(z.Location())
	start, end := guess.ZoneBounds()
	if (start.IsZero() || guess.Sub(start) > zoneReach) && (end.IsZero() || end.Sub(guess) > zoneReach) {
		_, offset := guess.Zone()
		return time.Unix(c.wall.Unix()-int64(offset), 0).UTC()
	}
	return z.resolveNearTransition(c, pick)
}

// resolveNearTransition walks the spans of constant offset around c, in order.
func (z Zone) resolveNearTransition(c Civil, pick Pick) time.Time {
	var found, after time.Time
	span := c.wall.Add(-zoneReach).In(z.Location())
	limit := c.wall.Add(zoneReach)
	for {
		start, _ := span.ZoneBounds()
		end := spanEnd(span)
		_, offset := span.Zone()
		at := time.Unix(c.wall.Unix()-int64(offset), 0)
		if after.IsZero() && !start.IsZero() && at.Before(start) {
			after = start.UTC() // this span begins with a later reading: c was skipped unless found
		}
		if (start.IsZero() || !at.Before(start)) && (end.IsZero() || at.Before(end)) {
			if found.IsZero() || pick == Last {
				found = at.UTC()
			}
		}
		if end.IsZero() || end.After(limit) {
			break
		}
		span = end
	}
	if found.IsZero() {
		return after
	}
	return found
}

// spanEnd returns an instant after t up to which the offset stays, in the same location; zero for all times to come.
func spanEnd(t time.Time) time.Time {
	_, end := t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		// Measured with Go 1.26: beyond the zone file's table, on the last day of a leap year, the end is already past.
		end = t.Add(time.Hour)
	}
	return end
}
