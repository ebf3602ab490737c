package ticket

import (
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
		if b, ok := e.Body.(Reported); ok && !b.Contact.IsZero() {
			known[b.Report] = b.Contact
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

// Itself is the author of what Vahta writes down of its own doing.
const Itself = "vahta"
