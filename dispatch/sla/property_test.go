package sla

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawFacts draws a night of one ticket: whatever may happen, in minutes from
// 02:00 on, two facts of a kind at the same instant included.
func drawFacts(t *rapid.T) []Fact {
	moment := rapid.IntRange(0, 300)
	grades := rapid.SampledFrom([]Grade{Critical, High, Normal, Low})
	facts := []Fact{
		{Kind: Graded, Grade: grades.Draw(t, "grade")},
		{Kind: Reported, At: at("02:00:00"), Report: 1, Machine: rapid.Bool().Draw(t, "machine")},
	}
	kinds := rapid.SampledFrom([]Kind{
		Reported, Contacted, Withdrawn, Attempted, Reacted, Told, Updated, Restored, Analysed, Delivered, Paused, Resumed, Graded, Reopened, Ended,
	})
	for range rapid.IntRange(0, 14).Draw(t, "n") {
		f := Fact{Kind: kinds.Draw(t, "kind"), At: minute(moment.Draw(t, "at"))}
		is := func(kinds ...Kind) bool { return slices.Contains(kinds, f.Kind) }
		if is(Reported, Contacted, Attempted, Reopened) {
			f.Report = rapid.IntRange(1, 3).Draw(t, "report")
			f.Channel = rapid.SampledFrom([]string{"call", "sms"}).Draw(t, "channel")
		}
		if is(Contacted, Withdrawn, Told, Delivered, Paused, Resumed) {
			f.Ref = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "ref")
		}
		if is(Told) {
			f.ETA = minute(moment.Draw(t, "eta"))
		}
		if is(Paused) {
			f.Until = f.At.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "until")) * time.Minute)
		}
		if is(Graded) {
			f.Grade, f.Misjudge = grades.Draw(t, "to"), rapid.Bool().Draw(t, "misjudged")
		}
		facts = append(facts, f)
	}
	return facts
}

func minute(n int) time.Time { return at("02:00:00").Add(time.Duration(n) * time.Minute) }

func drawPolicy(t *rapid.T) Policy {
	p := Default()
	if rapid.Bool().Draw(t, "limited") {
		p.Limits = map[Name]Limit{StabiliseClock: {Time: time.Duration(rapid.IntRange(1, 200).Draw(t, "K3")) * time.Minute}}
	}
	p.Attempts = rapid.IntRange(0, 3).Draw(t, "attempts")
	p.LetSleep = rapid.Bool().Draw(t, "sleep")
	return p
}

// The same facts give the same clocks, in whatever order they come, and what
// lies ahead plays no part.
func TestReadIsPure(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, facts, now := drawPolicy(t), drawFacts(t), minute(rapid.IntRange(0, 320).Draw(t, "now"))
		want := Read(p, facts, now)
		if d := cmp.Diff(want, Read(p, rapid.Permutation(facts).Draw(t, "order"), now)); d != "" {
			t.Fatal("order matters:", d)
		}
		var known []Fact
		for _, f := range facts {
			if !f.At.After(now) {
				known = append(known, f)
			}
		}
		if d := cmp.Diff(want, Read(p, known, now)); d != "" {
			t.Fatal("the future matters:", d)
		}
	})
}

