package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// weekdayNames are Sunday first, as time.Weekday counts.
var weekdayNames = map[string][7]string{ //nolint:gochecknoglobals // a constant table
	"en": {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
	"ru": {"вс", "пн", "вт", "ср", "чт", "пт", "сб"},
}

// show writes an instant by a zone's clock, such as "Sat 2026-12-05 09:00".
func (p *planner) show(t time.Time, zone oncall.Zone) string {
	if t.IsZero() {
		return "–"
	}
	c := oncall.CivilAt(t, zone)
	return weekdayNames[p.lang][c.Weekday()] + " " + c.String()
}

// span writes two instants; the date of the end only where it is another one.
func (p *planner) span(from, to time.Time, zone oncall.Zone) string {
	if a, b := offset(from, zone), offset(to, zone); a != b && !from.IsZero() && !to.IsZero() { // the clocks change in between: say which reading is meant
		return p.show(from, zone) + " " + a + " – " + p.show(to, zone) + " " + b
	}
	a, b := oncall.CivilAt(from, zone), oncall.CivilAt(to, zone)
	if a.At(0) == b.At(0) {
		return p.show(from, zone) + " – " + b.Clock().String()
	}
	return p.show(from, zone) + " – " + p.show(to, zone)
}

// zoneAt writes a zone with its distance from UTC at a time.
func zoneAt(zone oncall.Zone, t time.Time) string {
	return zone.String() + " (UTC" + offset(t, zone) + ")"
}

// offset is the distance from UTC at a time.
func offset(t time.Time, zone oncall.Zone) string { return t.In(zone.Location()).Format("-07:00") }

// zoneOver writes a zone, with its distance from UTC where that is the same all the year.
func zoneOver(zone oncall.Zone, t time.Time) string {
	for month := 1; month <= 12; month++ {
		if offset(t, zone) != offset(t.AddDate(0, month, 0), zone) {
			return zone.String()
		}
	}
	return zoneAt(zone, t)
}

// hours writes a duration as hours and minutes: "12 h", "11:30 h", "43 min", "20 s".
func (p *planner) hours(d time.Duration) string {
	sign := ""
	if d < 0 {
		d, sign = -d, "−"
	}
	if d > 0 && d < time.Minute {
		return fmt.Sprintf("%s%d %s", sign, int(d/time.Second), p.tr("s", "с"))
	}
	minutes := int(d.Round(time.Minute) / time.Minute)
	unit := p.tr("h", "ч")
	switch {
	case minutes%60 == 0:
		return fmt.Sprintf("%s%d %s", sign, minutes/60, unit)
	case minutes < 60:
		return fmt.Sprintf("%s%d %s", sign, minutes, p.tr("min", "мин"))
	}
	return fmt.Sprintf("%s%d:%02d %s", sign, minutes/60, minutes%60, unit)
}

// inHours writes a number of hours as hours does.
func (p *planner) inHours(n float64) string { return p.hours(time.Duration(n * float64(time.Hour))) }

// point reads a time as a person writes it, and says what is taken when the clock passes over the reading or shows it twice.
// What is civil stays civil, so that it means the same whatever the clocks do.
func (p *planner) point(text string, zone oncall.Zone) (oncall.Point, error) {
	point, err := p.read(text, zone)
	if c, civil := point.Civil(); err == nil && civil {
		first, last := zone.Resolve(c, oncall.First), zone.Resolve(c, oncall.Last)
		switch {
		case oncall.CivilAt(first, zone) != c:
			fmt.Fprintf(p.cmd.ErrOrStderr(), p.tr("note: %s does not exist in %s, where the clock is put on: %s is taken\n",
				"замечание: времени %s в %s нет, часы переводят вперёд: взято %s\n"), c, zone, p.show(first, zone))
		case !first.Equal(last):
			fmt.Fprintf(p.cmd.ErrOrStderr(), p.tr("note: %s comes twice in %s, where the clock is put back: the first is taken (UTC%s); the second is %s\n",
				"замечание: время %s в %s наступает дважды, часы переводят назад: взято первое (UTC%s); второе — %s\n"), c, zone, offset(first, zone), last.UTC().Format(time.RFC3339))
		}
	}
	return point, err
}

// read reads a time.
func (p *planner) read(text string, zone oncall.Zone) (oncall.Point, error) {
	today := oncall.CivilAt(p.now, zone)
	lower := strings.ToLower(strings.TrimSpace(text))
	if lower == "now" || lower == "сейчас" {
		return oncall.InstantPoint(p.now), nil
	}
	if d, ok := strings.CutPrefix(lower, "+"); ok {
		length, err := p.length(d)
		if err != nil {
			return oncall.Point{}, err
		}
		return oncall.InstantPoint(p.now.Add(length)), nil
	}
	for _, word := range []struct {
		name string
		days int
	}{{"today", 0}, {"сегодня", 0}, {"tomorrow", 1}, {"завтра", 1}, {"yesterday", -1}, {"вчера", -1}} {
		if rest, ok := strings.CutPrefix(lower, word.name); ok {
			today, lower = today.AddDays(word.days), strings.TrimSpace(rest)
			if lower == "" {
				return oncall.CivilPoint(today.At(0)), nil
			}
			break
		}
	}
	if len(lower) <= len("09:00:00") && strings.Contains(lower, ":") {
		c, err := oncall.ParseClock(lower)
		if err != nil {
			return oncall.Point{}, fmt.Errorf(p.tr("%q is no time of day; write 09:00", "%q — не время суток; напишите 09:00"), text)
		}
		return oncall.CivilPoint(today.At(c)), nil
	}
	point, err := oncall.ParsePoint(strings.TrimSpace(text))
	if err != nil {
		return oncall.Point{}, fmt.Errorf(p.tr(`%q: write "2026-12-05 09:00", 2026-12-05, 09:00, "tomorrow 09:00", now, +2h or 2026-12-05T06:00:00Z`,
			`%q: напишите "2026-12-05 09:00", 2026-12-05, 09:00, "завтра 09:00", сейчас, +2h или 2026-12-05T06:00:00Z`), text)
	}
	return point, nil
}

// instant reads a time as point does and says which instant it is; empty: otherwise.
func (p *planner) instant(flag, text string, zone oncall.Zone, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	point, err := p.point(text, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s %w", flag, err)
	}
	return point.In(zone), nil
}

// length reads a length as parseSpan does, and refuses it in the user's language.
func (p *planner) length(text string) (time.Duration, error) {
	d, err := parseSpan(text)
	if err != nil {
		return 0, fmt.Errorf(p.tr("%q is no length; write 90m, 2h, 3d or 2w", "%q — не длина; напишите 90m, 2h, 3d или 2w"), text)
	}
	return d, nil
}

// parseSpan reads a length: as Go writes durations, or in days and weeks.
func parseSpan(text string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(text, "d"); ok {
		if days, err := strconv.Atoi(n); err == nil {
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	if n, ok := strings.CutSuffix(text, "w"); ok {
		if weeks, err := strconv.Atoi(n); err == nil {
			return time.Duration(weeks) * 7 * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf(tr("%q is no length; write 90m, 2h, 3d or 2w", "%q — не длительность; пишут так: 90m, 2h, 3d или 2w"), text)
	}
	return d, nil
}

// firstOfMonth reads "2026-12", "this", "next" or "last" as the first date of a month.
func (p *planner) firstOfMonth(text string, zone oncall.Zone) (oncall.Civil, error) {
	y, m, _ := oncall.CivilAt(p.now, zone).Date()
	switch strings.ToLower(text) {
	case "", "this", "этот":
	case "next", "следующий":
		m++
	case "last", "прошлый":
		m--
	default:
		t, err := time.Parse("2006-01", text)
		if err != nil {
			return oncall.Civil{}, fmt.Errorf(p.tr("%q is no month; write 2026-12, this, next or last", "%q — не месяц; напишите 2026-12, этот, следующий или прошлый"), text)
		}
		y, m = t.Year(), t.Month()
	}
	return oncall.NewCivil(y, m, 1, 0, 0, 0), nil
}

// quarter reads "2026Q4", "this", "next" or "last" as the first date of a quarter.
func (p *planner) quarter(text string, zone oncall.Zone) (from, to oncall.Civil, err error) {
	y, m, _ := oncall.CivilAt(p.now, zone).Date()
	q := int(m-1) / 3
	switch strings.ToLower(text) {
	case "", "this", "этот":
	case "next", "следующий":
		q++
	case "last", "прошлый":
		q--
	default:
		if n, err := fmt.Sscanf(strings.ToUpper(text), "%dQ%d", &y, &q); err != nil || n != 2 || q < 1 || q > 4 {
			return from, to, fmt.Errorf(p.tr("%q is no quarter; write 2026Q4, this, next or last", "%q — не квартал; напишите 2026Q4, этот, следующий или прошлый"), text)
		}
		q--
	}
	return oncall.NewCivil(y, time.Month(3*q+1), 1, 0, 0, 0), oncall.NewCivil(y, time.Month(3*q+4), 1, 0, 0, 0), nil
}
