package edit

import (
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Ahead is how far a preview looks: a quarter. When the edit changes something that begins or ends later, it looks a quarter
// beyond the beginning of a version and up to the end of a correction.
const Ahead = 92 * 24 * time.Hour

// Look compares the rota before an edit with that after it, from now on; changed are the records that Apply named.
func Look(before, after *oncall.Evaluator, changed []Key, rules oncall.RestRules, now time.Time) Preview {
	l := look{before: before, after: after, changed: changed, now: now.UTC().Truncate(time.Second)}
	l.until = l.horizon()
	edited := l.edited()
	var p Preview
	rest := l.worseRest(rules)
	duties := dutiesOf(after, l.now, l.until, true)
	for _, id := range l.schedules() {
		d := oncall.Diff(before, after, id, l.now, l.until)
		if d.Same() && !slices.Contains(edited, id) {
			continue
		}
		s := ScheduleDiff{Difference: d, NowBefore: before.Who(id, l.now), NowAfter: after.Who(id, l.now)}
		from, found := l.effect(d)
		if found && (p.EffectiveFrom.IsZero() || from.Before(p.EffectiveFrom)) {
			p.EffectiveFrom = from
		}
		s.StaysOnDuty = both(before.Who(id, from), after.Who(id, from))
		s.Rest = concerning(rest, d)
		s.Clashes = l.clashes(d, duties)
		p.Schedules = append(p.Schedules, s)
		p.Hidden = append(p.Hidden, l.hidden(d)...)
		p.Requests = append(p.Requests, l.requests(d)...)
	}
	slices.SortStableFunc(p.Hidden, func(a, b Hidden) int { return a.Compare(b.Key) })
	known := map[string]bool{}
	for _, w := range oncall.Lint(before, l.now) {
		known[whole(w)] = true
	}
	for _, w := range oncall.Lint(after, l.now) {
		if !known[whole(w)] {
			p.Warnings = append(p.Warnings, w)
		}
	}
	return p
}

// whole is all that a warning says.
func whole(w oncall.Warning) string { return fmt.Sprintf("%s %s %q", w.Code, w.Where, w.Args) }

// look is one comparison.
type look struct {
	before, after *oncall.Evaluator
	changed       []Key
	now, until    time.Time
}

// horizon is the end of the span that is looked at.
func (l *look) horizon() time.Time {
	until := l.now.Add(Ahead)
	limit := l.now.Add(maxSpan)
	later := func(t time.Time) {
		if t.After(limit) {
			t = limit
		}
		if t.After(until) {
			until = t
		}
	}
	for _, e := range []*oncall.Evaluator{l.before, l.after} {
		d := draft{roster: *e.Roster(), now: l.now}
		for _, key := range l.changed {
			for _, end := range d.ends(key) {
				later(end)
			}
		}
	}
	return until
}

// ends are the ends of a correction, and where the look at each version of a schedule ends.
func (d *draft) ends(key Key) []time.Time {
	var list []time.Time
	switch r := &d.roster; key.Kind {
	case Absence:
		if a := find(r.Absences, key.ID, absenceID); a != nil {
			list = append(list, last(a.To, d.zones(a.Zone)))
		}
	case Temporary:
		if t := find(r.Temporaries, key.ID, temporaryID); t != nil {
			list = append(list, d.wall(t.Schedule).Instant(t.To))
		}
	case Override:
		if o := find(r.Overrides, key.ID, overrideID); o != nil {
			for _, c := range o.Changes {
				list = append(list, d.wall(o.Schedule).Instant(c.To))
			}
		}
	case Schedule:
		if s := find(r.Schedules, key.ID, scheduleID); s != nil {
			for _, v := range s.Versions {
				list = append(list, v.From.Add(Ahead))
			}
		}
	case Person, Request, Calendar, Organisation:
	}
	return list
}

// schedules are all of both rotas.
func (l *look) schedules() []string {
	var ids []string
	for _, e := range []*oncall.Evaluator{l.after, l.before} {
		for i := range e.Roster().Schedules {
			if id := e.Roster().Schedules[i].ID; !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// edited are the schedules of the changed records that belong to one.
func (l *look) edited() []string {
	var ids []string
	for _, e := range []*oncall.Evaluator{l.before, l.after} {
		r := e.Roster()
		for _, key := range l.changed {
			switch key.Kind {
			case Schedule:
				ids = append(ids, key.ID)
			case Temporary:
				if t := find(r.Temporaries, key.ID, temporaryID); t != nil {
					ids = append(ids, t.Schedule)
				}
			case Override:
				if o := find(r.Overrides, key.ID, overrideID); o != nil {
					ids = append(ids, o.Schedule)
				}
			case Person, Absence, Request, Calendar, Organisation:
			}
		}
	}
	return ids
}

// effect is the moment from which a schedule differs, or begins a version it did not have; now when there is none.
func (l *look) effect(d oncall.Difference) (from time.Time, found bool) {
	earlier := func(t time.Time) {
		if !t.Before(l.now) && (!found || t.Before(from)) {
			from, found = t, true
		}
	}
	for _, span := range d.Spans {
		earlier(span.Start)
	}
	if slices.Contains(l.changed, Key{Schedule, d.Schedule}) {
		old, _ := l.before.Roster().Schedule(d.Schedule)
		s, _ := l.after.Roster().Schedule(d.Schedule)
		for _, v := range s.Versions {
			if !slices.ContainsFunc(old.Versions, func(o oncall.Version) bool { return o.From.Equal(v.From) }) {
				earlier(v.From)
			}
		}
	}
	if !found {
		return l.now, false
	}
	return from, true
}

// both returns the people who are in both lists, in the order of the first.
func both(a, b []oncall.Duty) []string {
	var ids []string
	for _, duty := range a {
		if !slices.Contains(ids, duty.Person) && slices.ContainsFunc(b, func(o oncall.Duty) bool { return o.Person == duty.Person }) {
			ids = append(ids, duty.Person)
		}
	}
	return ids
}

// worseRest are the warnings of rest after the edit for which there was none as bad before. A short rest in the midst of what
// was duty before is none.
func (l *look) worseRest(rules oncall.RestRules) []oncall.RestWarning {
	old := oncall.Rest(l.before, l.now, l.until, rules)
	duties := dutiesOf(l.before, l.now, l.until, rules.Standby)
	return slices.DeleteFunc(oncall.Rest(l.after, l.now, l.until, rules), func(w oncall.RestWarning) bool {
		if w.Rule == oncall.ShortRest && covered(w.Start, w.End, duties[w.Person]) {
			return true
		}
		return slices.ContainsFunc(old, func(o oncall.RestWarning) bool {
			worse := w.Is > o.Is
			if w.Rule == oncall.ShortRest {
				worse = w.Is < o.Is
			}
			return o.Rule == w.Rule && o.Person == w.Person && !worse && !w.Start.After(o.End) && !o.Start.After(w.End)
		})
	})
}

// covered reports whether somebody is on duty, here or there, all the time between two instants.
func covered(start, end time.Time, list []stint) bool {
	for moved := true; moved && start.Before(end); {
		moved = false
		for _, s := range list {
			if !s.start.After(start) && s.end.After(start) {
				start, moved = s.end, true
			}
		}
	}
	return !start.Before(end)
}

// concerning are the warnings of people whose duty a difference changes.
func concerning(list []oncall.RestWarning, d oncall.Difference) []oncall.RestWarning {
	var some []oncall.RestWarning
	for _, w := range list {
		if slices.ContainsFunc(d.Spans, func(s oncall.SpanDiff) bool {
			return slices.Contains(s.After, w.Person) != slices.Contains(s.Before, w.Person)
		}) {
			some = append(some, w)
		}
	}
	return some
}

// requests are the pending requests, but for changed ones, in whose spans a difference lies.
func (l *look) requests(d oncall.Difference) []string {
	var ids []string
	r := l.after.Roster()
	s, _ := r.Schedule(d.Schedule)
	for i := range r.Requests {
		q := &r.Requests[i]
		if q.Schedule != d.Schedule || slices.Contains(l.changed, Key{Request, q.ID}) || StateOf(*r, *q, l.now) != oncall.RequestOpen {
			continue
		}
		if slices.ContainsFunc(d.Spans, func(span oncall.SpanDiff) bool {
			return span.Track == q.Track && (overlap(span.Start, span.End, s.Instant(q.From), s.Instant(q.To)) ||
				!q.ReturnFrom.IsZero() && overlap(span.Start, span.End, s.Instant(q.ReturnFrom), s.Instant(q.ReturnTo)))
		}) {
			ids = append(ids, q.ID)
		}
	}
	return ids
}
