package ticket

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// takeWork takes the work on the trouble.
func (d *Dossier) takeWork(e Event) bool {
	switch b := e.Body.(type) {
	case Triaged:
		d.triage(b)
	case Answered:
		same := func(l Line[Answered]) bool { return l.Body.List == b.List && l.Body.Question == b.Question }
		d.Answers = replace(d.Answers, line(e, b), same)
	case Stepped:
		d.Steps = append(d.Steps, line(e, b))
	case TookPart:
		d.participate(b, e.At)
	case Planned:
		d.Plans = append(d.Plans, Plan{Seq: e.Seq, At: e.At, By: e.By, Planned: b})
	case Restored:
		d.Restorations = append(d.Restorations, line(e, b))
	case Paused:
		p := Pause{Seq: e.Seq, At: e.At, By: e.By, Paused: b}
		if p.From.IsZero() {
			p.From = e.At
		}
		d.Pauses = append(d.Pauses, p)
	case Resumed:
		d.resume(b.Pause, b.Reason, e.At)
	case Moved:
		if b.To == Closed || b.To == Cancelled {
			d.resume("", b.To.String(), e.At)
		}
	case Reopened:
		d.resume("", "reopened", e.At)
		d.Cycles = append(d.Cycles, Cycle{From: e.At, Report: max(1, b.Report), Reason: b.Reason})
	case Connected:
		d.Sessions = append(d.Sessions, Session{Seq: e.Seq, At: e.At, By: e.By, Connected: b})
	case Disconnected:
		if i := slices.IndexFunc(d.Sessions, func(s Session) bool { return s.Session == b.Session }); i >= 0 && d.Sessions[i].Ended.IsZero() {
			d.Sessions[i].Ended, d.Sessions[i].Note = e.At, b.Note
		}
	case Revealed:
		d.Reveals = append(d.Reveals, line(e, b))
	default:
		return false
	}
	return true
}

// replace puts a line in the place of one that is the same, or at the end.
func replace[T any](list []Line[T], l Line[T], same func(Line[T]) bool) []Line[T] {
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = l
		return list
	}
	return append(list, l)
}

// triage keeps the latest word on each part.
func (d *Dossier) triage(b Triaged) {
	t := &d.Triage
	if b.Category != Uncategorised {
		t.Category = b.Category
	}
	if b.Impact != NoLevel {
		t.Impact = b.Impact
	}
	if b.Urgency != NoLevel {
		t.Urgency = b.Urgency
	}
	if b.Services != nil {
		t.Services = b.Services
	}
	if b.Assets != nil {
		t.Assets = b.Assets
	}
	if b.Summary != "" {
		t.Summary = b.Summary
	}
}

func (d *Dossier) participate(b TookPart, at time.Time) {
	here := func(p Participant) bool { return p.Person == b.Person && p.Left.IsZero() }
	i := slices.IndexFunc(d.Participants, here)
	switch {
	case i < 0 && !b.Left:
		d.Participants = append(d.Participants, Participant{Person: b.Person, Role: b.Role, From: at})
	case i >= 0 && b.Left:
		d.Participants[i].Left = at
	case i >= 0 && b.Role != "":
		d.Participants[i].Role = b.Role
	}
}

// resume ends a pause, or all.
func (d *Dossier) resume(pause, why string, at time.Time) {
	for i := range d.Pauses {
		p := &d.Pauses[i]
		if (pause == "" || p.Pause == pause) && p.Resumed.IsZero() && p.Until.After(at) {
			p.Resumed, p.Why = at, why
		}
	}
}

