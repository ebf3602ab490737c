package oncall_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// with is the world with one more correction, which holds on [from, to).
func (w *world) with(t *rapid.T) (more oncall.Roster, from, to int64) {
	from = rapid.Int64Range(w.from, w.to-1).Draw(t, "new from")
	to = rapid.Int64Range(from+1, w.to).Draw(t, "new to")
	begin, end := oncall.InstantPoint(sec(from)), oncall.InstantPoint(sec(to))
	more = w.roster
	switch rapid.IntRange(0, 2).Draw(t, "new correction") {
	case 0:
		a := w.drawAbsence(t, "new")
		a.From, a.To = begin, end
		more.Absences = append(slices.Clip(more.Absences), a)
	case 1:
		x := w.drawTemporary(t, "new", "primary")
		x.From, x.To = begin, end
		more.Temporaries = append(slices.Clip(more.Temporaries), x)
	default:
		o := w.drawOverride(t, "new", "primary")
		for i := range o.Changes {
			o.Changes[i].From, o.Changes[i].To = begin, end
		}
		more.Overrides = append(slices.Clip(more.Overrides), o)
	}
	return more, from, to
}

// Locality: a correction of [s, e) changes nothing outside [s, e).
func TestInvariant13Locality(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		more, from, to := w.with(t)
		before, after := oncall.Compile(w.roster), oncall.Compile(more)
		for _, track := range []string{"primary", "secondary"} {
			for _, part := range []span{{w.from, from}, {to, w.to}} {
				if part.from == part.to {
					continue
				}
				was, is := merge(shifts(before, track, part.from, part.to)), merge(shifts(after, track, part.from, part.to))
				if fmt.Sprint(was) != fmt.Sprint(is) {
					t.Fatalf("a correction of %s - %s changes %s outside:\n%v\nto\n%v", w.moment(from), w.moment(to), track, was, is)
				}
			}
		}
	})
}

// Undo: a correction that is added and deleted leaves no trace, and groups that do not meet, in time or in people, may be
// written in any order.
func TestInvariant14Undo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		more, _, _ := w.with(t)
		said := fmt.Sprint(shifts(oncall.Compile(w.roster), "primary", w.from, w.to))
		_ = shifts(oncall.Compile(more), "primary", w.from, w.to)
		if got := fmt.Sprint(shifts(oncall.Compile(w.roster), "primary", w.from, w.to)); got != said {
			t.Fatalf("a deleted correction leaves\n%s\nof\n%s", got, said)
		}
		w.roster.Overrides = nil
		one, other := w.drawOverride(t, "one", "primary"), w.drawOverride(t, "other", "primary")
		one.Kind, other.Kind = oncall.Planned, oncall.Planned
		for _, changes := range [][]oncall.Change{one.Changes, other.Changes} {
			for i := range changes { // versions read civil times in zones of their own
				changes[i].From, changes[i].To = oncall.InstantPoint(changes[i].From.In(w.zone)), oncall.InstantPoint(changes[i].To.In(w.zone))
			}
		}
		if meet(&w, one, other) {
			t.Skip("they meet")
		}
		one.At, other.At = sec(w.from-7200), sec(w.from-3600)
		w.roster.Overrides = []oncall.Override{one, other}
		first := oncall.Compile(w.roster)
		one.At, other.At = other.At, one.At
		swapped := w.roster
		swapped.Overrides = []oncall.Override{one, other}
		second := oncall.Compile(swapped)
		for _, a := range swapped.Absences {
			if !a.At.Before(sec(w.from - 7200)) {
				t.Skip("time off tells the two moments of writing apart")
			}
		}
		for _, at := range w.moments(t, 10) {
			a, b := people(on(seats(first.Who("line", sec(at))), "primary")), people(on(seats(second.Who("line", sec(at))), "primary"))
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Fatalf("at %s %v, in the other order %v\n%s", w.moment(at), a, b, w.text())
			}
		}
	})
}

