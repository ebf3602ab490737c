package sla

import (
	"slices"
	"time"
)

// stabilise reads K3: due at the contract's limit or at the ETA that was told,
// whichever is sooner.
func (h *history) stabilise() []Clock {
	last := h.cycles[len(h.cycles)-1]
	c := Clock{Name: StabiliseClock, Stop: last.restored}
	if c.Stop.IsZero() {
		c.Ceased = last.ended
	}
	c.Start = h.t0(func(at time.Time) bool {
		for _, cy := range slices.Backward(h.cycles) {
			if !at.Before(cy.from) {
				return !cy.restored.IsZero() && !cy.restored.After(at)
			}
		}
		return false
	})
	gaps := slices.Clone(h.pauses)
	for _, cy := range h.cycles {
		if !cy.next.IsZero() {
			gaps = append(gaps, Span{cy.calm(), cy.next})
		}
	}
	gaps = unite(gaps)
	t := h.terms(promise{name: c.Name, start: c.Start, stop: c.Stop, gaps: gaps})
	if !t.in || c.Start.IsZero() {
		return nil
	}
	end := h.now
	if stop := sooner(c.Stop, c.Ceased); !stop.IsZero() {
		end = stop
	}
	eta, current := h.eta(gaps, c.Stop, end)
	c.ETA = eta
	if !current.due.IsZero() {
		t.offers = append(t.offers, current)
	}
	c.Ceased = sooner(c.Ceased, t.left)
	return []Clock{h.judge(c, t, gaps)}
}

// eta follows the ETA from word to word. A revision counts only when it was
// told before the ETA in force had lapsed, and while the trouble lasted.
func (h *history) eta(gaps []Span, stop, end time.Time) (p *Promise, current offer) {
	for _, f := range h.told {
		if f.ETA.IsZero() || !h.active(f.At) {
			continue
		}
		span := Limit{Time: max(0, f.ETA.Sub(f.At))}
		o := offer{f.At, h.meter.after(f.At, span, gaps), span}
		if p == nil {
			p, current = &Promise{First: f.ETA, FirstDue: o.due}, o
		} else if p.Revised++; !current.due.IsZero() && !f.At.Before(current.due) {
			p.Late++
		} else {
			current = o
		}
		p.Last, p.LastDue = f.ETA, o.due
	}
	if p != nil {
		p.Due = current.due
		p.FirstVerdict, p.LastVerdict = verdict(stop, p.FirstDue, end), verdict(stop, p.LastDue, end)
	}
	return p, current
}

// update reads K4, from the told plan until stabilisation; each public word
// begins it anew. It never pauses. While it runs, it is the last period that it
// shows; in the end, whether all of them were short enough.
func (h *history) update() []Clock {
	c := Clock{Name: UpdateClock, At: h.now}
	if len(h.told) == 0 {
		if t := h.terms(promise{name: c.Name, start: h.t0(func(time.Time) bool { return false })}); !t.in || !t.left.IsZero() {
			return nil
		}
		return []Clock{c}
	}
	since := h.told[0].At
	in := false
	for n, cy := range h.cycles {
		from, end := latest(since, cy.from), cy.calm()
		if !end.IsZero() && !from.Before(end) {
			continue
		}
		missed, longest := c.Missed, c.Longest
		for _, p := range h.periods(from, end) {
			t := h.terms(promise{name: c.Name, start: p.From, stop: p.To})
			in = in || t.in
			if !p.next.IsZero() {
				t.offers = append(t.offers, offer{p.From, p.next, Limit{Time: p.next.Sub(p.From)}})
			}
			k := h.judge(Clock{Name: c.Name, Cycle: n, Start: p.From, Stop: p.To, StopRef: p.ref, Ceased: t.left}, t, nil)
			if k.Verdict == Breached {
				missed++
			}
			longest = max(longest, k.Elapsed)
			k.Missed, k.Longest, k.Periods = missed, longest, c.Periods+1
			c = k
		}
		if !end.IsZero() && c.Missed > 0 {
			c.Verdict = Breached
		}
	}
	if !in {
		return nil
	}
	for _, w := range h.withdrawn {
		if w.Kind == Updated {
			c.Withdrawn++
		}
	}
	return []Clock{c}
}

// period is the time from one public word to the next.
type period struct {
	Span
	ref  string
	next time.Time // when the word that began it promised the next one
}

// periods cuts the time from one moment to another (zero = now) at the public
// words; the last period is open when the time is.
func (h *history) periods(from, end time.Time) []period {
	list := []period{{Span: Span{From: from}}}
	for _, w := range h.words {
		last := &list[len(list)-1]
		switch {
		case w.At.Before(from) || !end.IsZero() && !w.At.Before(end):
		case w.At.Equal(last.From):
			last.next = sooner(last.next, w.Next)
		default:
			last.To, last.ref = w.At, w.Ref
			list = append(list, period{Span: Span{From: w.At}, next: w.Next})
		}
	}
	list[len(list)-1].To = end
	return list
}
