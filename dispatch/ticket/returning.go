package ticket

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// Returning are the contacts with the requesters of a merged ticket that were
// made on this one, by their numbers there: when it becomes one of its own again,
// it must not forget that they were reached. The events are stamped with the
// moments of the contacts and belong into the log of the source, after Unmerged.
func (d Dossier) Returning(source string, now time.Time) (events []Event) {
	origin := map[int]Story{}
	for _, s := range d.Stories {
		if s.Source == source && !s.Gone {
			origin[s.Report] = s
		}
	}
	known := map[int]time.Time{} // what it knew of when it came
	for _, e := range d.Log {
		switch b := e.Body.(type) {
		case Reported:
			if !b.Contact.IsZero() {
				known[b.Report] = b.Contact
			}
		case Contacted:
			if b.Channel == ByMerged { // or has told of since
				known[b.Report] = e.At
			}
		}
	}
	for _, c := range d.Clocks(now) {
		s, ok := origin[c.Report]
		if !ok || c.Name != sla.FirstContactClock || c.Stop.IsZero() || c.Manner != sla.ByContact || c.Stop.Equal(known[c.Report]) {
			continue
		}
		events = append(events, Event{
			Ticket: source, At: c.Stop, By: Itself,
			Body: Contacted{Report: s.Origin, Channel: "ticket", Ref: d.Ticket.Number.String(), With: s.From.Name, Note: c.StopRef},
		})
	}
	return events
}

// ByMerged is the channel of a contact that was made on a ticket which had been
// merged: it came by what was under way when it was.
const ByMerged = "merged"

// Contacts are the first contacts of a log that stand, by report, whether or not
// its ticket was merged since.
func Contacts(log []Event, now time.Time) map[int]sla.Clock {
	own := slices.DeleteFunc(slices.Clone(log), func(e Event) bool { _, left := e.Body.(MergedInto); return left })
	list := map[int]sla.Clock{}
	for _, c := range Clocks(own, now) {
		if c.Name != sla.FirstContactClock {
			continue
		}
		if delete(list, c.Report); !c.Stop.IsZero() && c.Manner == sla.ByContact {
			list[c.Report] = c // of the last cycle
		}
	}
	return list
}

// Passed are the events that a ticket owes to the one into which it was merged
// for what it learns after that: a requester who was reached by what was under
// way is reached there, and a contact that turns out to be none is none there.
// target is the other one's log.
func (d Dossier) Passed(learnt []Event, target []Event, now time.Time) (events []Event) {
	there := map[int]int{} // the numbers of the reports there, by those here
	for _, e := range target {
		if b, ok := e.Body.(Reported); ok && b.Source == d.Ticket.ID {
			there[b.Origin] = b.Report
		}
	}
	was, is := Contacts(d.Log, now), Contacts(slices.Concat(d.Log, learnt), now)
	for _, e := range learnt {
		switch b := e.Body.(type) {
		case CallEnded: // only now it is known whether the call was a contact
			maps.DeleteFunc(was, func(_ int, c sla.Clock) bool { return c.StopRef == b.Call })
		case Accepted:
			maps.DeleteFunc(is, func(_ int, c sla.Clock) bool { return c.StopRef == b.Call })
		case Unsent:
			if b.Hard && slices.ContainsFunc(slices.Collect(maps.Values(was)), func(c sla.Clock) bool { return strings.HasPrefix(c.StopRef, b.Message+"/") }) {
				events = append(events, Event{At: e.At, By: Itself, Channel: e.Channel, Body: b})
			}
		}
	}
	for _, s := range d.Stories {
		c, reached := is[s.Report]
		n, known := there[s.Report]
		if !reached || !known || c.StopRef == was[s.Report].StopRef && c.Stop.Equal(was[s.Report].Stop) {
			continue
		}
		events = append(events, Event{At: c.Stop, By: Itself, Body: Contacted{
			Report: n, Channel: ByMerged, Ref: c.StopRef, With: s.From.Name, Note: d.Ticket.Number.String(),
		}})
	}
	return events
}

// Itself is the author of what Vahta writes down of its own doing.
const Itself = "vahta"
