package dispatch

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// ofTheDesk reports whether a body is a decision or a fact that a person may
// bring to a ticket by Amend. The others are made by verbs of their own, by
// calls, or by Vahta itself.
func ofTheDesk(body ticket.Body) bool {
	switch body.(type) {
	case ticket.Acknowledged, ticket.Noted, ticket.Moved, ticket.Categorised, ticket.Prioritised,
		ticket.Triaged, ticket.Answered, ticket.Stepped, ticket.Assigned, ticket.HandedOver, ticket.TookPart,
		ticket.Planned, ticket.PlanTold, ticket.Restored, ticket.ClientConfirmed,
		ticket.Paused, ticket.Resumed, ticket.Reopened,
		ticket.Tasked, ticket.TaskDone, ticket.Connected, ticket.Disconnected, ticket.Revealed, ticket.Timed, ticket.TimeSettled,
		ticket.RootCaused, ticket.Explained, ticket.Curated, ticket.Drafted, ticket.Approved, ticket.ReportRead, ticket.Rated,
		ticket.Contacted, ticket.ContactTried, ticket.T0Moved, ticket.Recomputed:
		return true
	}
	return false
}

// decided adds a body of the desk to an act, with what follows from it.
func (d *Dispatcher) decided(a *act, body ticket.Body) error {
	return a.do(body)
}

// lead reports whether a person may do what needs a shift lead.
func (s *Snapshot) lead(person string) bool {
	p, ok := s.Roster.Person(person)
	return ok && slices.ContainsFunc(p.Roles, func(r oncall.Role) bool {
		return r == oncall.Lead || r == oncall.Head || r == oncall.Director
	})
}

var errNobody = errors.New("nobody is named as the one who does it")

// backdated is how far back a pause may begin without a shift lead's word.
const backdated = 15 * time.Minute

func refuse(t ticket.Ticket, body ticket.Body, format string, args ...any) error {
	return &ticket.IllegalError{Number: t.Number, Stage: t.Stage, Event: body.Kind(), Why: fmt.Sprintf(format, args...)}
}
