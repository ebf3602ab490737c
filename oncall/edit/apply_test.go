package edit_test

import (
	"testing"

	"github.com/butlerspb/vahta/oncall/edit"
)

// What each edit does: who is on which track of the line afterwards, and which records change.
func TestEdits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what    string
		by      edit.Author
		edit    string
		changed string
		want    [][3]string // track, time, people
	}{
		{
			"a person is added; nobody's duty changes", admin,
			`{"person":{"id":"egor","name":"Егор","devices":[{"kind":"mobile","number":"+79005550009"}]}}`,
			"person egor",
			[][3]string{{"primary", "2026-11-23 14:00", "boris"}},
		},
		{
			"a person who is disabled is on duty no more, but was", scheduler,
			`{"person":{"id":"boris","name":"Борис","disabled":true,"devices":[{"kind":"mobile","number":"+79005550002"}]}}`,
			"person boris",
			[][3]string{{"primary", "2026-11-23 11:59:59", "boris"}, {"primary", "2026-11-23 12:00", ""}, {"primary", "2026-11-14 12:00", "boris"}},
		},
		{
			"time off without a start begins now", scheduler,
			`{"absence":{"person":"boris","to":"2026-12-01"}}`,
			"absence new1",
			[][3]string{{"primary", "2026-11-23 11:59:59", "boris"}, {"primary", "2026-11-23 12:00", ""}},
		},
		{
			"a substitute has the turns of somebody away", scheduler,
			`{"absence":{"person":"boris","from":"2026-11-25","to":"2026-12-10","substitute":"olga"}}`,
			"absence new1",
			[][3]string{{"primary", "2026-11-26 12:00", "olga"}, {"primary", "2026-11-27 12:00", "vera"}, {"primary", "2026-11-29 12:00", "olga"}},
		},
		{
			"time off in progress ends earlier", scheduler,
			`{"absence":{"id":"leave","person":"vera","from":"2026-11-20","to":"2026-11-24 09:00"}}`,
			"absence leave",
			[][3]string{{"primary", "2026-11-24 12:00", "vera"}},
		},
		{
			"time off in progress is ended now", scheduler,
			`{"remove":{"kind":"absence","id":"leave"}}`,
			"absence leave",
			[][3]string{{"primary", "2026-11-24 12:00", "vera"}, {"primary", "2026-11-21 12:00", ""}},
		},
		{
			"time off that has not begun is removed", scheduler,
			`{"remove":{"kind":"absence","id":"winter"}}`,
			"absence winter",
			[][3]string{{"primary", "2026-12-21 12:00", "vera"}},
		},
		{
			"a temporary schedule replaces the layers, its gap is a gap", scheduler,
			`{"temporary":{"schedule":"line","from":"2026-11-28 09:00","to":"2026-11-29 09:00","shifts":[{"to":"2026-11-28 21:00","member":"olga + gleb"}]}}`,
			"temporary new1",
			[][3]string{{"primary", "2026-11-28 12:00", "olga gleb"}, {"primary", "2026-11-28 22:00", ""}, {"primary", "2026-11-29 12:00", "boris"}},
		},
		{
			"a temporary schedule in progress: what is to come changes", scheduler,
			`{"temporary":{"id":"fair","schedule":"line","track":"primary","from":"2026-11-22 09:00","to":"2026-11-23 22:00","fall_back":true,
			  "shifts":[{"from":"2026-11-22 09:00","to":"2026-11-23 09:00","member":"gleb"},{"from":"2026-11-23 20:00","to":"2026-11-23 22:00","member":"olga"}]}}`,
			"temporary fair",
			[][3]string{{"primary", "2026-11-22 12:00", "gleb"}, {"primary", "2026-11-23 16:00", "boris"}, {"primary", "2026-11-23 21:00", "olga"}},
		},
		{
			"a temporary schedule in progress is ended now", scheduler,
			`{"remove":{"kind":"temporary","id":"fair"}}`,
			"temporary fair",
			[][3]string{{"primary", "2026-11-22 12:00", "gleb"}, {"primary", "2026-11-23 16:00", "boris"}},
		},
		{
			"an override puts somebody in somebody's place", scheduler,
			`{"override":{"schedule":"line","changes":[{"from":"2026-11-25 09:00","to":"2026-11-25 21:00","add":"olga","remove":"anna"}]}}`,
			"override new1",
			[][3]string{{"primary", "2026-11-25 20:59", "olga"}, {"primary", "2026-11-25 21:00", "anna"}},
		},
		{
			"an override that has not begun is changed altogether", scheduler,
			`{"override":{"id":"later","schedule":"line","track":"primary","changes":[{"from":"2026-12-03 09:00","to":"2026-12-04 09:00","add":"gleb"}]}}`,
			"override later",
			[][3]string{{"primary", "2026-12-01 12:00", "anna"}, {"primary", "2026-12-03 12:00", "vera gleb"}},
		},
		{
			"an override in progress: its end moves", scheduler,
			`{"override":{"id":"today","schedule":"line","track":"secondary","changes":[{"from":"2026-11-23 10:00","to":"2026-11-23 13:00","add":"olga","remove":"gleb"}]}}`,
			"override today",
			[][3]string{{"secondary", "2026-11-23 11:00", "olga"}, {"secondary", "2026-11-23 12:30", "olga"}, {"secondary", "2026-11-23 13:00", "gleb"}},
		},
		{
			"an override in progress is ended now", scheduler,
			`{"remove":{"kind":"override","id":"today"}}`,
			"override today",
			[][3]string{{"secondary", "2026-11-23 11:00", "olga"}, {"secondary", "2026-11-23 12:00", "gleb"}},
		},
		{
			"an override to come is removed", scheduler,
			`{"remove":{"kind":"override","id":"later"}}`,
			"override later",
			[][3]string{{"primary", "2026-12-01 12:00", "anna"}},
		},
		{
			"an engineer takes the line for an hour", engineer("olga"),
			`{"take":{"schedule":"line"}}`,
			"override new1",
			[][3]string{{"primary", "2026-11-23 11:59:59", "boris"}, {"primary", "2026-11-23 12:00", "olga"}, {"primary", "2026-11-23 13:00", "boris"}},
		},
		{
			"a takeover replaces all who would come on duty in it", engineer("olga"),
			`{"take":{"schedule":"line","for":"5h"}}`,
			"override new1",
			[][3]string{{"primary", "2026-11-23 14:00", "olga"}, {"primary", "2026-11-23 16:00", "olga"}, {"primary", "2026-11-23 17:30", "anna"}},
		},
		{
			"somebody comes beside those on duty", engineer("olga"),
			`{"take":{"schedule":"line","for":"2h","beside":true}}`,
			"override new1",
			[][3]string{{"primary", "2026-11-23 13:00", "boris olga"}},
		},
		{
			"the first acceptance writes the override", engineer("olga"),
			`{"answer":{"request":"please","verdict":"accept"}}`,
			"override new1, request please",
			[][3]string{{"primary", "2026-11-26 12:00", "olga"}, {"primary", "2026-11-26 22:00", "boris"}},
		},
		{
			"a scheduler accepts for somebody", scheduler,
			`{"answer":{"request":"please","verdict":"accept","as":"anna"}}`,
			"override new1, request please",
			[][3]string{{"primary", "2026-11-26 12:00", "anna"}},
		},
		{
			"an accepted swap goes both ways", engineer("anna"),
			`{"answer":{"request":"trade","verdict":"accept"}}`,
			"override new1, request trade",
			[][3]string{{"primary", "2026-11-29 12:00", "anna"}, {"primary", "2026-12-01 12:00", "boris olga"}},
		},
		{
			"one of two says no: the request stays open", engineer("olga"),
			`{"answer":{"request":"please","verdict":"decline"}}`,
			"request please",
			[][3]string{{"primary", "2026-11-26 12:00", "boris"}},
		},
		{
			"who asked withdraws", engineer("boris"),
			`{"answer":{"request":"please","verdict":"withdraw"}}`,
			"request please",
			[][3]string{{"primary", "2026-11-26 12:00", "boris"}},
		},
		{
			"asking changes nothing", engineer("anna"),
			`{"ask":{"schedule":"line","from":"2026-11-25 18:00","to":"2026-11-25 22:00"}}`,
			"request new1",
			[][3]string{{"primary", "2026-11-25 19:00", "anna"}},
		},
		{
			"somebody joins: who is on duty keeps the turn", scheduler,
			`{"schedule":{"id":"line","zone":"Europe/Moscow","tracks":[{"id":"primary","layers":[
			  {"id":"daily","members":["anna","olga","boris","vera"],"handoff":{"unit":"day","anchor":"2026-01-05 09:00"}}]}]}}`,
			"schedule line",
			[][3]string{{"primary", "2026-11-23 11:59:59", "boris"}, {"primary", "2026-11-23 12:00", "boris"}, {"primary", "2026-11-25 12:00", "anna"}, {"primary", "2026-11-26 12:00", "olga"}},
		},
		{
			"who is on duty leaves: the next of the old order has the turn", scheduler,
			`{"schedule":{"id":"line","zone":"Europe/Moscow","from":"2026-11-26 12:00","tracks":[{"id":"primary","layers":[
			  {"id":"daily","members":["anna","vera"],"handoff":{"unit":"day","anchor":"2026-01-05 09:00"}}]}]}}`,
			"schedule line",
			[][3]string{{"primary", "2026-11-26 11:59:59", "boris"}, {"primary", "2026-11-26 12:00", "vera"}, {"primary", "2026-11-27 12:00", "anna"}},
		},
		{
			"the start is as given when that is wished", scheduler,
			`{"schedule":{"id":"line","keep_start":true,"zone":"Europe/Moscow","tracks":[{"id":"primary","layers":[
			  {"id":"daily","members":["olga"],"handoff":{"unit":"day","anchor":"2026-01-05 09:00"}}]}]}}`,
			"schedule line",
			[][3]string{{"primary", "2026-11-23 11:59:59", "boris"}, {"primary", "2026-11-23 12:00", "olga"}},
		},
		{
			"a schedule is closed from now on", admin,
			`{"remove":{"kind":"schedule","id":"line"}}`,
			"schedule line",
			[][3]string{{"primary", "2026-11-23 11:59:59", "boris"}, {"primary", "2026-11-23 12:00", ""}, {"primary", "2026-11-21 12:00", ""}},
		},
		{
			"several edits are one", scheduler,
			`{"import":[
			  {"person":{"id":"egor","name":"Егор","devices":[{"kind":"mobile","number":"+79005550009"}]}},
			  {"override":{"schedule":"line","changes":[{"from":"2026-11-25 09:00","to":"2026-11-26 09:00","add":"egor","remove":"anna"}]}},
			  {"override":{"schedule":"line","changes":[{"from":"2026-11-25 12:00","to":"2026-11-25 13:00","add":"olga","remove":"egor"}]}}]}`,
			"override new1, override new2, person egor",
			[][3]string{{"primary", "2026-11-25 10:00", "egor"}, {"primary", "2026-11-25 12:30", "olga"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			result := apply(t, roster(t, fixture), tt.edit, tt.by)
			if got := keys(result.Changed); got != tt.changed {
				t.Errorf("changed are %s, want %s", got, tt.changed)
			}
			for _, w := range tt.want {
				if got := who(result.Roster, "line", w[0], at(t, w[1])); got != w[2] {
					t.Errorf("on %s at %s is %q, want %q", w[0], w[1], got, w[2])
				}
			}
		})
	}
}
