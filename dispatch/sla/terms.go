package sla

import (
	"slices"
	"time"
)

// terms are what is promised of one clock: the nearest of what its priorities,
// one after another, have promised.
type terms struct {
	offers []offer
	in     bool      // the clock belongs to the ticket at all
	left   time.Time // when it ceased to, undecided
}

// offer is one promise: so long from then on.
type offer struct {
	from, due time.Time
	limit     Limit
}

// best returns the nearest offer.
func (t terms) best() (b offer) {
	for _, o := range t.offers {
		if b.due.IsZero() || !o.due.IsZero() && o.due.Before(b.due) {
			b = o
		}
	}
	return b
}

// due returns the nearest due; zero = nothing is promised.
func (t terms) due() time.Time { return t.best().due }

// promise is what terms are read of.
type promise struct {
	name        Name
	start, stop time.Time // a zero stop runs
	gaps        []Span
	fixed       time.Time // due, as it came with a merge at since
	since       time.Time
}

// grade returns the priority at a moment, and the changes after it.
func (h *history) grade(at time.Time) (Fact, []Fact) {
	now := Fact{Kind: Graded, Grade: Critical}
	for i, g := range h.grades {
		if g.At.After(at) {
			return now, h.grades[i:]
		}
		now = g
	}
	return now, nil
}

// from is when the promise of another priority begins.
func (p promise) from(c Fact) time.Time {
	switch {
	case c.Misjudge:
		return p.start
	case !c.Since.IsZero() && (p.name == PlanClock || p.name == StabiliseClock): // as it was promised for the ticket that brought it
		return latest(p.start, c.Since)
	}
	return c.At
}

// terms reads what is promised: by the priority at the start, and by each one
// since. What was decided before a change stays, but for a misjudgement: that
// promise was owed from T0 on.
func (h *history) terms(p promise) (t terms) {
	g, changes := h.grade(latest(p.start, p.since))
	offer := func(from time.Time, g Fact) []offer {
		l := h.policy.Limit(p.name, g.Grade)
		if l.Zero() {
			return nil
		}
		return []offer{{from, h.meter.after(from, l, p.gaps), l}}
	}
	if t.in = g.Scope.has(p.name); t.in {
		t.offers = offer(p.start, g)
		if !p.fixed.IsZero() {
			t.offers = fix(p, h.policy.Limit(p.name, g.Grade))
		}
	}
	for _, c := range changes {
		was, is := g.Scope.has(p.name), c.Scope.has(p.name)
		up, down := c.Grade.rank() < g.Grade.rank(), c.Grade.rank() > g.Grade.rank()
		g = c
		stopped := !p.stop.IsZero() && !p.stop.After(c.At)
		due := t.due()
		breached := !due.IsZero() && !due.After(c.At)
		from := p.from(c)
		switch {
		case stopped && (!up || !c.Misjudge): // decided
		case !was && is:
			t.in, t.left = true, time.Time{}
			t.offers = append(t.offers, offer(from, c)...)
		case was && !is:
			if !breached {
				t.offers, t.left = nil, c.At
			}
		case !is:
		case up && c.Misjudge && !breached:
			if o := offer(from, c); len(o) > 0 {
				t.offers = o
			}
		case up:
			t.offers = append(t.offers, offer(from, c)...)
		case down && !breached:
			t.offers = offer(p.start, c)
		}
	}
	return t
}

// fix is the offer that came with a merge.
func fix(p promise, l Limit) []offer {
	return []offer{{p.start, p.fixed, Limit{Time: p.fixed.Sub(p.start), Business: l.Business}}}
}

// judge fills what follows from the terms and from start, stop and ceased.
func (h *history) judge(c Clock, t terms, gaps []Span) Clock {
	c.At = h.now
	if c.Start.IsZero() {
		return Clock{Name: c.Name, Report: c.Report, Cycle: c.Cycle, At: h.now}
	}
	best := t.best()
	business := best.limit.Business || best.limit.Days > 0
	c.Due, c.Days = best.due, best.limit.Days
	if c.Days == 0 && !c.Due.IsZero() {
		c.Limit = h.meter.between(c.Start, c.Due, business, gaps)
	}
	end := h.now
	switch {
	case !c.Stop.IsZero():
		end = c.Stop
	case !c.Ceased.IsZero():
		end = c.Ceased
	}
	c.Elapsed = h.meter.between(c.Start, end, business, gaps)
	c.Verdict = verdict(c.Stop, c.Due, end)
	if c.Verdict == Running && !c.Ceased.IsZero() {
		c.Verdict = Void
	}
	for _, g := range gaps {
		if g.From.Before(end) && (g.To.IsZero() || g.To.After(c.Start)) {
			c.Gaps = append(c.Gaps, g)
		}
	}
	c.Paused = c.Runs() && slices.ContainsFunc(gaps, func(g Span) bool { return g.holds(h.now) })
	return c
}

// verdict compares the stop, or the last moment of a clock that has none, with
// what is due. Strictly: at the limit it is late.
func verdict(stop, due, end time.Time) Verdict {
	switch {
	case !due.IsZero() && !end.Before(due):
		return Breached
	case stop.IsZero():
		return Running
	}
	return Met
}
