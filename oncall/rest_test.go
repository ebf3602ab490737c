package oncall_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/oncall"
)

// Which limits of rest a rota does not keep.
func TestRest(t *testing.T) {
	t.Parallel()
	const night = `{id: nights, members: [anna, boris], handoff: {unit: day, every: %d, anchor: 2026-01-12 08:00}, windows: [{from: "20:00", to: "08:00"}]}`
	tests := []struct {
		what, rota string
		rules      oncall.RestRules
		want       []string
	}{
		{
			"a day each, two days of rest", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [
  {id: all, members: [anna, boris, vera], handoff: {unit: day, anchor: 2026-01-12 09:00}}]}]}]
`, oncall.DefaultRestRules(), nil,
		},
		{
			"two days on end", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [
  {id: all, members: [anna, boris], handoff: {unit: day, anchor: 2026-01-12 09:00}}]}]}]
overrides: [{id: x, schedule: line, track: primary, changes: [{from: 2026-01-15 09:00, to: 2026-01-16 09:00, add: anna, remove: boris}]}]
`, oncall.DefaultRestRules(), []string{"anna long_run 14.01 09:00..17.01 09:00: 72 of 24"},
		},
		{
			"eight hours off between two lines", `
schedules:
  - {id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: a, members: [anna], from: 2026-01-14 00:00, to: 2026-01-14 12:00}]}]}
  - {id: office, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: a, members: [anna], from: 2026-01-14 20:00, to: 2026-01-15 06:00}]}]}
`, oncall.DefaultRestRules(), []string{"anna short_rest 14.01 12:00..14.01 20:00: 8 of 11"},
		},
		{
			"five nights in a row", "\nschedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [" + fmt.Sprintf(night, 5) + "]}]}]\n",
			oncall.DefaultRestRules(),
			[]string{"anna many_nights 12.01 22:00..17.01 06:00: 5 of 3", "boris many_nights 17.01 22:00..22.01 06:00: 5 of 3"},
		},
		{
			"three nights in a row are allowed", "\nschedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [" + fmt.Sprintf(night, 3) + "]}]}]\n",
			oncall.DefaultRestRules(), nil,
		},
		{
			"less than three hours of a night are none", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: a, members: [anna], windows: [{from: "12:00", to: "00:30"}]}]}]}]
`, oncall.RestRules{MaxNights: 3}, nil,
		},
		{
			"a second line counts when it is said", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [
  {id: primary, layers: [{id: a, members: [anna], from: 2026-01-14 09:00, to: 2026-01-15 09:00}]},
  {id: secondary, layers: [{id: a, members: [anna], from: 2026-01-15 09:00, to: 2026-01-15 18:00}]}]}]
`, oncall.RestRules{MaxRun: 24 * time.Hour, Standby: true}, []string{"anna long_run 14.01 09:00..15.01 18:00: 33 of 24"},
		},
		{
			"and else does not", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [
  {id: primary, layers: [{id: a, members: [anna], from: 2026-01-14 09:00, to: 2026-01-15 09:00}]},
  {id: secondary, layers: [{id: a, members: [anna], from: 2026-01-15 09:00, to: 2026-01-15 18:00}]}]}]
`, oncall.RestRules{MaxRun: 24 * time.Hour}, nil,
		},
		{
			"a limit of zero is not checked", `
schedules: [{id: line, zone: Europe/Moscow, tracks: [{id: primary, layers: [{id: a, members: [anna]}]}]}]
`, oncall.RestRules{}, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			from := readTime(t, "Europe/Moscow", "2026-01-12 12:00")
			clock := func(t time.Time) string { return t.In(time.FixedZone("", 3*3600)).Format("02.01 15:04") }
			var got []string
			for _, w := range oncall.Rest(oncall.Compile(readRota(t, staffed+tt.rota)), from, from.Add(6*24*time.Hour), tt.rules) {
				got = append(got, fmt.Sprintf("%s %s %s..%s: %g of %g", w.Person, w.Rule, clock(w.Start), clock(w.End), w.Is, w.Limit))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Limits are checked, and written with durations in words.
func TestRestRules(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(oncall.DefaultRestRules())
	if err != nil || string(text) != `{"max_nights":3,"min_rest":"11h0m0s","max_run":"24h0m0s"}` {
		t.Errorf("%s, %v", text, err)
	}
	var again oncall.RestRules
	if err := json.Unmarshal(text, &again); err != nil || again != oncall.DefaultRestRules() {
		t.Errorf("%+v, %v", again, err)
	}
	if err := again.Validate(); err != nil {
		t.Error(err)
	}
	err = oncall.RestRules{MinRest: -1, MaxRun: -1, MaxNights: -1}.Validate()
	for _, field := range []string{"min_rest: ", "max_run: ", "max_nights: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not in %v", field, err)
		}
	}
}
