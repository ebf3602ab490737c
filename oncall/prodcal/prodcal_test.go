package prodcal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/prodcal"
)

// TestFigures holds the years against the figures that accountants publish for a week of 40 hours: workdays by month and
// quarter, days off, and hours (a short day has seven).
func TestFigures(t *testing.T) {
	t.Parallel()
	figures := map[int]struct {
		months   [12]int
		quarters [4]int
		workdays int
		off      int
		hours    int
	}{
		2024: {[12]int{17, 20, 20, 21, 20, 19, 23, 22, 21, 23, 21, 21}, [4]int{57, 60, 66, 65}, 248, 118, 1979},
		2025: {[12]int{17, 20, 21, 22, 18, 19, 23, 21, 22, 23, 19, 22}, [4]int{58, 59, 66, 64}, 247, 118, 1972},
		2026: {[12]int{15, 19, 21, 22, 19, 21, 23, 21, 22, 22, 20, 22}, [4]int{55, 62, 66, 64}, 247, 118, 1972},
	}
	years, err := prodcal.Years()
	if err != nil {
		t.Fatal(err)
	}
	if len(years) != len(figures) {
		t.Fatalf("%d years, want %d", len(years), len(figures))
	}
	for _, year := range years {
		want, ok := figures[year.Year]
		if !ok || year.Calendar != prodcal.Russian {
			t.Errorf("unexpected year %s %d", year.Calendar, year.Year)
			continue
		}
		got := want
		got.months, got.quarters, got.workdays, got.off, got.hours = [12]int{}, [4]int{}, 0, 0, 0
		for day := time.Date(year.Year, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == year.Year; day = day.AddDate(0, 0, 1) {
			class := classOf(year, day)
			if class.Off() {
				got.off++
				continue
			}
			got.workdays++
			got.months[day.Month()-1]++
			got.quarters[(day.Month()-1)/3]++
			got.hours += 8
			if class == oncall.Short {
				got.hours--
			}
		}
		if got != want {
			t.Errorf("%d: %+v, want %+v", year.Year, got, want)
		}
	}
}

func classOf(year oncall.CalendarYear, day time.Time) oncall.DayClass {
	if class, ok := year.Days[day.Format("01-02")]; ok {
		return class
	}
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		return oncall.Weekend
	}
	return oncall.Workday
}

// TestDays names dates that people know.
func TestDays(t *testing.T) {
	t.Parallel()
	years, err := prodcal.Years()
	if err != nil {
		t.Fatal(err)
	}
	days := []struct {
		date  string
		class oncall.DayClass
		about string
	}{
		{"2024-01-06", oncall.Holiday, "a holiday on a Saturday is a holiday"},
		{"2024-04-27", oncall.MovedWorkday, "the Saturday worked for 29 April"},
		{"2024-04-30", oncall.MovedDayOff, "off for Saturday 2 November"},
		{"2024-11-02", oncall.Short, "a worked Saturday, as short as 30 April would have been"},
		{"2024-12-28", oncall.MovedWorkday, "a worked Saturday as long as 30 December would have been"},
		{"2025-02-24", oncall.Workday, "23 February 2025 was a Sunday, and its day off went to 8 May"},
		{"2025-05-08", oncall.MovedDayOff, ""},
		{"2025-11-01", oncall.Short, "the Saturday worked for 3 November"},
		{"2025-12-31", oncall.MovedDayOff, "off for Sunday 5 January"},
		{"2026-01-09", oncall.MovedDayOff, "off for Saturday 3 January"},
		{"2026-01-12", oncall.Workday, "the first workday of the year"},
		{"2026-05-09", oncall.Holiday, "on a Saturday; Monday 11 May is off for it"},
		{"2026-05-11", oncall.MovedDayOff, ""},
		{"2026-11-03", oncall.Short, "before 4 November"},
	}
	for _, d := range days {
		day, err := time.Parse(time.DateOnly, d.date)
		if err != nil {
			t.Fatal(err)
		}
		for _, year := range years {
			if year.Year == day.Year() && classOf(year, day) != d.class {
				t.Errorf("%s is %s, want %s: %s", d.date, classOf(year, day), d.class, d.about)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const head = "calendar: ru\nyear: 2026\nsource: a decree\ndate: \"2025-09-24\"\n"
	tests := []struct{ name, text, want string }{
		{"an unknown field", head + "days: {\"01-01\": holiday}\ncolour: red\n", "colour"},
		{"a date that is none", head + "days: {\"02-29\": holiday}\n", `days "02-29": no date of 2026`},
		{"a date with a year", head + "days: {\"2026-05-09\": holiday}\n", "write month and day"},
		{"an unknown class", head + "days: {\"05-09\": fest}\n", `unknown class "fest"`},
		{"a workday that says nothing", head + "days: {\"05-12\": workday}\n", "a Tuesday is a workday anyway"},
		{"a day off that says nothing", head + "days: {\"05-16\": moved_day_off}\n", "a Saturday is off anyway"},
		{"a worked Saturday by the wrong name", head + "days: {\"05-16\": workday}\n", "write moved_workday"},
		{"a Monday off by the wrong name", head + "days: {\"05-18\": weekend}\n", "write moved_day_off"},
		{"a year that is empty", head, "days: none"},
		{"no source", "calendar: ru\nyear: 2026\ndate: \"2025-09-24\"\ndays: {\"01-01\": holiday}\n", "source: missing"},
		{"no date", "calendar: ru\nyear: 2026\nsource: a decree\ndays: {\"01-01\": holiday}\n", "date: \"\" is no date"},
		{"no year", "calendar: ru\nsource: a decree\ndate: \"2025-09-24\"\ndays: {\"01-01\": holiday}\n", "year: 0"},
		{"no calendar", "year: 2026\nsource: a decree\ndate: \"2025-09-24\"\ndays: {\"01-01\": holiday}\n", "calendar: missing"},
		{"nothing", "", "production calendar"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := prodcal.Parse([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// TestParseNamesEveryFault: an administrator sees all of them at once.
func TestParseNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := prodcal.Parse([]byte("calendar: ru\nyear: 2026\ndays: {\"02-30\": holiday, \"05-16\": workday}\n"))
	for _, want := range []string{"source", "date", "02-30", "05-16"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("calendar: ru\nyear: 2026\nsource: a decree\ndate: \"2025-09-24\"\ndays: {\"01-01\": holiday}\n"))
	f.Add([]byte("days: {\"02-29\": short}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		year, err := prodcal.Parse(text)
		if err == nil && (year.Calendar == "" || len(year.Days) == 0) {
			t.Errorf("accepted %+v", year)
		}
	})
}
