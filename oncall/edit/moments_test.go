package edit_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// A takeover whose person is switched off (or away) afterwards must do nothing at all, not leave the line empty.
func TestTakeoverOfSomebodyGoneLeavesNoHole(t *testing.T) {
	t.Parallel()
	for _, gone := range []string{
		`{"person":{"id":"olga","name":"Ольга","disabled":true,"devices":[{"kind":"mobile","number":"+79005550005"}]}}`,
		`{"absence":{"person":"olga","to":"2026-11-24 09:00","zone":"Europe/Moscow"}}`,
	} {
		r := roster(t, fixture)
		r = apply(t, r, `{"take":{"schedule":"line","person":"olga","for":"4h0m0s"}}`, scheduler).Roster
		r = apply(t, r, gone, scheduler).Roster
		if got := who(r, "line", "primary", at(t, "2026-11-23 14:00")); got == "" {
			t.Errorf("%s: nobody is on the line; without the takeover it is %q", gone, who(roster(t, fixture), "line", "primary", at(t, "2026-11-23 14:00")))
		}
	}
}

// A correction that is over stays over when the schedule goes to a zone further west.
func TestOverStaysOverInANewZone(t *testing.T) {
	t.Parallel()
	r := movedAt(t, at(t, "2030-01-01")) // Vladivostok now
	r.Schedules[0].Versions = nil
	r.Overrides = []oncall.Override{}
	// 16:00 to 18:00 in Vladivostok is 09:00 to 11:00 in Moscow: over at noon.
	o := roster(t, fixture).Overrides[1]
	from, _ := oncall.ParsePoint("2026-11-23 16:00")
	to, _ := oncall.ParsePoint("2026-11-23 18:00")
	o.Changes = []oncall.Change{{From: from, To: to, Add: "olga", Remove: "boris"}, {From: from, To: to, Add: "olga"}}
	r.Overrides = append(r.Overrides, o)
	after := apply(t, r, `{"schedule":{"id":"line","zone":"Europe/Moscow","tracks":[{"id":"primary","layers":[{"id":"daily","members":["anna","boris","vera"],"handoff":{"unit":"day","anchor":"2026-01-05 09:00"}}]}]}}`, scheduler).Roster
	if got := who(after, "line", "primary", at(t, "2026-11-23 17:00")); got == "olga" || got == "boris olga" || got == "vera olga" || got == "anna olga" {
		t.Errorf("at 17:00 in Moscow is %q: an override that was over at 11:00 came back", got)
	}
}

// The end of the move is cancelled: what was planned keeps its moment.
func TestPlansKeepTheirMomentWhenAMoveIsCancelled(t *testing.T) {
	t.Parallel()
	r := roster(t, fixture)
	r.Absences, r.Temporaries, r.Overrides, r.Requests = nil, nil, nil, nil
	r = apply(t, r, `{"schedule":{"id":"line","zone":"Asia/Vladivostok","from":"2026-12-01 09:00","tracks":[
	  {"id":"primary","layers":[{"id":"daily","members":["anna","boris","vera"],"handoff":{"unit":"day","anchor":"2026-01-05 16:00"}}]}]}}`, scheduler).Roster
	r = apply(t, r, `{"override":{"schedule":"line","track":"primary","changes":[{"from":"2026-12-05 09:00","to":"2026-12-05 21:00","add":"olga"}]}}`, scheduler).Roster
	on := func(r oncall.Roster) (spans []string) {
		for s := range oncall.Compile(r).Shifts("line", "primary", at(t, "2026-12-04"), at(t, "2026-12-07")) {
			if slices.ContainsFunc(s.Duties, func(d oncall.Duty) bool { return d.Person == "olga" }) {
				spans = append(spans, s.Start.String()+" "+s.End.String())
			}
		}
		return spans
	}
	start := func(s []string) string { return s[0][:20] }
	was := on(r)
	for what, e := range map[string]string{
		"the move is cancelled": `{"remove":{"kind":"schedule","id":"` + edit.VersionID("line", oncall.Compile(r).Roster().Schedules[0].Versions[0].From) + `"}}`,
		"a move after the move": `{"schedule":{"id":"line","zone":"Europe/Samara","from":"2026-12-20 09:00","tracks":[{"id":"primary","layers":[{"id":"daily","members":["anna"]}]}]}}`,
	} {
		if is := on(apply(t, r, e, scheduler).Roster); start(is) != start(was) {
			t.Errorf("%s: olga was on %v, is on %v", what, was, is)
		}
	}
}

// An empty name keeps the name (NewRules.Name).
func TestEmptyNameKeepsTheName(t *testing.T) {
	t.Parallel()
	r := apply(t, roster(t, fixture), `{"schedule":{"id":"line"}}`, scheduler).Roster
	if s, _ := r.Schedule("line"); s.Name != "Горячая линия" {
		t.Errorf("the name is %q", s.Name)
	}
}

// A zone alone must not close the line.
func TestZoneAloneKeepsTheTracks(t *testing.T) {
	t.Parallel()
	r := apply(t, roster(t, fixture), `{"schedule":{"id":"line","zone":"Europe/Moscow"}}`, scheduler).Roster
	if got := who(r, "line", "primary", at(t, "2026-11-26 12:00")); got == "" {
		t.Error("the line has nobody")
	}
}

