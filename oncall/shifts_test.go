package oncall

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var ids = []string{"anna", "boris", "vera", "gleb", "dora"}

func drawMember(t *rapid.T) Member {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, 2, rapid.ID[string]).Draw(t, "member")
}

func drawWindow(t *rapid.T) Window {
	clock := rapid.Custom(func(t *rapid.T) Clock { return Clock(1800 * rapid.IntRange(0, 47).Draw(t, "half hours")) })
	w := Window{
		Days: Weekdays(rapid.IntRange(0, 127).Draw(t, "days")),
		From: clock.Draw(t, "from"), To: clock.Draw(t, "to"),
	}
	if rapid.Bool().Draw(t, "whole day") {
		w.To = w.From
	}
	return w
}

func drawLayer(t *rapid.T, z Zone, about time.Time, n int) Layer {
	at := func(label string) Civil {
		return CivilAt(about.Add(time.Duration(rapid.IntRange(-20*86400, 20*86400).Draw(t, label))*time.Second), z)
	}
	l := Layer{
		ID: fmt.Sprint("layer", n), Priority: rapid.IntRange(0, 2).Draw(t, "priority"),
		Members:   rapid.SliceOfN(rapid.Custom(drawMember), 1, 4).Draw(t, "members"),
		Windows:   rapid.SliceOfN(rapid.Custom(drawWindow), 0, 2).Draw(t, "windows"),
		Exclusive: rapid.Bool().Draw(t, "exclusive"),
	}
	if len(l.Members) > 1 || rapid.Bool().Draw(t, "rotates") {
		l.Handoff = Handoff{
			Unit: rapid.SampledFrom([]Unit{Hour, Day, Week}).Draw(t, "unit"), Every: rapid.IntRange(1, 5).Draw(t, "every"),
			Anchor: at("anchor"), Start: rapid.IntRange(0, len(l.Members)-1).Draw(t, "start"),
		}
	}
	if rapid.Bool().Draw(t, "bounded") {
		l.From = at("from")
		l.To = l.From.AddHours(rapid.IntRange(1, 500).Draw(t, "life"))
	}
	return l
}

// drawRoster makes a valid roster of one schedule "line" whose life is about an instant.
func drawRoster(t *rapid.T) (roster Roster, z Zone, about time.Time) {
	z = drawZone(t)
	about = nearTransition(t, z, "about")
	roster = Roster{People: staff(ids...), Static: []StaticNumber{{Name: "office", Number: "+78005550100"}}}
	roster.People[4].Disabled = rapid.Bool().Draw(t, "dora is disabled")
	s := Schedule{ID: "line", Zone: z}
	for n := range rapid.IntRange(1, 2).Draw(t, "tracks") {
		track := Track{ID: []string{"primary", "secondary"}[n]}
		for k := range rapid.IntRange(0, 3).Draw(t, "layers") {
			track.Layers = append(track.Layers, drawLayer(t, z, about, k))
		}
		s.Tracks = append(s.Tracks, track)
	}
	roster.Schedules = []Schedule{s}
	if err := roster.Validate(); err != nil {
		t.Fatalf("the generator made an invalid roster: %v", err)
	}
	return roster, z, about
}

// span draws an interval of up to ten days around an instant.
func span(t *rapid.T, about time.Time) (from, to time.Time) {
	from = about.Add(-time.Duration(rapid.IntRange(0, 5*86400).Draw(t, "span before")) * time.Second)
	return from, about.Add(time.Duration(rapid.IntRange(1, 5*86400).Draw(t, "span after")) * time.Second)
}

func withoutUntil(duties []Duty) []Duty {
	bare := slices.Clone(duties)
	for i := range bare {
		bare[i].Until = time.Time{}
	}
	return bare
}

func shifts(r Roster, from, to time.Time) []Shift {
	return slices.Collect(Compile(r).Shifts("line", "primary", from, to))
}