// meet reports whether two groups have both a moment and a person in common.
func meet(w *world, one, other oncall.Override) bool {
	for _, c := range one.Changes {
		for _, d := range other.Changes {
			apart := c.To.In(w.zone).Unix() <= d.From.In(w.zone).Unix() || d.To.In(w.zone).Unix() <= c.From.In(w.zone).Unix()
			for _, p := range []string{c.Add, c.Remove} {
				if !apart && p != "" && (p == d.Add || p == d.Remove) {
					return true
				}
			}
		}
	}
	return false
}

// A replacement X→Y does nothing where X is not on duty just before it, and touches no third person.
func TestInvariant15Replace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		pair := rapid.SliceOfNDistinct(rapid.SampledFrom(crew), 2, 2, rapid.ID[string]).Draw(t, "X and Y")
		x, y := pair[0], pair[1]
		o := oncall.Override{ID: "zz", Schedule: "line", Track: "primary", Kind: oncall.Takeover, At: sec(w.to)}
		o.Changes = []oncall.Change{{From: oncall.InstantPoint(sec(w.from)), To: oncall.InstantPoint(sec(w.to)), Add: y, Remove: x}}
		more := w.roster
		more.Overrides = append(slices.Clip(more.Overrides), o)
		before, after := oncall.Compile(w.roster), oncall.Compile(more)
		for _, at := range w.moments(t, 10) {
			was, is := on(seats(before.Who("line", sec(at))), "primary"), on(seats(after.Who("line", sec(at))), "primary")
			i := slices.Index(people(was), x)
			if i < 0 || slices.Equal(was, is) {
				if !slices.Equal(was, is) {
					t.Fatalf("at %s %s is not on duty, and %s→%s makes %v of %v", w.moment(at), x, x, y, is, was)
				}
				continue
			}
			want := slices.Clone(people(was))
			want[i] = y
			if got := people(is); !slices.Equal(got, compact(want)) {
				t.Fatalf("at %s %s→%s makes %v of %v", w.moment(at), x, y, is, was)
			}
		}
	})
}

// compact keeps the first of each name.
func compact(names []string) []string {
	var result []string
	for _, name := range names {
		if !slices.Contains(result, name) {
			result = append(result, name)
		}
	}
	return result
}

// Swaps: at every moment as many people are on the track as before, unless both were on duty already.
func TestInvariant16SwapConservation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		pair := rapid.SliceOfNDistinct(rapid.SampledFrom(crew), 2, 2, rapid.ID[string]).Draw(t, "A and B")
		a, b := pair[0], pair[1]
		o := oncall.Override{ID: "zz", Schedule: "line", Track: "primary", Kind: oncall.Swap, At: sec(w.from - daySeconds + 6*3600)}
		one, other := oncall.Change{Add: b, Remove: a}, oncall.Change{Add: a, Remove: b}
		one.From, one.To = w.drawSpan(t, "A's shift")
		other.From, other.To = w.drawSpan(t, "B's shift")
		o.Changes = []oncall.Change{one, other}
		// takeovers come after it and would hide it
		var others []oncall.Override
		for _, earlier := range w.roster.Overrides {
			if earlier.Kind != oncall.Takeover {
				others = append(others, earlier)
			}
		}
		w.roster.Overrides = others
		more := w.roster
		more.Overrides = append(slices.Clip(others), o)
		before, after := oncall.Compile(w.roster), oncall.Compile(more)
		for _, at := range w.moments(t, 20) {
			was, is := people(on(seats(before.Who("line", sec(at))), "primary")), people(on(seats(after.Who("line", sec(at))), "primary"))
			if both := slices.Contains(was, a) && slices.Contains(was, b); !both && len(was) != len(is) {
				t.Fatalf("at %s the swap of %s and %s makes %v of %v\n%s", w.moment(at), a, b, is, was, w.text())
			}
		}
	})
}

