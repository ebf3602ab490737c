package sla

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"
)

// A calendar is searched that far ahead; one that has been closed for so long
// never opens.
const horizon = 3700 // days

const day = 24 * time.Hour

// Validate reports every fault of a calendar.
func (c *Calendar) Validate() error {
	var faults []error
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" {
		faults = append(faults, fmt.Errorf("calendar: unknown zone %q; name one of the IANA database, such as Europe/Moscow", c.Zone))
	}
	check := func(name string, windows []Window) {
		for _, w := range windows {
			if w.From < 0 || w.From >= 1440 || w.To <= w.From || w.To > w.From+1440 {
				faults = append(faults, fmt.Errorf("calendar: %s: window from minute %d to %d; it begins within its day and lasts up to 24 hours", name, w.From, w.To))
			}
		}
	}
	open := false
	for d, windows := range c.Week {
		open = open || len(windows) > 0
		check(time.Weekday(d).String(), windows)
	}
	for date, windows := range c.Days {
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			faults = append(faults, fmt.Errorf("calendar: day %q: write it as 2026-06-12", date))
		}
		check(date, windows)
	}
	if !open {
		faults = append(faults, errors.New("calendar: no weekday has hours, so it never opens"))
	}
	return errors.Join(faults...)
}

// meter measures time: round the clock, or in the hours of a calendar, always
// without gaps.
type meter struct {
	cal *Calendar
	loc *time.Location // of the calendar; nil until it is needed
}

// zone reads the calendar's zone; an unknown one is UTC (Validate reports it).
func (m *meter) zone() *time.Location {
	if m.loc == nil {
		m.loc = time.UTC
		if loc, err := time.LoadLocation(m.cal.Zone); err == nil {
			m.loc = loc
		}
	}
	return m.loc
}

// spans returns the stretches at which a limit runs, a slice for each business
// day; round the clock it is one day without end.
func (m *meter) spans(from time.Time, business bool) iter.Seq[[]Span] {
	return func(yield func([]Span) bool) {
		if !business || m.cal == nil {
			yield([]Span{{From: from}})
			return
		}
		y, mo, d := from.In(m.zone()).Date()
		var end time.Time // of the day before: windows over midnight do not count twice
		for i := -1; i < horizon; i++ {
			list := m.open(y, mo, d+i, end)
			if len(list) == 0 {
				continue
			}
			end = list[len(list)-1].To
			if !yield(list) {
				return
			}
		}
	}
}

// open returns the hours of one date, joined, from min on.
func (m *meter) open(year int, month time.Month, d int, after time.Time) []Span {
	date := time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
	windows, special := m.cal.Days[date.Format(time.DateOnly)]
	if !special {
		windows = m.cal.Week[date.Weekday()]
	}
	list := make([]Span, 0, len(windows))
	for _, w := range windows {
		list = append(list, Span{m.resolve(date, w.From, false), m.resolve(date, w.To, true)})
	}
	list = unite(list)
	for len(list) > 0 && !list[0].To.After(after) {
		list = list[1:]
	}
	if len(list) > 0 && list[0].From.Before(after) {
		list[0].From = after
	}
	return list
}

// resolve returns the instant of a wall clock, minutes after a date's midnight.
// What comes twice is the first one for the start of a window and the last one
// for its end; what never comes is the first instant after the gap.
func (m *meter) resolve(date time.Time, minutes int, last bool) time.Time {
	wall := date.Add(time.Duration(minutes) * time.Minute)
	_, before := wall.Add(-day).In(m.zone()).Zone()
	_, after := wall.Add(day).In(m.zone()).Zone()
	a, b := wall.Add(-time.Duration(before)*time.Second), wall.Add(-time.Duration(after)*time.Second)
	shows := func(t time.Time, offset int) bool {
		_, o := t.In(m.zone()).Zone()
		return o == offset
	}
	okA, okB := shows(a, before), shows(b, after)
	switch {
	case okA && okB && last:
		return latest(a, b)
	case okA && okB:
		return earliest(a, b)
	case okA:
		return a
	case okB:
		return b
	}
	start, _ := latest(a, b).In(m.zone()).ZoneBounds()
	return start.UTC()
}

