package oncall_test

import (
	"fmt"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/butlerspb/vahta/oncall"
)

// wall is a reading of a wall clock: the seconds since 1970-01-01 00:00 if the clock were that of UTC.
type wall int64

const daySeconds = 86400

func wallOf(c oncall.Civil) wall {
	year, month, day := c.Date()
	return wallDate(year, month, day) + wall(c.Clock())
}

func wallDate(year int, month time.Month, day int) wall {
	return wall(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix())
}

// civil is w in the form of the product.
func (w wall) civil() oncall.Civil {
	t := time.Unix(int64(w), 0).UTC()
	return oncall.NewCivil(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second())
}

// date is the first second of w's date.
func (w wall) date() wall {
	d := w % daySeconds
	if d < 0 {
		d += daySeconds
	}
	return w - d
}

func (w wall) weekday() time.Weekday { return time.Unix(int64(w), 0).UTC().Weekday() }

// plus adds n units as people do: days and weeks on the calendar, hours on a clock that knows no summer time, months to the
// same day or the last of a shorter month.
func (w wall) plus(n int, unit oncall.Unit) wall {
	switch unit {
	case oncall.Hour:
		return w + wall(n)*3600
	case oncall.Day:
		return w + wall(n)*daySeconds
	case oncall.Week:
		return w + wall(n)*7*daySeconds
	case oncall.Month:
		t := time.Unix(int64(w), 0).UTC()
		months := t.Year()*12 + int(t.Month()) - 1 + n
		year, month := months/12, time.Month(months%12+1)
		day := min(t.Day(), lastDay(year, month))
		return wallDate(year, month, day) + (w - w.date())
	}
	panic("unit " + string(unit))
}

func lastDay(year int, month time.Month) int {
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == time.February && (year%4 == 0 && year%100 != 0 || year%400 == 0) {
		days++
	}
	return days
}

// stretch is a time during which a zone's clock runs evenly.
type stretch struct{ from, to, offset int64 }

// timeline is a zone from 1960 to 2075, found by looking at its clock every six hours.
type timeline []stretch

var timelines sync.Map

// timelineOf makes the timeline of a zone, once.
func timelineOf(zone oncall.Zone) timeline {
	name := zone.String()
	if known, ok := timelines.Load(name); ok {
		return known.(timeline)
	}
	line := walkZone(zone.Location()) // of the same database
	timelines.Store(name, line)
	return line
}

func walkZone(loc *time.Location) timeline {
	offset := func(t int64) int64 {
		_, o := time.Unix(t, 0).In(loc).Zone()
		return int64(o)
	}
	begin, end := int64(wallDate(1960, 1, 1)), int64(wallDate(2075, 1, 1))
	line := timeline{{from: begin, offset: offset(begin)}}
	for t := begin; t < end; t += 6 * 3600 {
		if offset(t+6*3600) == offset(t) {
			continue
		}
		before, after := t, t+6*3600
		for after-before > 1 {
			if middle := (before + after) / 2; offset(middle) == offset(t) {
				before = middle
			} else {
				after = middle
			}
		}
		line[len(line)-1].to = after
		line = append(line, stretch{from: after, offset: offset(after)})
	}
	line[len(line)-1].to = end
	return line
}

// shows is what the clock shows at an instant.
func (z timeline) shows(t int64) wall {
	for _, s := range z {
		if s.from <= t && t < s.to {
			return wall(t + s.offset)
		}
	}
	panic(fmt.Sprint("beyond the timeline: ", t))
}

// resolve is the first or last instant at which the clock shows w; when it never does, the first instant after the jump.
func (z timeline) resolve(w wall, last bool) int64 {
	found := int64(-1 << 62)
	for _, s := range z {
		if t := int64(w) - s.offset; s.from <= t && t < s.to {
			if !last {
				return t
			}
			found = t
		}
	}
	if found > -1<<62 {
		return found
	}
	for i := 1; i < len(z); i++ {
		if wall(z[i].from+z[i-1].offset) <= w && w < wall(z[i].from+z[i].offset) {
			return z[i].from
		}
	}
	panic(fmt.Sprint("beyond the timeline: ", w.civil()))
}

// nastyZones change their clocks in every way that is known: at midnight, by half an hour, by two hours, by a day, by a change
// of standard time, by summer time that is called winter time, by seconds, twice a year, four times a year, never.
var nastyZones = []string{
	"Europe/Moscow", "Europe/Saratov", "Europe/Volgograd", "Asia/Almaty", "America/Chicago", "Europe/London",
	"Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Beirut", "Pacific/Apia", "Asia/Kathmandu",
	"Europe/Dublin", "Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza", "America/Caracas", "Asia/Pyongyang",
	"America/Sao_Paulo", "America/Havana", "Asia/Tehran", "Pacific/Kwajalein", "Pacific/Kiritimati", "Pacific/Fakaofo",
	"America/St_Johns", "Antarctica/Troll", "Antarctica/Casey", "Asia/Dhaka", "Asia/Amman", "America/Nuuk",
	"America/Scoresbysund", "Africa/Monrovia", "Pacific/Norfolk", "Pacific/Chatham", "Pacific/Tongatapu", "America/Asuncion",
	"Asia/Kolkata", "Europe/Istanbul", "Asia/Kamchatka", "UTC", "Etc/GMT+5",
}

func zoneNamed(tb testing.TB, name string) oncall.Zone {
	tb.Helper()
	z, err := oncall.LoadZone(name)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}
