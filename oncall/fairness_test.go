package oncall_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// readRota reads a rota as the configuration file has it.
func readRota(tb testing.TB, text string) oncall.Roster {
	tb.Helper()
	r := looseRota(tb, text)
	if err := r.Validate(); err != nil {
		tb.Fatal(err)
	}
	return r
}

// looseRota reads a rota that need not be sound.
func looseRota(tb testing.TB, text string) oncall.Roster {
	tb.Helper()
	var r oncall.Roster
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&r); err != nil {
		tb.Fatal(err)
	}
	return r
}

// readTime reads a time of a zone.
func readTime(tb testing.TB, zone, text string) time.Time {
	tb.Helper()
	c, err := oncall.ParseCivil(text)
	if err != nil {
		tb.Fatal(err)
	}
	z, err := oncall.LoadZone(zone)
	if err != nil {
		tb.Fatal(err)
	}
	return z.Resolve(c, oncall.First)
}

const staffed = `
people:
  - {id: anna, name: Anna, devices: [{kind: mobile, number: "+79005550001"}]}
  - {id: boris, name: Boris, devices: [{kind: mobile, number: "+79005550002"}]}
  - {id: vera, name: Vera, devices: [{kind: mobile, number: "+79005550003"}]}
calendars:
  - {calendar: ru, year: 2026, days: {"01-01": holiday, "01-02": holiday, "01-09": moved_day_off}}
`

// Hours, nights, days off and holidays by the clock and the calendar of the schedule.
func TestFairness(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what, rota, from, to string
		want                 []string
	}{
		{
			"twelve hours by day, twelve by night", `
schedules:
  - id: line
    zone: Europe/Moscow
    calendar: ru
    tracks: [{id: primary, layers: [
      {id: days, members: [anna], windows: [{from: "08:00", to: "20:00"}]},
      {id: nights, members: [boris], windows: [{from: "20:00", to: "08:00"}]}]}]
`, "2026-01-12", "2026-01-19", // Monday to Monday
			[]string{
				"anna: 84h0m0s, nights 0s, weekends 24h0m0s, holidays 0s, calls 2+0, share 0.50",
				"boris: 84h0m0s, nights 56h0m0s, weekends 24h0m0s, holidays 0s, calls 0+1, share 0.50",
				"coverage 1.00, balance 1.00 nights 0.00 weekends 1.00 holidays 1.00 calls 0.00",
			},
		},
		{
			"holidays and moved days off by the calendar, not by the weekday", `
schedules:
  - id: line
    zone: Europe/Moscow
    calendar: ru
    tracks: [{id: primary, layers: [{id: all, members: [anna, boris], handoff: {unit: day, anchor: 2026-01-01 00:00}}]}]
`, "2026-01-01", "2026-01-11", // Thursday 1st anna, 2nd boris, …; Saturdays and Sundays 3, 4, 10; the 9th is a Friday
			[]string{
				"anna: 120h0m0s, nights 40h0m0s, weekends 48h0m0s, holidays 24h0m0s, calls 0+0, share 0.50",
				"boris: 120h0m0s, nights 40h0m0s, weekends 48h0m0s, holidays 24h0m0s, calls 0+0, share 0.50",
				"coverage 1.00, balance 1.00 nights 1.00 weekends 1.00 holidays 1.00 calls 1.00",
			},
		},
		{
			"without a calendar weekdays decide; a member without a turn counts; a gap is not covered", `
schedules:
  - id: line
    zone: Europe/Moscow
    tracks: [{id: primary, layers: [{id: all, members: [anna, gap, boris], handoff: {unit: week, anchor: 2026-01-12 00:00}}]}]
`, "2026-01-12", "2026-01-26",
			[]string{
				"anna: 168h0m0s, nights 56h0m0s, weekends 48h0m0s, holidays 0s, calls 2+0, share 1.00",
				"boris: 0s, nights 0s, weekends 0s, holidays 0s, calls 0+1, share 0.00",
				"coverage 0.50, balance 0.00 nights 0.00 weekends 0.00 holidays 1.00 calls 0.00",
			},
		},
		{
			"two tracks at once are one hour; the night when clocks go back is an hour longer", `
schedules:
  - id: line
    zone: Europe/London
    tracks: [{id: primary, layers: [{id: all, members: [anna]}]}, {id: secondary, layers: [{id: all, members: [anna + vera]}]}]
`, "2026-10-24", "2026-10-26", // Saturday, Sunday; BST ends
			[]string{
				"anna: 49h0m0s, nights 17h0m0s, weekends 49h0m0s, holidays 0s, calls 0+0, share 0.50",
				"vera: 49h0m0s, nights 17h0m0s, weekends 49h0m0s, holidays 0s, calls 0+0, share 0.50",
				"coverage 1.00, balance 1.00 nights 1.00 weekends 1.00 holidays 1.00 calls 1.00",
			},
		},
		{
			"a version changes the zone on the way", `
schedules:
  - id: line
    zone: UTC
    tracks: [{id: primary, layers: [{id: all, members: [anna]}]}]
    versions: [{from: 2026-01-13T00:00:00Z, zone: Asia/Vladivostok, tracks: [{id: other, layers: [{id: all, members: [vera]}]}]}]
`, "2026-01-12 03:00", "2026-01-14 03:00", // of Moscow: midnights of UTC; 10 in the morning in Vladivostok
			[]string{
				"anna: 24h0m0s, nights 8h0m0s, weekends 0s, holidays 0s, calls 2+0, share 0.50",
				"boris: 0s, nights 0s, weekends 0s, holidays 0s, calls 0+1, share 0.00",
				"vera: 24h0m0s, nights 8h0m0s, weekends 0s, holidays 0s, calls 0+0, share 0.50",
				"coverage 1.00, balance 1.00 nights 1.00 weekends 1.00 holidays 1.00 calls 0.00",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			from, to := readTime(t, "Europe/Moscow", tt.from), readTime(t, "Europe/Moscow", tt.to)
			if strings.Contains(tt.rota, "London") {
				from, to = readTime(t, "Europe/London", tt.from), readTime(t, "Europe/London", tt.to)
			}
			call := func(day int) time.Time { return time.Date(2026, 1, day, 9, 0, 0, 0, time.UTC) }
			taken := []oncall.Taken{
				{Person: "anna", Schedule: "line", At: call(12)},
				{Person: "anna", At: call(12)},
				{Person: "boris", At: call(13), Missed: true},
				{Person: "vera", Schedule: "other", At: call(13)},
				{Person: "vera", At: call(28)},
			}
			f := oncall.Fairness(oncall.Compile(readRota(t, staffed+tt.rota)), "line", from, to, taken)
			var got []string
			for _, l := range f.People {
				got = append(got, fmt.Sprintf("%s: %s, nights %s, weekends %s, holidays %s, calls %d+%d, share %.2f",
					l.Person, l.Hours, l.Nights, l.Weekends, l.Holidays, l.Calls, l.Missed, l.Share))
			}
			got = append(got, fmt.Sprintf("coverage %.2f, balance %.2f nights %.2f weekends %.2f holidays %.2f calls %.2f",
				f.Coverage, f.Balance.Hours, f.Balance.Nights, f.Balance.Weekends, f.Balance.Holidays, f.Balance.Calls))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			text, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			var again oncall.Fair
			if err := json.Unmarshal(text, &again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(f, again); diff != "" {
				t.Errorf("read back from %s:\n%s", text, diff)
			}
		})
	}
}