// takeRecord takes what is kept for the report and for later.
func (d *Dossier) takeRecord(e Event) {
	switch b := e.Body.(type) {
	case Timed:
		d.Times = append(d.Times, TimeEntry{Seq: e.Seq, Timed: b, Counts: b.To.Sub(b.From)})
	case TimeSettled:
		if i := slices.IndexFunc(d.Times, func(t TimeEntry) bool { return t.Entry == b.Entry }); i >= 0 {
			t := &d.Times[i]
			t.Settled, t.Counts, t.SettledBy, t.Remark = true, b.Time, e.By, b.Note
		}
	case Tasked:
		d.task(b, e)
	case TaskDone:
		if i := slices.IndexFunc(d.Todo, func(t Todo) bool { return t.Task == b.Task }); i >= 0 {
			d.Todo[i].Ended, d.Todo[i].Result, d.Todo[i].Note = e.At, b.Result, b.Note
		}
	case RootCaused:
		d.RootCauses = append(d.RootCauses, line(e, b))
	case Explained:
		same := func(l Line[Explained]) bool { return l.Body.Clock == b.Clock && l.Body.Report == b.Report }
		d.Explained = replace(d.Explained, line(e, b), same)
	case Curated:
		d.curate(b, e)
	case Drafted:
		d.Versions = append(d.Versions, Version{Seq: e.Seq, At: e.At, By: e.By, Drafted: b})
	case Approved:
		if v := d.version(b.Version); v != nil {
			v.ApprovedAt, v.ApprovedBy = e.At, e.By
		}
	case Linked:
		same := func(l Line[Linked]) bool { return l.Body.Relation == b.Relation && l.Body.Ticket == b.Ticket }
		d.Links = replace(d.Links, line(e, b), same)
	case Unlinked:
		d.Links = slices.DeleteFunc(d.Links, func(l Line[Linked]) bool { return l.Body.Relation == b.Relation && l.Body.Ticket == b.Ticket })
	case Split:
		d.Splits = append(d.Splits, line(e, b))
	case Released:
		for i := range d.Stories {
			d.Stories[i].Gone = d.Stories[i].Gone || d.Stories[i].Source == b.Source
		}
	case Recomputed:
		d.Recomputed = append(d.Recomputed, line(e, b))
	case Warned:
		d.Warnings = append(d.Warnings, line(e, b))
	}
}

// task adds a task, or changes it and keeps who added it and how it ended.
func (d *Dossier) task(b Tasked, e Event) {
	if i := slices.IndexFunc(d.Todo, func(t Todo) bool { return t.Task == b.Task }); i >= 0 {
		d.Todo[i].Tasked = b
		return
	}
	d.Todo = append(d.Todo, Todo{Seq: e.Seq, At: e.At, By: e.By, Tasked: b})
}

// curate joins what was said about a line of the log before and now.
func (d *Dossier) curate(b Curated, e Event) {
	if was, ok := d.Curations[b.Seq]; ok {
		if b.Hidden == nil {
			b.Hidden = was.Body.Hidden
		}
		if b.Text == "" {
			b.Text = was.Body.Text
		}
		if b.At.IsZero() {
			b.At = was.Body.At
		}
	}
	if d.Curations == nil {
		d.Curations = map[int]Line[Curated]{}
	}
	d.Curations[b.Seq] = line(e, b)
}

// cycle is when the last pass through the protocol began.
func (d Dossier) cycle() (from time.Time) {
	if n := len(d.Cycles); n > 1 {
		from = d.Cycles[n-1].From
	}
	return from
}

// CauseKnown reports whether the root cause of the last cycle is on record.
func (d Dossier) CauseKnown() bool {
	from := d.cycle()
	return slices.ContainsFunc(d.RootCauses, func(l Line[RootCaused]) bool { return l.Body.Complete && !l.At.Before(from) })
}

// ReportOut reports whether a report of the last cycle has left the house: sent or
// on its way, or read by the client.
func (d Dossier) ReportOut() bool {
	from := d.cycle()
	return slices.ContainsFunc(d.Versions, func(v Version) bool {
		if v.ApprovedAt.IsZero() || v.At.Before(from) {
			return false
		}
		return !v.OpenedAt.IsZero() || slices.ContainsFunc(d.Messages, func(m Message) bool {
			return m.Purpose == ForReport && m.Version == v.Version && (!m.SentAt.IsZero() || m.FailedAt.IsZero())
		})
	})
}

// Clock returns the ticket's clock of that name, of the last cycle; of first
// contacts, the report's. ok is false where it has none.
func (d Dossier) Clock(name sla.Name, report int, now time.Time) (c sla.Clock, ok bool) {
	for _, k := range d.Clocks(now) {
		if k.Name == name && (name != sla.FirstContactClock || k.Report == report) {
			c, ok = k, true
		}
	}
	return c, ok
}
