package chart_test

import (
	"testing"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/chart"
)

// Another zone to look at moves nothing: the correction's bar lies where the evaluator has it.
func TestZoneOfTheViewerMovesNoCorrection(t *testing.T) {
	t.Parallel()
	moscow, _ := oncall.LoadZone("Europe/Moscow")
	far, _ := oncall.LoadZone("Asia/Vladivostok")
	point := func(s string) oncall.Point { p, _ := oncall.ParsePoint(s); return p }
	phone := []oncall.Device{{Kind: oncall.Mobile, Number: "+79005550001"}}
	r := oncall.Roster{
		People:    []oncall.Person{{ID: "a", Name: "A", Devices: phone}, {ID: "b", Name: "B", Devices: phone}},
		Schedules: []oncall.Schedule{{ID: "s", Zone: moscow, Tracks: []oncall.Track{{ID: "one", Layers: []oncall.Layer{{ID: "l", Members: []oncall.Member{{"a"}}}}}}}},
		Overrides: []oncall.Override{{ID: "o", Schedule: "s", Track: "one", Changes: []oncall.Change{{From: point("2026-11-24 09:00"), To: point("2026-11-24 18:00"), Add: "b", Remove: "a"}}}},
		Absences:  []oncall.Absence{{ID: "x", Person: "a", From: point("2026-11-26 09:00"), To: point("2026-11-26 18:00")}},
	}
	c, err := chart.New(oncall.Compile(r), chart.Options{Schedule: "s", From: oncall.NewCivil(2026, 11, 23, 0, 0, 0), To: oncall.NewCivil(2026, 11, 30, 0, 0, 0), Zone: far})
	if err != nil {
		t.Fatal(err)
	}
	want := map[chart.Kind]string{chart.OverrideRow: "2026-11-24 09:00", chart.AbsenceRow: "2026-11-26 09:00"}
	for _, row := range c.Tracks[0].Rows {
		if start := want[row.Kind]; start != "" && oncall.CivilAt(row.Bars[0].Start, moscow).String() != start {
			t.Errorf("%s begins at %s of Moscow, want %s", row.Kind, oncall.CivilAt(row.Bars[0].Start, moscow), start)
		}
	}
}