// Versions: a new version from f on changes nothing before f.
func TestInvariant17VersionKeepsThePast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		f := rapid.Int64Range(w.from+1, w.to-1).Draw(t, "f")
		s := w.roster.Schedules[0]
		s.Versions = slices.DeleteFunc(slices.Clone(s.Versions), func(v oncall.Version) bool { return v.From.Unix() >= f })
		s.Versions = append(s.Versions, oncall.Version{From: sec(f), Rules: w.drawRules(t)})
		more := w.roster
		more.Schedules = []oncall.Schedule{s}
		before, after := oncall.Compile(w.roster), oncall.Compile(more)
		for _, track := range []string{"primary", "secondary", "lead"} {
			was, is := fmt.Sprint(merge(shifts(before, track, w.from, f))), fmt.Sprint(merge(shifts(after, track, w.from, f)))
			if was != is {
				t.Fatalf("a version from %s on changes the past of %s:\n%s\nto\n%s", w.moment(f), track, was, is)
			}
		}
		for _, at := range w.moments(t, 10) {
			if at < f && fmt.Sprint(tiers(before, at)) != fmt.Sprint(tiers(after, at)) {
				t.Fatalf("a version from %s on changes the chain at %s", w.moment(f), w.moment(at))
			}
		}
	})
}

// … and whoever is on duty at f keeps the turn, unless removed, however members come and go.
func TestInvariant17VersionKeepsTheTurn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawLayers(t)
		w.roster.Schedules[0].Versions = nil
		f := rapid.Int64Range(w.from+1, w.to-1).Draw(t, "f")
		rules := w.roster.Schedules[0].RulesAt(sec(f))
		rules.Tracks = slices.Clone(rules.Tracks)
		track := &rules.Tracks[0]
		track.Layers = slices.Clone(track.Layers)
		layer := &track.Layers[rapid.IntRange(0, len(track.Layers)-1).Draw(t, "layer")]
		removed := ""
		members := slices.Clone(layer.Members)
		if i := rapid.IntRange(0, len(members)-1).Draw(t, "place"); rapid.Bool().Draw(t, "somebody goes") && len(members) > 1 {
			removed = members[i].String()
			members = slices.DeleteFunc(members, func(m oncall.Member) bool { return m.String() == removed })
		} else {
			members = slices.Insert(members, i, drawMember(t))
		}
		if len(members) == 0 {
			t.Skip("nobody is left")
		}
		layer.Members = members
		layer.Handoff.Start = min(layer.Handoff.Start, len(members)-1)
		result, err := edit.Apply(w.roster, edit.Edit{Schedule: &edit.NewRules{ID: "line", Rules: rules, From: oncall.InstantPoint(sec(f))}},
			edit.Author{Person: "root", Channel: "test"}, sec(w.from), func() string { return "id" })
		if err != nil {
			t.Skip(err)
		}
		before, after := oncall.Compile(w.roster), oncall.Compile(result.Roster)
		was, is := on(seats(before.Who("line", sec(f))), "primary"), on(seats(after.Who("line", sec(f))), "primary")
		var turn oncall.Member
		for _, s := range was {
			if s.why == "layer "+layer.ID {
				turn = append(turn, s.person)
			}
		}
		if removed != "" && len(turn) > 0 && strings.Contains(removed, turn[0]) {
			return // the turn may have gone
		}
		for _, person := range turn {
			if !slices.Contains(people(is), person) {
				t.Fatalf("at %s %v are on duty; after an edit of the members to %v, %v\n%s", w.moment(f), was, members, is, w.text())
			}
		}
	})
}

// tiers are the people of a chain.
func tiers(e *oncall.Evaluator, at int64) []rung {
	var list []rung
	for _, tier := range e.Chain("line", sec(at)) {
		list = append(list, rung{tier.Name, people(seats(tier.Duties))})
	}
	return list
}

