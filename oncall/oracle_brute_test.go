package oncall_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// years are places and times at which clocks did strange things, with the reason for each.
var years = []struct {
	zone        string
	first, last int
	why         string
}{
	{"Europe/Moscow", 2010, 2014, "the last change of 2010, summer time for good in 2011, winter time for good in 2014"},
	{"Europe/Saratov", 2016, 2016, "an hour forward in December"},
	{"Europe/Volgograd", 2018, 2018, "an hour forward in October"},
	{"Europe/Volgograd", 2020, 2020, "and back in December"},
	{"Asia/Almaty", 2024, 2024, "an hour back in March, for good"},
	{"America/Chicago", 2007, 2007, "the first year of the present rules"},
	{"Europe/London", 2026, 2026, "summer time"},
	{"Australia/Lord_Howe", 2025, 2025, "half an hour"},
	{"America/Santiago", 2022, 2022, "changes at midnight, in September a week late"},
	{"Africa/Cairo", 2023, 2023, "summer time again after years, at midnight"},
	{"Asia/Beirut", 2023, 2023, "at midnight"},
	{"Pacific/Apia", 2011, 2011, "30 December never was"},
	{"Asia/Kathmandu", 1986, 1986, "a quarter of an hour, on 1 January"},
}

// long asks for every minute and more rotas: VAHTA_PROOF=1 go test -run TestBruteForce -v ./oncall, as `make proof` does.
func long() bool { return os.Getenv("VAHTA_PROOF") != "" }

// TestBruteForce asks the oracle minute by minute and holds the answers against the year's Shifts and against Who. Without
// VAHTA_PROOF it looks at each minute around the changes of the clock, and at one in 509 of the rest.
func TestBruteForce(t *testing.T) {
	t.Parallel()
	for _, y := range years {
		for year := y.first; year <= y.last; year++ {
			t.Run(fmt.Sprintf("%s_%d", y.zone, year), func(t *testing.T) {
				t.Parallel()
				rotas := 1
				if long() {
					rotas = 5
				}
				minutes := 0
				for i := range rotas {
					w := yearOf(t, y.zone, year, i)
					minutes += brute(t, &w)
				}
				t.Logf("figure: brute force %s %d|%d|minutes", y.zone, year, minutes)
			})
		}
	}
}

// yearOf makes a rota for a year: number 0 is that of a service desk with everything in it, the others are random.
func yearOf(t *testing.T, zone string, year, number int) world {
	t.Helper()
	z := zoneNamed(t, zone)
	clock := timelineOf(z)
	w := world{zone: z, clock: clock, from: clock.resolve(wallDate(year, 1, 1), false), to: clock.resolve(wallDate(year+1, 1, 1), false)}
	draw := func(t *rapid.T) world {
		w := fill(t, w)
		if number == 0 {
			w.roster.Schedules[0] = serviceDesk(w)
		}
		for range 4 {
			w.correct(t)
		}
		for i := range w.roster.Overrides { // IDs of four rounds
			w.roster.Overrides[i].ID = fmt.Sprint("o", i)
		}
		for i := range w.roster.Temporaries { // of two with one ID, which Validate refuses, none is the later one
			w.roster.Temporaries[i].ID = fmt.Sprint("t", i)
		}
		for i := range w.roster.Absences {
			w.roster.Absences[i].ID = fmt.Sprint("a", i)
		}
		w.aroundChanges(t)
		return w
	}
	return rapid.Custom(draw).Example(year + number)
}

// aroundChanges puts corrections where the clock changes.
func (w *world) aroundChanges(t *rapid.T) {
	for _, s := range w.clock {
		if s.from < w.from || s.from >= w.to {
			continue
		}
		near := *w
		near.from, near.to = s.from-daySeconds, s.from+daySeconds
		for i := range 4 {
			o := near.drawOverride(t, fmt.Sprintf("change%d-%d", s.from, i), "primary")
			w.roster.Overrides = append(w.roster.Overrides, o)
		}
		a := near.drawAbsence(t, fmt.Sprintf("change%d", s.from))
		w.roster.Absences = append(w.roster.Absences, a)
	}
}

