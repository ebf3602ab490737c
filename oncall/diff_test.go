package oncall_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// Two rotas differ exactly where their answers do, and the hours are those of the spans.
func TestDiffIsWhatDiffers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		more, _, _ := w.with(rt)
		before, after := oncall.Compile(w.roster), oncall.Compile(more)
		from, to := time.Unix(w.from, 0).UTC(), time.Unix(w.to, 0).UTC()
		for i := range w.roster.Schedules {
			id := w.roster.Schedules[i].ID
			d := oncall.Diff(before, after, id, from, to)
			won := map[[2]string]time.Duration{}
			for _, span := range d.Spans {
				for _, person := range span.Before {
					won[[2]string{span.Track, person}] -= span.End.Sub(span.Start)
				}
				for _, person := range span.After {
					won[[2]string{span.Track, person}] += span.End.Sub(span.Start)
				}
				if !span.Start.Before(span.End) || slices.Equal(span.Before, span.After) {
					rt.Fatalf("an empty difference: %+v", span)
				}
			}
			for _, h := range d.People {
				if h.Won() != won[[2]string{h.Track, h.Person}] {
					rt.Fatalf("%+v wins %s by the spans", h, won[[2]string{h.Track, h.Person}])
				}
			}
			for range 30 {
				t := from.Add(time.Duration(rapid.Int64Range(0, w.to-w.from-1).Draw(rt, "second")) * time.Second)
				differs := !slices.Equal(peopleAt(before, id, t), peopleAt(after, id, t))
				told := slices.ContainsFunc(d.Spans, func(s oncall.SpanDiff) bool { return !t.Before(s.Start) && t.Before(s.End) })
				if differs != told {
					rt.Fatalf("at %s: %v and %v, told %t", t, peopleAt(before, id, t), peopleAt(after, id, t), told)
				}
			}
		}
	})
}

// peopleAt lists tracks and people.
func peopleAt(e *oncall.Evaluator, schedule string, t time.Time) []string {
	var list []string
	for _, d := range e.Who(schedule, t) {
		list = append(list, d.Track+" "+d.Person)
	}
	return list
}

// A rota does not differ from itself; the other way round everything is reversed.
func TestDiffIsSymmetric(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		more, _, _ := w.with(rt)
		before, after := oncall.Compile(w.roster), oncall.Compile(more)
		id, from, to := w.roster.Schedules[0].ID, time.Unix(w.from, 0).UTC(), time.Unix(w.to, 0).UTC()
		if d := oncall.Diff(before, before, id, from, to); !d.Same() {
			rt.Fatalf("a rota differs from itself: %+v", d)
		}
		there, back := oncall.Diff(before, after, id, from, to), oncall.Diff(after, before, id, from, to)
		for i := range there.Spans {
			s := &there.Spans[i]
			s.Before, s.After = s.After, s.Before
		}
		if len(there.Spans) != len(back.Spans) || len(there.People) != len(back.People) {
			rt.Fatalf("there %+v, back %+v", there, back)
		}
		if diff := cmp.Diff(there.Spans, back.Spans); diff != "" {
			rt.Fatal(diff)
		}
		if diff := cmp.Diff([2][]oncall.Shift{there.NewGaps, there.ClosedGaps}, [2][]oncall.Shift{back.ClosedGaps, back.NewGaps}); diff != "" {
			rt.Fatal(diff)
		}
	})
}