// Who is absent is in no tier, but for an addition that was written after the time off.
func TestInvariant18Absent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e := oncall.Compile(w.roster)
		for _, at := range w.moments(t, 20) {
			away := map[string]time.Time{} // when the last time off of now was written
			line := &w.roster.Schedules[0]
			for _, a := range w.roster.Absences {
				from, to := line.Instant(a.From), line.Instant(a.To)
				if !a.Zone.IsZero() {
					from, to = a.From.In(a.Zone), a.To.In(a.Zone)
				}
				if !sec(at).Before(from) && sec(at).Before(to) {
					if a.At.After(away[a.Person]) {
						away[a.Person] = a.At
					}
				}
			}
			for _, tier := range tiers(e, at) {
				for _, person := range tier.people {
					written, absent := away[person]
					if absent && !addedAfter(&w, line, tier.name, person, at, written) {
						t.Fatalf("at %s %s is absent and in the tier %s\n%s", w.moment(at), person, tier.name, w.text())
					}
				}
			}
		}
	})
}

func addedAfter(w *world, line *oncall.Schedule, track, person string, at int64, written time.Time) bool {
	for _, o := range w.roster.Overrides {
		for _, c := range o.Changes {
			if o.Track == track && c.Add == person && o.At.After(written) && !sec(at).Before(line.Instant(c.From)) && sec(at).Before(line.Instant(c.To)) {
				return true
			}
		}
	}
	return false
}

// A layer has somebody on duty only while its life lasts and one of its windows is open, by weekday and class of day.
func TestInvariant19WindowHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e, o := oncall.Compile(w.roster), newOracle(&w.roster)
		for _, at := range w.moments(t, 20) {
			zone, calendar, tracks, _ := o.rules("line", at)
			for _, d := range e.Who("line", sec(at)) {
				if d.Provenance.Source != oncall.FromLayer {
					continue
				}
				for i := range tracks {
					for j := range tracks[i].Layers {
						layer := &tracks[i].Layers[j]
						q := question{oracle: o, t: at, zone: timelineOf(zone), calendar: calendar}
						if layer.ID == d.Provenance.ID && (!q.walk(layer).alive(at) || !q.walk(layer).open(at)) {
							t.Fatalf("at %s %+v, and the layer is closed\n%s", w.moment(at), d, w.text())
						}
					}
				}
			}
		}
	})
}

// Chain: never empty while there are static numbers, nobody is tried twice, and with the tier "everyone" all who can be called
// and are not absent are tried.
func TestInvariant20Chain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e, o := oncall.Compile(w.roster), newOracle(&w.roster)
		for _, at := range w.moments(t, 10) {
			for _, schedule := range []string{"line", "no such"} {
				chain := e.Chain(schedule, sec(at))
				if len(chain) == 0 || chain[len(chain)-1].Name != oncall.Static || len(chain[len(chain)-1].Numbers) == 0 {
					t.Fatalf("at %s the chain %+v does not end with the static numbers", w.moment(at), chain)
				}
				zone, _, _, _ := o.rules(schedule, at)
				q := question{oracle: o, schedule: schedule, t: at, zone: timelineOf(zone)}
				tried := map[string]bool{}
				all := schedule != "line" || len(w.roster.Schedules[0].RulesAt(sec(at)).Failover) == 0
				for _, tier := range chain {
					all = all || tier.Name == oncall.Everyone
					if len(tier.Duties)+len(tier.Numbers) == 0 {
						t.Fatalf("at %s the tier %s is empty", w.moment(at), tier.Name)
					}
					for _, d := range tier.Duties {
						if tried[d.Person] || !q.callable(d.Person) {
							t.Fatalf("at %s %s is tried twice, or can not be called: %+v", w.moment(at), d.Person, chain)
						}
						tried[d.Person] = true
					}
				}
				for _, p := range w.roster.People {
					if all && q.callable(p.ID) && q.absence(p.ID) == nil && !tried[p.ID] {
						t.Fatalf("at %s %s can be called and is not tried: %+v", w.moment(at), p.ID, chain)
					}
				}
			}
		}
	})
}