// serviceDesk is a rota as people write it: two shifts of a day by turns of two, weekends by another team, office hours that
// move with the production calendar, a lead by the month, a night that is nobody's.
func serviceDesk(w world) oncall.Schedule {
	anchor := func(days, hour int) oncall.Civil {
		return (w.clock.shows(w.from).date() - wall(days*daySeconds) + wall(hour*3600)).civil()
	}
	clock := func(hour float64) oncall.Clock { return oncall.Clock(hour * 3600) }
	one := func(names ...string) (list []oncall.Member) {
		for _, name := range names {
			if name == "" {
				list = append(list, nil)
			} else {
				list = append(list, oncall.Member{name})
			}
		}
		return list
	}
	weekend := oncall.WeekdaysOf(time.Saturday, time.Sunday)
	week := ^weekend & 127
	return oncall.Schedule{ID: "line", Zone: w.zone, Calendar: "ru", Tracks: []oncall.Track{
		{ID: "primary", Layers: []oncall.Layer{
			{
				ID: "day", Priority: 1, Members: one("anna", "boris"), Handoff: oncall.Handoff{Unit: oncall.Day, Every: 2, Anchor: anchor(9, 8)},
				Windows: []oncall.Window{{From: clock(8), To: clock(20)}}, Substitute: true,
			},
			{
				ID: "night", Priority: 1, Members: one("vera", "gleb", ""), Handoff: oncall.Handoff{Unit: oncall.Day, Anchor: anchor(9, 20)},
				Windows: []oncall.Window{{From: clock(20), To: clock(8)}},
			},
			{
				ID: "weekend", Priority: 2, Members: one("dora", "vera"), Handoff: oncall.Handoff{Unit: oncall.Week, Anchor: anchor(9, 1), Advance: oncall.ByWorked},
				Windows: []oncall.Window{{Days: weekend, From: clock(1.5), To: clock(1.5), Exclude: []oncall.DayClass{oncall.MovedWorkday}}},
			},
			{ID: "rest", Members: one("egor")},
		}},
		{ID: "secondary", Layers: []oncall.Layer{
			{
				ID: "office", Members: one("gleb", "boris", "anna"), Handoff: oncall.Handoff{Unit: oncall.Day, Anchor: anchor(30, 0), Advance: oncall.ByWorked},
				Windows: []oncall.Window{{Days: week, From: clock(9), To: clock(18), Require: []oncall.DayClass{oncall.Workday, oncall.Short, oncall.MovedWorkday}, Shorten: time.Hour}},
			},
			{ID: "hours", Priority: -1, Members: one("vera", "anna", "gleb"), Handoff: oncall.Handoff{Unit: oncall.Hour, Every: 3, Anchor: anchor(3, 1)}},
		}},
		{ID: "lead", Layers: []oncall.Layer{
			{ID: "months", Members: one("anna", "gleb"), Handoff: oncall.Handoff{Unit: oncall.Month, Anchor: anchor(1, 2)}},
		}},
	}}
}

// brute walks the year and returns how many minutes it looked at.
func brute(t *testing.T, w *world) int {
	t.Helper()
	e, o := oncall.Compile(w.roster), newOracle(&w.roster)
	tracks := []string{"primary", "secondary", "lead"}
	pieces := map[string][]oncall.Shift{}
	for _, track := range tracks {
		pieces[track] = shifts(e, track, w.from, w.to)
	}
	var list []oncall.Duty
	chosen := w.minutes()
	for _, at := range chosen {
		want := o.who("line", at)
		list = e.AppendWho(list[:0], "line", sec(at))
		if got := seats(list); !slices.Equal(got, want) {
			t.Fatalf("at %s on duty:\n%v\nwant\n%v\n%s", w.moment(at), got, want, w.text())
		}
		for _, track := range tracks {
			for !sec(at).Before(pieces[track][0].End) {
				pieces[track] = pieces[track][1:]
			}
			if got := seats(pieces[track][0].Duties); !slices.Equal(got, on(want, track)) {
				t.Fatalf("at %s the shift has\n%v\nwant\n%v\n%s", w.moment(at), got, on(want, track), w.text())
			}
		}
	}
	return len(chosen)
}

// minutes are those of the year that brute looks at.
func (w *world) minutes() (chosen []int64) {
	every := int64(509)
	if long() {
		every = 1
	}
	for at := w.from; at < w.to; at += every * 60 {
		chosen = append(chosen, at)
	}
	for _, s := range w.clock {
		for at := max(w.from, (s.from-90*60)/60*60); at < min(w.to, s.from+90*60) && every > 1; at += 60 {
			chosen = append(chosen, at)
		}
	}
	slices.Sort(chosen)
	return slices.Compact(chosen)
}
