package oncall

import (
	"fmt"
	"time"
)

// Point is a moment as a person or the program wrote it: a reading of the wall clock, which gets its meaning from the
// schedule's zone, or an instant. Corrections that people plan are civil; a takeover that begins now is an instant. The zero
// value means "not set".
type Point struct {
	civil   Civil
	instant time.Time
}

// CivilPoint returns the point at which the clock shows c.
func CivilPoint(c Civil) Point { return Point{civil: c} }

// InstantPoint returns the point at t, in whole seconds.
func InstantPoint(t time.Time) Point { return Point{instant: t.UTC().Truncate(time.Second)} }

// ParsePoint reads a civil time as ParseCivil does, or an instant such as "2026-11-05T06:00:00Z".
func ParsePoint(s string) (Point, error) {
	if c, err := ParseCivil(s); err == nil {
		return CivilPoint(c), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return Point{}, fmt.Errorf("parse time %q: write 2026-11-05 09:00, or an instant such as 2026-11-05T06:00:00Z", s)
	}
	return InstantPoint(t), nil
}

// IsZero reports whether the point is not set.
func (p Point) IsZero() bool { return p.civil.IsZero() && p.instant.IsZero() }

// Civil returns the reading of a point that is written as one.
func (p Point) Civil() (c Civil, civil bool) {
	return p.civil, p.instant.IsZero() && !p.civil.IsZero()
}

// In returns the instant of the point in a zone. A reading that occurs twice is its first occurrence, so that of two
// neighbouring spans one begins where the other ends.
func (p Point) In(zone Zone) time.Time {
	if !p.instant.IsZero() || p.civil.IsZero() {
		return p.instant
	}
	return zone.Resolve(p.civil, First)
}

// String returns the point as it is written.
func (p Point) String() string {
	if !p.instant.IsZero() {
		return p.instant.Format(time.RFC3339)
	}
	return p.civil.String()
}

// MarshalText writes p as String does.
func (p Point) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads p as ParsePoint does; empty text is the zero value.
func (p *Point) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = Point{}
		return nil
	}
	parsed, err := ParsePoint(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}
