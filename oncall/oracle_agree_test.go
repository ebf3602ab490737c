package oncall_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

func sec(t int64) time.Time { return time.Unix(t, 0).UTC() }

// shifts are those of a track, collected.
func shifts(e *oncall.Evaluator, track string, from, to int64) []oncall.Shift {
	return slices.Collect(e.Shifts("line", track, sec(from), sec(to)))
}

// holding is the shift that holds t.
func holding(list []oncall.Shift, t int64) (oncall.Shift, bool) {
	for _, s := range list {
		if !sec(t).Before(s.Start) && sec(t).Before(s.End) {
			return s, true
		}
	}
	return oncall.Shift{}, false
}

// on are the seats of one track.
func on(list []seat, track string) []seat {
	var result []seat
	for _, s := range list {
		if s.track == track {
			result = append(result, s)
		}
	}
	return result
}

func people(list []seat) []string {
	var result []string
	for _, s := range list {
		result = append(result, s.person)
	}
	return result
}

// moment tells an instant in both clocks.
func (w *world) moment(t int64) string {
	return fmt.Sprintf("%s (%s in %s)", sec(t).Format(time.RFC3339), w.clock.shows(t).civil(), w.zone)
}

// text is the rota as it is written, for a failure to be understood.
func (w *world) text() string {
	var b strings.Builder
	for _, s := range w.roster.Schedules {
		b.WriteString(describe(s.Zone, s.Calendar, s.Tracks))
		for _, v := range s.Versions {
			fmt.Fprintf(&b, "from %s: %s", v.From.Format(time.RFC3339), describe(v.Zone, v.Calendar, v.Tracks))
		}
	}
	for _, y := range w.roster.Calendars {
		fmt.Fprintf(&b, "%+v\n", y)
	}
	for _, a := range w.roster.Absences {
		fmt.Fprintf(&b, "%+v\n", a)
	}
	for _, x := range w.roster.Temporaries {
		fmt.Fprintf(&b, "%+v\n", x)
	}
	for _, o := range w.roster.Overrides {
		fmt.Fprintf(&b, "%+v\n", o)
	}
	return b.String()
}

func describe(zone oncall.Zone, calendar string, tracks []oncall.Track) string {
	var b strings.Builder
	fmt.Fprintf(&b, "zone %s calendar %q\n", zone, calendar)
	for _, track := range tracks {
		for _, l := range track.Layers {
			fmt.Fprintf(&b, "  %s %+v\n", track.ID, l)
		}
	}
	return b.String()
}

// TestOracle holds everything the evaluator says against the oracle, for random rotas of every kind.
func TestOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e, o := oncall.Compile(w.roster), newOracle(&w.roster)
		moments := w.moments(t, 6)
		for _, track := range []string{"primary", "secondary", "lead"} {
			list := shifts(e, track, w.from, w.to)
			step := 1
			if !long() {
				step += len(list) / 6
			}
			for i := 0; i < len(list); i += step {
				moments = append(moments, list[i].Start.Unix(), list[i].End.Unix()-1)
			}
		}
		for _, at := range moments {
			want := o.who("line", at)
			if got := seats(e.Who("line", sec(at))); !slices.Equal(got, want) {
				t.Fatalf("at %s on duty:\n%v\nwant\n%v\n%s", w.moment(at), got, want, w.text())
			}
			if got := seats(e.AppendWho(nil, "line", sec(at))); !slices.Equal(got, want) {
				t.Fatalf("at %s appended:\n%v\nwant\n%v\n%s", w.moment(at), got, want, w.text())
			}
			var chain []rung
			for _, tier := range e.Chain("line", sec(at)) {
				if tier.Name != oncall.Static {
					chain = append(chain, rung{tier.Name, people(seats(tier.Duties))})
				}
			}
			if want := o.chain("line", at); fmt.Sprint(chain) != fmt.Sprint(want) {
				t.Fatalf("at %s the chain is\n%v\nwant\n%v\n%s", w.moment(at), chain, want, w.text())
			}
		}
	})
}
