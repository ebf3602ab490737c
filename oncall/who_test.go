package oncall

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// staff makes people with one phone each.
func staff(ids ...string) []Person {
	var people []Person
	for i, id := range ids {
		people = append(people, Person{ID: id, Name: id, Devices: []Device{{Kind: Mobile, Number: fmt.Sprintf("+7900555%04d", i)}}})
	}
	return people
}

// team makes single members.
func team(ids ...string) []Member {
	var members []Member
	for _, id := range ids {
		var m Member
		if id != gap {
			m = strings.Split(id, "+")
		}
		members = append(members, m)
	}
	return members
}

func weekly(anchor Civil) Handoff { return Handoff{Unit: Week, Every: 1, Anchor: anchor} }
func daily(anchor Civil) Handoff  { return Handoff{Unit: Day, Every: 1, Anchor: anchor} }

// one makes a roster of one schedule "line" with one track "primary".
func one(z Zone, people []Person, layers ...Layer) Roster {
	return Roster{People: people, Schedules: []Schedule{{ID: "line", Zone: z, Tracks: []Track{{ID: "primary", Layers: layers}}}}}
}

func names(duties []Duty) string {
	var ids []string
	for _, d := range duties {
		ids = append(ids, d.Person)
	}
	return strings.Join(ids, " ")
}

func TestWho(t *testing.T) {
	t.Parallel()
	monday := NewCivil(2026, 1, 5, 9, 0, 0)
	workdays := WeekdaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday)
	office := Window{Days: workdays, From: 9 * 3600, To: 18 * 3600}
	night := Window{From: 18 * 3600, To: 9 * 3600}
	friNight := Window{Days: WeekdaysOf(time.Friday), From: 22 * 3600, To: 6 * 3600}
	wholeDay := Window{Days: WeekdaysOf(time.Saturday, time.Sunday), From: 8 * 3600, To: 8 * 3600}
	untilMidnight := Window{From: 18 * 3600, To: day}
	always := Layer{ID: "always", Members: team("zoe")}

	tests := []struct {
		name, zone string
		layers     []Layer
		want       map[string]string // local civil time → who
	}{
		{"weekly turn", "Europe/Moscow", []Layer{{ID: "w", Members: team("anna", "boris", "vera"), Handoff: weekly(monday)}}, map[string]string{
			"2026-01-05 08:59": "", "2026-01-05 09:00": "anna", "2026-01-12 08:59": "anna", "2026-01-12 09:00": "boris",
			"2026-01-19 09:00": "vera", "2026-01-26 09:00": "anna", "2027-01-04 09:00": "boris",
		}},
		{"start index", "Europe/Moscow", []Layer{{
			ID: "w", Members: team("anna", "boris", "vera"), Handoff: Handoff{Unit: Week, Anchor: monday, Start: 2},
		}}, map[string]string{"2026-01-05 09:00": "vera", "2026-01-12 09:00": "anna"}},
		{"every second day across the spring gap", "Europe/Berlin", []Layer{{
			ID: "d", Members: team("anna", "boris"), Handoff: Handoff{Unit: Day, Every: 2, Anchor: NewCivil(2026, 3, 27, 9, 0, 0)},
		}}, map[string]string{
			"2026-03-28 23:00": "anna", "2026-03-29 08:59": "anna", "2026-03-29 09:00": "boris", "2026-03-31 09:00": "anna",
		}},
		{"two on duty together", "UTC", []Layer{{ID: "w", Members: team("anna+boris", "vera"), Handoff: weekly(monday)}}, map[string]string{
			"2026-01-05 09:00": "anna boris", "2026-01-12 09:00": "vera",
		}},
		{"gap falls through", "UTC", []Layer{{ID: "w", Priority: 2, Members: team("anna", gap), Handoff: weekly(monday)}, always}, map[string]string{
			"2026-01-05 09:00": "anna", "2026-01-12 09:00": "zoe", "2026-01-04 09:00": "zoe",
		}},
		{"exclusive gap is nobody", "UTC", []Layer{
			{ID: "w", Priority: 2, Exclusive: true, Members: team("anna", gap), Handoff: weekly(monday)}, always,
		}, map[string]string{"2026-01-05 09:00": "anna", "2026-01-12 09:00": ""}},
		{"equal priorities unite, in order of layers, each person once", "UTC", []Layer{
			{ID: "a", Members: team("vera")}, {ID: "b", Members: team("anna+vera")}, {ID: "low", Priority: -1, Members: team("zoe")},
		}, map[string]string{"2026-01-05 09:00": "vera anna"}},
		{"higher priority wins wherever it is listed", "UTC", []Layer{
			always, {ID: "office", Priority: 5, Members: team("anna"), Windows: []Window{office}},
		}, map[string]string{
			"2026-01-05 08:59": "zoe", "2026-01-05 09:00": "anna", "2026-01-05 18:00": "zoe", "2026-01-10 12:00": "zoe",
		}},
		{"overnight belongs to its first day", "Europe/Moscow", []Layer{{ID: "n", Members: team("anna"), Windows: []Window{friNight}}}, map[string]string{
			"2026-01-09 21:59": "", "2026-01-09 22:00": "anna", "2026-01-10 05:59": "anna", "2026-01-10 06:00": "", "2026-01-10 22:00": "",
		}},
		{"whole days join", "UTC", []Layer{{ID: "we", Members: team("anna"), Windows: []Window{wholeDay}}}, map[string]string{
			"2026-01-10 07:59": "", "2026-01-10 08:00": "anna", "2026-01-11 08:00": "anna", "2026-01-12 07:59": "anna", "2026-01-12 08:00": "",
		}},
		{"until midnight", "UTC", []Layer{{ID: "e", Members: team("anna"), Windows: []Window{untilMidnight}}}, map[string]string{
			"2026-01-10 18:00": "anna", "2026-01-10 23:59:59": "anna", "2026-01-11 00:00": "",
		}},
		{"nights over the autumn change", "Europe/Berlin", []Layer{
			{ID: "d", Members: team("anna"), Windows: []Window{{From: 9 * 3600, To: 18 * 3600}}},
			{ID: "n", Members: team("boris"), Windows: []Window{night}},
		}, map[string]string{"2026-10-25 02:30": "boris", "2026-10-25 08:59": "boris", "2026-10-25 09:00": "anna"}},
		{"life of a layer", "UTC", []Layer{
			{ID: "a", Members: team("anna"), From: monday, To: NewCivil(2026, 1, 7, 0, 0, 0)},
		}, map[string]string{"2026-01-05 08:59": "", "2026-01-05 09:00": "anna", "2026-01-06 23:59": "anna", "2026-01-07 00:00": ""}},
		{"from before the anchor extends the turns backwards", "UTC", []Layer{{
			ID: "w", Members: team("anna", "boris", "vera"), Handoff: weekly(monday), From: NewCivil(2025, 12, 29, 9, 0, 0),
		}}, map[string]string{"2025-12-29 08:59": "", "2025-12-29 09:00": "vera", "2026-01-05 09:00": "anna"}},
		{"disabled and unknown people are nobody", "UTC", []Layer{{ID: "a", Members: team("anna+dora+ghost")}}, map[string]string{
			"2026-01-05 09:00": "anna",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			z := zone(t, tt.zone)
			people := append(staff("anna", "boris", "vera", "zoe"), Person{ID: "dora", Name: "dora", Disabled: true})
			roster := one(z, people, tt.layers...)
			for at, want := range tt.want {
				if got := names(Compile(roster).Who("line", z.Resolve(civil(t, at), First))); got != want {
					t.Errorf("at %s: %q, want %q", at, got, want)
				}
			}
		})
	}
}

