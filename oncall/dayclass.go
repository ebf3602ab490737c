package oncall

import (
	"fmt"
	"time"
)

// classes is a set of day classes.
type classes uint8

// classOrder gives each class its bit, so that a set of them is one byte and the table of a year is small.
var classOrder = [...]DayClass{Workday, Short, Weekend, Holiday, MovedDayOff, MovedWorkday} //nolint:gochecknoglobals // a constant table

const (
	isWorkday classes = 1 << iota
	isShort
	isWeekend
)

// classesOf returns the set of the given classes; an unknown one adds nothing.
func classesOf(list ...DayClass) classes {
	var set classes
	for i, c := range classOrder {
		for _, x := range list {
			if x == c {
				set |= 1 << i
			}
		}
	}
	return set
}

// name returns the class of a set of one.
func (c classes) name() DayClass {
	for i, name := range classOrder {
		if c == 1<<i {
			return name
		}
	}
	return ""
}

// weekdayClass is the class of a civil day that no calendar classes.
func weekdayClass(n int64) classes {
	if d := weekdayOf(n); d == time.Saturday || d == time.Sunday {
		return isWeekend
	}
	return isWorkday
}

// dayTable is a production calendar as one row of classes from the first day of its first year to the last day of its last;
// a zero marks a day of a year that is missing. A nil table knows no year.
type dayTable struct {
	first int64
	class []classes
}

// A calendar's years outside of these are passed over.
const (
	calendarFirstYear = clockFirstYear
	calendarLastYear  = clockLastYear
)

// newDayTables compiles the calendars of a roster, by ID. Of two entries for one year the later holds.
func newDayTables(years []CalendarYear) map[string]*dayTable {
	tables := map[string]*dayTable{}
	for pass := range 2 { // first their extent, then their days
		for i := range years {
			y := &years[i]
			if y.Year < calendarFirstYear || y.Year > calendarLastYear {
				continue
			}
			table := tables[y.Calendar]
			if table == nil {
				table = &dayTable{first: firstDayOf(y.Year)}
				tables[y.Calendar] = table
			}
			if pass == 0 {
				table.extend(y.Year)
			} else {
				table.write(y)
			}
		}
	}
	return tables
}

// firstDayOf returns the civil day of January 1st.
func firstDayOf(year int) int64 { return dayOf(NewCivil(year, 1, 1, 0, 0, 0).wall.Unix()) }

// extend makes room for a year.
func (d *dayTable) extend(year int) {
	first, end := firstDayOf(year), firstDayOf(year+1)
	if first < d.first {
		d.class = append(make([]classes, d.first-first), d.class...)
		d.first = first
	}
	if missing := end - d.first - int64(len(d.class)); missing > 0 {
		d.class = append(d.class, make([]classes, missing)...)
	}
}

// write fills in a year.
func (d *dayTable) write(y *CalendarYear) {
	for n := firstDayOf(y.Year); n < firstDayOf(y.Year+1); n++ {
		d.class[n-d.first] = weekdayClass(n)
	}
	for date, class := range y.Days {
		n, err := y.day(date)
		if bits := classesOf(class); err == nil && bits != 0 {
			d.class[n-d.first] = bits
		}
	}
}

// day returns the civil day of one of the year's dates, such as "01-31".
func (y *CalendarYear) day(date string) (int64, error) {
	t, err := time.Parse(time.DateOnly, fmt.Sprintf("%04d-%s", y.Year, date))
	if err != nil {
		return 0, fmt.Errorf("parse date %q of %d: write month and day, such as 01-31", date, y.Year)
	}
	return dayOf(t.Unix()), nil
}

// of returns the class of a civil day, by its weekday where the calendar does not know.
func (d *dayTable) of(n int64) (class classes, known bool) {
	if d != nil && n >= d.first && n-d.first < int64(len(d.class)) && d.class[n-d.first] != 0 {
		return d.class[n-d.first], true
	}
	return weekdayClass(n), false
}

// ordinary reports whether a day of this class is what its weekday promises, so that the weekday keeps its say. A short
// workday is one: it only ends earlier.
func ordinary(n int64, class classes) bool {
	usual := weekdayClass(n)
	return class == usual || class == isShort && usual == isWorkday
}

// DayClass returns the class of a date in a production calendar. Without the calendar, or for a year that it lacks, that is
// the one of the weekday, and known is false.
func (e *Evaluator) DayClass(calendar string, date Civil) (class DayClass, known bool) {
	bits, known := e.calendars[calendar].of(dayOf(date.wall.Unix()))
	return bits.name(), known
}
