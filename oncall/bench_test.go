package oncall

import (
	"fmt"
	"testing"
	"time"
)

// house is a roster of schedules as large services have them: 4 layers on the first track (nights, office hours by the
// production calendar, weekends, somebody behind them all) and 50 corrections of it within the year.
func house(tb testing.TB, schedules int) Roster {
	tb.Helper()
	var (
		r        Roster
		anchor   = NewCivil(2026, 1, 5, 9, 0, 0)
		workdays = Weekdays(0b0111110)
		year     = CalendarYear{Calendar: "ru", Year: 2026, Days: map[string]DayClass{
			"01-05": Holiday, "01-06": Holiday, "01-07": Holiday, "01-08": Holiday, "01-09": MovedDayOff, "02-23": Holiday, "04-30": Short,
			"05-01": Holiday, "05-08": Short, "05-11": MovedDayOff, "06-11": Short, "06-12": Holiday, "11-03": Short, "11-04": Holiday, "12-31": MovedDayOff,
		}}
	)
	r.Calendars = []CalendarYear{year}
	r.Static = []StaticNumber{{Name: "office", Number: "+78005550100"}}
	for i := range schedules {
		var ids []string
		for k := range 12 {
			ids = append(ids, fmt.Sprintf("engineer%02d-%02d", i, k))
		}
		r.People = append(r.People, staff(ids...)...)
		id := fmt.Sprint("line", i)
		r.Schedules = append(r.Schedules, Schedule{ID: id, Zone: zone(tb, "Europe/Moscow"), Calendar: "ru", Tracks: []Track{{ID: "primary", Layers: []Layer{
			{ID: "nights", Priority: 1, Members: team(ids[:4]...), Handoff: daily(anchor), Windows: []Window{{From: 18 * 3600, To: 9 * 3600}}},
			{ID: "days", Priority: 3, Members: team(ids[4:8]...), Handoff: weekly(anchor), Windows: []Window{
				{Days: workdays, From: 9 * 3600, To: 18 * 3600, Exclude: []DayClass{Holiday, MovedDayOff}, Shorten: time.Hour},
			}},
			{ID: "weekends", Priority: 2, Members: team(ids[8:11]...), Handoff: weekly(anchor), Windows: []Window{
				{From: 9 * 3600, To: 18 * 3600, Require: []DayClass{Weekend, Holiday, MovedDayOff}},
			}},
			{ID: "behind", Members: team(ids[11])},
		}}}})
		for k := range 50 {
			from := anchor.AddDays(7 * k).AddHours(k % 24)
			r.Overrides = append(r.Overrides, Override{
				ID: fmt.Sprintf("o%d-%d", i, k), Schedule: id, Track: "primary", By: "chief", At: instant(tb, "2026-01-01T00:00:00Z"),
				Changes: []Change{{From: CivilPoint(from), To: CivilPoint(from.AddHours(20)), Add: ids[k%12], Remove: ids[(k+5)%12]}},
			})
		}
	}
	return r
}

func forHouses(b *testing.B, run func(b *testing.B, e *Evaluator, n int)) {
	b.Helper()
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("schedules=%d", n), func(b *testing.B) {
			e := Compile(house(b, n))
			b.ReportAllocs()
			b.ResetTimer()
			run(b, e, n)
		})
	}
}

// One question to one schedule.
func BenchmarkWho(b *testing.B) {
	forHouses(b, func(b *testing.B, e *Evaluator, n int) {
		b.Helper()
		list, at, id := make([]Duty, 0, 8), instant(b, "2026-11-22T17:00:00Z"), fmt.Sprint("line", n-1)
		for b.Loop() {
			if list = e.AppendWho(list[:0], id, at); len(list) == 0 {
				b.Fatal("nobody is on duty")
			}
		}
	})
}

// A year of every schedule, divided by their number: the goal is a millisecond.
func BenchmarkShifts(b *testing.B) {
	from := instant(b, "2026-01-05T06:00:00Z")
	forHouses(b, func(b *testing.B, e *Evaluator, n int) {
		b.Helper()
		shifts, i := 0, 0
		for b.Loop() {
			for range e.Shifts(fmt.Sprint("line", i%n), "primary", from, from.AddDate(1, 0, 0)) {
				shifts++
			}
			i++
		}
		b.ReportMetric(float64(shifts)/float64(b.N), "shifts")
	})
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("schedules=%d", n), func(b *testing.B) {
			r := house(b, n)
			b.ReportAllocs()
			for b.Loop() {
				Compile(r)
			}
		})
	}
}

func BenchmarkChain(b *testing.B) {
	forHouses(b, func(b *testing.B, e *Evaluator, _ int) {
		b.Helper()
		at := instant(b, "2026-11-22T17:00:00Z")
		for b.Loop() {
			if len(e.Chain("line0", at)) < 2 {
				b.Fatal("a tier is missing")
			}
		}
	})
}

func BenchmarkNext(b *testing.B) {
	forHouses(b, func(b *testing.B, e *Evaluator, _ int) {
		b.Helper()
		at := instant(b, "2026-11-22T17:00:00Z")
		for b.Loop() {
			if _, ok := e.Next("engineer00-03", at); !ok {
				b.Fatal("no turn ahead")
			}
		}
	})
}
