package oncall_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// The tests named TestInvariantNN are the properties that every rota must have, whatever is in it.

// Purity: no clock, no order of maps; equal inputs give equal answers, whoever asked before and in whatever order the
// corrections are listed.
func TestInvariant01Purity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		text, err := json.Marshal(w.roster)
		if err != nil {
			t.Fatal(err)
		}
		var again oncall.Roster
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		slices.Reverse(again.Absences)
		slices.Reverse(again.Temporaries)
		slices.Reverse(again.Overrides)
		slices.Reverse(again.Calendars)
		one, other := oncall.Compile(w.roster), oncall.Compile(again)
		moments := w.moments(t, 10)
		var said []string
		for _, at := range moments {
			said = append(said, everything(one, &w, at))
		}
		slices.Reverse(moments)
		slices.Reverse(said)
		for i, at := range moments {
			if got := everything(other, &w, at); got != said[i] {
				t.Fatalf("at %s two evaluators of one rota say\n%s\nand\n%s", w.moment(at), said[i], got)
			}
		}
		after, err := json.Marshal(w.roster)
		if err != nil || string(after) != string(text) {
			t.Fatalf("asking changed the rota:\n%s\nto\n%s (%v)", text, after, err)
		}
	})
}

func everything(e *oncall.Evaluator, w *world, at int64) string {
	return fmt.Sprintf("%+v\n%+v\n%+v", e.Who("line", sec(at)), e.Chain("line", sec(at)),
		slices.Collect(e.Shifts("line", "primary", sec(at), sec(w.to))))
}

// Point and interval agree: Who at t is the piece of any Shifts around t that holds t.
func TestInvariant02PointInterval(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e := oncall.Compile(w.roster)
		a := rapid.Int64Range(w.from, w.to-2).Draw(t, "a")
		b := rapid.Int64Range(a+1, w.to).Draw(t, "b")
		for _, track := range []string{"primary", "secondary"} {
			list := shifts(e, track, a, b)
			for _, at := range append(w.moments(t, 10), a, b-1) {
				if at < a || at >= b {
					continue
				}
				s, _ := holding(list, at)
				if got, want := seats(s.Duties), on(seats(e.Who("line", sec(at))), track); !slices.Equal(got, want) {
					t.Fatalf("at %s Shifts says %v, Who %v\n%s", w.moment(at), got, want, w.text())
				}
			}
		}
	})
}

// Tiling: shifts and gaps cover the span exactly, no piece is empty, nobody is in a piece twice, neighbours differ. Gaps are
// the pieces without anybody.
func TestInvariant03Tiling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e := oncall.Compile(w.roster)
		list := shifts(e, "primary", w.from, w.to)
		checkTiles(t, list, w.from, w.to)
		var gaps []oncall.Shift
		for _, s := range list {
			if s.Gap() {
				gaps = append(gaps, s)
			}
		}
		line := &w.roster.Schedules[0]
		rules := []oncall.Rules{{Tracks: line.Tracks, Failover: line.Failover}}
		for _, v := range line.Versions {
			rules = append(rules, v.Rules)
		}
		for _, r := range rules {
			if order := r.Foremost(); len(order) == 0 || order[0].ID != "primary" {
				return // another track is called first at times
			}
		}
		if got := slices.Collect(e.Gaps("line", sec(w.from), sec(w.to))); fmt.Sprint(got) != fmt.Sprint(gaps) {
			t.Fatalf("gaps\n%v\nwant\n%v", got, gaps)
		}
	})
}

func checkTiles(t *rapid.T, list []oncall.Shift, from, to int64) {
	t.Helper()
	at := sec(from)
	for i, s := range list {
		if !s.Start.Equal(at) || !s.Start.Before(s.End) {
			t.Fatalf("piece %v does not begin at %s, or is empty", s, at)
		}
		if names := people(seats(s.Duties)); len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
			t.Fatalf("somebody is twice in %v", s)
		}
		if i > 0 && slices.Equal(seats(s.Duties), seats(list[i-1].Duties)) {
			t.Fatalf("neighbours %v and %v are one", list[i-1], s)
		}
		at = s.End
	}
	if !at.Equal(sec(to)) {
		t.Fatalf("the pieces end at %s, not at %s", at, sec(to))
	}
}