// A verdict agrees with its own instants.
func TestVerdictAgreesWithItsInstants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := minute(rapid.IntRange(0, 320).Draw(t, "now"))
		for _, c := range Read(drawPolicy(t), drawFacts(t), now) {
			end := now
			switch {
			case !c.Stop.IsZero():
				end = c.Stop
			case !c.Ceased.IsZero():
				end = c.Ceased
			}
			late := !c.Due.IsZero() && !end.Before(c.Due)
			switch {
			case c.Elapsed < 0 || c.Start.After(end) && c.Verdict != Idle && c.Elapsed != 0:
				t.Fatalf("elapsed: %+v", c)
			case c.Verdict == Idle && !c.Start.IsZero(), c.Verdict == Running && (!c.Stop.IsZero() || late || !c.Ceased.IsZero()):
				t.Fatalf("verdict: %+v", c)
			case c.Verdict == Met && (late || c.Stop.IsZero()), c.Verdict == Void && (late || c.Ceased.IsZero()):
				t.Fatalf("verdict: %+v", c)
			case c.Verdict == Breached && !late && (c.Name != UpdateClock || c.Missed == 0):
				t.Fatalf("verdict: %+v", c)
			}
			for i, l := range Levels(c) {
				if !c.Runs() || l.At.After(c.Due) || i > 0 && l.At.Before(Levels(c)[i-1].At) {
					t.Fatalf("levels %v of %+v", Levels(c), c)
				}
			}
		}
	})
}

// find returns the clock of a list that is the same one.
func find(list []Clock, c Clock) (Clock, bool) {
	for _, k := range list {
		if k.Name == c.Name && k.Report == c.Report && k.Cycle == c.Cycle {
			return k, true
		}
	}
	return Clock{}, false
}

// A change of priority never takes a breach back, and a pause never changes K1,
// K2 and K4.
func TestPriorityNeverTakesABreachBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, now := drawPolicy(t), minute(rapid.IntRange(0, 320).Draw(t, "now"))
		var facts []Fact
		for _, f := range drawFacts(t) {
			if !f.At.After(now) {
				facts = append(facts, f)
			}
		}
		change := Fact{
			Kind: Graded, At: now.Add(time.Minute), Misjudge: rapid.Bool().Draw(t, "misjudged"),
			Grade: rapid.SampledFrom([]Grade{Critical, High, Normal, Low}).Draw(t, "to"),
		}
		later := now.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "later")) * time.Minute)
		after := Read(p, append(facts, change), later)
		for _, c := range Read(p, facts, now) {
			if k, ok := find(after, c); c.Verdict == Breached && (!ok || k.Verdict != Breached) && c.Name != UpdateClock {
				t.Fatalf("%+v became %+v", c, k)
			}
		}
		pause := Fact{Kind: Paused, At: now, Until: later, Ref: "z"}
		before, paused := Read(p, facts, later), Read(p, append(facts, pause), later)
		for _, c := range before {
			if k, _ := find(paused, c); slices.Contains([]Name{FirstContactClock, PlanClock, UpdateClock}, c.Name) && cmp.Diff(c, k) != "" {
				t.Fatalf("a pause changed %+v to %+v", c, k)
			}
		}
	})
}

// Pauses unite: one that lies within others changes nothing, and what they
// take from the clock is no more than the time that they cover.
func TestPausesUnite(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Limits: map[Name]Limit{StabiliseClock: {Time: 4 * time.Hour}}}
		facts := []Fact{{Kind: Reported, At: minute(0), Report: 1}}
		covered := map[int]bool{}
		for i := range rapid.IntRange(1, 4).Draw(t, "pauses") {
			from, long := rapid.IntRange(0, 200).Draw(t, "from"), rapid.IntRange(1, 60).Draw(t, "long")
			facts = append(facts, Fact{Kind: Paused, At: minute(from), Until: minute(from + long), Ref: string(rune('a' + i))})
			for m := from; m < from+long; m++ {
				covered[m] = true
			}
			if i == 0 {
				inner := from + rapid.IntRange(0, long-1).Draw(t, "inner")
				facts = append(facts, Fact{Kind: Paused, At: minute(inner), Until: minute(from + long), Ref: "inner"})
			}
		}
		now := rapid.IntRange(0, 300).Draw(t, "now")
		ran := 0
		for m := range now {
			if !covered[m] {
				ran++
			}
		}
		c := Read(p, facts, minute(now))[2]
		if got := int(c.Elapsed / time.Minute); got != ran || c.Paused != covered[now] {
			t.Fatalf("ran %d minutes, want %d: %+v", got, ran, c)
		}
	})
}
