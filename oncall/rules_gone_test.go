package oncall_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// twoPeople begin a roster of the tests below.
const twoPeople = `"people":[{"id":"a","name":"A","devices":[{"kind":"mobile","number":"+79005550001"}]},` +
	`{"id":"b","name":"B","devices":[{"kind":"mobile","number":"+79005550002"}]}]`

func written(t *testing.T, text string) oncall.Roster {
	t.Helper()
	var r oncall.Roster
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Nobody of a turn is there because they are disabled: the layer's next member has it, as for an absence.
func TestNextMemberStandsInForSomebodyDisabled(t *testing.T) {
	t.Parallel()
	r := written(t, `{`+twoPeople+`,"schedules":[{"id":"s","zone":"Europe/Moscow","tracks":[
	 {"id":"one","layers":[{"id":"l","members":["a","b"],"substitute":true,"handoff":{"unit":"day","anchor":"2026-01-05 09:00"}}]}]}]}`)
	r.People[0].Disabled = true
	for s := range oncall.Compile(r).Shifts("s", "one", time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)) {
		if s.Gap() || s.Duties[0].Person != "b" || s.Duties[0].Provenance.Source != oncall.FromLayer {
			t.Errorf("%s to %s: %v, want b by the layer", s.Start, s.End, s.Duties)
		}
	}
}

// A takeover whose person is gone, or not known, does nothing: those it took the line from have it.
func TestTakeoverThatCanNotAddRemovesNobody(t *testing.T) {
	t.Parallel()
	span := `"from":"2026-11-23 12:00","to":"2026-11-23 18:00"`
	const line = `,"schedules":[{"id":"s","zone":"Europe/Moscow","tracks":[{"id":"one","layers":[{"id":"l","members":["a"]}]}]}],
	 "overrides":[{"id":"t","schedule":"s","track":"one","kind":"takeover","at":"2026-11-23T09:00:00Z","changes":[`
	for name, tt := range map[string]struct{ taker, rest, want string }{
		"there":    {"b", ``, "b"},
		"absent":   {"b", `,"absences":[{"id":"x","person":"b",` + span + `,"at":"2026-11-23T10:00:00Z"}]`, "a"},
		"back":     {"b", `,"absences":[{"id":"x","person":"b","from":"2026-11-23 12:00","to":"2026-11-23 13:00","at":"2026-11-23T10:00:00Z"}]`, "b"},
		"stranger": {"c", ``, "a"},
	} {
		r := written(t, `{`+twoPeople+line+`{`+span+`,"add":"`+tt.taker+`"},{`+span+`,"remove":"a"}]}]`+tt.rest+`}`)
		got := oncall.Compile(r).Who("s", time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
		if len(got) != 1 || got[0].Person != tt.want {
			t.Errorf("%s: on duty is %v, want %s", name, got, tt.want)
		}
	}
}

// The clock of a schedule that moves west shows readings twice: they are read once, at the first occurrence. Going east it skips
// some: they are the moment of the move. So a correction is one span, whatever zones its schedule has.
func TestCorrectionsAreReadOnceByTheClockOfTheSchedule(t *testing.T) {
	t.Parallel()
	move := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) // 12:00 in Moscow, 19:00 in Vladivostok
	for _, tt := range []struct{ before, after, from, to, start, end string }{
		{"Asia/Vladivostok", "Europe/Moscow", "16:00", "18:00", "06:00", "08:00"},
		{"Asia/Vladivostok", "Europe/Moscow", "18:00", "20:00", "08:00", "17:00"},
		{"Europe/Moscow", "Asia/Vladivostok", "11:00", "16:00", "08:00", "09:00"},
		{"Europe/Moscow", "Asia/Vladivostok", "13:00", "20:00", "09:00", "10:00"},
	} {
		tracks := `"tracks":[{"id":"one","layers":[{"id":"l","members":["a"]}]}]`
		r := written(t, `{`+twoPeople+`,"schedules":[{"id":"s","zone":"`+tt.before+`",`+tracks+`,"versions":[{"from":"`+move.Format(time.RFC3339)+`","zone":"`+tt.after+`",`+tracks+`}]}],
		 "overrides":[{"id":"o","schedule":"s","track":"one","changes":[{"from":"2026-11-23 `+tt.from+`","to":"2026-11-23 `+tt.to+`","add":"b"}]}]}`)
		var got []string
		for s := range oncall.Compile(r).Shifts("s", "one", move.Add(-12*time.Hour), move.Add(15*time.Hour)) {
			if len(s.Duties) == 2 {
				got = append(got, s.Start.Format("15:04"), s.End.Format("15:04"))
			}
		}
		if len(got) != 2 || got[0] != tt.start || got[1] != tt.end {
			t.Errorf("%s to %s, %s to %s: b is on duty %v, want %s to %s", tt.before, tt.after, tt.from, tt.to, got, tt.start, tt.end)
		}
		c := r.Overrides[0].Changes[0]
		if s := r.Schedules[0]; s.Instant(c.From).Format("15:04") != tt.start || s.Instant(c.To).Format("15:04") != tt.end {
			t.Errorf("Instant reads %s to %s, want %s to %s", s.Instant(c.From), s.Instant(c.To), tt.start, tt.end)
		}
	}
}

// Gaps and coverage are those of the track that a call tries first, not of the one written first.
func TestGapsAreOfTheTrackCalledFirst(t *testing.T) {
	t.Parallel()
	r := written(t, `{`+twoPeople+`,"schedules":[{"id":"s","zone":"Europe/Moscow","failover":[{"track":"two"},{"track":"one"}],"tracks":[
	 {"id":"one","layers":[{"id":"l","members":["a"]}]},
	 {"id":"two","layers":[{"id":"l","members":["b"],"windows":[{"from":"09:00","to":"15:00"}]}]}]}]}`)
	e := oncall.Compile(r)
	from := time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC)
	if f := oncall.Fairness(e, "s", from, from.AddDate(0, 0, 7), nil); f.Coverage != 0.25 {
		t.Errorf("coverage of 6 hours a day is %v", f.Coverage)
	}
	for g := range e.Gaps("s", from, from.AddDate(0, 0, 1)) {
		if g.Track != "two" {
			t.Errorf("a gap of track %s", g.Track)
		}
	}
}