// Concatenation: what is asked in two parts is what is asked at once.
func TestInvariant04Concatenation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e := oncall.Compile(w.roster)
		b := rapid.Int64Range(w.from+1, w.to-1).Draw(t, "b")
		parts := append(shifts(e, "primary", w.from, b), shifts(e, "primary", b, w.to)...)
		if got, want := fmt.Sprint(merge(parts)), fmt.Sprint(merge(shifts(e, "primary", w.from, w.to))); got != want {
			t.Fatalf("split at %s:\n%s\nwant\n%s\n%s", w.moment(b), got, want, w.text())
		}
	})
}

// piece is a shift in the oracle's words.
type piece struct {
	from, to time.Time
	seats    []seat
}

// merge joins neighbours that say the same.
func merge(list []oncall.Shift) []piece {
	var result []piece
	for _, s := range list {
		p := piece{s.Start, s.End, seats(s.Duties)}
		if n := len(result); n > 0 && slices.Equal(result[n-1].seats, p.seats) {
			result[n-1].to = p.to
			continue
		}
		result = append(result, p)
	}
	return result
}

// Turns of a person are the longest spans without a break during which the person is on the track, whatever the reason.
func TestTurnsAreShiftsOfOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e := oncall.Compile(w.roster)
		person := rapid.SampledFrom(crew).Draw(t, "person")
		want := map[string][]span{}
		tracks := []string{"primary", "secondary", "lead"}
		for _, track := range tracks {
			for _, s := range shifts(e, track, w.from, w.to) {
				if !slices.Contains(people(seats(s.Duties)), person) {
					continue
				}
				list := want[track]
				if n := len(list); n > 0 && list[n-1].to == s.Start.Unix() {
					list[n-1].to = s.End.Unix()
				} else {
					want[track] = append(list, span{s.Start.Unix(), s.End.Unix()})
				}
			}
		}
		got := map[string][]span{}
		last := time.Time{}
		for turn := range e.Turns(person, sec(w.from), sec(w.to)) {
			if turn.Person != person || turn.Schedule != "line" {
				t.Fatalf("turn %+v is not of %s", turn, person)
			}
			if turn.Start.Before(last) {
				t.Fatalf("turn %+v comes after one of %s", turn, last)
			}
			last = turn.Start
			begin, end := max(turn.Start.Unix(), w.from), w.to
			if !turn.End.IsZero() {
				end = min(turn.End.Unix(), w.to)
			}
			got[turn.Track] = append(got[turn.Track], span{begin, end})
		}
		for _, track := range tracks {
			if !slices.Equal(got[track], want[track]) {
				t.Fatalf("turns of %s on %s:\n%v\nwant\n%v\n%s", person, track, got[track], want[track], w.text())
			}
		}
	})
}

// Until is the end of the turn that is running: the person stays on the track until then, whatever the reason, and not longer.
func TestUntilIsTheEndOfTheTurn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e := oncall.Compile(w.roster)
		for _, at := range w.moments(t, 5) {
			for _, d := range e.Who("line", sec(at)) {
				end := d.Until
				if end.IsZero() || end.After(sec(w.to)) {
					end = sec(w.to)
				}
				for _, s := range shifts(e, d.Track, at, end.Unix()) {
					if !slices.Contains(people(seats(s.Duties)), d.Person) {
						t.Fatalf("at %s %s is on %s until %s, but not from %s\n%s", w.moment(at), d.Person, d.Track, d.Until, s.Start, w.text())
					}
				}
				if d.Until.IsZero() {
					continue
				}
				if then := people(on(seats(e.Who("line", d.Until)), d.Track)); slices.Contains(then, d.Person) {
					t.Fatalf("at %s %s is on %s until %s, but still is then\n%s", w.moment(at), d.Person, d.Track, d.Until, w.text())
				}
			}
		}
	})
}

// Next is a turn that is running, or else the first that comes.
func TestNextIsTheFirstTurn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e := oncall.Compile(w.roster)
		person := rapid.SampledFrom(crew).Draw(t, "person")
		for _, at := range w.moments(t, 3) {
			got, ok := e.Next(person, sec(at))
			for turn := range e.Turns(person, sec(at), sec(at+100*daySeconds)) {
				running := !turn.Start.After(sec(at))
				if !ok || running && got.Start.After(sec(at)) || !running && !got.Start.Equal(turn.Start) {
					t.Fatalf("next turn of %s after %s is %+v (%v), the first is %+v\n%s", person, w.moment(at), got, ok, turn, w.text())
				}
				break
			}
			if ok && !got.End.IsZero() && !got.End.After(sec(at)) {
				t.Fatalf("next turn of %s after %s has ended: %+v", person, w.moment(at), got)
			}
		}
	})
}
