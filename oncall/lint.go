package oncall

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Warning is something about a rota that is allowed and may hurt.
type Warning struct {
	Code WarningCode `json:"code"`
	// Where is what it is about: "schedule line", "schedule line, track primary, layer days", "person anna".
	Where string `json:"where"`
	// Args fill the text.
	Args []string `json:"args,omitempty"`
	// Due is when it begins to hurt; zero: it already does.
	Due time.Time `json:"due,omitzero"`
}

// Text returns the warning in a language, "ru" or "en": what is wrong and what to do.
func (w Warning) Text(language string) string {
	text := warningTexts[w.Code].en
	if language == "ru" {
		text = warningTexts[w.Code].ru
	}
	pairs := make([]string, 0, 2*len(w.Args))
	for i, arg := range w.Args {
		pairs = append(pairs, fmt.Sprintf("{%d}", i), arg)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// How far ahead is looked for what.
const (
	lintGaps     = 14 * 24 * time.Hour  // gaps, people in two places, people without a device
	lintSoon     = 30 * 24 * time.Hour  // certificates that end
	lintCalendar = 92 * 24 * time.Hour  // years of calendars
	lintRules    = 366 * 24 * time.Hour // rules that are never reached
)

// lintHole is up to which length every gap looks like a slip of the pen.
const lintHole = 90 * time.Minute

// linter collects warnings about one rota.
type linter struct {
	e    *Evaluator
	now  time.Time
	list []Warning
}

// Lint reports what may hurt from now on; never what has passed. The order is that of the roster.
func Lint(e *Evaluator, now time.Time) []Warning {
	l := &linter{e: e, now: now.UTC().Truncate(time.Second)}
	r := e.Roster()
	bare := rulesAlone(r)
	for i := range r.Schedules {
		s := &r.Schedules[i]
		l.gaps(s)
		l.tracks(s)
		l.calendar(s)
		l.layers(bare, s)
	}
	l.people()
	l.twice()
	l.idle()
	return l.list
}

func (l *linter) warn(code WarningCode, due time.Time, where string, args ...string) {
	if !due.After(l.now) {
		due = time.Time{}
	}
	l.list = append(l.list, Warning{code, where, args, due})
}

// clock writes an instant as the wall of a schedule shows it.
func clockOf(t time.Time, zone Zone) string { return CivilAt(t, zone).String() }

// gaps reports that nobody is on the first track.
func (l *linter) gaps(s *Schedule) {
	gaps := slices.Collect(l.e.Gaps(s.ID, l.now, l.now.Add(lintGaps)))
	gaps = slices.DeleteFunc(gaps, func(g Shift) bool { return len(s.RulesAt(g.Start).Tracks) == 0 }) // closed on purpose
	l.uncovered(WarnGap, WarnHole, s, "schedule "+s.ID, gaps, s.ID)
}

// uncovered reports a list of gaps as one warning: the first of them, how many, how long together.
func (l *linter) uncovered(code, short WarningCode, s *Schedule, where string, gaps []Shift, args ...string) {
	if len(gaps) == 0 {
		return
	}
	var total, longest time.Duration
	for _, g := range gaps {
		total += g.End.Sub(g.Start)
		longest = max(longest, g.End.Sub(g.Start))
	}
	if longest <= lintHole && gaps[0].Start.After(l.now) {
		code = short
	}
	zone := s.RulesAt(gaps[0].Start).Zone
	args = append(args, clockOf(gaps[0].Start, zone), clockOf(gaps[0].End, zone), fmt.Sprint(len(gaps)), total.String())
	l.warn(code, gaps[0].Start, where, args...)
}

// tracks reports the tracks behind the first on which nobody is at times, and tracks of one person.
func (l *linter) tracks(s *Schedule) {
	until := l.now.Add(lintGaps)
	for i, track := range tracksOf(s.ID, l.now, until, l.e) {
		where := fmt.Sprintf("schedule %s, track %s", s.ID, track)
		var gaps []Shift
		people := map[string]bool{}
		for r := range s.reigns(l.now, until) {
			if !slices.ContainsFunc(r.Tracks, func(t Track) bool { return t.ID == track }) {
				continue
			}
			for shift := range l.e.Shifts(s.ID, track, r.from, r.to) {
				if shift.Gap() {
					gaps = append(gaps, shift)
				}
				for _, d := range shift.Duties {
					people[d.Person] = true
				}
			}
		}
		if i > 0 {
			l.uncovered(WarnNoSecond, WarnNoSecond, s, where, gaps, s.ID, track)
		}
		if len(people) == 1 {
			for id := range people {
				l.warn(WarnOnePerson, l.now, where, s.ID, track, id)
			}
		}
	}
}

// calendar reports years that a schedule's calendar lacks.
func (l *linter) calendar(s *Schedule) {
	var seen []string
	for r := range s.reigns(l.now, l.now.Add(lintCalendar)) {
		if r.Calendar == "" || len(r.Tracks) == 0 {
			continue
		}
		year, _, _ := CivilAt(r.from, r.Zone).Date()
		end, _, _ := CivilAt(r.to, r.Zone).Date()
		for ; year <= end; year++ {
			first := NewCivil(year, time.January, 1, 0, 0, 0)
			args := []string{s.ID, r.Calendar, fmt.Sprint(year)}
			if _, known := l.e.DayClass(r.Calendar, first); !known && !slices.Contains(seen, strings.Join(args, " ")) {
				seen = append(seen, strings.Join(args, " "))
				l.warn(WarnNoCalendar, r.Zone.Resolve(first, First), "schedule "+s.ID, args...)
			}
		}
	}
}

// people reports certificates and people on duty who can not be called.
func (l *linter) people() {
	duties := l.e.runs(l.now, l.now.Add(lintGaps), true)
	for i := range l.e.Roster().People {
		p := &l.e.Roster().People[i]
		where := "person " + p.ID
		if d, on := duties[p.ID]; on && len(p.Devices) == 0 {
			l.warn(WarnNoDevice, d.runs[0].start, where, p.ID, clockOf(d.runs[0].start, d.zone))
		}
		for _, c := range p.Certificates {
			if c.Expires.IsZero() || p.Disabled {
				continue
			}
			switch at := p.Zone.Resolve(c.Expires, First); {
			case !at.After(l.now):
				l.warn(WarnCertificateOver, at, where, p.ID, c.Name, c.Expires.String()[:len(time.DateOnly)])
			case at.Before(l.now.Add(lintSoon)):
				l.warn(WarnCertificateEnds, at, where, p.ID, c.Name, c.Expires.String()[:len(time.DateOnly)])
			}
		}
	}
}

// twice reports people who are on the first track of two schedules at once: once for each pair of schedules.
func (l *linter) twice() {
	type post struct {
		schedule string
		zone     Zone
		stretch
	}
	posts := map[string][]post{}
	until := l.now.Add(lintGaps)
	r := l.e.Roster()
	for i := range r.Schedules {
		s := &r.Schedules[i]
		for reign := range s.reigns(l.now, until) {
			for person, stretches := range l.e.stretches(s.ID, reign, 1) {
				for _, st := range stretches {
					posts[person] = append(posts[person], post{s.ID, reign.Zone, st})
				}
			}
		}
	}
	for i := range r.People {
		id := r.People[i].ID
		list := posts[id]
		slices.SortStableFunc(list, func(a, b post) int {
			return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.schedule, b.schedule))
		})
		seen := map[[2]string]bool{}
		for k, a := range list {
			for _, b := range list[k+1:] {
				if !b.start.Before(a.end) {
					break
				}
				pair := [2]string{min(a.schedule, b.schedule), max(a.schedule, b.schedule)}
				if a.schedule == b.schedule || seen[pair] {
					continue
				}
				seen[pair] = true
				l.warn(WarnTwoPlaces, b.start, "person "+id, id, pair[0], pair[1], clockOf(b.start, b.zone))
			}
		}
	}
}

