package edit_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// undo restores the line as it was in a rota.
func undo(t *testing.T, was, is oncall.Roster, now time.Time) edit.Result {
	t.Helper()
	s, _ := was.Schedule("line")
	result, err := edit.Apply(is, edit.Edit{Restore: &edit.Restore{Schedule: &s}}, scheduler, now, names())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func line(t *testing.T, r oncall.Roster) string {
	t.Helper()
	s, _ := r.Schedule("line")
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What was planned is planned again, exactly, whatever an edit of versions to come did to it; no version is written that says
// what holds anyway.
func TestRestorePlans(t *testing.T) {
	t.Parallel()
	planned := apply(t, apply(t, roster(t, fixture), always("olga", "2026-12-01 09:00"), scheduler).Roster, always("gleb", "2026-12-20 09:00"), scheduler).Roster
	cancelled := `{"remove":{"kind":"schedule","id":"` + edit.VersionID("line", at(t, "2026-12-01 09:00")) + `"}}`
	for what, text := range map[string]string{
		"another in its place": always("anna", "2026-12-01 09:00"),
		"one cancelled":        cancelled,
		"one between":          always("anna", "2026-12-10 09:00"),
		"one before":           always("anna", "2026-11-25 09:00"),
		"one after":            always("anna", "2027-01-25 09:00"),
		"another name":         `{"schedule":{"id":"line","name":"Линия"}}`,
	} {
		edited := apply(t, planned, text, scheduler).Roster
		if line(t, edited) == line(t, planned) {
			t.Errorf("%s: the edit changes nothing", what)
		}
		back := undo(t, planned, edited, now.Add(time.Hour)).Roster
		if diff := cmp.Diff(line(t, planned), line(t, back)); diff != "" {
			t.Errorf("%s, undone:\n%s", what, diff)
		}
	}
}

// Rules that hold already give way now; those that were planned come as planned; a closed schedule opens again.
func TestRestoreFromNow(t *testing.T) {
	t.Parallel()
	planned := apply(t, roster(t, fixture), always("olga", "2026-12-01 09:00"), scheduler).Roster
	later := now.Add(2 * time.Hour)
	for what, text := range map[string]string{"other rules": always("gleb", "2026-11-23 12:00"), "closed": `{"remove":{"kind":"schedule","id":"line"}}`} {
		edited := apply(t, planned, text, scheduler).Roster
		back := undo(t, planned, edited, later).Roster
		same := func(want, got oncall.Roster, from, to time.Time) {
			if diff := cmp.Diff(people(want, from, to), people(got, from, to)); diff != "" {
				t.Errorf("%s, %s to %s:\n%s", what, from, to, diff)
			}
		}
		same(edited, back, now.Add(-day), later)
		same(planned, back, later, later.Add(40*day))
	}
}

// A schedule that went before it began comes back; somebody who does not keep the rota can not do that.
func TestRestoreRemoved(t *testing.T) {
	t.Parallel()
	with := apply(t, roster(t, fixture), `{"schedule":{"id":"night","zone":"Europe/Moscow","from":"2026-12-24 09:00","tracks":[{"id":"primary","layers":[{"id":"l","members":["anna"]}]}]}}`, scheduler).Roster
	without := apply(t, with, `{"remove":{"kind":"schedule","id":"night"}}`, scheduler).Roster
	s, _ := with.Schedule("night")
	back, err := edit.Apply(without, edit.Edit{Restore: &edit.Restore{Schedule: &s}}, scheduler, now, names())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(records(t, with), records(t, back.Roster)); diff != "" {
		t.Error(diff)
	}
	if _, err := edit.Apply(without, edit.Edit{Restore: &edit.Restore{Schedule: &s}}, engineer("anna"), now, names()); err == nil {
		t.Error("an engineer brings schedules back")
	}
}

// Any edit of a schedule is undone: from then on everything is as if it had never been.
func TestRestoreUndoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawsOf(rt)
		before := d.roster()
		rules := d.rules()
		first, err := edit.Apply(before, edit.Edit{Schedule: &edit.NewRules{ID: "line", Rules: rules, From: d.moment("planned", 0, 5)}}, scheduler, d.now, names())
		if err != nil {
			return
		}
		planned := first.Roster
		second, err := edit.Apply(planned, edit.Edit{Schedule: &edit.NewRules{ID: "line", Rules: d.rules(), From: d.moment("inserted", 0, 5)}}, scheduler, d.now, names())
		if err != nil {
			return
		}
		later := d.now.Add(time.Duration(rapid.IntRange(0, 5*86400).Draw(rt, "undone after")) * time.Second)
		was, _ := planned.Schedule("line")
		undone, err := edit.Apply(second.Roster, edit.Edit{Restore: &edit.Restore{Schedule: &was}}, scheduler, later, names())
		if err != nil {
			rt.Fatal(err)
		}
		same(rt, "what happened before the undoing", shifts(second.Roster, d.now.Add(-day), later), shifts(undone.Roster, d.now.Add(-day), later))
		same(rt, "what comes after it", people(planned, later, later.Add(12*day)), people(undone.Roster, later, later.Add(12*day)))
	})
}

