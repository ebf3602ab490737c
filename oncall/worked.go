package oncall

import (
	"slices"
	"sort"
)

// workedTurns counts the periods of a layer that have any time within its windows. Such periods repeat in a cycle of whole
// weeks, but for those that touch a transition of the zone or a day whose class is not that of its weekday; these odd ones are
// listed. So a count is two look-ups, however far t is from the anchor. Months have no cycle, they are listed one by one.
type workedTurns struct {
	cycle []int64 // cycle[i] of the first i periods after the anchor are worked; the last is the whole cycle
	odd   []int64 // periods that are not as the cycle says, ascending
	more  []int64 // more[k] is what the first k of them add to the count
	base  int64   // count of all before period 0
}

// newWorkedTurns looks at the periods of a layer whose windows, clock and pace are ready.
func newWorkedTurns(l *layer) *workedTurns {
	w := &workedTurns{}
	if l.pace.months > 0 {
		w.listMonths(l)
	} else {
		w.findCycle(l)
		w.findOdd(l)
	}
	w.base = w.count(0)
	return w
}

// before returns how many periods from 0 to before i are worked, negative for an i before 0.
func (w *workedTurns) before(i int64) int64 { return w.count(i) - w.base }

func (w *workedTurns) count(i int64) int64 {
	n := int64(len(w.cycle)) - 1
	k := sort.Search(len(w.odd), func(k int) bool { return w.odd[k] >= i })
	return floorDiv(i, n)*w.cycle[n] + w.cycle[floorMod(i, n)] + w.more[k]
}

// isWorked asks the windows themselves.
func (l *layer) isWorked(i int64) bool {
	return l.openWithin(l.handoff(l.pace.reading(i)), l.handoff(l.pace.reading(i+1)))
}

// findCycle counts through the shortest run of periods that is a whole number of weeks, on a clock without transitions and
// without a calendar.
func (w *workedTurns) findCycle(l *layer) {
	plain := *l
	plain.clock, plain.days = &clock{from: []int64{always}, offset: []int64{0}}, nil
	week := 7 * secondsPerDay
	n := week / gcd(l.pace.step, week)
	w.cycle = make([]int64, n+1)
	for i := range n {
		w.cycle[i+1] = w.cycle[i]
		if plain.isWorked(i) {
			w.cycle[i+1]++
		}
	}
}

// findOdd compares the periods that touch a transition or an odd day with the cycle.
func (w *workedTurns) findOdd(l *layer) {
	n := int64(len(w.cycle)) - 1
	w.more = []int64{0}
	next := farPast
	l.oddReadings(func(from, to int64) {
		for i := max(next, l.pace.index(from)-1); i <= l.pace.index(to)+1; i++ {
			next = i + 1
			k := floorMod(i, n)
			delta := -(w.cycle[k+1] - w.cycle[k])
			if l.isWorked(i) {
				delta++
			}
			if delta != 0 {
				w.odd, w.more = append(w.odd, i), append(w.more, w.more[len(w.more)-1]+delta)
			}
		}
	})
}

// oddReadings visits, in order, the spans of readings in which windows and hand-offs do not lie as in any other week.
func (l *layer) oddReadings(visit func(from, to int64)) {
	type span struct{ from, to int64 }
	var spans []span
	for i := 1; i < len(l.clock.from); i++ {
		a, b := l.clock.from[i]+l.clock.offset[i-1], l.clock.from[i]+l.clock.offset[i]
		spans = append(spans, span{min(a, b), max(a, b)})
	}
	if l.days != nil && slices.ContainsFunc(l.windows, func(o opening) bool { return o.classed || o.shorten > 0 }) {
		for k := range l.days.class {
			n := l.days.first + int64(k)
			if class, _ := l.days.of(n); class != weekdayClass(n) {
				spans = append(spans, span{n * secondsPerDay, (n + 2) * secondsPerDay}) // a window of the day may last into the next
			}
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return int(min(max(a.from-b.from, -1), 1)) })
	for _, s := range spans {
		visit(s.from, s.to)
	}
}

// listMonths writes down every period of the years that clocks are known for.
func (w *workedTurns) listMonths(l *layer) {
	w.cycle, w.more = []int64{0, 1}, []int64{0} // worked, unless listed
	last := l.pace.index(firstDayOf(clockLastYear) * secondsPerDay)
	for i := l.pace.index(firstDayOf(clockFirstYear) * secondsPerDay); i <= last; i++ {
		if !l.isWorked(i) {
			w.odd, w.more = append(w.odd, i), append(w.more, w.more[len(w.more)-1]-1)
		}
	}
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
