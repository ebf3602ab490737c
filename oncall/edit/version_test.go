package edit_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// always is a version of the line with one person on it all the time.
func always(person, from string) string {
	return `{"schedule":{"id":"line","zone":"Europe/Moscow","from":"` + from +
		`","tracks":[{"id":"primary","layers":[{"id":"always","members":["` + person + `"]}]}]}}`
}

// versions writes when which version of the line begins.
func versions(t *testing.T, r oncall.Roster) string {
	t.Helper()
	s, _ := r.Schedule("line")
	var list []string
	for _, v := range s.Versions {
		text := oncall.CivilAt(v.From, s.Zone).String() + " nobody"
		if len(v.Tracks) > 0 {
			text = oncall.CivilAt(v.From, s.Zone).String() + " " + v.Tracks[0].Layers[0].Members[0].String()
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// Several versions can be planned, in any order; each can be replaced, and cancelled until it begins.
func TestVersions(t *testing.T) {
	t.Parallel()
	r := roster(t, fixture)
	steps := []struct{ what, edit, want string }{
		{"one in December", always("olga", "2026-12-01 09:00"), "2026-12-01 09:00 olga"},
		{"one before it", always("gleb", "2026-11-25 09:00"), "2026-11-25 09:00 gleb, 2026-12-01 09:00 olga"},
		{"another one for that moment", always("anna", "2026-11-25 09:00"), "2026-11-25 09:00 anna, 2026-12-01 09:00 olga"},
		{"a new name alone makes none", `{"schedule":{"id":"line","name":"Линия"}}`, "2026-11-25 09:00 anna, 2026-12-01 09:00 olga"},
		{"one is cancelled", `{"remove":{"kind":"schedule","id":"` + edit.VersionID("line", at(t, "2026-11-25 09:00")) + `"}}`, "2026-12-01 09:00 olga"},
		{"all is closed", `{"remove":{"kind":"schedule","id":"line"}}`, "2026-11-23 12:00 nobody"},
		{"and opened again", always("vera", "2026-12-05 09:00"), "2026-11-23 12:00 nobody, 2026-12-05 09:00 vera"},
	}
	for _, step := range steps {
		r = apply(t, r, step.edit, scheduler).Roster
		if got := versions(t, r); got != step.want {
			t.Errorf("%s: %q, want %q", step.what, got, step.want)
		}
	}
	if s, _ := r.Schedule("line"); s.Name != "Линия" {
		t.Errorf("the name is %q", s.Name)
	}
	for _, want := range [][2]string{{"2026-11-23 11:59:59", "boris"}, {"2026-11-23 12:00", ""}, {"2026-12-05 09:00", "vera"}} {
		if got := who(r, "line", "primary", at(t, want[0])); got != want[1] {
			t.Errorf("at %s is %q, want %q", want[0], got, want[1])
		}
	}
}

// A new schedule puts nobody on duty before it begins, though its hand-offs count from long ago; until then it can go without
// a trace.
func TestNewSchedule(t *testing.T) {
	t.Parallel()
	first := apply(t, roster(t, fixture), `{"schedule":{"id":"night","name":"Ночь","zone":"Europe/Moscow","from":"2026-11-24 09:00","tracks":[
	  {"id":"primary","layers":[{"id":"daily","members":["anna","boris"],"handoff":{"unit":"day","anchor":"2026-01-05 09:00"}}]}]}}`, scheduler)
	for _, want := range [][2]string{{"2026-11-20 12:00", ""}, {"2026-11-24 08:59:59", ""}, {"2026-11-24 09:00", "boris"}} {
		if got := who(first.Roster, "night", "primary", at(t, want[0])); got != want[1] {
			t.Errorf("at %s is %q, want %q", want[0], got, want[1])
		}
	}
	gone := apply(t, first.Roster, `{"remove":{"kind":"schedule","id":"night"}}`, scheduler)
	if _, found := gone.Roster.Schedule("night"); found {
		t.Error("the schedule is still there")
	}
}

// Enabled again, somebody is on duty from then on; the time between stays as it was.
func TestDisabledAndEnabled(t *testing.T) {
	t.Parallel()
	r := roster(t, fixture)
	record := `{"person":{"id":"boris","name":"Борис","devices":[{"kind":"mobile","number":"+79005550002"}]`
	r = apply(t, r, record+`,"disabled":true}}`, admin).Roster
	result, err := edit.Apply(r, parse(t, record+`}}`), admin, now.Add(2*time.Hour), names())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][2]string{{"2026-11-23 11:59", "boris"}, {"2026-11-23 12:00", ""}, {"2026-11-23 13:59:59", ""}, {"2026-11-23 14:00", "boris"}} {
		if got := who(result.Roster, "line", "primary", at(t, want[0])); got != want[1] {
			t.Errorf("at %s is %q, want %q", want[0], got, want[1])
		}
	}
}

// The latest correction wins, also over one that a node with a fast clock wrote.
func TestLatestWinsThoughClocksDiffer(t *testing.T) {
	t.Parallel()
	r := roster(t, fixture)
	r.Overrides = append(slices.Clone(r.Overrides), oncall.Override{
		ID: "ahead", Schedule: "line", Track: "primary", At: now.Add(time.Hour),
		Changes: []oncall.Change{{From: oncall.InstantPoint(at(t, "2026-11-25 09:00")), To: oncall.InstantPoint(at(t, "2026-11-26 09:00")), Add: "olga", Remove: "anna"}},
	})
	result := apply(t, r, `{"override":{"id":"a","schedule":"line","changes":[{"from":"2026-11-25 09:00","to":"2026-11-26 09:00","add":"gleb","remove":"olga"}]}}`, scheduler)
	if got := who(result.Roster, "line", "primary", at(t, "2026-11-25 12:00")); got != "gleb" {
		t.Errorf("on duty is %q, want gleb", got)
	}
}

// A correction of a distant day is seen in its preview.
func TestPreviewReachesToTheEnd(t *testing.T) {
	t.Parallel()
	p := look(t, `{"override":{"schedule":"line","changes":[{"from":"2027-08-01 09:00","to":"2027-08-01 10:00","add":"gleb"}]}}`, scheduler)
	if want := at(t, "2027-08-01 09:00"); !p.EffectiveFrom.Equal(want) || len(p.Schedules) != 1 || len(p.Schedules[0].Spans) != 1 {
		t.Errorf("takes effect at %s: %+v", p.EffectiveFrom, p.Schedules)
	}
}

// A fault in an import is named by the thing it is in.
func TestFaultInImport(t *testing.T) {
	t.Parallel()
	_, err := edit.Apply(roster(t, fixture), parse(t, `{"import":[{"person":{"id":"dora","name":"Дора"}},{"person":{"id":"egor"}}]}`), admin, now, names())
	refusal, _ := errors.AsType[*edit.Refusal](err)
	if refusal == nil || refusal.Field != "people[egor].name" {
		t.Errorf("got %+v", refusal)
	}
}

// Records are sorted, made anew they are the same rota, and what is not understood whole is not understood.
func TestRecords(t *testing.T) {
	t.Parallel()
	list, err := edit.Records(roster(t, fixture))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(list, func(a, b edit.Record) int { return a.Compare(b.Key) }) || len(list) != 7+2+3+1+2+4 {
		t.Errorf("%d records", len(list))
	}
	r, err := edit.Assemble(list)
	if err != nil {
		t.Fatal(err)
	}
	again, err := edit.Records(r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list, again); diff != "" {
		t.Error(diff)
	}
	for what, rec := range map[string]edit.Record{
		"unknown field": {Key: edit.Key{Kind: edit.Person, ID: "a"}, Body: []byte(`{"id":"a","wings":2}`)},
		"in a device":   {Key: edit.Key{Kind: edit.Person, ID: "a"}, Body: []byte(`{"id":"a","devices":[{"kind":"mobile","number":"1","telepathy":true}]}`)},
		"in a rule":     {Key: edit.Key{Kind: edit.Person, ID: "a"}, Body: []byte(`{"id":"a","notify":[{"after":"1m","telepathy":true}]}`)},
		"in a tier":     {Key: edit.Key{Kind: edit.Schedule, ID: "a"}, Body: []byte(`{"id":"a","failover":[{"track":"b","telepathy":true}]}`)},
		"in a window":   {Key: edit.Key{Kind: edit.Schedule, ID: "a"}, Body: []byte(`{"id":"a","tracks":[{"id":"t","layers":[{"id":"l","windows":[{"moon":"full"}]}]}]}`)},
		"unknown kind":  {Key: edit.Key{Kind: "shift", ID: "a"}, Body: []byte(`{}`)},
		"other ID":      {Key: edit.Key{Kind: edit.Person, ID: "b"}, Body: []byte(`{"id":"a"}`)},
		"broken":        {Key: edit.Key{Kind: edit.Person, ID: "a"}, Body: []byte(`{"id":`)},
	} {
		if _, err := edit.Assemble([]edit.Record{rec}); err == nil || !strings.Contains(err.Error(), rec.String()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if r, err := edit.Assemble([]edit.Record{{Key: edit.Key{Kind: edit.Person, ID: "gone"}}}); err != nil || len(r.People) > 0 {
		t.Errorf("a removed record: %v, %v", r, err)
	}
	if _, err := edit.Records(oncall.Roster{People: []oncall.Person{{ID: "a"}, {ID: "a"}}}); err == nil {
		t.Error("two of one name are no records")
	}
}

// An author who may do nothing does not become one who may do everything by being written and read.
func TestAuthorJSON(t *testing.T) {
	t.Parallel()
	for _, author := range []edit.Author{admin, scheduler, {Person: "a", Roles: []oncall.Role{}}, edit.AuthorOf(oncall.Person{ID: "b"}, "api")} {
		text, err := json.Marshal(author)
		if err != nil {
			t.Fatal(err)
		}
		var again edit.Author
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(author, again); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// Who stands in for somebody away goes on, though somebody new comes next in the order.
func TestStandInStays(t *testing.T) {
	t.Parallel()
	turns := func(members, from string) string {
		return `{"schedule":{"id":"line","zone":"Europe/Moscow","from":"` + from + `","tracks":[{"id":"primary","layers":[{"id":"weekly",
		  "members":[` + members + `],"handoff":{"unit":"week","anchor":"2026-11-23 09:00"},"substitute":true}]}]}}`
	}
	cases := []struct{ away, want string }{
		{`{"absence":{"person":"boris","from":"2026-11-24 00:00","to":"2026-11-29 00:00"}}`, "anna"},
		{`{"absence":{"person":"boris","from":"2026-11-24 00:00","to":"2026-11-29 00:00","substitute":"olga"}}`, "olga"},
		{`{"person":{"id":"boris","name":"Борис","devices":[{"kind":"mobile","number":"+79005550002"}],"disabled":true}}`, "anna"},
		{`{"absence":{"person":"boris","from":"2026-11-27 00:00","to":"2026-11-29 00:00"}}`, "boris"},
	}
	for _, c := range cases {
		r := apply(t, roster(t, fixture), turns(`"boris","anna"`, "2026-11-23 13:00"), scheduler).Roster
		r = apply(t, r, c.away, admin).Roster
		moment := at(t, "2026-11-25 12:00")
		before := who(r, "line", "primary", moment)
		r = apply(t, r, turns(`"boris","vera","anna"`, "2026-11-25 12:00"), scheduler).Roster
		if after := who(r, "line", "primary", moment); before != c.want || after != c.want {
			t.Errorf("%s: %q before vera comes, %q after, want %q", c.away, before, after, c.want)
		}
	}
}
