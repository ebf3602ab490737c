package ticket

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// stepDesk applies what the work on a ticket makes. It is one table: facts
// first, then decisions in the order of the protocol.
func (t Ticket) stepDesk(e Event) (next Ticket, why string) {
	if why := blank(e.Body); why != "" {
		return t, why
	}
	if t.Stage == Merged && !restsWith(e.Body) {
		return t, "it was merged into another ticket, where the work goes on"
	}
	switch b := e.Body.(type) {
	case Contacted:
		return t.contacted(b, e.At), ""
	case PlanTold:
		return t.told(b)
	case Linked:
		return t.link(b)
	case Unlinked:
		return t.unlink(b), ""
	case Reported:
		return t.report(b)
	case T0Moved:
		return t.t0Moved(b)
	case Triaged:
		return t.categorise(cmp.Or(b.Category, t.Category))
	case Classified:
		t.Class = b.Class
		return t, ""
	case Assigned:
		return t.assign(b, e)
	case HandedOver:
		return t.handOver(b, e.At)
	case Planned:
		return t.planned(b)
	case Restored:
		return t.restored(e.At)
	case Paused:
		return t.paused(b, e.At)
	case Resumed:
		return t.resumed(b)
	case Reopened:
		return t.reopen(b, e.At)
	case Absorbed:
		return t.absorb(b)
	case Released:
		return t.release(b)
	case Unmerged:
		return t.unmerge(b)
	case Recomputed:
		t.Policy = cmp.Or(b.Policy.Version, t.Policy, "recomputed")
		return t, ""
	}
	if !tells(e.Body) {
		return t, fmt.Sprintf("no rule for %T", e.Body)
	}
	return t, ""
}

// tells reports whether a body lengthens the log and leaves the small state as
// it is: the dossier tells of it.
func tells(b Body) bool {
	switch b.(type) {
	case Signalled, Messaged, Sent, Unsent, ContactTried, Answered, Stepped, TookPart, Updated, ClientConfirmed, Split, Tasked,
		TaskDone, Connected, Disconnected, Revealed, Timed, TimeSettled, RootCaused, Explained, Curated, Drafted, Approved,
		ReportRead, Rated, Warned:
		return true
	}
	return false
}

// restsWith reports whether a merged ticket still takes the body: what happens
// to the pointer itself, and facts that arrive late.
func restsWith(b Body) bool {
	switch b.(type) {
	case Unmerged, Linked, Unlinked, Signalled, Sent, Unsent, Contacted, ContactTried, PlanTold, Disconnected, Timed, TimeSettled, TaskDone,
		ReportRead, Rated, Curated, Explained, Split, Warned:
		return true
	}
	return false
}

// contacted notes that somebody talked to the client: nobody owes him a call. Who
// was reached on a merged ticket may be another one.
func (t Ticket) contacted(b Contacted, at time.Time) Ticket {
	if b.Counts() && b.Channel != ByMerged {
		t.CallBack = CallBack{}
		if t.ContactAt.IsZero() {
			t.ContactAt = at
		}
	}
	return t
}

func (t Ticket) told(b PlanTold) (Ticket, string) {
	if b.Version > t.Plan {
		return t, fmt.Sprintf("there is no version %d of the plan", b.Version)
	}
	t.CallBack = CallBack{}
	return t, ""
}

func (t Ticket) link(b Linked) (Ticket, string) {
	switch {
	case b.Ticket == t.ID:
		return t, "a ticket is not related to itself"
	case b.Relation == ChildOf && t.Parent != "" && t.Parent != b.Ticket:
		return t, "it belongs to another mass incident; end that relation first"
	case b.Relation == ChildOf:
		t.Parent = b.Ticket
	}
	return t, ""
}

func (t Ticket) unlink(b Unlinked) Ticket {
	if b.Relation == ChildOf && t.Parent == b.Ticket {
		t.Parent = ""
	}
	return t
}

// report counts a further requester. Tickets of older versions do not count
// their first one.
func (t Ticket) report(b Reported) (Ticket, string) {
	if want := max(1, t.Reports) + 1; b.Report != want {
		return t, fmt.Sprintf("the next report is number %d, this one says %d", want, b.Report)
	}
	t.Reports = b.Report
	return t, ""
}

func (t Ticket) t0Moved(b T0Moved) (Ticket, string) {
	switch {
	case !b.To.Before(b.From):
		return t, "T0 moves back only"
	case b.Report > max(1, t.Reports):
		return t, fmt.Sprintf("there is no report %d", b.Report)
	case b.Report <= 1 && b.To.Before(t.OpenedAt):
		t.OpenedAt = b.To
	}
	return t, ""
}

