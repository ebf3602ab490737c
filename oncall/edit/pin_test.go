package edit_test

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// movedAt is the line in the zone of Vladivostok until an instant, then in that of Moscow.
func movedAt(t *testing.T, from time.Time) oncall.Roster {
	t.Helper()
	r := roster(t, fixture)
	r.Absences, r.Temporaries, r.Overrides, r.Requests = nil, nil, nil, nil
	vladivostok, err := oncall.LoadZone("Asia/Vladivostok")
	if err != nil {
		t.Fatal(err)
	}
	s := r.Schedules[0]
	s.Versions = []oncall.Version{{From: from, Rules: oncall.Rules{Zone: s.Zone, Tracks: s.Tracks}}}
	s.Zone = vladivostok
	r.Schedules = []oncall.Schedule{s}
	return r
}

// What is planned by today's clock is not read by yesterday's, in whose zone half past twelve was long ago.
func TestNewCorrectionDoesNotReachIntoAnEarlierZone(t *testing.T) {
	t.Parallel()
	r := movedAt(t, at(t, "2026-11-23 11:00"))
	for _, text := range []string{
		`{"override":{"schedule":"line","changes":[{"from":"2026-11-23 12:30","to":"2026-11-23 20:00","add":"olga"}]}}`,
		`{"temporary":{"schedule":"line","from":"2026-11-23 12:30","to":"2026-11-23 20:00","shifts":[{"member":"olga"}]}}`,
		`{"absence":{"person":"boris","from":"2026-11-23 12:30","to":"2026-11-23 20:00","substitute":"olga"}}`,
	} {
		after := apply(t, r, text, scheduler).Roster
		for clock, want := range map[string]bool{"2026-11-23 06:30": false, "2026-11-23 10:59": false, "2026-11-23 12:29": false, "2026-11-23 12:30": true, "2026-11-23 19:59": true} {
			was, is := who(r, "line", "primary", at(t, clock)), who(after, "line", "primary", at(t, clock))
			if (was != is) != want {
				t.Errorf("%s: at %s is %q, was %q", text, clock, is, was)
			}
		}
	}
}

// What was planned keeps its moment when the schedule moves to another zone.
func TestPlansKeepTheirMomentInANewZone(t *testing.T) {
	t.Parallel()
	after := apply(t, roster(t, fixture), `{"schedule":{"id":"line","zone":"Asia/Vladivostok","from":"2026-11-24 09:00","tracks":[
	  {"id":"primary","layers":[{"id":"daily","members":["anna","boris","vera"],"handoff":{"unit":"day","anchor":"2026-01-05 16:00"}}]},
	  {"id":"secondary","layers":[{"id":"always","members":["gleb"]}]}]}}`, scheduler)
	if got := keys(after.Changed); got != "absence leave, absence winter, override later, request please, request trade, schedule line" {
		t.Errorf("changed are %s", got)
	}
	for _, want := range [][3]string{
		{"primary", "2026-12-01 08:59", "vera"},
		{"primary", "2026-12-01 09:00", "anna olga"},
		{"primary", "2026-12-02 08:59", "anna olga"},
		{"secondary", "2026-11-23 19:59", "olga"},
		{"primary", "2026-11-22 12:00", "gleb"},
	} {
		if got := who(after.Roster, "line", want[0], at(t, want[1])); got != want[2] {
			t.Errorf("on %s at %s is %q, want %q", want[0], want[1], got, want[2])
		}
	}
}