// idle reports overrides to come without any effect.
func (l *linter) idle() {
	r := l.e.Roster()
	for i := range r.Schedules {
		s := &r.Schedules[i]
		alone := Roster{People: r.People, Calendars: r.Calendars, Absences: r.Absences, Schedules: r.Schedules[i : i+1]}
		alone.Temporaries = slices.DeleteFunc(slices.Clone(r.Temporaries), func(t Temporary) bool { return t.Schedule != s.ID })
		alone.Overrides = slices.DeleteFunc(slices.Clone(r.Overrides), func(o Override) bool { return o.Schedule != s.ID })
		excerpts := NewExcerpts(&alone)
		for k := range alone.Overrides {
			o := &alone.Overrides[k]
			from, to := o.span(s.RulesAt(l.now).Zone)
			if from.Before(l.now) || !from.Before(to) || to.Sub(from) > Foresight || l.decides(o, from, to) {
				continue
			}
			without := excerpts.Around(from, to)
			without.Overrides = slices.DeleteFunc(without.Overrides, func(other Override) bool { return other.ID == o.ID })
			if len(Diff(Compile(without), l.e, s.ID, from, to).Spans) == 0 {
				l.warn(WarnIdleOverride, from, fmt.Sprintf("schedule %s, override %s", s.ID, o.ID), s.ID, o.ID, clockOf(from, s.RulesAt(from).Zone))
			}
		}
	}
}

// span is from the first to the last moment of an override.
func (o *Override) span(zone Zone) (from, to time.Time) {
	for i, c := range o.Changes {
		start, end := c.From.In(zone), c.To.In(zone)
		if i == 0 || start.Before(from) {
			from = start
		}
		to = laterOf(to, end)
	}
	return from, to
}

// decides reports whether somebody is on duty in a span because of an override. One that only removes people decides nothing
// in this sense.
func (l *linter) decides(o *Override, from, to time.Time) bool {
	for shift := range l.e.Shifts(o.Schedule, o.Track, from, to) {
		if slices.ContainsFunc(shift.Duties, func(d Duty) bool {
			by := d.Provenance
			return by.ID == o.ID && (by.Source == FromOverride || by.Source == FromTakeover)
		}) {
			return true
		}
	}
	return false
}
