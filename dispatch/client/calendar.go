package client

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// Day is what a production calendar makes of a date.
type Day uint8

// The days that a calendar tells.
const (
	DayOff   Day = iota // nobody works
	DayOn               // worked, also on a Saturday or Sunday
	DayShort            // worked, an hour less at the end
)

// String returns the day's name.
func (d Day) String() string {
	switch d {
	case DayOff:
		return "off"
	case DayOn:
		return "on"
	case DayShort:
		return "short"
	}
	return fmt.Sprintf("day(%d)", uint8(d))
}

// Calendars are production calendars by id: dates (2006-01-02) that are not
// what their weekday says.
type Calendars map[string]map[string]Day

// Calendars and hours of a contract that says nothing about them.
const (
	defaultCalendar = "ru"
	noCalendar      = "none"
	defaultWeek     = "mon-fri 09:00-18:00"
)

// Minutes.
const (
	anHour = 60
	aDay   = 24 * anHour
)

// zone reports whether a name is that of a zone, or left out.
func zone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "Local"
}

// weekdays are their names in hours, Sunday first as in time.Weekday.
func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// week reads the windows of business days.
func week(lines []string) (w [7][]sla.Window, err error) {
	if len(lines) == 0 {
		lines = []string{defaultWeek}
	}
	for _, line := range lines {
		days, hours, ok := strings.Cut(strings.ToLower(strings.TrimSpace(line)), " ")
		first, last, isRange := strings.Cut(days, "-")
		if !isRange {
			last = first
		}
		from, to := slices.Index(weekdays(), first), slices.Index(weekdays(), last)
		window, fits := hoursOf(hours)
		if !ok || from < 0 || to < 0 || !fits {
			return w, fmt.Errorf("%q is not understood; write days and hours, such as %q", line, defaultWeek)
		}
		for d := from; ; d = (d + 1) % len(w) {
			w[d] = append(w[d], window)
			if d == to {
				break
			}
		}
	}
	for d := range w {
		slices.SortFunc(w[d], func(a, b sla.Window) int { return a.From - b.From })
		for i := 1; i < len(w[d]); i++ {
			if w[d][i].From < w[d][i-1].To {
				return w, fmt.Errorf("two windows of %s overlap", weekdays()[d])
			}
		}
	}
	return w, nil
}

// hoursOf reads 09:00-18:00; an end that is not after the start is on the next day.
func hoursOf(s string) (sla.Window, bool) {
	from, to, ok := strings.Cut(strings.TrimSpace(s), "-")
	a, fits := minute(from)
	b, fits2 := minute(to)
	if !ok || !fits || !fits2 || a >= aDay {
		return sla.Window{}, false
	}
	if b <= a {
		b += aDay
	}
	return sla.Window{From: a, To: b}, true
}

// minute reads a time of day, 24:00 at most.
func minute(s string) (int, bool) {
	h, m, ok := strings.Cut(strings.TrimSpace(s), ":")
	hours, err := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	at := hours*anHour + minutes
	return at, ok && err == nil && err2 == nil && hours >= 0 && minutes >= 0 && minutes < anHour && len(m) == 2 && at <= aDay
}

// calendar resolves hours and production calendar to a plain value. Only dates
// whose windows are not those of their weekday are in it.
func (c Contract) calendar(zone string, calendars Calendars) *sla.Calendar {
	w, err := week(c.Hours.Week)
	if err != nil {
		w, _ = week(nil) // a card that is in force though it is faulty
	}
	out := &sla.Calendar{Zone: cmp.Or(c.Hours.Zone, zone, "UTC"), Week: w, Days: map[string][]sla.Window{}}
	name := cmp.Or(c.Calendar, defaultCalendar)
	if name == noCalendar {
		return out
	}
	for date, kind := range calendars[name] {
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			continue // calendars are checked where they are edited
		}
		usual := w[day.Weekday()]
		if is := windowsOf(kind, w, usual); !slices.Equal(is, usual) {
			out.Days[date] = is
		}
	}
	return out
}

// windowsOf are the windows of a date: a weekend that is worked has those of the
// first weekday that is.
func windowsOf(kind Day, w [7][]sla.Window, usual []sla.Window) []sla.Window {
	if kind == DayOff {
		return []sla.Window{}
	}
	for d := 1; len(usual) == 0 && d < len(w); d++ {
		usual = w[d]
	}
	is := slices.Clone(usual)
	if last := len(is) - 1; kind == DayShort && last >= 0 {
		is[last].To -= anHour
		if is[last].To <= is[last].From {
			is = is[:last]
		}
	}
	return is
}
