package sla

import (
	"slices"
	"time"
)

// Read reads all clocks of a ticket from its facts as they stood at now: K1 of
// each report and cycle, then K2, K3 and K4, then K5 and K6 of each cycle.
// Clocks that are outside the ticket's scope are left out. The order of facts
// does not matter.
//
// Of a ticket that was merged into another one the clocks stand as they stood
// then; what ran is Void here and goes on there.
func Read(policy Policy, facts []Fact, now time.Time) []Clock {
	left := merged(facts, now)
	at := now
	if !left.IsZero() {
		at = left
	}
	h := digest(policy, facts, at)
	list := h.contact()
	list = append(list, h.plan()...)
	list = append(list, h.stabilise()...)
	list = append(list, h.update()...)
	list = append(list, h.analysis()...)
	if left.IsZero() {
		return list
	}
	for i, c := range list {
		if c.Runs() {
			list[i].Ceased = left
			if c.Verdict == Running {
				list[i].Verdict, list[i].Paused = Void, false
			}
		}
		list[i].At = now
	}
	return list
}

// merged returns since when the ticket is merged into another one; zero = it is not.
func merged(facts []Fact, now time.Time) (since time.Time) {
	var back time.Time
	for _, f := range facts {
		switch {
		case f.At.After(now):
		case f.Kind == Left:
			since = latest(since, f.At)
		case f.Kind == Returned:
			back = latest(back, f.At)
		}
	}
	if since.IsZero() || back.After(since) {
		return time.Time{}
	}
	return since
}

// FirstContact reads K1 of the first report alone, with a limit of its own, as
// it stood at now: what a ticket has whose log pins no policy. It starts at the
// earliest signal and stops at the earliest contact that was not withdrawn; it
// never pauses. A limit of zero means DefaultFirstContact.
func FirstContact(facts []Fact, limit time.Duration, now time.Time) Clock {
	if limit <= 0 {
		limit = DefaultFirstContact
	}
	h := digest(Policy{Limits: map[Name]Limit{FirstContactClock: {Time: limit}}}, facts, now)
	h.grades = nil
	for _, s := range h.stories {
		if s.report <= 1 {
			c, _ := h.firstContact(s, again{at: s.start})
			return c
		}
	}
	return Clock{Name: FirstContactClock, Report: 1, At: now, Limit: limit}
}

// contact reads K1 of each report and cycle.
func (h *history) contact() (list []Clock) {
	for _, s := range h.stories {
		for _, from := range append([]again{{0, s.start}}, s.again...) {
			if c, in := h.firstContact(s, from); in {
				list = append(list, c)
			}
		}
	}
	return list
}

// firstContact reads one K1; in is false where the ticket promises none.
func (h *history) firstContact(s story, from again) (c Clock, in bool) {
	c = Clock{Name: FirstContactClock, Report: max(1, s.report), Cycle: from.cycle, Start: from.at, Lag: s.lag}
	reaches := func(f Fact) bool {
		if f.Report == 0 || from.cycle > 0 {
			return (f.Report == 0 || f.Report == s.report) && !f.At.Before(from.at)
		}
		return f.Report == s.report
	}
	if i := slices.IndexFunc(h.contacts, reaches); i >= 0 {
		c.Stop, c.StopRef = h.contacts[i].At, h.contacts[i].Ref
	}
	if at := h.reacted(s, from.at); !at.IsZero() && (c.Stop.IsZero() || at.Before(c.Stop)) {
		c.Stop, c.StopRef, c.Manner = at, "", ByPolicy
	}
	first, enough := h.tried(reaches)
	c.Tried = first
	if !enough.IsZero() && (c.Stop.IsZero() || enough.Before(c.Stop)) {
		c.Stop, c.StopRef, c.Manner = enough, "", ByAttempts
	}
	for _, w := range h.withdrawn {
		if w.Kind == Contacted && reaches(w) {
			c.Withdrawn++
		}
	}
	p := promise{name: c.Name, start: c.Start, stop: c.Stop}
	if from.cycle == 0 {
		p.fixed, p.since = s.due, s.since
	}
	t := h.terms(p)
	if s.machine && s.human.IsZero() && c.Stop.IsZero() { // a human who waits goes on waiting, whatever becomes of the ticket
		c.Ceased = h.abandoned(c.Start)
	}
	c.Ceased = sooner(c.Ceased, t.left)
	return h.judge(c, t, nil), t.in
}

// reacted returns when the incident of a machine was reacted to, where the
// contract lets the client sleep.
func (h *history) reacted(s story, from time.Time) time.Time {
	if !h.policy.LetSleep || !s.machine {
		return time.Time{}
	}
	for _, f := range h.reactions {
		if !f.At.Before(from) && h.monitored(f.At) {
			return f.At
		}
	}
	return time.Time{}
}

// tried returns the first try that failed and, where the contract counts them,
// the one that was enough.
func (h *history) tried(reaches func(Fact) bool) (first, enough time.Time) {
	channels := map[string]bool{}
	n := 0
	for _, f := range h.tries {
		if !reaches(f) {
			continue
		}
		first = sooner(first, f.At)
		n++
		channels[f.Channel] = true
		if a := h.policy.Attempts; enough.IsZero() && a > 0 && n >= a && len(channels) >= 2 {
			enough = f.At
		}
	}
	return first, enough
}

// abandoned returns when the ticket was closed or cancelled after that moment;
// zero when it was not, or was reopened since.
func (h *history) abandoned(after time.Time) time.Time {
	c := h.cycles[len(h.cycles)-1]
	if c.ended.Before(after) {
		return time.Time{}
	}
	return c.ended
}

// plan reads K2. It is moot once the main function works again or the ticket is
// closed; reopened, a ticket without a plan owes one anew.
func (h *history) plan() []Clock {
	c := Clock{Name: PlanClock}
	if len(h.told) > 0 {
		c.Stop, c.StopRef = h.told[0].At, h.told[0].Ref
	}
	c.Start = h.t0(func(at time.Time) bool { return !c.Stop.IsZero() && !c.Stop.After(at) })
	for _, w := range h.withdrawn {
		if w.Kind == Told {
			c.Withdrawn++
		}
	}
	read := func() terms { return h.terms(promise{name: PlanClock, start: c.Start, stop: c.Stop}) }
	t := read()
	for n, cy := range h.cycles {
		calm := cy.calm()
		if told := !c.Stop.IsZero(); calm.IsZero() || told && (cy.next.IsZero() || !c.Stop.After(cy.next)) {
			break
		}
		if due := t.due(); !due.IsZero() && !due.After(calm) || cy.next.IsZero() {
			if c.Stop.IsZero() {
				c.Ceased = calm
			}
			break
		}
		c.Start, c.Cycle = cy.next, n+1
		t = read()
	}
	c.Ceased = sooner(c.Ceased, t.left)
	if !t.in || c.Start.IsZero() {
		return nil
	}
	return []Clock{h.judge(c, t, nil)}
}