// after returns when a limit that runs from then on is used up; zero = never.
func (m *meter) after(from time.Time, l Limit, gaps []Span) time.Time {
	if l.Days > 0 && m.cal != nil {
		return m.daysAfter(from, float64(l.Days), gaps)
	}
	left := l.Time + time.Duration(l.Days)*day
	for list := range m.spans(from, l.Business) {
		for _, s := range list {
			for _, piece := range cut(Span{latest(s.From, from), s.To}, gaps) {
				if piece.To.IsZero() || piece.To.Sub(piece.From) >= left {
					return piece.From.Add(left)
				}
				left -= piece.To.Sub(piece.From)
			}
		}
	}
	return time.Time{}
}

// daysAfter counts business days. A day counts whole whether it is long or
// short, so a day before a holiday is one too; a part of a day is the part of
// its hours.
func (m *meter) daysAfter(from time.Time, days float64, gaps []Span) time.Time {
	const exact = 1e-12 // of a day: less than a microsecond
	for list := range m.spans(from, true) {
		var whole time.Duration
		for _, s := range list {
			whole += s.To.Sub(s.From)
		}
		for _, s := range list {
			for _, piece := range cut(Span{latest(s.From, from), s.To}, gaps) {
				part := float64(piece.To.Sub(piece.From)) / float64(whole)
				if days <= part+exact {
					into := time.Duration(math.Round(days*float64(whole)/1000)) * time.Microsecond
					return piece.From.Add(min(into, piece.To.Sub(piece.From)))
				}
				days -= part
			}
		}
	}
	return time.Time{}
}

// between measures the time from one instant to another.
func (m *meter) between(from, to time.Time, business bool, gaps []Span) (sum time.Duration) {
	if !from.Before(to) {
		return 0
	}
	for list := range m.spans(from, business) {
		for _, s := range list {
			if !s.From.Before(to) {
				return sum
			}
			end := to
			if !s.To.IsZero() {
				end = earliest(to, s.To)
			}
			for _, piece := range cut(Span{latest(s.From, from), end}, gaps) {
				sum += piece.To.Sub(piece.From)
			}
		}
	}
	return sum
}

// cut returns what is left of a span without the gaps, which are in order and
// do not touch.
func cut(s Span, gaps []Span) []Span {
	if s.empty() {
		return nil
	}
	var list []Span
	for _, g := range gaps {
		if !g.To.IsZero() && !g.To.After(s.From) {
			continue
		}
		if !s.To.IsZero() && !g.From.Before(s.To) {
			break
		}
		if g.From.After(s.From) {
			list = append(list, Span{s.From, g.From})
		}
		if g.To.IsZero() {
			return list
		}
		s.From = g.To
		if s.empty() {
			return list
		}
	}
	return append(list, s)
}

// unite orders spans and joins those that touch.
func unite(spans []Span) []Span {
	spans = slices.DeleteFunc(slices.Clone(spans), Span.empty)
	slices.SortFunc(spans, func(a, b Span) int { return a.From.Compare(b.From) })
	var list []Span
	for _, s := range spans {
		last := len(list) - 1
		switch {
		case last >= 0 && list[last].To.IsZero():
		case last >= 0 && !s.From.After(list[last].To):
			if s.To.IsZero() || s.To.After(list[last].To) {
				list[last].To = s.To
			}
		default:
			list = append(list, s)
		}
	}
	return list
}

// empty reports whether the span holds no instant.
func (s Span) empty() bool { return !s.To.IsZero() && !s.From.Before(s.To) }

// holds reports whether an instant lies in the span.
func (s Span) holds(t time.Time) bool {
	return !t.Before(s.From) && (s.To.IsZero() || t.Before(s.To))
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// sooner is earliest where zero means never.
func sooner(a, b time.Time) time.Time {
	switch {
	case a.IsZero():
		return b
	case b.IsZero():
		return a
	}
	return earliest(a, b)
}
