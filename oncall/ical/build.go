package ical

import (
	"cmp"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// span returns the horizon of rows by a clock.
func (b *book) span(rows []row, c clock) (from, to time.Time) {
	from, to = b.from, b.to
	if from.IsZero() {
		from, to = rows[0].from, rows[0].to
		for _, r := range rows {
			from, to = earlier(from, r.from), later(to, r.to)
		}
	}
	if !b.target.From.IsZero() {
		from = c.resolve(b.target.From.In)
	}
	if !b.target.To.IsZero() {
		to = c.resolve(b.target.To.In)
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
		from, to := b.span(g.rows, clock)
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
		from, to := b.span(g.rows, clock)
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
		clock := b.absenceClock(r)
		from, to := b.span([]row{r}, clock)
		rows, out := cut([]row{r}, from, to)
		outside += out
		if len(r.member) == 0 {
			b.fault(r.line, NobodyAbsent)
		}
		for _, kept := range rows {
			for _, p := range kept.member {
				edits = append(edits, edit.Edit{Absence: &oncall.Absence{
					Person: p, From: clock.point(kept.from), To: clock.point(kept.to), Zone: clock.zoneOf(func(oncall.Zone) time.Time { return kept.from }),
					Substitute: kept.substitute, Reason: cmp.Or(kept.reason, b.target.Reason),
				}})
			}
		}
	}
	return edits, outside
}

// absenceClock is the clock of a row's readings: its schedule's, else its person's, else that of the first schedule.
func (b *book) absenceClock(r row) clock {
	if s, ok := b.roster.Schedule(r.schedule); ok {
		return clockOf(&s)
	}
	if len(r.member) > 0 {
		if p, _ := b.roster.Person(r.member[0]); !p.Zone.IsZero() {
			return clock{zone: p.Zone}
		}
	}
	if len(b.roster.Schedules) > 0 {
		return clockOf(&b.roster.Schedules[0])
	}
	return clock{}
}
