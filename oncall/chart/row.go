package chart

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// tracksIn returns the tracks of all rules of the span, each once, with all layers it has in any of them.
func tracksIn(s *oncall.Schedule, from, to time.Time) []oncall.Track {
	var tracks []oncall.Track
	for _, rules := range s.RulesIn(from, to) {
		for _, t := range rules.Tracks {
			i := slices.IndexFunc(tracks, func(have oncall.Track) bool { return have.ID == t.ID })
			if i < 0 {
				t.Layers = slices.Clone(t.Layers)
				tracks = append(tracks, t)
				continue
			}
			for _, l := range t.Layers {
				if !slices.ContainsFunc(tracks[i].Layers, func(have oncall.Layer) bool { return have.ID == l.ID }) {
					tracks[i].Layers = append(tracks[i].Layers, l)
				}
			}
		}
	}
	return tracks
}

// track works out the rows of one track.
func (c *Chart) track(e *oncall.Evaluator, s *oncall.Schedule, t oncall.Track) Track {
	out := Track{ID: t.ID, Name: t.Name}
	if out.Name == "" {
		out.Name = t.ID
	}
	layers := slices.Clone(t.Layers)
	slices.SortStableFunc(layers, func(a, b oncall.Layer) int { return cmp.Compare(a.Priority, b.Priority) })
	for _, l := range layers {
		out.Rows = append(out.Rows, Row{Kind: LayerRow, Name: l.ID, Bars: c.only(e, s, t.ID, func(have oncall.Layer) bool { return have.ID == l.ID }, nil)})
	}
	temporaries := slices.DeleteFunc(slices.Clone(e.Roster().Temporaries), func(x oncall.Temporary) bool { return x.Schedule != s.ID || x.Track != t.ID })
	if bars := c.only(e, s, t.ID, func(oncall.Layer) bool { return false }, temporaries); len(bars) > 0 {
		out.Rows = append(out.Rows, Row{Kind: TemporaryRow, Name: c.words.temporary, Bars: bars})
	}
	out.Rows = append(out.Rows, lanes(AbsenceRow, c.words.absences, c.absences(e.Roster(), s, layers))...)
	out.Rows = append(out.Rows, lanes(OverrideRow, c.words.overrides, c.overrides(e.Roster(), s, t.ID))...)
	out.Final = Row{Kind: FinalRow, Name: c.words.final, Bars: c.bars(e, s.ID, t.ID)}
	return out
}

// only evaluates a track with some of its layers and no corrections but the given temporary schedules.
func (c *Chart) only(e *oncall.Evaluator, s *oncall.Schedule, track string, keep func(oncall.Layer) bool, temporaries []oncall.Temporary) []Bar {
	part := *s
	part.Tracks = partOf(s.Tracks, track, keep)
	part.Versions = slices.Clone(s.Versions)
	for i := range part.Versions {
		part.Versions[i].Tracks = partOf(part.Versions[i].Tracks, track, keep)
	}
	whole := e.Roster()
	alone := oncall.Compile(oncall.Roster{People: whole.People, Schedules: []oncall.Schedule{part}, Calendars: whole.Calendars, Temporaries: temporaries})
	return slices.DeleteFunc(c.bars(alone, s.ID, track), Bar.Gap)
}

func partOf(tracks []oncall.Track, id string, keep func(oncall.Layer) bool) []oncall.Track {
	for _, t := range tracks {
		if t.ID == id {
			t.Layers = slices.DeleteFunc(slices.Clone(t.Layers), func(l oncall.Layer) bool { return !keep(l) })
			return []oncall.Track{t}
		}
	}
	return nil
}

// bars returns the shifts of a track; neighbours with the same people and the same kind of reason are one bar. A second on both
// sides tells which bars the span has cut.
func (c *Chart) bars(e *oncall.Evaluator, schedule, track string) []Bar {
	var bars []Bar
	for shift := range e.Shifts(schedule, track, c.From.Add(-time.Second), c.To.Add(time.Second)) {
		b := Bar{Start: shift.Start, End: shift.End}
		for _, d := range shift.Duties {
			b.People = append(b.People, d.Person)
			b.Changed = b.Changed || d.Provenance.Source != oncall.FromLayer
		}
		b.Why = reasons(shift.Duties)
		if n := len(bars); n > 0 && bars[n-1].Changed == b.Changed && slices.Equal(bars[n-1].People, b.People) {
			bars[n-1].End = b.End
			if bars[n-1].Why != b.Why && !strings.Contains(bars[n-1].Why, b.Why) {
				bars[n-1].Why += "; " + b.Why
			}
			continue
		}
		bars = append(bars, b)
	}
	kept := bars[:0]
	for _, b := range bars {
		if c.clip(&b) {
			kept = append(kept, b)
		}
	}
	return kept
}

func reasons(duties []oncall.Duty) string {
	var all []string
	for _, d := range duties {
		if why := d.Provenance.String(); !slices.Contains(all, why) {
			all = append(all, why)
		}
	}
	return strings.Join(all, ", ")
}

// absences returns the time off of the people of the layers.
func (c *Chart) absences(r *oncall.Roster, s *oncall.Schedule, layers []oncall.Layer) []Bar {
	concerned := func(id string) bool {
		return slices.ContainsFunc(layers, func(l oncall.Layer) bool {
			return slices.ContainsFunc(l.Members, func(m oncall.Member) bool { return slices.Contains(m, id) })
		})
	}
	var bars []Bar
	for _, a := range r.Absences {
		on := s
		if !a.Zone.IsZero() {
			on = &oncall.Schedule{Zone: a.Zone}
		}
		if b := (Bar{Start: on.Instant(a.From), End: on.Instant(a.To), Removed: []string{a.Person}, Why: a.Reason}); concerned(a.Person) && c.clip(&b) {
			if a.Substitute != "" {
				b.People = []string{a.Substitute}
			}
			bars = append(bars, b)
		}
	}
	return bars
}

// overrides returns the corrections of a track.
func (c *Chart) overrides(r *oncall.Roster, s *oncall.Schedule, track string) []Bar {
	var bars []Bar
	for _, o := range r.Overrides {
		if o.Schedule != s.ID || o.Track != track {
			continue
		}
		for _, change := range o.Changes {
			b := Bar{Start: s.Instant(change.From), End: s.Instant(change.To), Changed: true, Why: o.ID}
			if change.Add != "" {
				b.People = []string{change.Add}
			}
			if change.Remove != "" {
				b.Removed = []string{change.Remove}
			}
			if c.clip(&b) {
				bars = append(bars, b)
			}
		}
	}
	return bars
}

// clip cuts a bar to the chart's span; false: it lies outside.
func (c *Chart) clip(b *Bar) bool {
	if b.Start.Before(c.From) {
		b.Start, b.Since = c.From, true
	}
	if b.End.After(c.To) {
		b.End, b.Beyond = c.To, true
	}
	return b.Start.Before(b.End)
}

// lanes puts bars that overlap into rows of their own.
func lanes(kind Kind, name string, bars []Bar) []Row {
	slices.SortStableFunc(bars, func(a, b Bar) int { return a.Start.Compare(b.Start) })
	var rows []Row
next:
	for _, b := range bars {
		for i := range rows {
			if last := rows[i].Bars[len(rows[i].Bars)-1]; !b.Start.Before(last.End) {
				rows[i].Bars = append(rows[i].Bars, b)
				continue next
			}
		}
		rows = append(rows, Row{Kind: kind, Name: name, Bars: []Bar{b}})
	}
	return rows
}
