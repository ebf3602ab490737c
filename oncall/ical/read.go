package ical

import (
	"cmp"
	"fmt"
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
	zone oncall.Zone
	// moved: the versions of the schedule differ in zone, so a reading alone would not say which instant is meant.
	moved bool
}

func clockOf(s *oncall.Schedule) clock {
	c := clock{zone: s.Zone}
	for i := range s.Versions {
		c.moved = c.moved || s.Versions[i].Zone.String() != c.zone.String()
		c.zone = s.Versions[i].Zone
	}
	return c
}

// point writes an instant as the clock shows it, or as it is where that reading means another instant.
func (c clock) point(t time.Time) oncall.Point {
	if reading := oncall.CivilAt(t, c.zone); !c.moved && c.zone.Resolve(reading, oncall.First).Equal(t) {
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

// span returns the horizon of rows in a zone.
func (b *book) span(rows []row, zone oncall.Zone) (from, to time.Time) {
	from, to = b.from, b.to
	if from.IsZero() {
		from, to = rows[0].from, rows[0].to
		for _, r := range rows {
			from, to = earlier(from, r.from), later(to, r.to)
		}
	}
	if !b.target.From.IsZero() {
		from = b.target.From.In(zone)
	}
	if !b.target.To.IsZero() {
		to = b.target.To.In(zone)
	}
	return from, to
}

// cut keeps what of rows lies within [from, to).
func cut(rows []row, from, to time.Time) (kept []row, outside int) {
	for _, r := range rows {
		r.from, r.to = later(r.from, from), earlier(r.to, to)
		if r.from.Before(r.to) {
			kept = append(kept, r)
		} else {
			outside++
		}
	}
	return kept, outside
}

// group is the rows of one track.
type group struct {
	schedule, track string
	rows            []row
}

// groups puts rows of one track together, in the order in which the file names them first.
func (b *book) groups() []group {
	var list []group
	for _, r := range b.rows {
		i := slices.IndexFunc(list, func(g group) bool { return g.schedule == r.schedule && g.track == r.track })
		if i < 0 {
			list, i = append(list, group{schedule: r.schedule, track: r.track}), len(list)
		}
		list[i].rows = append(list[i].rows, r)
	}
	return list
}

func (b *book) temporaries() (edits []edit.Edit, outside int) {
	for _, g := range b.groups() {
		s, _ := b.roster.Schedule(g.schedule)
		clock := clockOf(&s)
		from, to := b.span(g.rows, clock.zone)
		rows, out := cut(g.rows, from, to)
		outside += out
		if len(rows) == 0 && (b.from.IsZero() || !from.Before(to)) {
			continue
		}
		t := &oncall.Temporary{
			Schedule: g.schedule, Track: g.track, From: clock.point(from), To: clock.point(to),
			FallBack: b.target.FallBack, Reason: b.target.Reason,
		}
		for _, r := range flatten(rows) {
			t.Shifts = append(t.Shifts, oncall.TemporaryShift{From: clock.point(r.from), To: clock.point(r.to), Member: r.member})
		}
		edits = append(edits, edit.Edit{Temporary: t})
	}
	return edits, outside
}

// flatten makes rows that overlap into neighbours: where several are, their people are on duty together, in the order of the
// file. A gap adds nobody.
func flatten(rows []row) []row {
	edges := make([]time.Time, 0, 2*len(rows))
	for _, r := range rows {
		edges = append(edges, r.from, r.to)
	}
	slices.SortFunc(edges, time.Time.Compare)
	edges = slices.CompactFunc(edges, time.Time.Equal)
	order := slices.Clone(rows)
	slices.SortStableFunc(order, func(x, y row) int { return x.from.Compare(y.from) })
	var flat, open []row
	for i := range len(edges) - 1 {
		open = slices.DeleteFunc(open, func(r row) bool { return !r.to.After(edges[i]) })
		for len(order) > 0 && !order[0].from.After(edges[i]) {
			open, order = append(open, order[0]), order[1:]
		}
		if len(open) == 0 {
			continue
		}
		slices.SortStableFunc(open, func(x, y row) int { return cmp.Compare(x.line, y.line) })
		piece := row{from: edges[i], to: edges[i+1], member: together(open)}
		if n := len(flat); n > 0 && flat[n-1].to.Equal(piece.from) && slices.Equal(flat[n-1].member, piece.member) {
			flat[n-1].to = piece.to
			continue
		}
		flat = append(flat, piece)
	}
	return flat
}

func together(rows []row) []string {
	var all []string
	for _, r := range rows {
		for _, p := range r.member {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

func (b *book) overrides() (edits []edit.Edit, outside int) {
	for _, g := range b.groups() {
		s, _ := b.roster.Schedule(g.schedule)
		clock := clockOf(&s)
		from, to := b.span(g.rows, clock.zone)
		rows, out := cut(g.rows, from, to)
		outside += out
		o := &oncall.Override{Schedule: g.schedule, Track: g.track, Reason: b.target.Reason}
		for _, r := range rows {
			c := oncall.Change{From: clock.point(r.from), To: clock.point(r.to), Remove: r.instead}
			if len(r.member) == 0 && r.instead == "" {
				b.fault(r.line, GapOverride)
				continue
			}
			if len(r.member) == 0 {
				o.Changes = append(o.Changes, c)
			}
			for _, p := range r.member {
				c.Add = p
				o.Changes = append(o.Changes, c)
				c.Remove = ""
			}
		}
		if len(o.Changes) > 0 {
			edits = append(edits, edit.Edit{Override: o})
		}
	}
	return edits, outside
}

func (b *book) absences() (edits []edit.Edit, outside int) {
	for _, r := range b.rows {
		clock := clock{zone: b.absenceZone(r)}
		from, to := b.span([]row{r}, clock.zone)
		rows, out := cut([]row{r}, from, to)
		outside += out
		if len(r.member) == 0 {
			b.fault(r.line, NobodyAbsent)
		}
		for _, kept := range rows {
			for _, p := range kept.member {
				edits = append(edits, edit.Edit{Absence: &oncall.Absence{
					Person: p, From: clock.point(kept.from), To: clock.point(kept.to), Zone: clock.zone,
					Substitute: kept.substitute, Reason: cmp.Or(kept.reason, b.target.Reason),
				}})
			}
		}
	}
	return edits, outside
}

// absenceZone is the zone of a row's readings: its schedule's, else its person's, else that of the first schedule.
func (b *book) absenceZone(r row) oncall.Zone {
	if s, ok := b.roster.Schedule(r.schedule); ok {
		return clockOf(&s).zone
	}
	if len(r.member) > 0 {
		if p, _ := b.roster.Person(r.member[0]); !p.Zone.IsZero() {
			return p.Zone
		}
	}
	if len(b.roster.Schedules) > 0 {
		return clockOf(&b.roster.Schedules[0]).zone
	}
	return oncall.Zone{}
}

// Fault is one thing in a file that is not understood.
type Fault struct {
	Line int // 0: the file as a whole
	Code Code
	Args []any
}

// Error returns the text in English.
func (f Fault) Error() string { return f.Text("en") }

// Text says in a language what is wrong and what to do.
func (f Fault) Text(language string) string {
	t := textsOf(language)
	text := t.faults[f.Code]
	said := fmt.Sprintf(text.problem, f.Args...) + "; " + text.do
	if f.Line == 0 {
		return said
	}
	return fmt.Sprintf("%s %d: %s", t.line, f.Line, said)
}
