package edit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Whatever is edited, what has happened stays, the rota that was given is not touched, and the records of the result make it
// anew.
func TestEditKeepsThePast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawsOf(rt)
		r := d.roster()
		given := clone(t, r)
		past := shifts(r, d.now.Add(-12*day), d.now)
		result, err := edit.Apply(r, d.edit(), scheduler, d.now, names())
		if err != nil {
			return
		}
		same(rt, "the past", past, shifts(result.Roster, d.now.Add(-12*day), d.now))
		if diff := cmp.Diff(records(t, given), records(t, r)); diff != "" {
			rt.Fatalf("the given rota has changed:\n%s", diff)
		}
		again := clone(t, result.Roster)
		if diff := cmp.Diff(records(t, result.Roster), records(t, again)); diff != "" {
			rt.Fatalf("the records make another rota:\n%s", diff)
		}
		same(rt, "who is on duty by the records", shifts(result.Roster, d.now, d.now.Add(12*day)), shifts(again, d.now, d.now.Add(12*day)))
	})
}

func records(tb testing.TB, r oncall.Roster) []string {
	tb.Helper()
	list, err := edit.Records(r)
	if err != nil {
		tb.Fatal(err)
	}
	var bodies []string
	for _, rec := range list {
		bodies = append(bodies, rec.String()+" "+string(rec.Body))
	}
	return bodies
}

// Only the named records change.
func TestEditNamesWhatChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawsOf(rt)
		r := d.roster()
		result, err := edit.Apply(r, d.edit(), scheduler, d.now, names())
		if err != nil {
			return
		}
		was, is := map[edit.Key]string{}, map[edit.Key]string{}
		for list, r := range map[*map[edit.Key]string]oncall.Roster{&was: r, &is: result.Roster} {
			records, err := edit.Records(r)
			if err != nil {
				rt.Fatal(err)
			}
			for _, rec := range records {
				(*list)[rec.Key] = string(rec.Body)
			}
		}
		for key := range is {
			if was[key] != is[key] && !slices.Contains(result.Changed, key) {
				rt.Fatalf("%s changed without being named", key)
			}
		}
		for key := range was {
			if is[key] == "" && !slices.Contains(result.Changed, key) {
				rt.Fatalf("%s went without being named", key)
			}
		}
		for _, key := range result.Seen {
			if slices.Contains(result.Changed, key) || is[key] == "" {
				rt.Fatalf("%s is named as seen", key)
			}
		}
	})
}

// What is added for the time to come and then removed has never been there.
func TestUndo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawsOf(rt)
		r := d.roster()
		first, err := edit.Apply(r, d.edit(), scheduler, d.now, names())
		if err != nil || len(first.Changed) == 0 {
			return
		}
		later := d.now.Add(time.Duration(rapid.IntRange(0, 5*86400).Draw(rt, "undone after")) * time.Second)
		r2 := first.Roster
		for _, key := range first.Changed {
			if key.ID[:min(3, len(key.ID))] != "new" || key.Kind == edit.Request {
				continue
			}
			undone, err := edit.Apply(r2, edit.Edit{Remove: &key}, scheduler, later, names())
			if err != nil {
				if later.Sub(d.now) < time.Minute {
					rt.Fatalf("%s can not be undone: %v", key, err)
				}
				return // over
			}
			same(rt, "what happened before the undoing", shifts(r2, d.now.Add(-day), later), shifts(undone.Roster, d.now.Add(-day), later))
			same(rt, "what comes after it", people(r, later, later.Add(12*day)), people(undone.Roster, later, later.Add(12*day)))
		}
	})
}