// Invariants 1 to 4: purity, agreement of point and interval, tiling, concatenation.
func TestShiftsProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		roster, _, about := drawRoster(t)
		from, to := span(t, about)
		whole := shifts(roster, from, to)
		if diff := cmp.Diff(whole, shifts(roster, from, to)); diff != "" {
			t.Fatalf("asked twice: %s", diff)
		}
		edge := from
		for i, s := range whole {
			if !s.Start.Equal(edge) || !s.End.After(s.Start) || (i > 0 && slices.Equal(s.Duties, whole[i-1].Duties)) {
				t.Fatalf("piece %d [%s, %s) does not tile after %s, or repeats its neighbour", i, s.Start, s.End, edge)
			}
			if s.Gap() != (len(s.Duties) == 0) {
				t.Fatalf("piece %d is a gap: %v", i, s.Gap())
			}
			edge = s.End
		}
		if !edge.Equal(to) {
			t.Fatalf("pieces end at %s, not %s", edge, to)
		}

		at := from.Add(time.Duration(rapid.Int64Range(0, int64(to.Sub(from)/time.Second)-1).Draw(t, "t")) * time.Second)
		i := slices.IndexFunc(whole, func(s Shift) bool { return !at.Before(s.Start) && at.Before(s.End) })
		onPrimary := slices.DeleteFunc(Compile(roster).Who("line", at), func(d Duty) bool { return d.Track != "primary" })
		if !slices.Equal(withoutUntil(onPrimary), withoutUntil(whole[i].Duties)) {
			t.Fatalf("who at %s is %v, the shift has %v", at, onPrimary, whole[i].Duties)
		}

		joined := append(shifts(roster, from, at), shifts(roster, at, to)...)
		if diff := cmp.Diff(whole, merge(joined)); diff != "" {
			t.Fatalf("cut at %s: %s", at, diff)
		}
	})
}

func merge(list []Shift) []Shift {
	var merged []Shift
	for _, s := range list {
		if n := len(merged); n > 0 && slices.Equal(merged[n-1].Duties, s.Duties) {
			merged[n-1].End = s.End
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

// Until is the first instant at which the person is off the track, and not a second later than that.
func TestUntilProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		roster, _, at := drawRoster(t)
		for _, d := range Compile(roster).Who("line", at) {
			if d.Until.IsZero() {
				continue
			}
			on := func(s Shift) bool { return holdsPerson(s.Duties, d.Person) }
			for s := range Compile(roster).Shifts("line", d.Track, at, d.Until) {
				if !on(s) {
					t.Fatalf("%s is off from %s, before until %s", d.Person, s.Start, d.Until)
				}
			}
			for s := range Compile(roster).Shifts("line", d.Track, d.Until, d.Until.Add(time.Second)) {
				if on(s) {
					t.Fatalf("%s is still on at until %s", d.Person, d.Until)
				}
			}
		}
	})
}

// Invariant 19: no duty by a layer whose windows, read off the wall clock at a moment without a transition nearby, are closed.
func TestWindowProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := ZoneOf(time.FixedZone("fixed", 1800*rapid.IntRange(-20, 24).Draw(t, "offset")))
		w := drawWindow(t)
		roster := one(z, staff(ids...), Layer{ID: "w", Members: team("anna"), Windows: []Window{w}})
		c := civilOf(rapid.Int64Range(0, 2_000_000_000).Draw(t, "reading"))
		clock, today, yesterday := c.Clock(), w.Days.Has(c.Weekday()), w.Days.Has(c.AddDays(-1).Weekday())
		want := today && w.From <= clock && clock < w.To
		if w.From >= w.To {
			want = (today && clock >= w.From) || (yesterday && clock < w.To)
		}
		if got := len(Compile(roster).Who("line", z.Resolve(c, First))) > 0; got != want {
			t.Fatalf("%s on %s %s: %v, want %v", w.Days, c.Weekday(), c, got, want)
		}
	})
}

func drawTurns(t *rapid.T) (Roster, Zone, Handoff, int) {
	z := drawZone(t)
	h := drawHandoff(t, z)
	n := rapid.IntRange(1, len(ids)).Draw(t, "members")
	return one(z, staff(ids...), Layer{ID: "turns", Members: team(ids[:n]...), Handoff: h}), z, h, n
}

