package oncall

import (
	"fmt"
	"time"
)

// civilLayouts are the accepted spellings of a civil date-time; the first is the one written back.
var civilLayouts = [...]string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} //nolint:gochecknoglobals // a constant table

// Civil is a date and time of day as a wall clock shows them, without a zone. The zero value means "not set".
type Civil struct {
	wall time.Time // the clock's reading, carried as if it were UTC
}

// NewCivil returns the civil time with the given reading. Overflowing values are carried as in time.Date.
func NewCivil(year int, month time.Month, day, hour, minute, second int) Civil {
	return Civil{time.Date(year, month, day, hour, minute, second, 0, time.UTC)}
}

// CivilAt returns what the clock of zone shows at t, in whole seconds.
func CivilAt(t time.Time, zone Zone) Civil {
	_, offset := t.In(zone.Location()).Zone()
	return civilOf(t.Unix() + int64(offset))
}

// ParseCivil reads "2026-01-05 09:00", with seconds or a T between date and time if wished, or a bare date (00:00).
func ParseCivil(s string) (Civil, error) {
	for _, layout := range civilLayouts {
		if t, err := time.Parse(layout, s); err == nil && t.Nanosecond() == 0 {
			return Civil{t}, nil
		}
	}
	return Civil{}, fmt.Errorf("parse date-time %q: write it as 2026-01-05 09:00, without a zone", s)
}

func civilOf(wallSeconds int64) Civil { return Civil{time.Unix(wallSeconds, 0).UTC()} }

// IsZero reports whether c is not set.
func (c Civil) IsZero() bool { return c.wall.IsZero() }

// Before reports whether c shows an earlier reading than d.
func (c Civil) Before(d Civil) bool { return c.wall.Before(d.wall) }

// AddDays returns c moved by n calendar days; the time of day stays.
func (c Civil) AddDays(n int) Civil { return Civil{c.wall.AddDate(0, 0, n)} }

// AddHours returns c moved by n hours on the civil clock, where each day has 24.
func (c Civil) AddHours(n int) Civil { return civilOf(c.wall.Unix() + int64(n)*3600) }

// At returns the civil time of the same date at clock. A clock of 24:00 is the next midnight.
func (c Civil) At(clock Clock) Civil {
	y, m, d := c.wall.Date()
	return NewCivil(y, m, d, 0, 0, int(clock))
}

// Weekday returns the day of the week of c's date.
func (c Civil) Weekday() time.Weekday { return c.wall.Weekday() }

// Date returns year, month and day.
func (c Civil) Date() (year int, month time.Month, day int) { return c.wall.Date() }

// Clock returns the time of day.
func (c Civil) Clock() Clock {
	h, m, s := c.wall.Clock()
	return Clock(h*3600 + m*60 + s)
}

// String returns the civil time as it is written in a configuration file.
func (c Civil) String() string {
	switch {
	case c.IsZero():
		return ""
	case c.wall.Second() != 0:
		return c.wall.Format(civilLayouts[1])
	default:
		return c.wall.Format(civilLayouts[0])
	}
}

// MarshalText writes c as String does.
func (c Civil) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads c as ParseCivil does; empty text is the zero value.
func (c *Civil) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = Civil{}
		return nil
	}
	parsed, err := ParseCivil(string(text))
	if err == nil {
		*c = parsed
	}
	return err
}

// day is the length of a civil day in seconds; a Clock may be at most this.
const day Clock = 24 * 3600

// Clock is a time of day in seconds since midnight, 00:00 to 24:00.
type Clock int

// ParseClock reads "09:00" or "09:00:30"; "24:00" is the midnight that ends the day.
func ParseClock(s string) (Clock, error) {
	if s == "24:00" {
		return day, nil
	}
	for _, layout := range [...]string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil && t.Nanosecond() == 0 {
			return Civil{t}.Clock(), nil
		}
	}
	return 0, fmt.Errorf("parse time of day %q: write it as 09:00, from 00:00 to 24:00", s)
}

// String returns the clock as it is written in a configuration file.
func (c Clock) String() string {
	if c%60 != 0 {
		return fmt.Sprintf("%02d:%02d:%02d", c/3600, c/60%60, c%60)
	}
	return fmt.Sprintf("%02d:%02d", c/3600, c/60%60)
}

// MarshalText writes c as String does.
func (c Clock) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads c as ParseClock does.
func (c *Clock) UnmarshalText(text []byte) error {
	parsed, err := ParseClock(string(text))
	if err == nil {
		*c = parsed
	}
	return err
}
