package oncall_test

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// A shift of a temporary schedule ends with it, wherever it is written to begin and end.
func TestTemporaryShiftStaysWithinItsSchedule(t *testing.T) {
	t.Parallel()
	r := written(t, `{`+twoPeople+`,"schedules":[{"id":"s","zone":"Europe/Moscow","tracks":[{"id":"one","layers":[{"id":"l","members":["a"]}]}]}],
	 "temporaries":[
	  {"id":"x","schedule":"s","track":"one","at":"2026-11-01T00:00:00Z","from":"2026-11-23 00:00","to":"2026-11-24 00:00"},
	  {"id":"y","schedule":"s","track":"one","at":"2026-11-02T00:00:00Z","from":"2026-11-23 10:00","to":"2026-11-23 12:00","fall_back":true,
	   "shifts":[{"from":"2026-11-22 00:00","to":"2026-11-25 00:00","member":"b"}]}]}`)
	e := oncall.Compile(r)
	for hour, want := range map[int]string{9: "", 10: "b", 11: "b", 12: ""} {
		got := ""
		for _, d := range e.Who("s", time.Date(2026, 11, 23, hour-3, 0, 0, 0, time.UTC)) {
			got = d.Person
		}
		if got != want {
			t.Errorf("at %d o'clock on duty is %q, want %q", hour, got, want)
		}
	}
}

// Of two turns of one person that go on now, Next tells the one that began first, in whatever order the schedules stand.
func TestNextTellsTheTurnThatBeganFirst(t *testing.T) {
	t.Parallel()
	schedule := func(id, from string) string {
		return `{"id":"` + id + `","zone":"UTC","tracks":[{"id":"one","layers":[{"id":"l","members":["a"],"windows":[{"from":"` + from + `","to":"18:00"}]}]}]}`
	}
	for _, list := range []string{schedule("late", "10:00") + "," + schedule("early", "09:00"), schedule("early", "09:00") + "," + schedule("late", "10:00")} {
		e := oncall.Compile(written(t, `{`+twoPeople+`,"schedules":[`+list+`]}`))
		for _, hour := range []int{8, 10, 12} {
			if turn, found := e.Next("a", time.Date(2026, 11, 23, hour, 0, 0, 0, time.UTC)); !found || turn.Schedule != "early" {
				t.Errorf("at %d o'clock: %+v", hour, turn)
			}
		}
	}
}
