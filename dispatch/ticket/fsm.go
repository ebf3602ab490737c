package ticket

import (
	"cmp"
	"fmt"
	"maps"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// IllegalError says that an event cannot happen to a ticket in its state.
type IllegalError struct {
	Number Number
	Stage  Stage
	Event  Kind
	Why    string
}

// Error implements error.
func (e *IllegalError) Error() string {
	return fmt.Sprintf("ticket %s (%s): cannot take event %s: %s", e.Number, e.Stage, e.Event, e.Why)
}

// Apply returns the ticket after the event. Facts (joined, attempted, accepted,
// call ended, note, signal, message …) are taken in every state: what happened
// has happened. Decisions (acknowledge, move, plan, pause, merge …) are refused
// when they make no sense, with an *IllegalError.
func (t Ticket) Apply(e Event) (Ticket, error) {
	next, why := t.step(e)
	if why != "" {
		return t, &IllegalError{Number: t.Number, Stage: t.Stage, Event: e.Body.Kind(), Why: why}
	}
	if Changes(e.Body) || next.CallBack != t.CallBack || next.Parent != t.Parent || next.ContactAt != t.ContactAt {
		next.Version = t.Version + 1
	}
	return next, nil
}

// Changes reports whether the body always moves the ticket's state, so that of
// two at the same time one is decided anew. The others lengthen the log; they
// move the state only where a contact takes the mark CallBack away, or a link
// names the parent.
func Changes(b Body) bool {
	switch b.(type) {
	case Attempted, CallEnded, Noted, Joined, RecallTried, RecallEnded, SpecialistAsked, SpecialistTook, SpecialistMissed, NobodyReached:
		return false
	case Signalled, Messaged, Sent, Unsent, Contacted, ContactTried, PlanTold, Updated, ClientConfirmed, Warned:
		return false
	case Answered, Stepped, Disconnected, Revealed, Timed, TimeSettled, Explained, Curated, ReportRead, Rated, Linked, Unlinked, Split:
		return false
	}
	return true
}

func (t Ticket) step(e Event) (next Ticket, why string) {
	if o, ok := e.Body.(Opened); ok {
		return t.open(o, e.At)
	}
	if t.ID == "" {
		return t, "the log does not begin with opened"
	}
	switch b := e.Body.(type) {
	case Attempted, CallEnded, Joined, RecallTried, RecallEnded, SpecialistAsked, SpecialistTook, SpecialistMissed, NobodyReached:
		return t, ""
	case Noted:
		if b.Contact != "" {
			t.CallBack = CallBack{} // somebody says that he talked to the client
		}
		return t, ""
	case RecallAsked:
		return t.callBack(b, e.At), ""
	case Accepted:
		t.CallBack = CallBack{}
		if t.ContactAt.IsZero() {
			t.ContactAt = e.At
		}
		t = t.take(Taken{By: b.Person, How: "accept_key", At: e.At})
		return t, ""
	case PageRaised:
		return t.raise(b), ""
	case Acknowledged:
		return t.acknowledge(b, e)
	case Moved:
		return t.move(b, e.At)
	case Categorised:
		return t.categorise(b.Category)
	case Prioritised:
		return t.prioritise(b)
	case MergedInto:
		return t.merge(b, e.At)
	}
	return t.stepDesk(e)
}

func (t Ticket) open(o Opened, at time.Time) (Ticket, string) {
	if t.ID != "" {
		return t, "it is open already"
	}
	return Ticket{
		ID: o.ID, Number: o.Number, Stage: New, Priority: o.Priority, Category: o.Category, Line: o.Line,
		Language: o.Language, Caller: o.Caller, Name: o.Name, Client: o.Client, Party: o.Party, Limit: o.Limit,
		OpenedAt: at, Stamps: Stamps{New: at}, Class: o.Class, Policy: o.policyVersion(), Reports: 1, Machine: o.Machine, Storm: o.Storm,
	}, ""
}

// policyVersion names the pinned policy; a log without one has none.
func (o Opened) policyVersion() string {
	if o.Policy == nil {
		return ""
	}
	return cmp.Or(o.Policy.Version, sla.Default().Version)
}

// take lets a person own the ticket; the first acknowledgement stays.
func (t Ticket) take(by Taken) Ticket {
	if t.Stage.Final() {
		return t
	}
	if t.Acknowledged.IsZero() {
		t.Acknowledged = by
	}
	t.Assignee = by.By
	if t.Stage == New {
		t = t.stamp(Triage, by.At)
	}
	return t
}

// raise notes why people are paged. A broken call takes the acknowledgement
// away, and so does a later call that reached nobody: the holder may not know
// that his client was cut off, or needs him again. The assignee stays; he is
// asked first.
func (t Ticket) raise(b PageRaised) Ticket {
	again := b.Again || b.Reason == Broken
	if t.PageReason == "" || again {
		t.PageReason = b.Reason
	}
	if again && !t.Acknowledged.IsZero() {
		t.Acknowledged = Taken{}
		t.Reopened++
	}
	return t
}

// callBack marks whom somebody owes a call. A caller without a number can only
// call again himself.
func (t Ticket) callBack(b RecallAsked, at time.Time) Ticket {
	if b.Number != "" && t.Open() {
		t.CallBack = CallBack{Call: b.Call, Number: b.Number, At: at}
	}
	return t
}

func (t Ticket) acknowledge(b Acknowledged, e Event) (Ticket, string) {
	switch {
	case t.Stage.Final():
		return t, "it is " + t.Stage.String()
	case e.By == "":
		return t, "nobody is named as the one who acknowledges"
	case !t.Acknowledged.IsZero():
		return t, "it was acknowledged by " + t.Acknowledged.By
	}
	return t.take(Taken{By: e.By, How: b.How, At: e.At}), ""
}

func (t Ticket) move(b Moved, at time.Time) (Ticket, string) {
	switch {
	case t.Stage.Final():
		return t, "it is " + t.Stage.String()
	case b.To >= stages || b.To == Merged:
		return t, "no move leads to " + b.To.String()
	case b.To <= t.Stage:
		return t, fmt.Sprintf("stages go forward only, it is past %s", b.To)
	case b.To == Cancelled && b.Reason == "":
		return t, "cancelling needs a reason"
	case b.To >= Stabilised && !b.To.Final() && t.Stage < Stabilised && t.Policy != "": // older logs know no Restored
		return t, "say first what works again and how that was checked"
	}
	if b.To.Final() {
		t.Pauses = nil
	}
	return t.stamp(b.To, at), ""
}

func (t Ticket) categorise(c Category) (Ticket, string) {
	if !c.Valid() {
		return t, fmt.Sprintf("unknown category %q", c)
	}
	t.Category = c
	return t, ""
}

func (t Ticket) prioritise(b Prioritised) (Ticket, string) {
	switch {
	case b.Priority < Critical || b.Priority > Low:
		return t, "no such priority"
	case b.Priority > t.Priority && b.Reason == "":
		return t, "a lower priority needs a reason"
	}
	t.Priority = b.Priority
	return t, ""
}

func (t Ticket) merge(b MergedInto, at time.Time) (Ticket, string) {
	if t.Stage.Final() || b.Target == "" || b.Target == t.ID {
		return t, "only an open ticket merges into another one"
	}
	t.MergedInto = b.Target
	return t.stamp(Merged, at), ""
}

// stamp enters a stage; the first time it is reached is kept.
func (t Ticket) stamp(s Stage, at time.Time) Ticket {
	t.Stage = s
	t.Stamps = maps.Clone(t.Stamps)
	if t.Stamps == nil {
		t.Stamps = Stamps{}
	}
	if _, ok := t.Stamps[s]; !ok {
		t.Stamps[s] = at
	}
	return t
}

// Fold rebuilds a ticket from its log, oldest event first.
func Fold(log []Event) (Ticket, error) {
	var t Ticket
	for _, e := range log {
		next, err := t.Apply(e)
		if err != nil {
			return t, fmt.Errorf("rebuild ticket from event %d: %w", e.Seq, err)
		}
		t = next
	}
	return t, nil
}