// Invariants 5, 6 and 7: a plain rotation has no gap and no overlap, its turns follow the list with collapsed ones consumed,
// and whole cycles are fair.
func TestPlainRotation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		roster, z, h, n := drawTurns(t)
		k := rapid.IntRange(0, 3000).Draw(t, "k") / n * n
		if h.At(k+2*n, z).Year() > clockLastYear {
			k = 0
		}
		turns := map[string]int{}
		for i := k; i < k+2*n; i++ {
			start, end := h.At(i, z), h.At(i+1, z)
			turns[ids[i%n]]++
			if start.Equal(end) {
				continue
			}
			for _, at := range []time.Time{start, end.Add(-time.Second)} {
				if got := names(Compile(roster).Who("line", at)); got != ids[i%n] {
					t.Fatalf("period %d at %s: %q, want %q", i, at, got, ids[i%n])
				}
			}
		}
		for id, count := range turns {
			if count != 2 {
				t.Fatalf("%s has %d of two cycles", id, count)
			}
		}
		for s := range Compile(roster).Shifts("line", "primary", h.At(k, z), h.At(k+n, z).Add(time.Second)) {
			if len(s.Duties) != 1 {
				t.Fatalf("[%s, %s) has %v", s.Start, s.End, s.Duties)
			}
		}
		if got := Compile(roster).Who("line", h.At(0, z).Add(-time.Second)); len(got) != 0 {
			t.Fatalf("on duty before the anchor: %v", got)
		}
	})
}

// Invariant 10: daily is hourly×24, weekly is daily×7, and complementary windows make one unrestricted layer.
func TestMetamorphic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		anchor := CivilAt(nearTransition(t, z, "anchor"), z)
		from := z.Resolve(anchor, First).Add(-time.Hour)
		to := from.Add(40 * 24 * time.Hour)
		people := staff(ids...)
		as := func(h Handoff, windows ...Window) Layer {
			return Layer{ID: "l", Members: team(ids[:3]...), Handoff: h, Windows: windows}
		}
		same := func(name string, a, b Roster) {
			if diff := cmp.Diff(shifts(a, from, to), shifts(b, from, to)); diff != "" {
				t.Fatalf("%s: %s", name, diff)
			}
		}
		same("daily", one(z, people, as(daily(anchor))), one(z, people, as(Handoff{Unit: Hour, Every: 24, Anchor: anchor})))
		same("weekly", one(z, people, as(weekly(anchor))), one(z, people, as(Handoff{Unit: Day, Every: 7, Anchor: anchor})))
		w := drawWindow(t)
		w.Days = 0
		rest := Window{From: w.To, To: w.From}
		same("windows", one(z, people, as(daily(anchor))), one(z, people, as(daily(anchor), w), as(daily(anchor), rest)))
	})
}

// Invariant 11: in UTC a shift by whole cycles shifts the answer.
func TestWholeCyclesInUTC(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := drawHandoff(t, Zone{})
		roster := one(ZoneOf(time.UTC), staff(ids...), Layer{ID: "l", Members: team(ids[:4]...), Handoff: h})
		at := h.At(0, Zone{}).Add(time.Duration(rapid.IntRange(0, 40*86400).Draw(t, "t")) * time.Second)
		k := rapid.IntRange(0, 50).Draw(t, "cycles")
		later := time.Unix(at.Unix()+int64(k*4*hoursOf(h))*3600, 0)
		if a, b := names(Compile(roster).Who("line", at)), names(Compile(roster).Who("line", later)); a != b {
			t.Fatalf("%s now, %s after %d cycles", a, b, k)
		}
	})
}

// Invariant 20: the chain is never empty with static numbers, repeats nobody, and its people are exactly the eligible.
func TestChainProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		roster, _, at := drawRoster(t)
		chain := Compile(roster).Chain(rapid.SampledFrom([]string{"line", "no such schedule"}).Draw(t, "schedule"), at)
		if len(chain) == 0 || chain[len(chain)-1].Name != Static || len(chain[len(chain)-1].Numbers) != 1 {
			t.Fatalf("the chain does not end with the static numbers: %v", chain)
		}
		seen := map[string]bool{}
		for _, tier := range chain {
			for _, d := range tier.Duties {
				if p, _ := roster.Person(d.Person); seen[d.Person] || !p.Eligible() {
					t.Fatalf("%s repeats or may not be called", d.Person)
				}
				seen[d.Person] = true
			}
		}
		for _, p := range roster.People {
			if p.Eligible() != seen[p.ID] {
				t.Fatalf("%s eligible %v, in the chain %v", p.ID, p.Eligible(), seen[p.ID])
			}
		}
	})
}

func holdsPerson(list []Duty, id string) bool {
	return slices.ContainsFunc(list, func(d Duty) bool { return d.Person == id })
}