// A new version does not take the turn from anybody who is on duty and stays a member.
func TestNewVersionKeepsTheTurn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawsOf(rt)
		layer := d.layer(0)
		layer.Exclusive, layer.Substitute = false, false
		rules := oncall.Rules{Zone: d.zone, Tracks: []oncall.Track{{ID: "primary", Layers: []oncall.Layer{layer}}}}
		r := d.roster()
		r.Absences, r.Temporaries, r.Overrides = nil, nil, nil
		r.Schedules[0].Tracks, r.Schedules[0].Versions = rules.Tracks, nil
		from := d.now.Add(time.Duration(rapid.IntRange(0, 20*86400).Draw(rt, "effective")) * time.Second)

		next := layer
		next.Members = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) oncall.Member { return draws{T: t}.member("new member") }), 1, 6).Draw(rt, "new members")
		next.Handoff.Start = rapid.IntRange(0, len(next.Members)-1).Draw(rt, "new start")
		if d.maybe("other hand-off") {
			next.Handoff.Every = rapid.IntRange(1, 3).Draw(rt, "new every")
			next.Handoff.Unit = rapid.SampledFrom([]oncall.Unit{oncall.Hour, oncall.Day, oncall.Week}).Draw(rt, "new unit")
		}
		rules.Tracks = []oncall.Track{{ID: "primary", Layers: []oncall.Layer{next}}}
		result, err := edit.Apply(r, edit.Edit{Schedule: &edit.NewRules{ID: "line", Rules: rules, From: oncall.InstantPoint(from)}}, scheduler, d.now, names())
		if err != nil {
			rt.Fatal(err)
		}
		same(rt, "before the version", shifts(r, d.now.Add(-day), from.Truncate(time.Second)), shifts(result.Roster, d.now.Add(-day), from.Truncate(time.Second)))
		was := oncall.Member(ids(r, from))
		if was.IsGap() || !slices.ContainsFunc(next.Members, func(m oncall.Member) bool { return m.String() == was.String() }) {
			return
		}
		if is := oncall.Member(ids(result.Roster, from)); is.String() != was.String() {
			rt.Fatalf("at %s it was the turn of %s, with the new version it is that of %s", from, was, is)
		}
	})
}

// ids are those on the primary track of the line.
func ids(r oncall.Roster, t time.Time) []string {
	var list []string
	for _, duty := range oncall.Compile(r).Who("line", t) {
		if duty.Track == "primary" {
			list = append(list, duty.Person)
		}
	}
	return list
}

// A swap or cover moves hours between two people and touches nobody else; nothing is won or lost but where both were on duty
// anyway.
func TestSwapConservesHours(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawsOf(rt)
		r := d.roster()
		q := oncall.Request{ID: "swap", Schedule: "line", Track: "primary", From: d.moment("asked", 1, 5)}
		q.To = d.after(q.From, "asked length")
		asking := ids(r, q.From.In(d.zone))
		if len(asking) == 0 {
			return
		}
		q.Person = rapid.SampledFrom(asking).Draw(rt, "asking")
		as := d.person("accepting")
		if d.maybe("a swap") {
			q.ReturnFrom = d.moment("return", 6, 15)
			q.ReturnTo = d.after(q.ReturnFrom, "return length")
			if giving := ids(r, q.ReturnFrom.In(d.zone)); len(giving) > 0 {
				as = rapid.SampledFrom(giving).Draw(rt, "giving")
			}
		}
		if !q.ReturnFrom.IsZero() && q.ReturnFrom.In(d.zone).Before(q.To.In(d.zone)) {
			return
		}
		r.Requests = []oncall.Request{q}
		result, err := edit.Apply(r, edit.Edit{Answer: &edit.Answer{Request: "swap", Verdict: edit.Accept, As: as}}, scheduler, d.now, names())
		if err != nil {
			return
		}
		diff := oncall.Diff(oncall.Compile(r), oncall.Compile(result.Roster), q.Schedule, d.now, d.now.Add(30*day))
		var won, met time.Duration
		for _, h := range diff.People {
			if h.Track != q.Track || (h.Person != q.Person && h.Person != as) {
				rt.Fatalf("%s on %s wins %s by a swap of %s and %s", h.Person, h.Track, h.Won(), q.Person, as)
			}
			won += h.Won()
		}
		for _, span := range diff.Spans {
			if slices.Contains(span.Before, q.Person) && slices.Contains(span.Before, as) {
				met += span.End.Sub(span.Start)
			}
		}
		if won != -met {
			rt.Fatalf("%s are won, and for %s both were on duty", won, met)
		}
	})
}

