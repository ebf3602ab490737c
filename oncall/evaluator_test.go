package oncall

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// told writes duties as "anna (layer nights)".
func told(duties []Duty) string {
	var list []string
	for _, d := range duties {
		list = append(list, fmt.Sprintf("%s (%s)", d.Person, d.Provenance))
	}
	return strings.Join(list, ", ")
}

func between(from, to Civil) (Point, Point) { return CivilPoint(from), CivilPoint(to) }

// corrected is a week of anna before boris, with every kind of correction on a day of its own.
func corrected(tb testing.TB) Roster {
	tb.Helper()
	dayAt := func(d int) Civil { return NewCivil(2026, 3, d, 0, 0, 0) }
	written := func(hour int) time.Time { return time.Date(2026, 2, 1, hour, 0, 0, 0, time.UTC) }
	change := func(d int, remove, add string) Change {
		from, to := between(dayAt(d), dayAt(d+1))
		return Change{from, to, add, remove}
	}
	override := func(id string, hour int, changes ...Change) Override {
		return Override{ID: id, Schedule: "line", Track: "primary", Changes: changes, By: "chief", At: written(hour)}
	}
	r := one(
		zone(tb, "Europe/Moscow"), staff("anna", "boris", "vera", "zoe"),
		Layer{ID: "weeks", Members: team("anna", "boris"), Handoff: weekly(NewCivil(2026, 3, 2, 0, 0, 0)), Substitute: true},
	)
	r.Overrides = []Override{
		override("over-swap", 9, change(4, "boris", "vera")),
		override("swap", 5, change(4, "anna", "boris"), change(11, "boris", "anna")),
		override("nobody", 5, change(5, "anna", "")),
		override("beside", 5, change(6, "", "vera")),
		override("elsewhere", 5, change(6, "boris", "zoe")),
		override("absent", 1, change(7, "anna", "vera")),
		override("called-in", 4, change(7, "", "vera")),
		{ID: "take", Schedule: "line", Track: "primary", Kind: Takeover, By: "zoe", At: written(0), Changes: []Change{change(4, "vera", "zoe")}},
	}
	absence := func(id, person string, d int, instead string) {
		from, to := between(dayAt(d), dayAt(d+1))
		r.Absences = append(r.Absences, Absence{ID: id, Person: person, From: from, To: to, Substitute: instead, At: written(3)})
	}
	absence("flu", "anna", 3, "zoe")
	absence("trip", "vera", 7, "")
	absence("leave", "anna", 8, "")
	from, to := between(dayAt(9), dayAt(10))
	noon, _ := between(NewCivil(2026, 3, 9, 12, 0, 0), to.civil)
	r.Temporaries = []Temporary{{
		ID: "event", Schedule: "line", Track: "primary", From: from, To: to, By: "chief", At: written(1),
		Shifts: []TemporaryShift{{from, noon, Member{"vera", "zoe"}}},
	}}
	return r
}

func TestCorrections(t *testing.T) {
	t.Parallel()
	r := corrected(t)
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	e := Compile(r)
	for at, want := range map[string]string{
		"2026-03-02 12:00": "anna (layer weeks)",
		"2026-03-03 12:00": "zoe (substitute flu)",
		"2026-03-04 12:00": "zoe (takeover take)", // anna, by the swap boris, by the later override vera, by the takeover zoe
		"2026-03-05 12:00": "",
		"2026-03-06 12:00": "anna (layer weeks), vera (override beside)",
		"2026-03-07 12:00": "anna (layer weeks), vera (override called-in)", // the older override is void, vera was called in later
		"2026-03-08 12:00": "boris (substitute leave)",
		"2026-03-09 11:59": "vera (temporary event), zoe (temporary event)",
		"2026-03-09 12:00": "",
		"2026-03-10 12:00": "boris (layer weeks)",
		"2026-03-11 12:00": "anna (override swap)",
	} {
		if got := told(e.Who("line", r.Schedules[0].Zone.Resolve(civil(t, at), First))); got != want {
			t.Errorf("at %s: %s, want %s", at, got, want)
		}
	}
	if by := e.Who("line", instant(t, "2026-03-06T09:00:00Z"))[1].Provenance.By; by != "chief" {
		t.Errorf("the override is by %q", by)
	}
	from, to := instant(t, "2026-03-04T21:00:00Z"), instant(t, "2026-03-09T21:00:00Z")
	var gaps []string
	for g := range e.Gaps("line", from, to) {
		gaps = append(gaps, g.Start.Format("02T15")+".."+g.End.Format("02T15"))
	}
	if got := strings.Join(gaps, " "); got != "04T21..05T21 09T09..09T21" {
		t.Errorf("gaps %s", got)
	}
}

