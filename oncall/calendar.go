package oncall

import (
	"fmt"
	"time"
)

// DayClass is what a production calendar makes of a civil date.
type DayClass string

// The classes of days. Without a calendar, or for a year it lacks, Monday to Friday are Workday and the others Weekend.
const (
	Workday      DayClass = "workday"
	Short        DayClass = "short"         // a workday that ends an hour earlier, before a holiday
	Weekend      DayClass = "weekend"       // an ordinary Saturday or Sunday
	Holiday      DayClass = "holiday"       // a public holiday
	MovedDayOff  DayClass = "moved_day_off" // a weekday that is off because a holiday fell on a weekend
	MovedWorkday DayClass = "moved_workday" // a Saturday or Sunday that is worked
)

// String returns the class as it is written.
func (c DayClass) String() string { return string(c) }

// Off reports whether people have the day off.
func (c DayClass) Off() bool { return c == Weekend || c == Holiday || c == MovedDayOff }

// CalendarYear is one year of a production calendar.
type CalendarYear struct {
	// Calendar is the calendar's ID, such as "ru".
	Calendar string `yaml:"calendar" json:"calendar"`
	Year     int    `yaml:"year" json:"year"`
	// Source names the decree, Date is when that was published.
	Source string `yaml:"source,omitempty" json:"source,omitempty"`
	Date   string `yaml:"date,omitempty" json:"date,omitempty"`
	// Days are the dates ("01-31") whose class is not that of their weekday.
	Days map[string]DayClass `yaml:"days,omitempty" json:"days,omitempty"`
}

// CheckDay refuses one of Days that does not exist, and a class that its weekday can not have or has anyway.
func (y *CalendarYear) CheckDay(date string) error {
	n, err := y.day(date)
	if err != nil {
		return fmt.Errorf("no date of %d; write month and day, such as 05-09", y.Year)
	}
	weekday, class := weekdayOf(n), y.Days[date]
	weekend := weekday == time.Saturday || weekday == time.Sunday
	switch class {
	case Holiday, Short:
		return nil
	case Workday, MovedWorkday:
		if !weekend {
			return fmt.Errorf("a %s is a workday anyway; leave the date out", weekday)
		}
	case Weekend, MovedDayOff:
		if weekend {
			return fmt.Errorf("a %s is off anyway; leave the date out", weekday)
		}
	default:
		return fmt.Errorf("unknown class %q; write holiday, moved_day_off, moved_workday or short", class)
	}
	if class == Workday {
		return fmt.Errorf("a %s can not be workday; write moved_workday, or leave the date out", weekday)
	}
	if class == Weekend {
		return fmt.Errorf("a %s can not be weekend; write moved_day_off, or leave the date out", weekday)
	}
	return nil
}
