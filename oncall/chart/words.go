package chart

import (
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// words are the texts of a chart in one language.
type words struct {
	language                               string
	months, ofMonth                        [12]string // "декабрь", and as in "1 декабря"
	weekdays                               [7]string  // Monday first
	final, temporary, absences, overrides  string
	nobody, covered, hours, fixed          string
	guessed, gaps, noGaps, more, now       string
	legendGap, legendChanged, legendAbsent string
	approved, day                          string
	classes                                map[oncall.DayClass]class
}

// class are the words of a day class.
type class struct{ mark, name string }

func wordsOf(language string) words {
	if language == "ru" {
		return words{
			language: "ru",
			months:   [12]string{"январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"},
			ofMonth:  [12]string{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"},
			weekdays: [7]string{"Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"},
			final:    "Итог", temporary: "Временный", absences: "Отсутствия", overrides: "Замены",
			nobody: "НИКОГО", covered: "Закрыто", hours: "ч", fixed: "~ по замене, отсутствию или временному графику",
			guessed: "Производственного календаря %q на %d год нет: выходные взяты по дням недели.",
			gaps:    "НИКОГО НЕТ", noGaps: "Дыр нет.", more: "и ещё %d", now: "сейчас",
			legendGap: "никого нет", legendChanged: "замена", legendAbsent: "отсутствие",
			approved: "Утвердил", day: "дата",
			classes: map[oncall.DayClass]class{
				oncall.Short: {"сокр", "сокращённый"}, oncall.Weekend: {"вых", "выходной"}, oncall.Holiday: {"празд", "праздник"},
				oncall.MovedDayOff: {"перен", "перенесённый выходной"}, oncall.MovedWorkday: {"раб", "рабочий выходной"},
			},
		}
	}
	return words{
		language: "en",
		months:   [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		ofMonth:  [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		weekdays: [7]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
		final:    "Final", temporary: "Temporary", absences: "Time off", overrides: "Overrides",
		nobody: "NOBODY", covered: "Covered", hours: "h", fixed: "~ by an override, an absence or a temporary schedule",
		guessed: "There is no year %[2]d of the calendar %[1]q: days off are taken from the days of the week.",
		gaps:    "NOBODY ON DUTY", noGaps: "No gaps.", more: "and %d more", now: "now",
		legendGap: "nobody", legendChanged: "override", legendAbsent: "time off",
		approved: "Approved", day: "date",
		classes: map[oncall.DayClass]class{
			oncall.Short: {"short", "short day"}, oncall.Weekend: {"off", "weekend"}, oncall.Holiday: {"hol", "public holiday"},
			oncall.MovedDayOff: {"moved", "moved day off"}, oncall.MovedWorkday: {"work", "moved workday"},
		},
	}
}

// weekday returns the index with Monday 0.
func weekday(c oncall.Civil) int { return (int(c.Weekday()) + 6) % 7 }

// heading names the schedule, the span and the zone.
func (c *Chart) heading() string {
	name := c.Name
	if name == "" {
		name = c.ID
	}
	return name + ", " + c.span()
}

// span names the days of the chart: a whole month by its name.
func (c *Chart) span() string {
	first, last := c.Days[0].Date, c.Days[len(c.Days)-1].Date
	y, m, d := first.Date()
	if next := last.AddDays(1); d == 1 && next == oncall.NewCivil(y, m+1, 1, 0, 0, 0) {
		return fmt.Sprintf("%s %d", c.words.months[m-1], y)
	}
	return c.date(first) + " – " + c.date(last)
}

// date writes a date as the language does.
func (c *Chart) date(d oncall.Civil) string {
	y, m, day := d.Date()
	if c.words.language == "ru" {
		return fmt.Sprintf("%02d.%02d.%d", day, m, y)
	}
	return fmt.Sprintf("%d %s %d", day, c.words.months[m-1][:3], y)
}

// moment writes day and time, such as "Пт 04.12 03:00".
func (c *Chart) moment(t time.Time) string {
	civil := oncall.CivilAt(t, c.Zone)
	_, m, d := civil.Date()
	if c.words.language == "ru" {
		return fmt.Sprintf("%s %02d.%02d %s", c.words.weekdays[weekday(civil)], d, m, civil.Clock())
	}
	return fmt.Sprintf("%s %d %s %s", c.words.weekdays[weekday(civil)], d, c.words.months[m-1][:3], civil.Clock())
}

// interval writes a span; the day of its end only where it is another one.
func (c *Chart) interval(start, end time.Time) string {
	a, b := oncall.CivilAt(start, c.Zone), oncall.CivilAt(end, c.Zone)
	if a.At(0) == b.At(0) {
		return c.moment(start) + "–" + b.Clock().String()
	}
	if a.At(0).AddDays(1) == b && b.Clock() == 0 {
		return c.moment(start) + "–24:00"
	}
	return c.moment(start) + " – " + c.moment(end)
}

// zoneName returns the zone with its distance from UTC, two where clocks change within the span.
func (c *Chart) zoneName() string {
	first, last := offset(c.From, c.Zone), offset(c.To.Add(-time.Second), c.Zone)
	if first == last {
		return fmt.Sprintf("%s (%s)", c.Zone, first)
	}
	return fmt.Sprintf("%s (%s → %s)", c.Zone, first, last)
}

// offset writes the distance of a zone's clock from UTC, such as "UTC+03:00".
func offset(t time.Time, z oncall.Zone) string { return "UTC" + t.In(z.Location()).Format("-07:00") }

// duration writes hours and, where there are any, minutes: "176 ч", "0:05 ч".
func (c *Chart) duration(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	if minutes == 0 && d > 0 {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	if minutes%60 == 0 {
		return fmt.Sprintf("%d %s", minutes/60, c.words.hours)
	}
	return fmt.Sprintf("%d:%02d %s", minutes/60, minutes%60, c.words.hours)
}

// names joins the short names of people.
func (c *Chart) names(ids []string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = c.person(id).Short
	}
	return strings.Join(names, " + ")
}

// who tells what a bar says, without words that a language would have to inflect: "Орлов", "Смирнова → Орлов", "+ Орлов",
// "− Смирнова".
func (c *Chart) who(kind Kind, b Bar) string {
	switch {
	case b.Gap():
		return c.words.nobody
	case len(b.Removed) == 0 && kind == OverrideRow:
		return "+ " + c.names(b.People)
	case len(b.Removed) == 0:
		return c.names(b.People)
	case len(b.People) == 0 && kind == AbsenceRow:
		return c.names(b.Removed)
	case len(b.People) == 0:
		return "− " + c.names(b.Removed)
	}
	return c.names(b.Removed) + " → " + c.names(b.People)
}
