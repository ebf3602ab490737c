package oncall_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// What may hurt, and what is nothing to speak of. Now is Monday 2026-01-12, noon in Moscow.
func TestLint(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what, rota string
		want       []string
	}{
		{
			"two who take turns", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: all, members: [anna, boris], handoff: {unit: day, anchor: 2026-01-05 09:00}}]}]}]
`, nil,
		},
		{
			"nights are not covered; the gap of last week is nobody's business", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: days, members: [anna, boris], handoff: {unit: week, anchor: 2026-01-05 09:00}, windows: [{days: mon-fri, from: "09:00", to: "18:00"}]}]}]}]
`, []string{"gap line, 2026-01-12 18:00, 2026-01-13 09:00, 10, 246h0m0s"},
		},
		{
			"a layer for workdays forgets that short ones are a class of their own", `
schedules: [{id: line, zone: Europe/Moscow, calendar: ru, tracks: [{id: primary, layers: [{id: days, members: [anna], windows: [{require: [workday]}]}, {id: off, members: [boris], windows: [{exclude: [workday, short]}]}]}]}]
`, []string{"short_day line, days, primary"},
		},
		{
			"unless another layer has them", `
schedules: [{id: line, zone: Europe/Moscow, calendar: ru, tracks: [{id: primary, layers: [{id: days, members: [anna], windows: [{require: [workday]}]}, {id: off, members: [boris], windows: [{exclude: [workday]}]}]}]}]
`, nil,
		},
		{
			"a hole of an hour, as seven days written down as six and 23 hours", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: all, members: [anna, boris], handoff: {unit: week, anchor: 2026-01-05 09:00}, windows: [{from: "09:00", to: "08:00"}]}]}]}]
`, []string{"hole line, 2026-01-13 08:00, 2026-01-13 09:00, 14, 14h0m0s"},
		},
		{
			"nobody on the second line on weekends, one person on the first", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [
  {id: primary, layers: [{id: all, members: [anna]}]},
  {id: secondary, layers: [{id: all, members: [boris, vera], handoff: {unit: week, anchor: 2026-01-05 09:00}, windows: [{days: mon-fri}]}]}]}]
`, []string{"one_person line, primary, anna", "no_second line, secondary, 2026-01-17 00:00, 2026-01-19 00:00, 2, 96h0m0s"},
		},
		{
			"a year of the calendar is missing within the quarter", `
schedules: [{id: line, zone: Europe/Moscow, calendar: kz, tracks: [{id: primary, layers: [{id: all, members: [anna, boris], handoff: {unit: day, anchor: 2026-01-05 09:00}}]}]}]
`, []string{"no_calendar line, kz, 2026"},
		},
		{
			"turns pass while the windows are closed: a member who never has one", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [
  {id: rest, members: [vera, boris], handoff: {unit: day, anchor: 2026-01-05 00:00}},
  {id: sundays, priority: 1, members: [vera, vera, vera, vera, vera, vera, anna], handoff: {unit: day, anchor: 2026-01-05 00:00}, windows: [{days: mon}]}]}]}]
`, []string{"idle_member line, sundays, anna"},
		},
		{
			"a layer hidden by a higher one", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [
  {id: low, members: [vera]},
  {id: high, priority: 1, members: [anna, boris], handoff: {unit: day, anchor: 2026-01-05 09:00}}]}]}]
`, []string{"idle_layer line, low"},
		},
		{
			"rules that end soon need not reach everybody", `
schedules:
  - id: line
    zone: Europe/Moscow
    tracks: [{id: primary, layers: [{id: weeks, members: [anna, boris], handoff: {unit: week, anchor: 2026-01-05 09:00}}]}]
    versions: [{from: 2026-01-13T06:00:00Z, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: weeks, members: [anna, vera], handoff: {unit: week, anchor: 2026-01-05 09:00}}]}]}]
`, nil,
		},
		{
			"a disabled member, and the gaps that come of it", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: all, members: [anna, boris, off], handoff: {unit: day, anchor: 2026-01-12 09:00}}]}]}]
`, []string{"gap line, 2026-01-14 09:00, 2026-01-15 09:00, 5, 99h0m0s", "disabled_member line, all, off"},
		},
		{
			"somebody on two lines at once", `
schedules:
  - {id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: all, members: [anna, boris], handoff: {unit: day, anchor: 2026-01-12 09:00}}]}]}
  - {id: office, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: all, members: [vera, boris], handoff: {unit: week, anchor: 2026-01-12 09:00}}]}]}
`, []string{"two_places boris, line, office, 2026-01-19 09:00"},
		},
		{
			"an override that changes nothing, and one that does", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: all, members: [anna, boris], handoff: {unit: day, anchor: 2026-01-12 09:00}}]}]}]
overrides:
  - {id: idle, schedule: line, track: primary, changes: [{from: 2026-01-14 09:00, to: 2026-01-15 09:00, add: vera, remove: boris}]}
  - {id: busy, schedule: line, track: primary, changes: [{from: 2026-01-14 09:00, to: 2026-01-15 09:00, add: vera, remove: anna}]}
  - {id: over, schedule: line, track: primary, changes: [{from: 2026-01-08 09:00, to: 2026-01-09 09:00, add: vera, remove: vera}]}
`, []string{"idle_override line, idle, 2026-01-14 09:00"},
		},
		{
			"certificates", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: all, members: [anna, boris], handoff: {unit: day, anchor: 2026-01-05 09:00}}]}]}]
`, nil,
		},
		{
			"a schedule that is closed has no gaps", `
schedules: [{id: line, zone: Europe/Moscow, versions: [{from: 2026-01-05T06:00:00Z, zone: Europe/Moscow}]}]
`, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			people := strings.Replace(staffed, "calendars:", "  - {id: off, name: Off, disabled: true}\ncalendars:", 1)
			if tt.what == "certificates" {
				people = strings.Replace(people, "name: Vera,", `name: Vera, certificates: [{name: 1C, expires: 2026-01-01}, {name: Cisco, expires: 2026-02-01}, {name: Linux, expires: 2027-02-01}],`, 1)
				tt.want = []string{"certificate_over vera, 1C, 2026-01-01", "certificate_ends vera, Cisco, 2026-02-01"}
			}
			var r oncall.Roster
			if strings.Contains(tt.what, "disabled") || strings.Contains(tt.what, "changes nothing") || strings.Contains(tt.what, "closed has") {
				r = looseRota(t, people+tt.rota)
			} else {
				r = readRota(t, people+tt.rota)
			}
			var got []string
			for _, w := range oncall.Lint(oncall.Compile(r), readTime(t, "Europe/Moscow", "2026-01-12 12:00")) {
				got = append(got, string(w.Code)+" "+strings.Join(w.Args, ", "))
				for _, language := range []string{"en", "ru"} {
					if text := w.Text(language); text == "" || regexp.MustCompile(`\{[0-9]\}`).MatchString(text) {
						t.Errorf("%s in %s: %q", w.Code, language, text)
					}
				}
				if !regexp.MustCompile(`\p{Cyrillic}`).MatchString(w.Text("ru")) {
					t.Errorf("%s: %q", w.Code, w.Text("ru"))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Nothing is said of the past: what is due is due from now on, and a rota that was wrong yesterday and is right now is right.
func TestLintIsSilentAboutThePast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		now := time.Unix(w.to, 0).UTC()
		for _, warning := range oncall.Lint(oncall.Compile(w.roster), now) {
			if !warning.Due.IsZero() && !warning.Due.After(now) {
				rt.Fatalf("%s is due at %s, before %s", warning.Text("en"), warning.Due, now)
			}
		}
	})
}
