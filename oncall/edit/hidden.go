package edit

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// hidden are the corrections that the edit left as they are and that have an effect before it somewhere, and none there after
// it. Time off is hidden where who is away comes on duty all the same: a gap is still one because of it.
func (l *look) hidden(d oncall.Difference) []Hidden {
	if len(d.Spans) == 0 {
		return nil
	}
	start, end := d.Spans[0].Start, d.Spans[0].End
	for _, span := range d.Spans {
		if span.Start.Before(start) {
			start = span.Start
		}
		if span.End.After(end) {
			end = span.End
		}
	}
	var list []Hidden
	was, is := part(l.before.Roster(), d.Schedule), part(l.after.Roster(), d.Schedule)
	old, now := oncall.NewExcerpts(&was), oncall.NewExcerpts(&is)
	there := map[Key]bool{}
	for _, key := range corrections(&is) {
		there[key] = !slices.Contains(l.changed, key)
	}
	for _, key := range corrections(&was) {
		if !there[key] || !l.lies(&was, key, start, end) {
			continue
		}
		from, to := l.around(&was, key, start, end)
		spans := lost(effects(old.Around(from, to), key, d.Schedule, from, to), effects(now.Around(from, to), key, d.Schedule, from, to))
		if key.Kind == Absence {
			spans = l.comesOn(find(is.Absences, key.ID, absenceID).Person, d, spans)
		}
		if len(spans) > 0 {
			from, to = l.around(&was, key, l.now, l.until)
			wholly := key.Kind != Absence && len(effects(now.Around(from, to), key, d.Schedule, from, to)) == 0
			list = append(list, Hidden{Key: key, Schedule: d.Schedule, Wholly: wholly, Spans: spans})
		}
	}
	return list
}

// comesOn are the parts of spans in which a person is on duty after the edit and was not before.
func (l *look) comesOn(person string, d oncall.Difference, spans []HiddenSpan) []HiddenSpan {
	var list []HiddenSpan
	for _, s := range spans {
		for _, c := range d.Spans {
			if c.Track != s.Track || !slices.Contains(c.After, person) || slices.Contains(c.Before, person) || !overlap(s.Start, s.End, c.Start, c.End) {
				continue
			}
			part := s
			if c.Start.After(part.Start) {
				part.Start = c.Start
			}
			if c.End.Before(part.End) {
				part.End = c.End
			}
			list = append(list, part)
		}
	}
	return list
}

// part is what of a roster matters to one schedule.
func part(r *oncall.Roster, schedule string) oncall.Roster {
	p := oncall.Roster{People: r.People, Calendars: r.Calendars, Absences: r.Absences}
	if s, found := r.Schedule(schedule); found {
		p.Schedules = []oncall.Schedule{s}
	}
	for i := range r.Temporaries {
		if r.Temporaries[i].Schedule == schedule {
			p.Temporaries = append(p.Temporaries, r.Temporaries[i])
		}
	}
	for i := range r.Overrides {
		if r.Overrides[i].Schedule == schedule {
			p.Overrides = append(p.Overrides, r.Overrides[i])
		}
	}
	return p
}

// corrections are the keys of all corrections.
func corrections(r *oncall.Roster) []Key {
	var keys []Key
	for key := range things(r) {
		if key.Kind == Absence || key.Kind == Temporary || key.Kind == Override {
			keys = append(keys, key)
		}
	}
	return keys
}

// lies reports whether a correction reaches into a span.
func (l *look) lies(r *oncall.Roster, key Key, start, end time.Time) bool {
	d := draft{roster: *r, now: l.now}
	return slices.ContainsFunc(d.ends(key), func(t time.Time) bool { return t.After(start) }) &&
		slices.ContainsFunc(d.starts(key), func(t time.Time) bool { return t.Before(end) })
}

// around is the part of a span in which a correction may matter, also when the edit moves its schedule to another zone.
func (l *look) around(r *oncall.Roster, key Key, start, end time.Time) (from, to time.Time) {
	const clocksApart = 48 * time.Hour
	d := draft{roster: *r, now: l.now}
	if starts := d.starts(key); len(starts) > 0 {
		if t := slices.MinFunc(starts, time.Time.Compare).Add(-clocksApart); t.After(start) {
			start = t
		}
	}
	if ends := d.ends(key); len(ends) > 0 {
		if t := slices.MaxFunc(ends, time.Time.Compare).Add(clocksApart); t.Before(end) {
			end = t
		}
	}
	return start, end
}

// starts are the beginnings of a correction.
func (d *draft) starts(key Key) []time.Time {
	var list []time.Time
	switch r := &d.roster; key.Kind {
	case Absence:
		if a := find(r.Absences, key.ID, absenceID); a != nil {
			list = append(list, first(a.From, d.zones(a.Zone)))
		}
	case Temporary:
		if t := find(r.Temporaries, key.ID, temporaryID); t != nil {
			list = append(list, first(t.From, clocks{d.wall(t.Schedule)}))
		}
	case Override:
		if o := find(r.Overrides, key.ID, overrideID); o != nil {
			for _, c := range o.Changes {
				list = append(list, first(c.From, clocks{d.wall(o.Schedule)}))
			}
		}
	case Person, Schedule, Request, Calendar, Organisation:
	}
	return list
}

// effects are the spans in which a correction matters: without it other people would be on duty.
func effects(r oncall.Roster, key Key, schedule string, start, end time.Time) []oncall.SpanDiff {
	without := r
	switch key.Kind {
	case Absence:
		without.Absences = drop(r.Absences, key.ID, absenceID)
	case Temporary:
		without.Temporaries = drop(r.Temporaries, key.ID, temporaryID)
	case Override:
		without.Overrides = drop(r.Overrides, key.ID, overrideID)
	case Person, Schedule, Request, Calendar, Organisation:
	}
	return oncall.Diff(oncall.Compile(without), oncall.Compile(r), schedule, start, end).Spans
}

// lost are the parts of the spans of before that lie in none of after, track by track; neighbours are one.
func lost(before, after []oncall.SpanDiff) []HiddenSpan {
	var list []HiddenSpan
	add := func(track string, start, end time.Time) {
		if !start.Before(end) {
			return
		}
		if n := len(list) - 1; n >= 0 && list[n].Track == track && list[n].End.Equal(start) {
			list[n].End = end
			return
		}
		list = append(list, HiddenSpan{track, start, end})
	}
	for _, b := range before {
		at := b.Start
		for _, a := range after {
			if a.Track != b.Track || !a.End.After(at) || !a.Start.Before(b.End) {
				continue
			}
			add(b.Track, at, a.Start)
			at = a.End
		}
		add(b.Track, at, b.End)
	}
	return list
}
