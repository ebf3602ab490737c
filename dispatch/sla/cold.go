package sla

import (
	"slices"
	"time"
)

// analysis reads K5 and K6 of each cycle. Of a cycle that was reopened only
// what was decided remains: the cause of what came back is looked for anew.
func (h *history) analysis() (list []Clock) {
	for n, cy := range h.cycles {
		within := func(f Fact) bool {
			return !f.At.Before(cy.from) && (cy.next.IsZero() || f.At.Before(cy.next))
		}
		k5 := h.cold(RootCauseClock, n, cy, cy.restored, slices.IndexFunc(h.analysed, within), h.analysed)
		sent := slices.IndexFunc(h.delivered, func(f Fact) bool { return within(f) && !f.At.Before(k5.Stop) })
		if k5.Stop.IsZero() {
			sent = -1
		}
		k6 := h.cold(ReportClock, n, cy, k5.Stop, sent, h.delivered)
		for _, w := range h.withdrawn {
			if w.Kind == Delivered && within(w) {
				k6.Withdrawn++
			}
		}
		for _, c := range []Clock{k5, k6} {
			if c.Name != "" && (cy.next.IsZero() || c.Verdict == Met || c.Verdict == Breached) {
				list = append(list, c)
			}
		}
	}
	return list
}

// cold reads one of them. A clock without a name is outside the scope.
func (h *history) cold(name Name, n int, cy cycle, start time.Time, stop int, facts []Fact) Clock {
	c := Clock{Name: name, Cycle: n, Start: start}
	if stop >= 0 && !start.IsZero() {
		c.Stop, c.StopRef = latest(start, facts[stop].At), facts[stop].Ref
	}
	if c.Stop.IsZero() {
		c.Ceased = sooner(cy.ended, cy.next)
	}
	at := start
	if at.IsZero() {
		at = latest(cy.from, h.t0(func(time.Time) bool { return false }))
	}
	t := h.terms(promise{name: name, start: at, stop: c.Stop, gaps: h.pauses})
	if !t.in || start.IsZero() && !t.left.IsZero() {
		return Clock{Stop: c.Stop}
	}
	c.Ceased = sooner(c.Ceased, t.left)
	c = h.judge(c, t, h.pauses)
	if best := t.best(); !c.Due.IsZero() {
		c.DayBefore = best.due.Add(-day)
		if best.limit.Days > 0 {
			c.DayBefore = h.meter.after(best.from, Limit{Days: best.limit.Days - 1}, h.pauses)
		}
	}
	return c
}
