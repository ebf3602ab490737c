package oncall_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/oncall"
)

// rotation is one layer of distinct members that is always open.
type rotation struct {
	world
	layer *oncall.Layer
}

// drawRotation draws a rotation of n members from before its anchor's end on, with the given units.
func drawRotation(t *rapid.T, least int, units ...oncall.Unit) rotation {
	zone, clock, about := drawPlace(t)
	w := world{zone: zone, clock: clock, from: about - 40*daySeconds, to: about + 40*daySeconds}
	for _, id := range crew {
		w.roster.People = append(w.roster.People, oncall.Person{ID: id})
	}
	l := oncall.Layer{ID: "turns"}
	for _, id := range crew[:rapid.IntRange(least, len(crew)).Draw(t, "members")] {
		l.Members = append(l.Members, oncall.Member{id})
	}
	l.Handoff = oncall.Handoff{
		Unit: rapid.SampledFrom(units).Draw(t, "unit"), Every: rapid.IntRange(1, 4).Draw(t, "every"),
		Anchor: (clock.shows(w.from) - wall(rapid.Int64Range(0, 60*daySeconds/900).Draw(t, "anchor before"))*900).civil(),
		Start:  rapid.IntRange(0, len(l.Members)-1).Draw(t, "start"),
	}
	w.roster.Schedules = []oncall.Schedule{{ID: "line", Zone: zone, Tracks: []oncall.Track{{ID: "primary", Layers: []oncall.Layer{l}}}}}
	return rotation{w, &w.roster.Schedules[0].Tracks[0].Layers[0]}
}

// handoffs are the indices and instants of the hand-offs in the world's span, by the oracle's arithmetic.
func (r rotation) handoffs() (first int, list []int64) {
	k := newWalk(r.layer, r.clock, nil)
	i := 0
	for k.handoff(i) < r.from {
		i++
	}
	for first = i; k.handoff(i) < r.to; i++ {
		list = append(list, k.handoff(i))
	}
	return first, list
}

var allUnits = []oncall.Unit{oncall.Hour, oncall.Day, oncall.Week, oncall.Month}

// An unrestricted rotation without gap members has exactly one person on duty at any time, in every zone, in 1970-2060.
func TestInvariant05NoGapNoOverlap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRotation(t, 1, allUnits...)
		for _, s := range shifts(oncall.Compile(r.roster), "primary", r.from, r.to) {
			if len(s.Duties) != 1 {
				t.Fatalf("%d on duty from %s until %s\n%s", len(s.Duties), r.moment(s.Start.Unix()), r.moment(s.End.Unix()), r.text())
			}
		}
	})
}

// Order: the periods cycle the members. By worked periods nobody is ever skipped or repeated; by the calendar the index of a
// period that has collapsed is consumed, and only that.
func TestInvariant06Order(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRotation(t, 2, allUnits...)
		worked := rapid.Bool().Draw(t, "worked")
		if worked {
			r.layer.Handoff.Advance = oncall.ByWorked
		}
		e := oncall.Compile(r.roster)
		first, list := r.handoffs()
		n, before := len(r.layer.Members), -1
		for i, at := range list {
			if i+1 < len(list) && list[i+1] == at {
				continue // collapsed
			}
			duties := e.Who("line", sec(at))
			if len(duties) != 1 {
				t.Fatalf("at %s: %v", r.moment(at), duties)
			}
			index := slices.Index(crew, duties[0].Person)
			switch {
			case worked && before >= 0 && index != (before+1)%n:
				t.Fatalf("at %s %s follows %s\n%s", r.moment(at), crew[index], crew[before], r.text())
			case !worked && index != (r.layer.Handoff.Start+first+i)%n:
				t.Fatalf("at %s, period %d, it is %s's turn\n%s", r.moment(at), first+i, crew[index], r.text())
			}
			before = index
		}
	})
}

