package dispatch

import (
	"strings"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// byClient is the author of what the client does himself.
const byClient = "client"

// deskEventType is EventType for what the work on a ticket makes. Notes, answers,
// steps, working time and where secrets are kept stay inside; of a message to
// the client only what became of it is told.
func deskEventType(b ticket.Body) string {
	switch b.(type) {
	case ticket.Reported:
		return "ticket.reported"
	case ticket.Signalled:
		return "ticket.signalled"
	case ticket.Assigned, ticket.HandedOver:
		return "ticket.assigned"
	case ticket.Contacted:
		return "ticket.contacted"
	case ticket.ContactTried:
		return "ticket.contact_tried"
	case ticket.Updated:
		return "ticket.updated"
	case ticket.Restored:
		return "ticket.stabilised"
	case ticket.ClientConfirmed:
		return "ticket.confirmed"
	case ticket.Paused:
		return "ticket.paused"
	case ticket.Resumed:
		return "ticket.resumed"
	case ticket.Reopened:
		return "ticket.reopened"
	case ticket.RootCaused:
		return "ticket.root_caused"
	case ticket.Triaged, ticket.Classified, ticket.TookPart, ticket.T0Moved, ticket.Recomputed, ticket.Absorbed, ticket.Unmerged,
		ticket.Released, ticket.Split, ticket.Linked, ticket.Unlinked:
		return "ticket.changed"
	}
	return workEventType(b)
}

// workEventType is deskEventType for plans, messages, sessions, tasks, clocks and
// reports.
func workEventType(b ticket.Body) string {
	switch v := b.(type) {
	case ticket.Planned:
		return "plan.saved"
	case ticket.PlanTold:
		return "plan.told"
	case ticket.Sent:
		return "message.sent"
	case ticket.Unsent:
		return "message.failed"
	case ticket.Connected:
		return "session.opened"
	case ticket.Disconnected:
		return "session.closed"
	case ticket.Tasked:
		return "task.set"
	case ticket.TaskDone:
		return "task.done"
	case ticket.Approved:
		return "report.approved"
	case ticket.ReportRead:
		return "report.opened"
	case ticket.Rated:
		return "report.rated"
	case ticket.Warned:
		return warnedType(v)
	}
	return ""
}

// warnedType tells a level of a clock from its breach, and a task from both.
func warnedType(w ticket.Warned) string {
	switch {
	case strings.HasPrefix(string(w.Clock), taskPrefix):
		return "task.due"
	case w.Level == sla.Breach:
		return "clock.breached"
	}
	return "clock.warning"
}