// assign names who is asked first. Only who takes it himself has thereby
// acknowledged it; for another one paging goes on.
func (t Ticket) assign(b Assigned, e Event) (Ticket, string) {
	if t.Stage.Final() {
		return t, "it is " + t.Stage.String()
	}
	if e.By == b.To {
		return t.take(Taken{By: b.To, How: "assigned", At: e.At}), ""
	}
	t.Assignee = b.To
	return t, ""
}

func (t Ticket) handOver(b HandedOver, at time.Time) (Ticket, string) {
	if t.Stage.Final() {
		return t, "it is " + t.Stage.String()
	}
	t = t.take(Taken{By: b.To, How: "handed_over", At: at})
	t.Acknowledged = Taken{By: b.To, How: "handed_over", At: at}
	return t, ""
}

func (t Ticket) planned(b Planned) (Ticket, string) {
	switch {
	case t.Stage.Final():
		return t, "it is " + t.Stage.String()
	case b.Version != t.Plan+1:
		return t, fmt.Sprintf("the next version of the plan is %d, this one says %d; look at the one before", t.Plan+1, b.Version)
	}
	t.Plan, t.Planned = b.Version, b.Complete()
	return t, ""
}

// restored enters the stage Stabilised.
func (t Ticket) restored(at time.Time) (Ticket, string) {
	if t.Stage >= Stabilised {
		return t, "it is " + t.Stage.String()
	}
	return t.stamp(Stabilised, at), ""
}

func (t Ticket) paused(b Paused, at time.Time) (Ticket, string) {
	if b.From.IsZero() {
		b.From = at
	}
	switch {
	case t.Stage.Final():
		return t, "it is " + t.Stage.String()
	case !b.Until.After(b.From):
		return t, "a pause ends after it begins"
	case slices.ContainsFunc(t.Pauses, func(p Paused) bool { return p.Pause == b.Pause }):
		return t, "this pause has begun already"
	}
	t.Pauses = append(slices.Clone(t.Pauses), b)
	return t, ""
}

func (t Ticket) resumed(b Resumed) (Ticket, string) {
	if b.Pause == "" {
		t.Pauses = nil
		return t, ""
	}
	i := slices.IndexFunc(t.Pauses, func(p Paused) bool { return p.Pause == b.Pause })
	if i < 0 {
		return t, fmt.Sprintf("pause %s is over, or there was none", b.Pause)
	}
	t.Pauses = slices.Delete(slices.Clone(t.Pauses), i, i+1)
	return t, ""
}

// reopen begins a new cycle from the first stage. Nobody has acknowledged that
// the trouble is back; whoever had the ticket is asked first.
func (t Ticket) reopen(b Reopened, at time.Time) (Ticket, string) {
	switch {
	case t.Stage < Stabilised:
		return t, "it has not been stabilised yet"
	case t.Stage == Cancelled:
		return t, "it was cancelled; open a new one"
	case !t.Reopens(at):
		return t, fmt.Sprintf("%s have passed since it was %s; open a new one and link it as a repeat", ReopenWithin, t.Stage)
	case b.Report > max(1, t.Reports):
		return t, fmt.Sprintf("there is no report %d", b.Report)
	}
	t.Cycle++
	t.Reopened++
	t.Stage, t.Stamps, t.Acknowledged, t.PageReason, t.Pauses = New, Stamps{New: at}, Taken{}, "", nil
	return t, ""
}

func (t Ticket) absorb(b Absorbed) (Ticket, string) {
	switch {
	case t.Stage.Final():
		return t, "it is " + t.Stage.String()
	case b.Source == t.ID:
		return t, "a ticket is not merged into itself"
	case t.absorbed(b.Source) >= 0:
		return t, fmt.Sprintf("ticket %s is merged into it already", b.Number)
	}
	t.Absorbed = append(slices.Clone(t.Absorbed), b)
	return t, ""
}

func (t Ticket) absorbed(source string) int {
	return slices.IndexFunc(t.Absorbed, func(a Absorbed) bool { return a.Source == source })
}

func (t Ticket) release(b Released) (Ticket, string) {
	i := t.absorbed(b.Source)
	if i < 0 {
		return t, "that ticket is not merged into it"
	}
	t.Absorbed = slices.Delete(slices.Clone(t.Absorbed), i, i+1)
	return t, ""
}

// unmerge puts the ticket back where it stood.
func (t Ticket) unmerge(b Unmerged) (Ticket, string) {
	switch {
	case t.Stage != Merged:
		return t, "it is not merged"
	case b.Target != t.MergedInto:
		return t, "it is merged into another ticket"
	}
	t.Stage, t.MergedInto, t.Stamps = b.Stage, "", maps.Clone(t.Stamps)
	delete(t.Stamps, Merged)
	return t, ""
}