// Fairness: in k·n periods that are worked in turn, everybody has exactly k, windows or not.
func TestInvariant07Fairness(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRotation(t, 2, oncall.Hour, oncall.Day, oncall.Week)
		r.layer.Handoff.Advance = oncall.ByWorked
		r.layer.Windows = rapid.SliceOfN(rapid.Custom(drawWindow), 0, 2).Draw(t, "windows")
		e := oncall.Compile(r.roster)
		_, list := r.handoffs()
		var turns []string
		for i := range len(list) - 1 {
			if list[i] == list[i+1] {
				continue
			}
			for _, s := range shifts(e, "primary", list[i], list[i+1]) {
				if !s.Gap() {
					turns = append(turns, s.Duties[0].Person)
					break
				}
			}
		}
		n := len(r.layer.Members)
		for from := 0; from+n <= len(turns); from++ {
			k := (len(turns) - from) / n
			count := map[string]int{}
			for _, person := range turns[from : from+k*n] {
				count[person]++
			}
			for _, member := range r.layer.Members {
				if count[member[0]] != k {
					t.Fatalf("of %d turns from the %dth on %s has %d, want %d\n%s", k*n, from, member, count[member[0]], k, r.text())
				}
			}
		}
	})
}

// Clock: days, weeks and months hand off at the anchor's reading of the clock, or at the first instant after the jump that
// leaves it out.
func TestInvariant08Clock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRotation(t, 2, oncall.Day, oncall.Week, oncall.Month)
		e := oncall.Compile(r.roster)
		anchor := wallOf(r.layer.Handoff.Anchor)
		list := shifts(e, "primary", r.from, r.to)
		for _, s := range list[1:] {
			shown := r.clock.shows(s.Start.Unix())
			if shown-shown.date() == anchor-anchor.date() {
				continue
			}
			before := r.clock.shows(s.Start.Unix() - 1)
			if before+1 == shown {
				t.Fatalf("hands off at %s, the anchor's clock is %s\n%s", r.moment(s.Start.Unix()), r.layer.Handoff.Anchor, r.text())
			}
			missing := shown.date() + (anchor - anchor.date())
			for missing >= shown {
				missing -= daySeconds
			}
			if missing <= before {
				t.Fatalf("hands off at the change of the clock at %s, which leaves out no %s\n%s", r.moment(s.Start.Unix()), r.layer.Handoff.Anchor.Clock(), r.text())
			}
		}
	})
}

// Hand-offs never go back, and days, weeks and months go on, but across a civil day that never was.
func TestInvariant09Monotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRotation(t, 1, allUnits...)
		h := r.layer.Handoff
		_, list := r.handoffs()
		i0 := rapid.IntRange(-200, 200).Draw(t, "index")
		for i := i0; i < i0+200; i++ {
			a, b := h.At(i, r.zone), h.At(i+1, r.zone)
			if b.Before(a) {
				t.Fatalf("hand-off %d is %s, the next %s\n%s", i, a, b, r.text())
			}
			if a.Equal(b) && h.Unit != oncall.Hour {
				if lost := r.clock.shows(a.Unix()) - r.clock.shows(a.Unix()-1) - 1; lost < daySeconds {
					t.Fatalf("hand-offs %d and %d are both at %s, and the clock leaves out %d s\n%s", i, i+1, r.moment(a.Unix()), lost, r.text())
				}
			}
		}
		for i, at := range list {
			if i > 0 && at < list[i-1] {
				t.Fatal("the oracle's own hand-offs go back")
			}
		}
	})
}