// Of two acceptances one wins, in whatever order they come; the other is told so.
func TestFirstAcceptanceWins(t *testing.T) {
	t.Parallel()
	r := roster(t, fixture)
	for _, order := range [][2]string{{"anna", "olga"}, {"olga", "anna"}} {
		first := apply(t, r, `{"answer":{"request":"please","verdict":"accept"}}`, engineer(order[0]))
		_, err := edit.Apply(first.Roster, parse(t, `{"answer":{"request":"please","verdict":"accept"}}`), engineer(order[1]), now, names())
		refusal, _ := err.(*edit.Refusal) //nolint:errorlint // Apply wraps nothing
		if refusal == nil || refusal.Code != edit.Settled {
			t.Errorf("the second acceptance gives %v", err)
		}
		if got := who(first.Roster, "line", "primary", at(t, "2026-11-26 12:00")); got != order[0] {
			t.Errorf("%s is on duty, %s accepted first", got, order[0])
		}
		if !slices.Contains(first.Changed, edit.Key{Kind: edit.Request, ID: "please"}) {
			t.Error("the request's record does not change, so a second acceptance at the same moment would commit as well")
		}
	}
}

// The preview says exactly where other people are on duty, minute by minute.
func TestPreviewEqualsWhatComes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawsOf(rt)
		r := d.roster()
		result, err := edit.Apply(r, d.edit(), scheduler, d.now, names())
		if err != nil {
			return
		}
		before, after := oncall.Compile(r), oncall.Compile(result.Roster)
		preview := edit.Look(before, after, result.Changed, oncall.DefaultRestRules(), d.now)
		for range 20 {
			t := d.now.Add(time.Duration(rapid.IntRange(0, 12*24*60).Draw(rt, "minute")) * time.Minute)
			for _, id := range []string{"line", "office"} {
				for _, track := range []string{"primary", "secondary"} {
					was, is := on(before, id, track, t), on(after, id, track, t)
					b, a, told := told(preview, id, track, t)
					switch {
					case told != !slices.Equal(was, is):
						rt.Fatalf("%s %s at %s: %v, then %v; the preview tells of a change: %t", id, track, t, was, is, told)
					case told && (!slices.Equal(was, b) || !slices.Equal(is, a)):
						rt.Fatalf("%s %s at %s: %v, then %v; the preview says %v, then %v", id, track, t, was, is, b, a)
					}
					if told && t.Before(preview.EffectiveFrom) {
						rt.Fatalf("%s differs before the edit takes effect at %s", t, preview.EffectiveFrom)
					}
				}
			}
		}
	})
}

func on(e *oncall.Evaluator, schedule, track string, t time.Time) []string {
	var list []string
	for _, duty := range e.Who(schedule, t) {
		if duty.Track == track {
			list = append(list, duty.Person)
		}
	}
	return list
}

func told(p edit.Preview, schedule, track string, t time.Time) (before, after []string, told bool) {
	for _, s := range p.Schedules {
		for _, span := range s.Spans {
			if s.Schedule == schedule && span.Track == track && !t.Before(span.Start) && t.Before(span.End) {
				return span.Before, span.After, true
			}
		}
	}
	return nil, nil, false
}

// The hours of a preview are those that its spans add up to, and each gap it names is one.
func TestPreviewAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawsOf(rt)
		r := d.roster()
		result, err := edit.Apply(r, d.edit(), scheduler, d.now, names())
		if err != nil {
			return
		}
		before, after := oncall.Compile(r), oncall.Compile(result.Roster)
		for _, s := range edit.Look(before, after, result.Changed, oncall.RestRules{}, d.now).Schedules {
			won := map[[2]string]time.Duration{}
			for _, span := range s.Spans {
				for _, id := range span.Before {
					won[[2]string{span.Track, id}] -= span.End.Sub(span.Start)
				}
				for _, id := range span.After {
					won[[2]string{span.Track, id}] += span.End.Sub(span.Start)
				}
			}
			for _, h := range s.People {
				if h.Won() != won[[2]string{h.Track, h.Person}] {
					rt.Fatalf("%s wins %s on %s, by the spans %s", h.Person, h.Won(), h.Track, won[[2]string{h.Track, h.Person}])
				}
			}
			for _, gap := range s.NewGaps {
				if len(on(after, s.Schedule, gap.Track, gap.Start)) > 0 || len(on(before, s.Schedule, gap.Track, gap.Start)) == 0 {
					rt.Fatalf("%v is no new gap", gap)
				}
			}
			for _, gap := range s.ClosedGaps {
				if len(on(before, s.Schedule, gap.Track, gap.Start)) > 0 || len(on(after, s.Schedule, gap.Track, gap.Start)) == 0 {
					rt.Fatalf("%v is no closed gap", gap)
				}
			}
		}
	})
}
