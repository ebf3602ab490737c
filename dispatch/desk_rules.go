package dispatch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// ofTheDesk reports whether a body is a decision or a fact that a person may
// bring to a ticket by Amend. The others are made by verbs of their own, by
// calls, or by Vahta itself.
func ofTheDesk(body ticket.Body) bool {
	switch body.(type) {
	case ticket.Acknowledged, ticket.Noted, ticket.Moved, ticket.Categorised, ticket.Prioritised, ticket.Classified,
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

// decided adds a body of the desk to an act, with what follows from it: its
// missing names are given, what needs the whole log is checked on it, and the
// consequences (timers, pages, words to the client, time entries) are added.
func (d *Dispatcher) decided(a *act, body ticket.Body) error {
	switch b := body.(type) {
	case ticket.Planned:
		return a.plan(b)
	case ticket.PlanTold:
		return a.spoken(b)
	case ticket.Moved:
		return a.move(b)
	case ticket.Restored:
		return a.restored(b)
	case ticket.Assigned:
		return a.assign(b)
	case ticket.HandedOver:
		return a.handOver(b)
	case ticket.Paused:
		return a.pause(b)
	case ticket.Reopened:
		return a.d.reopen(a, b)
	case ticket.Connected, ticket.Disconnected, ticket.Timed, ticket.TimeSettled:
		return a.work(b)
	case ticket.Tasked, ticket.TaskDone:
		return a.task(b)
	case ticket.RootCaused:
		return a.rootCause(b)
	case ticket.Recomputed:
		return a.recompute(b)
	}
	return a.do(body)
}

// dossier compiles the log with what the act has added so far.
func (a *act) dossier() (ticket.Dossier, error) {
	log, err := a.log()
	if err != nil {
		return ticket.Dossier{}, err
	}
	return ticket.Compile(slices.Concat(log, a.change.Events))
}

// recompute puts another policy into force, with the verdicts by the old one
// beside it. It needs a shift lead.
func (a *act) recompute(b ticket.Recomputed) error {
	if !a.d.dir.Load().lead(a.by.Person) {
		return a.refuse(b, "only a shift lead, the head or the director has the clocks judged anew")
	}
	if strings.TrimSpace(b.Reason) == "" {
		return a.refuse(b, "it needs a reason")
	}
	log, err := a.log()
	if err != nil {
		return err
	}
	b.Before = ticket.Clocks(log, a.at)
	return a.do(b)
}

// lead reports whether a person may do what needs a shift lead.
func (s *Snapshot) lead(person string) bool {
	p, ok := s.Roster.Person(person)
	return ok && slices.ContainsFunc(p.Roles, func(r oncall.Role) bool {
		return r == oncall.Lead || r == oncall.Head || r == oncall.Director
	})
}

// errNoPerson says that a person is not on the roster.
var errNoPerson = errors.New("no such person on the roster")

// known returns an error when a ticket is to be given to nobody.
func (s *Snapshot) known(person string) error {
	if p, ok := s.Roster.Person(person); !ok || p.Disabled {
		return fmt.Errorf("%q: %w", person, errNoPerson)
	}
	return nil
}

// nameOf is a person's name, or the id of one who is gone.
func (s *Snapshot) nameOf(person string) string {
	if p, ok := s.Roster.Person(person); ok {
		return p.Name
	}
	return person
}

func (a *act) refuse(body ticket.Body, format string, args ...any) error {
	t := a.ticket()
	return &ticket.IllegalError{Number: t.Number, Stage: t.Stage, Event: body.Kind(), Why: fmt.Sprintf(format, args...)}
}

// freeName is a name within a ticket: a letter and a number that is not taken.
func freeName(letter string, taken func(string) bool) string {
	for n := 1; ; n++ {
		if name := fmt.Sprintf("%s%d", letter, n); !taken(name) {
			return name
		}
	}
}

// backdated is how far back a pause may begin without a shift lead's word.
const backdated = 15 * time.Minute