// Metamorphic: a day is 24 hours of the clock, a week is 7 days, and two layers with windows that complete each other are one
// that is always open.
func TestInvariant10Metamorphic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRotation(t, 2, oncall.Day, oncall.Week)
		said := merge(shifts(oncall.Compile(r.roster), "primary", r.from, r.to))
		whole := *r.layer
		finer := map[oncall.Unit]oncall.Handoff{
			oncall.Day:  {Unit: oncall.Hour, Every: 24 * whole.Handoff.Every},
			oncall.Week: {Unit: oncall.Day, Every: 7 * whole.Handoff.Every},
		}[whole.Handoff.Unit]
		r.layer.Handoff.Unit, r.layer.Handoff.Every = finer.Unit, finer.Every
		if got := merge(shifts(oncall.Compile(r.roster), "primary", r.from, r.to)); fmt.Sprint(got) != fmt.Sprint(said) {
			t.Fatalf("with %v:\n%v\nwant\n%v", r.layer.Handoff, got, said)
		}

		clocks := rapid.SliceOfNDistinct(rapid.IntRange(0, 47), 2, 2, rapid.ID[int]).Draw(t, "windows")
		from, to := oncall.Clock(1800*clocks[0]), oncall.Clock(1800*clocks[1])
		one, other := whole, whole
		one.Windows, other.Windows = []oncall.Window{{From: from, To: to}}, []oncall.Window{{From: to, To: from}}
		r.roster.Schedules[0].Tracks[0].Layers = []oncall.Layer{one, other}
		e := oncall.Compile(r.roster)
		for _, p := range said {
			for _, s := range shifts(e, "primary", p.from.Unix(), p.to.Unix()) {
				if got, want := people(seats(s.Duties)), people(p.seats); !slices.Equal(got, want) {
					t.Fatalf("with windows %s-%s and back, at %s: %v, want %v\n%s", from, to, r.moment(s.Start.Unix()), got, want, r.text())
				}
			}
		}
	})
}

// Zones with a fixed offset are plain arithmetic of seconds, and a shift by whole cycles changes nothing.
func TestInvariant11FixedOffset(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRotation(t, 1, oncall.Hour, oncall.Day, oncall.Week)
		offset := rapid.IntRange(-12, 14).Draw(t, "offset")
		zone, err := oncall.LoadZone(fmt.Sprintf("Etc/GMT%+d", -offset))
		if err != nil {
			t.Fatal(err)
		}
		r.roster.Schedules[0].Zone = zone
		e := oncall.Compile(r.roster)
		h, n := r.layer.Handoff, int64(len(r.layer.Members))
		length := int64(h.Every) * map[oncall.Unit]int64{oncall.Hour: 3600, oncall.Day: daySeconds, oncall.Week: 7 * daySeconds}[h.Unit]
		anchor := int64(wallOf(h.Anchor)) - int64(offset)*3600
		for range 10 {
			at := rapid.Int64Range(anchor, r.to).Draw(t, "at")
			want := crew[((at-anchor)/length+int64(h.Start))%n]
			later := at + rapid.Int64Range(0, 20).Draw(t, "cycles")*length*n
			for _, at := range []int64{at, later} {
				if got := people(seats(e.Who("line", sec(at)))); !slices.Equal(got, []string{want}) {
					t.Fatalf("at %s: %v, want %s\n%s", sec(at), got, want, r.text())
				}
			}
		}
	})
}

// Months: a hand-off is on the anchor's day, or on the last of a month that is shorter.
func TestInvariant12MonthClamp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRotation(t, 2, oncall.Month)
		year, month, _ := r.layer.Handoff.Anchor.Date()
		day := rapid.IntRange(27, 31).Draw(t, "day")
		if month == time.February {
			month = time.March
		}
		day = min(day, lastDay(year, month))
		r.layer.Handoff.Anchor = oncall.NewCivil(year, month, day, 12, 0, 0)
		h := r.layer.Handoff
		for i := range 40 {
			i -= 12
			at := h.At(i, r.zone).Unix()
			shown := time.Unix(int64(r.clock.shows(at)), 0).UTC()
			months := year*12 + int(month) - 1 + i*h.Every
			y, m := months/12, time.Month(months%12+1)
			if want := min(day, lastDay(y, m)); shown.Year() != y || shown.Month() != m || shown.Day() != want {
				if r.clock.shows(at)-r.clock.shows(at-1) > 1 {
					continue // the day, or its noon, never was
				}
				t.Fatalf("hand-off %d from %s is on %s, want day %d of %s %d", i, h.Anchor, r.moment(at), want, m, y)
			}
		}
	})
}
