package sla

import (
	"cmp"
	"slices"
	"time"
)

// history is what the facts of a ticket say up to now, put in order.
type history struct {
	policy  Policy
	now     time.Time
	meter   *meter
	stories []story // by report
	grades  []Fact  // by time; the first holds from the beginning
	cycles  []cycle // at least one
	merges  []merge
	pauses  []Span // united

	contacts, tries, reactions, told, words, analysed, delivered []Fact // by time, without what was withdrawn
	withdrawn                                                    []Fact
}

// story is one report.
type story struct {
	report  int
	start   time.Time
	machine bool
	human   time.Time // when somebody told the same of his own, beside a machine
	lag     time.Duration
	source  string
	since   time.Time // the merge that brought it
	due     time.Time // of the contact, as it stood when it came by a merge
	again   []again
}

// again is a first contact that is owed once more.
type again struct {
	cycle int
	at    time.Time
}

// cycle is one pass through the protocol.
type cycle struct {
	from     time.Time // zero for the first
	restored time.Time
	ended    time.Time // closed or cancelled
	next     time.Time // reopened
}

// calm is when work on the trouble ended in the cycle; zero = it goes on.
func (c cycle) calm() time.Time { return sooner(c.restored, c.ended) }

// merge is another ticket that is merged into this one.
type merge struct {
	source string
	at     time.Time
}

// digest orders the facts that are known at now. Facts of the same instant are
// taken in the order of their kinds, so that the order of their lines plays no
// part.
func digest(policy Policy, facts []Fact, now time.Time) *history {
	h := &history{policy: policy, now: now, meter: &meter{cal: policy.Calendar}, cycles: []cycle{{}}}
	facts = slices.DeleteFunc(slices.Clone(facts), func(f Fact) bool { return f.At.After(now) || f.Since.After(now) })
	slices.SortStableFunc(facts, order)
	void := map[string]bool{}
	for _, f := range facts {
		if f.Kind == Withdrawn {
			void[f.Ref] = true
		}
	}
	for _, f := range facts {
		if (f.Kind == Contacted || f.Kind == Told || f.Kind == Updated || f.Kind == Delivered) && f.Ref != "" && void[f.Ref] {
			h.withdrawn = append(h.withdrawn, f)
			continue
		}
		h.take(f)
	}
	h.pauses = pauses(facts)
	h.forgetReleased(facts)
	return h
}

// order puts facts into the order of time, and those of the same instant into
// one that depends on what they say alone: the more urgent priority comes last,
// and wins.
func order(a, b Fact) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	bit := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Report, b.Report), cmp.Compare(b.Grade.rank(), a.Grade.rank()), cmp.Compare(b.Scope, a.Scope),
		cmp.Compare(bit(a.Misjudge), bit(b.Misjudge)), cmp.Compare(bit(a.Machine), bit(b.Machine)), cmp.Compare(a.Ref, b.Ref),
		a.ETA.Compare(b.ETA), a.Next.Compare(b.Next), cmp.Compare(a.Source, b.Source),
	)
}

// take puts one fact in its place.
func (h *history) take(f Fact) {
	c := &h.cycles[len(h.cycles)-1]
	switch f.Kind {
	case Reported:
		h.report(f)
	case Contacted:
		h.contacts = append(h.contacts, f)
	case Attempted:
		h.tries = append(h.tries, f)
	case Reacted:
		h.reactions = append(h.reactions, f)
	case Told:
		h.told, h.words = append(h.told, f), append(h.words, f)
	case Updated:
		h.words = append(h.words, f)
	case Analysed:
		h.analysed = append(h.analysed, f)
	case Delivered:
		h.delivered = append(h.delivered, f)
	case Graded:
		h.grades = append(h.grades, f)
	case Restored:
		if c.calm().IsZero() {
			c.restored = f.At
		}
	case Ended:
		if c.ended.IsZero() {
			c.ended = f.At
		}
	case Reopened:
		if !c.calm().IsZero() {
			h.owe(f, c.calm())
			c.next = f.At
			h.cycles = append(h.cycles, cycle{from: f.At})
		}
	case Absorbed:
		h.merges = append(h.merges, merge{f.Source, f.At})
	case Released:
		h.merges = slices.DeleteFunc(h.merges, func(m merge) bool { return m.source == f.Source })
	case Withdrawn, Paused, Resumed, Left, Returned: // read beside
	}
}

