package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// weekdayNames are in ISO order, Monday first, as ranges are read.
var weekdayNames = [...]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} //nolint:gochecknoglobals // a constant table

// Weekdays is a set of days of the week; bit n is time.Weekday(n). The empty set stands for every day.
type Weekdays uint8

// WeekdaysOf returns the set of the given days.
func WeekdaysOf(days ...time.Weekday) Weekdays {
	var set Weekdays
	for _, d := range days {
		set |= 1 << d
	}
	return set
}

// Has reports whether the set holds d.
func (w Weekdays) Has(d time.Weekday) bool { return w == 0 || w&(1<<d) != 0 }

// String returns the set as it is written in a configuration file, for example "mon,tue,sat".
func (w Weekdays) String() string {
	if w == 0 {
		return "daily"
	}
	var names []string
	for i, name := range weekdayNames {
		if w.Has(isoDay(i)) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// MarshalText writes the set as String does.
func (w Weekdays) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads "daily" or days and ranges joined by commas: "mon-fri", "sat,sun", "fri-mon".
func (w *Weekdays) UnmarshalText(text []byte) error {
	*w = 0
	if string(text) == "daily" {
		return nil
	}
	for part := range strings.SplitSeq(string(text), ",") {
		first, last, isRange := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "-")
		if !isRange {
			last = first
		}
		a, b := slices.Index(weekdayNames[:], first), slices.Index(weekdayNames[:], last)
		if a < 0 || b < 0 {
			return fmt.Errorf("parse weekdays %q: write daily, or days and ranges such as mon-fri,sun", text)
		}
		for i := a; ; i = (i + 1) % len(weekdayNames) {
			*w |= WeekdaysOf(isoDay(i))
			if i == b {
				break
			}
		}
	}
	return nil
}

// isoDay turns an index with Monday 0 into a time.Weekday with Sunday 0.
func isoDay(i int) time.Weekday { return time.Weekday((i + 1) % len(weekdayNames)) }
