package ical

import (
	"cmp"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// As is what the rows become.
type As string

// The things that rows can become.
const (
	// AsTemporary makes one temporary schedule per track; where no row is, nobody is on duty, or the layers speak with FallBack.
	AsTemporary As = "temporary"
	// AsOverrides makes one group of overrides per track: the person of each row is on duty besides, or in the place of somebody.
	AsOverrides As = "overrides"
	// AsAbsences makes each row time off of its person.
	AsAbsences As = "absences"
)

// String returns the word.
func (a As) String() string { return string(a) }

// Limits of what is read.
const (
	maxBytes = 4 << 20
	maxRows  = 5000 // repeats of an event count
)

// Target says what rows become and where they belong.
type Target struct {
	As As
	// Schedule and Track take all rows. Empty: what a row names, or the only schedule and the first track.
	Schedule, Track string
	// From and To cut what lies outside, and are the span of a temporary schedule. Zero: the span of the file, if it names one, or
	// of its rows.
	From, To oncall.Point
	// FallBack lets the layers speak where a temporary schedule has no row.
	FallBack bool
	// Reason is written into everything that has none of its own.
	Reason string
}

// Import is what was read.
type Import struct {
	Edit edit.Edit
	// Rows is how many there were, Outside how many of them lay outside of the span and were left out.
	Rows, Outside int
}

// row is one span as it was written.
type row struct {
	line            int
	schedule, track string // IDs; may be empty for an absence
	member          []string
	instead         string // whom the first of member replaces, or who is not on duty when member is empty
	substitute      string // for an absence
	from, to        time.Time
	reason          string
}

// book collects rows and faults of one file.
type book struct {
	roster   *oncall.Roster
	people   *index
	target   Target
	rows     []row
	faults   Faults
	from, to time.Time // the file's own span
	total    int
}

func newBook(r *oncall.Roster, t Target) *book {
	return &book{roster: r, people: peopleIndex(r), target: t}
}

func (b *book) fault(line int, code Code, args ...any) {
	b.faults = append(b.faults, Fault{Line: line, Code: code, Args: args})
}

// place finds schedule and track of a row by what the target and the row say. It reports false after a fault.
func (b *book) place(line int, schedule, track string) (s oncall.Schedule, trackID string, ok bool) {
	name := cmp.Or(b.target.Schedule, schedule)
	switch {
	case name != "":
		if s, ok = findSchedule(b.roster, name); !ok {
			b.fault(line, NoSchedule, name)
			return s, "", false
		}
	case len(b.roster.Schedules) == 1:
		s = b.roster.Schedules[0]
	case b.target.As == AsAbsences:
		return s, "", true // time off counts everywhere
	default:
		b.fault(line, WhichSchedule)
		return s, "", false
	}
	tracks := lastTracks(&s)
	name = cmp.Or(b.target.Track, track)
	if name == "" && len(tracks) > 0 {
		return s, tracks[0].ID, true
	}
	for i := range tracks {
		if tracks[i].ID == name || fold(tracks[i].Name) == fold(name) {
			return s, tracks[i].ID, true
		}
	}
	b.fault(line, NoTrack, name, s.ID)
	return s, "", false
}

// lastTracks returns the tracks of a schedule's last version.
func lastTracks(s *oncall.Schedule) []oncall.Track {
	if n := len(s.Versions); n > 0 {
		return s.Versions[n-1].Tracks
	}
	return s.Tracks
}

func findSchedule(r *oncall.Roster, name string) (oncall.Schedule, bool) {
	if s, ok := r.Schedule(name); ok {
		return s, true
	}
	for i := range r.Schedules {
		if fold(r.Schedules[i].Name) == fold(name) {
			return r.Schedules[i], true
		}
	}
	return oncall.Schedule{}, false
}

// clock is the wall clock by which the readings of a file are understood and points are written.
type clock struct {
	zone oncall.Zone // the first
	// moves are those to other zones, by time: a reading alone may not say then which instant is meant.
	moves []move
}

// move is when a schedule goes over to another zone.
type move struct {
	at   time.Time
	zone oncall.Zone
}

func clockOf(s *oncall.Schedule) clock {
	c := clock{zone: s.Zone}
	last := s.Zone
	for i := range s.Versions {
		v := &s.Versions[i]
		switch {
		case c.zone.IsZero(): // an edit has added the schedule: its rules begin with a version
			c.zone, last = v.Zone, v.Zone
		case v.Zone.String() != last.String():
			c.moves, last = append(c.moves, move{v.From, v.Zone}), v.Zone
		}
	}
	return c
}

// resolve returns the instant of a reading: by the last zone that is in force then.
func (c clock) resolve(in func(oncall.Zone) time.Time) time.Time { return in(c.zoneOf(in)) }

// zoneOf returns the zone by which resolve reads.
func (c clock) zoneOf(in func(oncall.Zone) time.Time) oncall.Zone {
	for _, m := range slices.Backward(c.moves) {
		if !in(m.zone).Before(m.at) {
			return m.zone
		}
	}
	return c.zone
}

// zoneAt returns the zone in which a reading of the clock is meant.
func (c clock) zoneAt(reading oncall.Civil) oncall.Zone {
	return c.zoneOf(func(z oncall.Zone) time.Time { return z.Resolve(reading, oncall.First) })
}

// point writes an instant as the clock shows it, or as it is where that reading means another instant.
func (c clock) point(t time.Time) oncall.Point {
	if reading := oncall.CivilAt(t, c.zone); len(c.moves) == 0 && c.zone.Resolve(reading, oncall.First).Equal(t) {
		return oncall.CivilPoint(reading)
	}
	return oncall.InstantPoint(t)
}

// add takes a row, unless it has no length.
func (b *book) add(r row) {
	if !r.from.Before(r.to) {
		b.fault(r.line, Backwards, r.from.UTC().Format(time.RFC3339), r.to.UTC().Format(time.RFC3339))
		return
	}
	b.rows = append(b.rows, r)
}

// done makes the edit, or returns the faults.
func (b *book) done() (Import, error) {
	if len(b.faults) == 0 && len(b.rows) == 0 {
		b.fault(0, Empty)
	}
	var edits []edit.Edit
	outside := 0
	if len(b.faults) == 0 {
		switch b.target.As {
		case AsTemporary:
			edits, outside = b.temporaries()
		case AsOverrides:
			edits, outside = b.overrides()
		case AsAbsences:
			edits, outside = b.absences()
		default:
			b.fault(0, WhichKind, string(b.target.As))
		}
	}
	if len(b.faults) == 0 && len(edits) == 0 {
		b.fault(0, AllOutside, outside)
	}
	if len(b.faults) > 0 {
		slices.SortStableFunc(b.faults, func(x, y Fault) int { return cmp.Compare(x.Line, y.Line) })
		return Import{}, b.faults
	}
	done := Import{Rows: len(b.rows), Outside: outside}
	if len(edits) == 1 {
		done.Edit = edits[0]
	} else {
		done.Edit = edit.Edit{Import: edits}
	}
	done.Edit.Reason = b.target.Reason
	return done, nil
}
