package chart

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Options say what to draw.
type Options struct {
	Schedule string
	// Tracks are the IDs of the tracks to draw; none: all.
	Tracks []string
	// From and To are dates; the span begins at From's midnight and ends before To's.
	From, To oncall.Civil
	// Zone cuts the days and shows the times; zero: the schedule's.
	Zone oncall.Zone
	// Now draws a line where we are; zero: none.
	Now time.Time
	// Language is "ru" or "en"; anything else is English.
	Language string
}

// Month returns the first date of the month that holds c, and that of the next one.
func Month(c oncall.Civil) (from, to oncall.Civil) {
	y, m, _ := c.Date()
	return oncall.NewCivil(y, m, 1, 0, 0, 0), oncall.NewCivil(y, m+1, 1, 0, 0, 0)
}

// maxDays bounds a chart: more than a quarter and a month can be read neither on a page nor on a screen.
const maxDays = 124

// Chart is a span of a schedule, ready to be drawn.
type Chart struct {
	ID, Name string
	Zone     oncall.Zone
	From, To time.Time
	Days     []Day
	Tracks   []Track
	// People are those who appear, in the order of the roster.
	People []Person
	Now    time.Time

	words words
}

// Day is one civil day.
type Day struct {
	Date       oncall.Civil
	Start, End time.Time
	Class      oncall.DayClass
	// Guessed says that the schedule has a Calendar, and that this day's year is missing in it.
	Guessed  bool
	Calendar string
}

// Track is one line of duty.
type Track struct {
	ID, Name string
	Rows     []Row // layers, a temporary schedule, absences, corrections
	Final    Row
}

// Kind is what a row shows.
type Kind string

// The kinds of rows.
const (
	LayerRow     Kind = "layer"
	TemporaryRow Kind = "temporary"
	AbsenceRow   Kind = "absence"
	OverrideRow  Kind = "override"
	FinalRow     Kind = "final"
)

// Row is one line of a track. Its bars are in order and do not overlap.
type Row struct {
	Kind Kind
	Name string
	Bars []Bar
}

// Bar is a span with the same people.
type Bar struct {
	Start, End time.Time
	// People are IDs; none in a final row: a gap.
	People []string
	// Removed are those whom a correction takes away.
	Removed []string
	// Changed says that something else than a layer's turn decided.
	Changed bool
	// Since and Beyond say that it goes on before the chart's span and after it.
	Since, Beyond bool
	// Why is what decided, in the evaluator's words.
	Why string
}

// Person is somebody who appears in the chart.
type Person struct {
	ID, Name string
	// Short is the surname, Initials two or three letters; both are unique in the chart.
	Short, Initials string
	// Hours are those on duty by the final rows.
	Hours time.Duration
}

// New works out a chart.
func New(e *oncall.Evaluator, o Options) (*Chart, error) {
	s, ok := e.Roster().Schedule(o.Schedule)
	if !ok {
		return nil, fmt.Errorf("draw schedule %q: there is none of that ID", o.Schedule)
	}
	c := &Chart{ID: s.ID, Name: s.Name, Zone: o.Zone, Now: o.Now, words: wordsOf(o.Language)}
	if c.Zone.IsZero() {
		c.Zone = s.RulesAt(s.Zone.Resolve(o.From, oncall.First)).Zone
	}
	if err := c.cut(e, s, o.From, o.To); err != nil {
		return nil, err
	}
	for _, t := range tracksIn(&s, c.From, c.To) {
		if len(o.Tracks) == 0 || slices.Contains(o.Tracks, t.ID) {
			c.Tracks = append(c.Tracks, c.track(e, &s, t))
		}
	}
	if len(c.Tracks) == 0 {
		return nil, fmt.Errorf("draw schedule %q: it has no track %v", o.Schedule, o.Tracks)
	}
	c.count(e.Roster())
	return c, nil
}

// cut divides the span into days.
func (c *Chart) cut(e *oncall.Evaluator, s oncall.Schedule, from, to oncall.Civil) error {
	from, to = from.At(0), to.At(0)
	if !from.Before(to) {
		return fmt.Errorf("draw schedule %q: %s is not before %s", s.ID, from, to)
	}
	for date := from; date.Before(to); date = date.AddDays(1) {
		d := Day{Date: date, Start: c.Zone.Resolve(date, oncall.First), End: c.Zone.Resolve(date.AddDays(1), oncall.First)}
		if !d.Start.Before(d.End) {
			continue // the day never was: Pacific/Apia 2011-12-30
		}
		calendar := s.RulesAt(d.Start).Calendar
		class, known := e.DayClass(calendar, date)
		d.Class, d.Guessed = class, calendar != "" && !known
		if d.Guessed {
			d.Calendar = calendar
		}
		c.Days = append(c.Days, d)
		if len(c.Days) > maxDays {
			return fmt.Errorf("draw schedule %q: %s to %s is more than the %d days that fit one chart", s.ID, from, to, maxDays)
		}
	}
	if len(c.Days) == 0 {
		return fmt.Errorf("draw schedule %q: there is no day between %s and %s", s.ID, from, to)
	}
	c.From, c.To = c.Days[0].Start, c.Days[len(c.Days)-1].End
	return nil
}

// Gap reports whether the bar is one of a final row with nobody.
func (b Bar) Gap() bool { return len(b.People) == 0 && len(b.Removed) == 0 }

// Duration returns how long the bar is.
func (b Bar) Duration() time.Duration { return b.End.Sub(b.Start) }

// Gaps returns the gaps of a track.
func (t *Track) Gaps() []Bar {
	var gaps []Bar
	for _, b := range t.Final.Bars {
		if b.Gap() {
			gaps = append(gaps, b)
		}
	}
	return gaps
}

// count names the people of the final rows and of the layers, and adds up hours.
func (c *Chart) count(r *oncall.Roster) {
	hours, seen := map[string]time.Duration{}, map[string]bool{}
	for _, t := range c.Tracks {
		for _, b := range t.Final.Bars {
			for _, id := range b.People {
				hours[id] += b.Duration()
			}
		}
		for _, row := range append(slices.Clone(t.Rows), t.Final) {
			for _, b := range row.Bars {
				for _, id := range append(slices.Clone(b.People), b.Removed...) {
					seen[id] = true
				}
			}
		}
	}
	for _, p := range r.People {
		if seen[p.ID] {
			c.People = append(c.People, Person{ID: p.ID, Name: shown(p), Hours: hours[p.ID]})
			delete(seen, p.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(seen)) { // whom the roster does not know is never on duty; a layer's row may still name them
		c.People = append(c.People, Person{ID: id, Name: id, Hours: hours[id]})
	}
	shorten(c.People)
}

func shown(p oncall.Person) string {
	if p.Name == "" {
		return p.ID
	}
	return p.Name
}

// person returns who has the ID.
func (c *Chart) person(id string) *Person {
	for i := range c.People {
		if c.People[i].ID == id {
			return &c.People[i]
		}
	}
	return &Person{ID: id, Name: id, Short: id, Initials: id}
}