// What was planned for later means the same people at the same times when other rules are put before it.
func TestPlannedTurnsStay(t *testing.T) {
	t.Parallel()
	daily := func(members, from string) string {
		return `{"schedule":{"id":"line","zone":"Europe/Moscow","from":"` + from + `","tracks":[{"id":"primary","layers":[{"id":"daily","members":[` + members +
			`],"handoff":{"unit":"day","anchor":"2026-01-05 09:00"}}]}]}}`
	}
	planned := apply(t, roster(t, fixture), daily(`"gleb","olga","anna","boris"`, "2026-12-14 09:00"), scheduler).Roster
	both := apply(t, planned, daily(`"olga","boris"`, "2026-12-01 09:00"), scheduler).Roster
	from := at(t, "2026-12-14 09:00")
	if diff := cmp.Diff(people(planned, from, from.Add(30*day)), people(both, from, from.Add(30*day))); diff != "" {
		t.Error(diff)
	}
}

// A correction comes back in its place among the others, and whoever corrects its reason leaves it there.
func TestRestoreOrder(t *testing.T) {
	t.Parallel()
	r := apply(t, roster(t, fixture), `{"reason":"first","override":{"id":"one","schedule":"line","changes":[{"from":"2026-12-05 09:00","to":"2026-12-06 09:00","add":"gleb","remove":"boris"}]}}`, scheduler).Roster
	r = apply(t, r, `{"override":{"id":"two","schedule":"line","changes":[{"from":"2026-12-05 09:00","to":"2026-12-06 09:00","add":"olga","remove":"gleb"}]}}`, scheduler).Roster
	noon := at(t, "2026-12-05 12:00")
	was := who(r, "line", "primary", noon)
	if was != "olga" {
		t.Fatalf("on duty is %s", was)
	}
	gone := apply(t, r, `{"remove":{"kind":"override","id":"one"}}`, scheduler).Roster
	one := r.Overrides[slices.IndexFunc(r.Overrides, func(o oncall.Override) bool { return o.ID == "one" })]
	back, err := edit.Apply(gone, edit.Edit{Reason: "undo", Restore: &edit.Restore{Override: &one}}, admin, now.Add(time.Hour), names())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(records(t, r), records(t, back.Roster)); diff != "" {
		t.Error(diff)
	}
	reworded := apply(t, r, `{"override":{"id":"one","reason":"another","schedule":"line","changes":[{"from":"2026-12-05 09:00","to":"2026-12-06 09:00","add":"gleb","remove":"boris"}]}}`, scheduler).Roster
	if got := who(reworded, "line", "primary", noon); got != was {
		t.Errorf("with another reason %s is on duty, not %s", got, was)
	}
}

// Control characters are refused wherever they stand, in both languages; lines are not.
func TestControlCharacters(t *testing.T) {
	t.Parallel()
	for field, text := range map[string]string{
		"reason":                `{"reason":"x\u0000","take":{"schedule":"line","person":"anna"}}`,
		"absence.reason":        `{"absence":{"person":"anna","from":"2026-12-01","to":"2026-12-02","reason":"\u001b[31m"}}`,
		"import[0].person.name": `{"import":[{"person":{"id":"dora","name":"D\u0007"}}]}`,
	} {
		_, err := edit.Apply(roster(t, fixture), parse(t, text), admin, now, names())
		refusal, _ := errors.AsType[*edit.Refusal](err)
		if refusal == nil || refusal.Field != field || refusal.Code != edit.Invalid || !strings.Contains(refusal.Text("ru"), "управляющий") {
			t.Errorf("%s: %v", field, err)
		}
	}
	apply(t, roster(t, fixture), `{"reason":"two\nlines","take":{"schedule":"line","person":"anna"}}`, admin)
}

// The same time off is not written down twice.
func TestSameAbsence(t *testing.T) {
	t.Parallel()
	text := `{"absence":{"person":"anna","from":"2026-12-01","to":"2026-12-02"}}`
	r := apply(t, roster(t, fixture), text, admin).Roster
	_, err := edit.Apply(r, parse(t, text), admin, now, func() string { return "again" })
	if refusal, _ := errors.AsType[*edit.Refusal](err); refusal == nil || refusal.Code != edit.Clash {
		t.Errorf("got %v", err)
	}
}