// The hours of all are those of the shifts, whatever the rota; parts add up to the whole; nothing is counted twice.
func TestFairnessAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		from := time.Unix(w.from, 0).UTC().Add(time.Duration(rapid.IntRange(0, 10*24).Draw(rt, "hours before")) * time.Hour)
		middle := from.Add(time.Duration(rapid.IntRange(1, 20*24).Draw(rt, "hours")) * time.Hour)
		to := middle.Add(time.Duration(rapid.IntRange(1, 20*24).Draw(rt, "more hours")) * time.Hour)
		e, schedule := oncall.Compile(w.roster), w.roster.Schedules[0].ID
		first, second, whole := oncall.Fairness(e, schedule, from, middle, nil), oncall.Fairness(e, schedule, middle, to, nil), oncall.Fairness(e, schedule, from, to, nil)
		of := func(f oncall.Fair, id string) oncall.Load {
			for _, l := range f.People {
				if l.Person == id {
					return l
				}
			}
			return oncall.Load{}
		}
		share := 0.0
		for _, l := range whole.People {
			a, b := of(first, l.Person), of(second, l.Person)
			if l.Hours != a.Hours+b.Hours || l.Nights != a.Nights+b.Nights || l.Weekends != a.Weekends+b.Weekends || l.Holidays != a.Holidays+b.Holidays {
				rt.Fatalf("%s: %+v and %+v make %+v", l.Person, a, b, l)
			}
			if l.Hours > to.Sub(from) || l.Nights > l.Hours || l.Weekends+l.Holidays > l.Hours {
				rt.Fatalf("%s has too much: %+v", l.Person, l)
			}
			share += l.Share
		}
		if whole.Coverage > 0 && math.Abs(share-1) > 1e-9 {
			rt.Fatalf("the shares add up to %g", share)
		}
	})
}