func TestWhoUntilAndProvenance(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Moscow")
	roster := one(
		z, staff("anna", "boris", "zoe"),
		Layer{ID: "week", Priority: 1, Members: team("anna", "boris"), Handoff: weekly(NewCivil(2026, 1, 5, 9, 0, 0))},
		Layer{ID: "backup", Priority: 1, Members: team("zoe")},
	)
	got := Compile(roster).Who("line", instant(t, "2026-01-07T00:00:00Z"))
	want := []Duty{
		{Person: "anna", Track: "primary", Provenance: Provenance{Source: FromLayer, ID: "week"}, Until: instant(t, "2026-01-12T06:00:00Z")},
		{Person: "zoe", Track: "primary", Provenance: Provenance{Source: FromLayer, ID: "backup"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := got[0].Provenance.String(); s != "layer week" {
		t.Errorf("provenance %q", s)
	}
	if got := Compile(roster).Who("no such line", time.Unix(0, 0)); got != nil {
		t.Errorf("unknown schedule has %v", got)
	}
}

func TestShiftsOfTheDayThatNeverWas(t *testing.T) {
	t.Parallel()
	z := zone(t, "Pacific/Apia")
	roster := one(z, staff("anna", "boris", "vera"), Layer{
		ID: "d", Members: team("anna", "boris", "vera"), Handoff: daily(NewCivil(2011, 12, 28, 0, 0, 0)),
	})
	var got []string
	for s := range Compile(roster).Shifts("line", "primary", instant(t, "2011-12-28T10:00:00Z"), instant(t, "2012-01-01T10:00:00Z")) {
		got = append(got, fmt.Sprintf("%s..%s %s", CivilAt(s.Start, z), CivilAt(s.End, z), names(s.Duties)))
	}
	want := []string{ // vera's turn is 30 December, which Samoa skipped
		"2011-12-28 00:00..2011-12-29 00:00 anna",
		"2011-12-29 00:00..2011-12-31 00:00 boris",
		"2011-12-31 00:00..2012-01-01 00:00 anna",
		"2012-01-01 00:00..2012-01-02 00:00 boris",
	}
	if !slices.Equal(got, want) {
		t.Errorf("shifts:\n%s", strings.Join(got, "\n"))
	}
}