// What is added to an override in progress is the latest word.
func TestChangedOverrideIsTheLatest(t *testing.T) {
	t.Parallel()
	r := roster(t, fixture) // override "today" on secondary is in progress: olga for gleb, 10 to 20
	r = apply(t, r, `{"absence":{"person":"anna","from":"2026-11-24 00:00","to":"2026-11-25 00:00","zone":"Europe/Moscow"}}`, scheduler).Roster
	r = apply(t, r, `{"override":{"id":"today","schedule":"line","track":"secondary","changes":[
	  {"from":"2026-11-23 10:00","to":"2026-11-23 20:00","add":"olga","remove":"gleb"},
	  {"from":"2026-11-24 10:00","to":"2026-11-24 12:00","add":"anna","remove":"gleb"}]}}`, scheduler).Roster
	if got := who(r, "line", "secondary", at(t, "2026-11-24 11:00")); got != "anna" {
		t.Errorf("the scheduler has just put anna there explicitly, after her absence was written; on duty is %q", got)
	}
}

// With a second schedule in Vladivostok nobody in Moscow can fall ill in ten minutes; and the refusal contradicts itself.
func TestTimeOffIsReadByTheClockOfThePerson(t *testing.T) {
	t.Parallel()
	r := roster(t, strings.Replace(fixture, "id: office\n    zone: Europe/Moscow", "id: office\n    zone: Asia/Vladivostok", 1))
	_, err := edit.Apply(r, parse(t, `{"absence":{"person":"boris","from":"2026-11-23 12:10","to":"2026-11-24 09:00"}}`), scheduler, now, names())
	if err != nil {
		t.Error(err)
	}
}

// A version in force can not be cancelled: the past would change.
func TestVersionInForceIsNotCancelled(t *testing.T) {
	t.Parallel()
	r := roster(t, fixture)
	r.Schedules[0].Versions = []oncall.Version{{From: now.Add(-3600e9), Rules: oncall.Rules{Zone: r.Schedules[0].Zone, Tracks: r.Schedules[0].Tracks[1:]}}}
	_, err := edit.Apply(r, parse(t, `{"remove":{"kind":"schedule","id":"`+edit.VersionID("line", now.Add(-3600e9))+`"}}`), scheduler, now, names())
	if err == nil {
		t.Error("cancelled")
	}
}

// A request for a time after a planned move to another zone is judged by the zone of that time.
func TestRequestAfterAMoveIsReadByTheLaterZone(t *testing.T) {
	t.Parallel()
	r := roster(t, fixture)
	r.Absences, r.Temporaries, r.Overrides, r.Requests = nil, nil, nil, nil
	r = apply(t, r, `{"schedule":{"id":"line","zone":"Asia/Vladivostok","from":"2026-12-01 16:00","tracks":[
	  {"id":"primary","layers":[{"id":"daily","members":["anna","boris","vera"],"handoff":{"unit":"day","anchor":"2026-01-05 16:00"},"windows":[{"from":"16:00","to":"20:00"}]}]}]}}`, scheduler).Roster
	c := oncall.Compile(r)
	for s := range c.Shifts("line", "primary", at(t, "2026-12-04 12:00"), at(t, "2026-12-05 12:00")) {
		if s.Gap() {
			continue
		}
		zone := c.Roster().Schedules[0].RulesAt(s.Start).Zone
		from, to := oncall.CivilAt(s.Start, zone).String(), oncall.CivilAt(s.End, zone).String()
		_, err := edit.Apply(r, parse(t, `{"ask":{"schedule":"line","track":"primary","person":"`+s.Duties[0].Person+`","from":"`+from+`","to":"`+to+`"}}`), scheduler, now, names())
		if err != nil {
			t.Errorf("the whole shift as the schedule shows it, %s to %s: %v", from, to, err)
		}
		return
	}
}

// In the hour that comes twice, at 02:40 for the second time, 02:50 is in ten minutes.
func TestReadingInTheRepeatedHourMeansTheNextTime(t *testing.T) {
	t.Parallel()
	berlin, err := oncall.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	r := roster(t, fixture)
	r.Schedules[0].Zone = berlin
	r.Absences, r.Temporaries, r.Overrides, r.Requests = nil, nil, nil, nil
	moment := berlin.Resolve(oncall.NewCivil(2026, 10, 25, 2, 40, 0), oncall.Last)
	after, err := edit.Apply(r, parse(t, `{"override":{"schedule":"line","track":"primary","changes":[{"from":"2026-10-25 02:50","to":"2026-10-25 02:55","add":"olga"}]}}`), scheduler, moment, names())
	if err != nil {
		t.Fatal(err)
	}
	if c := after.Roster.Overrides[0].Changes[0]; c.From.String() != "2026-10-25T01:50:00Z" || c.To.String() != "2026-10-25T01:55:00Z" {
		t.Errorf("the span is %s to %s", c.From, c.To)
	}
}
