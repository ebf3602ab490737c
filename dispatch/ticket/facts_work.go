package ticket

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// work takes what happened on our side.
func (r *reader) work(e Event) {
	switch b := e.Body.(type) {
	case Acknowledged:
		r.react(&r.acked, e.At)
	case Connected:
		r.react(&r.begun, e.At)
	case Moved:
		r.moved(b.To, e.At)
	case Restored:
		r.add(sla.Fact{Kind: sla.Restored, At: e.At})
	case RootCaused:
		if b.Complete {
			r.add(sla.Fact{Kind: sla.Analysed, At: e.At})
		}
	case Paused:
		r.add(sla.Fact{Kind: sla.Paused, At: e.At, Ref: b.Pause, From: b.From, Until: b.Until})
	case Resumed:
		r.add(sla.Fact{Kind: sla.Resumed, At: e.At, Ref: b.Pause})
	case Prioritised:
		r.priority = b.Priority
		r.grade(e.At, b.Misjudged)
		f := &r.facts[r.graded]
		f.Source, f.Since = b.Source, b.Since
	case Classified:
		r.class = b.Class
		r.grade(e.At, false)
	case Reopened:
		r.acked, r.begun, r.reacted = time.Time{}, time.Time{}, false
		r.add(sla.Fact{Kind: sla.Reopened, At: e.At, Report: max(1, b.Report)})
	case MergedInto:
		r.add(sla.Fact{Kind: sla.Left, At: e.At})
	case Unmerged:
		r.add(sla.Fact{Kind: sla.Returned, At: e.At})
	case Absorbed:
		r.add(sla.Fact{Kind: sla.Absorbed, At: e.At, Source: b.Source})
	case Released:
		r.add(sla.Fact{Kind: sla.Released, At: e.At, Source: b.Source})
	}
}

func (r *reader) moved(to Stage, at time.Time) {
	switch to {
	case Diagnosis, PlanSent, Hot:
		r.react(&r.begun, at)
	case Stabilised, RootCause, Report: // of a log that knows no Restored; after one it says nothing new
		r.add(sla.Fact{Kind: sla.Restored, At: at})
	case Closed, Cancelled:
		r.add(sla.Fact{Kind: sla.Ended, At: at})
	case New, Triage, Merged, stages:
	}
}

// grade tells the priority and the scope that hold from then on. What is
// Critical has all clocks, whatever it was taken for.
func (r *reader) grade(at time.Time, misjudged bool) {
	scope := sla.AllClocks
	if r.priority != Critical {
		switch r.class {
		case Request:
			scope = sla.ContactOnly
		case Warning, Task:
			scope = sla.NoClocks
		case Incident, Unreadable:
		}
	}
	f := sla.Fact{Kind: sla.Graded, At: at, Grade: sla.Grade(r.priority.String()), Scope: scope, Misjudge: misjudged}
	if i := r.graded; i > 0 && r.facts[i].At.Equal(at) { // of one act, what it leads to
		f.Misjudge = misjudged || r.facts[i].Misjudge
		r.facts[i] = f
		return
	}
	r.graded = len(r.facts)
	r.add(f)
}

// react notes one half of a reaction: acknowledged, and diagnosis begun.
func (r *reader) react(half *time.Time, at time.Time) {
	if half.IsZero() {
		*half = at
	}
	if r.reacted || r.acked.IsZero() || r.begun.IsZero() {
		return
	}
	r.reacted = true
	f := sla.Fact{Kind: sla.Reacted, At: r.acked}
	if r.begun.After(f.At) {
		f.At = r.begun
	}
	r.add(f)
}
