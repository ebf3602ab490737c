package oncall_test

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// TestRulesNear: whoever looks at a schedule that has not begun sees what it will begin with; one that was closed stays closed.
func TestRulesNear(t *testing.T) {
	t.Parallel()
	moscow, err := oncall.LoadZone("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	begins := oncall.Version{From: day(10), Rules: oncall.Rules{Zone: moscow, Tracks: []oncall.Track{{ID: "primary"}}}}
	later := oncall.Version{From: day(20), Rules: oncall.Rules{Zone: moscow, Tracks: []oncall.Track{{ID: "other"}}}}
	closed := oncall.Version{From: day(20)}
	for _, c := range []struct {
		name     string
		versions []oncall.Version
		at       time.Time
		want     string // first track, "" = none
	}{
		{"before it begins", []oncall.Version{begins, later}, day(1), "primary"},
		{"before it begins, out of order", []oncall.Version{later, begins}, day(1), "primary"},
		{"in force", []oncall.Version{begins, later}, day(15), "primary"},
		{"the next version", []oncall.Version{begins, later}, day(25), "other"},
		{"closed", []oncall.Version{begins, closed}, day(25), ""},
		{"never anything", nil, day(1), ""},
	} {
		got := ""
		if rules := (&oncall.Schedule{Versions: c.versions}).RulesNear(c.at); len(rules.Tracks) > 0 {
			got = rules.Tracks[0].ID
			if rules.Zone != moscow {
				t.Errorf("%s: zone %s, want that of the rules", c.name, rules.Zone)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
