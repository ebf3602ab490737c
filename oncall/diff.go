package oncall

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Difference is what two rotas say differently about one schedule between two instants.
type Difference struct {
	Schedule string    `json:"schedule"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	// People are those whose hours differ, by track and ID.
	People []HoursDiff `json:"people,omitempty"`
	// Spans are where the people or their order differ, by track and time. Neighbours always differ.
	Spans []SpanDiff `json:"spans,omitempty"`
	// NewGaps and ClosedGaps are of the track that is called first.
	NewGaps    []Shift `json:"new_gaps,omitempty"`
	ClosedGaps []Shift `json:"closed_gaps,omitempty"`
}

// Same reports whether nothing differs.
func (d Difference) Same() bool {
	return len(d.People)+len(d.Spans)+len(d.NewGaps)+len(d.ClosedGaps) == 0
}

// HoursDiff is the time one person has on one track before and after.
type HoursDiff struct {
	Person string        `json:"person"`
	Track  string        `json:"track"`
	Before time.Duration `json:"before"`
	After  time.Duration `json:"after"`
}

// Won is what the person has more; negative: less.
func (h HoursDiff) Won() time.Duration { return h.After - h.Before }

// MarshalJSON writes durations as they are written everywhere, "48h0m0s".
func (h HoursDiff) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Person string `json:"person"`
		Track  string `json:"track"`
		Before string `json:"before"`
		After  string `json:"after"`
		Won    string `json:"won"`
	}{h.Person, h.Track, h.Before.String(), h.After.String(), h.Won().String()})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (h *HoursDiff) UnmarshalJSON(data []byte) error {
	var written struct{ Person, Track, Before, After string }
	if err := json.Unmarshal(data, &written); err != nil {
		return err
	}
	before, err := time.ParseDuration(written.Before)
	if err != nil {
		return err
	}
	after, err := time.ParseDuration(written.After)
	*h = HoursDiff{written.Person, written.Track, before, after}
	return err
}

// SpanDiff is a span of one track with other people than before.
type SpanDiff struct {
	Track  string    `json:"track"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Before []string  `json:"before"` // IDs in the order of duty; none: a gap
	After  []string  `json:"after"`
}

// Diff compares what two rotas say about a schedule in [from, to). Reasons do not count, people and their order do.
func Diff(before, after *Evaluator, schedule string, from, to time.Time) Difference {
	d := Difference{Schedule: schedule, From: from, To: to}
	for _, track := range tracksOf(schedule, from, to, before, after) {
		hours := map[string]*HoursDiff{}
		of := func(person string) *HoursDiff {
			if hours[person] == nil {
				hours[person] = &HoursDiff{Person: person, Track: track}
			}
			return hours[person]
		}
		var last *SpanDiff
		for piece := range pieces(before, after, schedule, track, from, to) {
			for _, id := range piece.Before {
				of(id).Before += piece.End.Sub(piece.Start)
			}
			for _, id := range piece.After {
				of(id).After += piece.End.Sub(piece.Start)
			}
			switch {
			case slices.Equal(piece.Before, piece.After):
				last = nil
			case last != nil && slices.Equal(last.Before, piece.Before) && slices.Equal(last.After, piece.After):
				last.End = piece.End
			default:
				d.Spans = append(d.Spans, piece)
				last = &d.Spans[len(d.Spans)-1]
			}
		}
		for _, h := range hours {
			if h.Before != h.After {
				d.People = append(d.People, *h)
			}
		}
	}
	slices.SortFunc(d.People, func(a, b HoursDiff) int {
		return cmp.Or(cmp.Compare(a.Track, b.Track), cmp.Compare(a.Person, b.Person))
	})
	d.NewGaps, d.ClosedGaps = gapsDiff(before, after, schedule, from, to)
	return d
}

// pieces walks both rotas at once: every piece has one list of people before and one after.
func pieces(before, after *Evaluator, schedule, track string, from, to time.Time) func(yield func(SpanDiff) bool) {
	return func(yield func(SpanDiff) bool) {
		a := slices.Collect(before.Shifts(schedule, track, from, to))
		b := slices.Collect(after.Shifts(schedule, track, from, to))
		for start := from; len(a) > 0 && len(b) > 0; {
			end := a[0].End
			if b[0].End.Before(end) {
				end = b[0].End
			}
			piece := SpanDiff{Track: track, Start: start, End: end, Before: a[0].people(), After: b[0].people()}
			if start.Before(end) && !yield(piece) {
				return
			}
			if start = end; !a[0].End.After(end) {
				a = a[1:]
			}
			if !b[0].End.After(end) {
				b = b[1:]
			}
		}
	}
}

// people returns the IDs of those on duty, in order; never nil, so that a gap is written as an empty list.
func (s Shift) people() []string {
	ids := make([]string, len(s.Duties))
	for i, d := range s.Duties {
		ids[i] = d.Person
	}
	return ids
}

// tracksOf returns the tracks a schedule has at any time of [from, to) in any of the rotas, in the order of first mention.
func tracksOf(schedule string, from, to time.Time, rotas ...*Evaluator) []string {
	var rules []Rules
	for _, e := range rotas {
		s, _ := e.Roster().Schedule(schedule)
		rules = append(rules, s.RulesIn(from, to)...)
	}
	return TrackIDs(rules...)
}

// gapsDiff returns the gaps only after has, and those only before has.
func gapsDiff(before, after *Evaluator, schedule string, from, to time.Time) (opened, closed []Shift) {
	a := slices.Collect(before.Gaps(schedule, from, to))
	b := slices.Collect(after.Gaps(schedule, from, to))
	return without(b, a), without(a, b)
}

// without returns the parts of the shifts that lie in none of others; both are in order and without overlaps.
func without(shifts, others []Shift) []Shift {
	var rest []Shift
	for _, s := range shifts {
		for _, o := range others {
			if !o.End.After(s.Start) || !o.Start.Before(s.End) {
				continue
			}
			if s.Start.Before(o.Start) {
				rest = append(rest, Shift{Track: s.Track, Start: s.Start, End: o.Start})
			}
			s.Start = o.End
		}
		if s.Start.Before(s.End) {
			rest = append(rest, s)
		}
	}
	return rest
}