func (h *history) report(f Fact) {
	i := slices.IndexFunc(h.stories, func(s story) bool { return s.report == f.Report })
	if i < 0 {
		h.stories = append(h.stories, story{
			report: f.Report, start: f.At, machine: f.Machine, lag: f.Lag, source: f.Source, since: f.Since, due: f.Due,
		})
		return
	}
	// Facts come by time: this one is a further signal.
	if s := &h.stories[i]; s.machine && !f.Machine && s.human.IsZero() {
		s.human = f.At
	}
}

// monitored reports whether nobody but machines has reported up to then.
func (h *history) monitored(at time.Time) bool {
	return !slices.ContainsFunc(h.stories, func(s story) bool {
		return !s.start.After(at) && (!s.machine || !s.human.IsZero() && !s.human.After(at))
	})
}

// owe notes that a reopening owes its report a new first contact, unless the
// report began with it.
func (h *history) owe(f Fact, calm time.Time) {
	for i := range h.stories {
		s := &h.stories[i]
		if s.report != max(1, f.Report) {
			continue
		}
		if s.start.Before(calm) {
			s.again = append(s.again, again{len(h.cycles), f.At})
		}
		return
	}
}

// forgetReleased drops the reports of tickets that have gone again, and the
// priority that they brought.
func (h *history) forgetReleased(facts []Fact) {
	for _, f := range facts {
		if f.Kind == Released {
			h.stories = slices.DeleteFunc(h.stories, func(s story) bool { return s.source == f.Source && !s.since.After(f.At) })
			h.grades = slices.DeleteFunc(h.grades, func(g Fact) bool { return g.Source != "" && g.Source == f.Source && !g.At.After(f.At) })
		}
	}
	slices.SortFunc(h.stories, func(a, b story) int { return cmp.Compare(a.report, b.report) })
}

// pauses returns the united pauses. One ends when it is resumed, at its expected
// end, and when the ticket ends or is reopened; a Resumed of all pauses ends
// those that were entered before it.
func pauses(facts []Fact) []Span {
	var list []Span
	for _, p := range facts {
		if p.Kind != Paused {
			continue
		}
		s := Span{p.From, p.Until}
		if s.From.IsZero() {
			s.From = p.At
		}
		for _, f := range facts {
			ends := f.Kind == Resumed && f.Ref == p.Ref && !f.At.Before(p.At) ||
				(f.Kind == Resumed && f.Ref == "" || f.Kind == Ended || f.Kind == Reopened) && f.At.After(p.At)
			if ends {
				s.To = sooner(s.To, f.At)
			}
		}
		list = append(list, s)
	}
	return unite(list)
}

// t0 returns the T0 of the incident: the earliest of its own reports', and of
// those that came by a merge before which the clock was not decided.
func (h *history) t0(decided func(at time.Time) bool) (t time.Time) {
	kept := map[string]bool{}
	for _, m := range h.merges {
		kept[m.source] = !decided(m.at)
	}
	for _, s := range h.stories {
		if s.source == "" || kept[s.source] {
			t = sooner(t, s.start)
		}
	}
	return t
}

// active reports whether the trouble was worked on at that moment.
func (h *history) active(at time.Time) bool {
	for _, c := range slices.Backward(h.cycles) {
		if !at.Before(c.from) {
			return c.calm().IsZero() || at.Before(c.calm())
		}
	}
	return false
}
