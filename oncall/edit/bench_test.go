package edit_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// BenchmarkLook previews one override in rotas of several schedules, each of four layers and fifty overrides.
func BenchmarkLook(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("%d schedules", n), func(b *testing.B) {
			r := crowd(b, n)
			result, err := edit.Apply(r, edit.Edit{Override: &oncall.Override{
				Schedule: "line0", Changes: []oncall.Change{{To: oncall.InstantPoint(now.Add(100 * time.Hour)), Add: "olga", Remove: "anna"}},
			}}, admin, now, names())
			if err != nil {
				b.Fatal(err)
			}
			before, after := oncall.Compile(r), oncall.Compile(result.Roster)
			for b.Loop() {
				edit.Look(before, after, result.Changed, oncall.DefaultRestRules(), now)
			}
		})
	}
}

// crowd is a rota of n lines.
func crowd(tb testing.TB, n int) oncall.Roster {
	tb.Helper()
	r := roster(tb, fixture)
	line := r.Schedules[0]
	r.Schedules, r.Absences, r.Temporaries, r.Overrides, r.Requests = nil, nil, nil, nil, nil
	for i := range n {
		s := line
		s.ID = fmt.Sprint("line", i)
		s.Tracks = slices.Clone(line.Tracks)
		primary := &s.Tracks[0]
		primary.Layers = slices.Clone(primary.Layers)
		for k := range 3 {
			layer := primary.Layers[0]
			layer.ID, layer.Priority = fmt.Sprint("window", k), k+1
			layer.Windows = []oncall.Window{{Days: oncall.WeekdaysOf(time.Weekday(k)), From: 9 * 3600, To: 18 * 3600}}
			primary.Layers = append(primary.Layers, layer)
		}
		r.Schedules = append(r.Schedules, s)
		for k := range 50 {
			from := now.Add(time.Duration(k) * 36 * time.Hour)
			r.Overrides = append(r.Overrides, oncall.Override{
				ID: fmt.Sprintf("override%d.%d", i, k), Schedule: s.ID, Track: "primary", At: now.Add(-time.Hour),
				Changes: []oncall.Change{{From: oncall.InstantPoint(from), To: oncall.InstantPoint(from.Add(12 * time.Hour)), Add: "olga", Remove: "boris"}},
			})
		}
	}
	return r
}