func TestMonths(t *testing.T) {
	t.Parallel()
	h := Handoff{Unit: Month, Anchor: NewCivil(2026, 1, 31, 9, 0, 0)}
	for i, want := range map[int]string{
		-11: "2025-02-28 09:00", -1: "2025-12-31 09:00", 0: "2026-01-31 09:00", 1: "2026-02-28 09:00", 2: "2026-03-31 09:00", 3: "2026-04-30 09:00",
		12: "2027-01-31 09:00", 25: "2028-02-29 09:00", 1200: "2126-01-31 09:00",
	} {
		if got := CivilAt(h.At(i, Zone{}), Zone{}).String(); got != want {
			t.Errorf("hand-off %d at %s, want %s", i, got, want)
		}
	}
	h.Every = 3
	if i, start, end := h.Period(instant(t, "2026-04-30T08:59:00Z"), Zone{}); i != 0 || start != h.At(0, Zone{}) || end != h.At(1, Zone{}) {
		t.Errorf("period %d [%s, %s)", i, start, end)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Moscow")
	r := one(z, staff("anna", "boris", "vera"), Layer{ID: "a", Members: team("anna")})
	from := instant(t, "2026-03-01T00:00:00Z")
	tracks := func(id string) []Track {
		return []Track{{ID: "second", Layers: []Layer{{ID: "v", Members: team("vera")}}}, {ID: "primary", Layers: []Layer{{ID: "b", Members: team(id)}}}}
	}
	r.Schedules[0].Versions = []Version{
		{From: from, Rules: Rules{Zone: z, Tracks: tracks("boris")}},
		{From: from.Add(time.Hour), Rules: Rules{Zone: z}}, // closed
	}
	e := Compile(r)
	for after, want := range map[time.Duration]string{-time.Second: "anna", 0: "vera boris", time.Hour - time.Second: "vera boris", time.Hour: ""} {
		if got := names(e.Who("line", from.Add(after))); got != want {
			t.Errorf("%s after: %q, want %q", after, got, want)
		}
		if got, want := len(r.Schedules[0].RulesAt(from.Add(after)).Tracks), len(e.schedule("line").at(from.Add(after).Unix()).lanes); got != want {
			t.Errorf("%s after: rules of %d tracks, evaluated are %d", after, got, want)
		}
	}
	var gaps []Shift
	for g := range e.Gaps("line", from.Add(-time.Hour), from.Add(2*time.Hour)) {
		gaps = append(gaps, g)
	}
	if want := []Shift{{Start: from.Add(time.Hour), End: from.Add(2 * time.Hour)}}; !cmp.Equal(gaps, want) {
		t.Errorf("gaps %v", gaps)
	}
	if until := e.Who("line", from.Add(-time.Hour))[0].Until; !until.Equal(from) {
		t.Errorf("anna until %s", until)
	}
	if tiers := e.Chain("line", from); len(tiers) != 3 || tiers[0].Name != "second" {
		t.Errorf("chain %v", tiers)
	}
}

// Who is disabled leaves from then on; the time before stays as it was.
func TestDisabledKeepsThePast(t *testing.T) {
	t.Parallel()
	r := one(zone(t, "UTC"), staff("anna", "zoe"), Layer{ID: "both", Members: team("anna+zoe")})
	off := Off{instant(t, "2026-03-01T00:00:00Z"), instant(t, "2026-03-05T00:00:00Z")}
	r.People[0].Off = []Off{off}
	r.People[0].Disabled, r.People[0].DisabledAt = true, instant(t, "2026-03-10T00:00:00Z")
	e := Compile(r)
	for at, want := range map[string]string{
		"2026-02-28T23:59:59Z": "anna zoe", "2026-03-01T00:00:00Z": "zoe", "2026-03-05T00:00:00Z": "anna zoe", "2026-03-10T00:00:00Z": "zoe",
	} {
		if got := names(e.Who("line", instant(t, at))); got != want {
			t.Errorf("at %s: %q, want %q", at, got, want)
		}
	}
	if got := e.Chain("", off.From); len(got) != 1 || names(got[0].Duties) != "zoe" {
		t.Errorf("chain %v", got)
	}
}

func TestTurns(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	anchor := NewCivil(2026, 1, 5, 9, 0, 0)
	r := one(z, staff("anna", "boris", "vera"), Layer{ID: "w", Members: team("anna", "boris"), Handoff: weekly(anchor)})
	r.Schedules = append(r.Schedules, Schedule{ID: "other", Zone: z, Tracks: []Track{{ID: "lead", Layers: []Layer{{ID: "l", Members: team("vera")}}}}})
	e := Compile(r)
	at := instant(t, "2026-01-07T00:00:00Z")
	for person, want := range map[string]Turn{
		"anna":  {"line", "primary", "anna", instant(t, "2026-01-05T09:00:00Z"), instant(t, "2026-01-12T09:00:00Z")},
		"boris": {"line", "primary", "boris", instant(t, "2026-01-12T09:00:00Z"), instant(t, "2026-01-19T09:00:00Z")},
		"vera":  {Schedule: "other", Track: "lead", Person: "vera"},
	} {
		if got, ok := e.Next(person, at); !ok || got != want {
			t.Errorf("next of %s: %v, %v", person, got, ok)
		}
	}
	if got, ok := e.Next("ghost", at); ok {
		t.Errorf("next of nobody: %v", got)
	}
	var starts []string
	for turn := range e.Turns("anna", at, at.AddDate(0, 0, 14)) {
		starts = append(starts, turn.Start.Format("01-02")+".."+turn.End.Format("01-02"))
	}
	if got := strings.Join(starts, " "); got != "01-05..01-12 01-19..01-26" {
		t.Errorf("turns %s", got)
	}
	for turn := range e.Turns("vera", at, at.AddDate(0, 0, 14)) {
		if !turn.Start.IsZero() || !turn.End.IsZero() {
			t.Errorf("vera has no end in sight, not %v", turn)
		}
	}
}

func TestAppendWhoAllocatesNothing(t *testing.T) {
	e, at, list := Compile(corrected(t)), instant(t, "2026-03-09T06:00:00Z"), make([]Duty, 0, 8)
	allocs := testing.AllocsPerRun(100, func() {
		if list = e.AppendWho(list[:0], "line", at); len(list) != 2 {
			t.Fatal("two are on duty")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// drawBroken makes a roster that nobody validated.
func drawBroken(t *rapid.T) Roster {
	var r Roster
	fill(t, reflect.ValueOf(&r).Elem(), "roster")
	number := rapid.OneOf(rapid.IntRange(-3, 40), rapid.SampledFrom([]int{-1 << 62, -1 << 40, 1 << 40, 1 << 62}))
	for i := range r.Schedules {
		s := &r.Schedules[i]
		tracks := slices.Clone(s.Tracks)
		for k := range s.Versions {
			tracks = append(tracks, s.Versions[k].Tracks...)
		}
		for k := range tracks {
			for n := range tracks[k].Layers {
				l := &tracks[k].Layers[n]
				l.Handoff.Unit = rapid.SampledFrom([]Unit{"", Hour, Day, Week, Month, "year"}).Draw(t, "unit")
				l.Handoff.Advance = rapid.SampledFrom([]Advance{ByCalendar, ByWorked, "x"}).Draw(t, "advance")
				l.Handoff.Every, l.Handoff.Start = number.Draw(t, "every"), number.Draw(t, "start")
				for m := range l.Windows {
					w := &l.Windows[m]
					w.From, w.To, w.Shorten = Clock(number.Draw(t, "from")), Clock(number.Draw(t, "to")), time.Duration(number.Draw(t, "shorten"))
					w.Require = rapid.SliceOfN(rapid.SampledFrom([]DayClass{Workday, Holiday, "x"}), 0, 2).Draw(t, "require")
				}
			}
		}
	}
	return r
}

// A roster that is all wrong must not silence the line: every question is answered, and the static numbers are rung.
func TestBrokenRosterAnswers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawBroken(t)
		e := Compile(r)
		at := rapid.OneOf(
			rapid.Int64Range(-1<<31, 1<<32), rapid.SampledFrom([]int64{-1 << 62, -62135596800, 1 << 62}),
		).Draw(t, "t")
		when := time.Unix(at, 0)
		for _, id := range []string{"anna", "Анна О.", "", "0123"} {
			e.AppendWho(nil, id, when)
			if chain := e.Chain(id, when); len(r.Static) > 0 && (len(chain) == 0 || chain[len(chain)-1].Name != Static) {
				t.Fatalf("chain %v", chain)
			}
			end := when
			for s := range e.Shifts(id, "anna", when, when.Add(40*24*time.Hour)) {
				if !s.Start.Equal(end) {
					t.Fatalf("a hole at %s", end)
				}
				end = s.End
			}
			e.Next(id, when)
		}
	})
}
