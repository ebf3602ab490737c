package dispatch

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// EventJSON is the stable form in which subscribers outside get events. Fields
// are only ever added.
type EventJSON struct {
	Type   string      `json:"type"` // ticket.opened, call.accepted …
	ID     string      `json:"id"`   // of the event; the same in every repeat
	At     time.Time   `json:"timestamp"`
	Ticket TicketJSON  `json:"ticket"`
	By     string      `json:"by,omitempty"`
	Data   ticket.Body `json:"data"`
}

// TicketJSON is what an event tells of its ticket.
type TicketJSON struct {
	ID       string          `json:"id"`
	Number   string          `json:"number"`
	Stage    ticket.Stage    `json:"stage"`
	Priority ticket.Priority `json:"priority"`
	Line     string          `json:"line,omitempty"`
	Caller   client.Number   `json:"caller,omitempty"`
	Client   string          `json:"client,omitempty"`
	OpenedAt time.Time       `json:"opened_at"`
	Assignee string          `json:"assignee,omitempty"`
}

// EventType returns the outward name of a ticket event; empty = it stays inside.
func EventType(b ticket.Body) string {
	switch v := b.(type) {
	case ticket.Opened:
		return "ticket.opened"
	case ticket.Joined:
		return "ticket.joined"
	case ticket.Attempted:
		if v.Page {
			return "page.attempt"
		}
		return "call.attempt"
	case ticket.Accepted:
		return "call.accepted"
	case ticket.CallEnded:
		return "call.outcome"
	case ticket.PageRaised:
		return "ticket.page_raised"
	case ticket.Acknowledged:
		return "ticket.acknowledged"
	case ticket.Moved:
		if v.To.Final() {
			return "ticket.closed"
		}
		return "ticket.stage"
	case ticket.Categorised, ticket.Prioritised, ticket.MergedInto:
		return "ticket.changed"
	case ticket.RecallAsked:
		return "recall.asked"
	case ticket.RecallTried:
		return "recall.attempt"
	case ticket.RecallEnded:
		return "recall.ended"
	case ticket.SpecialistAsked:
		return "specialist.asked"
	case ticket.SpecialistTook:
		return "specialist.took"
	case ticket.SpecialistMissed:
		return "specialist.missed"
	case ticket.NobodyReached:
		return "page.nobody_reached"
	}
	return deskEventType(b)
}

// EventTypes lists every outward name.
func EventTypes() []string {
	return []string{
		"ticket.opened", "ticket.joined", "call.attempt", "page.attempt", "page.nobody_reached", "call.accepted", "call.outcome",
		"ticket.page_raised", "ticket.acknowledged", "ticket.stage", "ticket.closed", "ticket.changed",
		"recall.asked", "recall.attempt", "recall.ended", "specialist.asked", "specialist.took", "specialist.missed",
		EventShiftReminder, EventShiftConfirmed, EventShiftDeclined, EventShiftUnconfirmed, EventShiftHandover,
		"ticket.reported", "ticket.signalled", "ticket.assigned", "ticket.contacted", "ticket.contact_tried", "ticket.updated",
		"ticket.stabilised", "ticket.confirmed", "ticket.paused", "ticket.resumed", "ticket.reopened", "ticket.root_caused",
		"plan.saved", "plan.told", "message.sent", "message.failed", "session.opened", "session.closed", "task.set", "task.done", "task.due",
		"report.approved", "report.opened", "report.rated", "clock.warning", "clock.breached",
		EventCallRing, EventCallAnswer, EventCallHangup,
	}
}

// The outward names of events about shifts, which are about no ticket.
const (
	EventShiftReminder    = "shift.reminder"
	EventShiftConfirmed   = "shift.confirmed"
	EventShiftDeclined    = "shift.declined"
	EventShiftUnconfirmed = "shift.unconfirmed"
	EventShiftHandover    = "shift.handover"
)

// outward is a body as subscribers get it: what a contract promises is between
// the client and us.
func outward(b ticket.Body) ticket.Body {
	switch v := b.(type) {
	case ticket.Opened:
		v.Policy, v.Storm = nil, ""
		return v
	case ticket.Recomputed:
		v.Policy, v.Before = sla.Policy{Version: v.Policy.Version}, nil
		return v
	}
	return b
}

// eventNotices makes the notices that tell subscribers of an event of the
// change.
func (d *Dispatcher) eventNotices(c Change, e ticket.Event) []Notice {
	kind := EventType(e.Body)
	if kind == "" || len(d.cfg.EventChannels) == 0 {
		return nil
	}
	var t ticket.Ticket
	if row, ok := c.row(e.Ticket); ok {
		t = row
	} else if open, ok := d.board.get(e.Ticket); ok {
		t = open.Ticket
	} else {
		t.ID = e.Ticket
	}
	id := eventID(e)
	body, err := json.Marshal(EventJSON{Type: kind, ID: id, At: e.At, By: e.By, Data: outward(e.Body), Ticket: ticketJSON(t)})
	if err != nil {
		d.log.Error("event could not be written for subscribers", "ticket", t.ID, "err", err)
		return nil
	}
	var list []Notice
	for _, s := range d.cfg.EventChannels {
		if s.Form == FormCTI {
			list = append(list, d.ctiNotice(c, t, e, s, id)...)
			continue
		}
		if len(s.Kinds) == 0 || slices.Contains(s.Kinds, kind) {
			list = append(list, Notice{
				ID: id + "-" + s.To, Kind: NoticeEvent, Channel: s.Channel, To: s.To, Ref: refOf(t), Body: body, DueAt: e.At,
			})
		}
	}
	return append(list, d.callNotices(c, t, e, id)...)
}

func ticketJSON(t ticket.Ticket) TicketJSON {
	return TicketJSON{
		ID: t.ID, Number: t.Number.String(), Stage: t.Stage, Priority: t.Priority, Line: t.Line, Caller: t.Caller,
		Client: t.Client.OrgName, OpenedAt: t.OpenedAt, Assignee: t.Assignee,
	}
}

// eventID is the outward id of an event. One that is recorded once, by its key,
// has the same id whoever records it and however often he tries: a try that
// seemed to fail may have been stored, and told, all the same.
func eventID(e ticket.Event) string {
	if e.Key == "" {
		return newID()
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("vahta event\n"+e.Ticket+"\n"+e.Key)).String()
}

// feedEvent is the live form of a ticket event.
func feedEvent(ref Ref, e ticket.Event) FeedEvent {
	f := FeedEvent{At: e.At, Kind: string(e.Body.Kind()), Ref: ref, Person: e.By}
	switch b := e.Body.(type) {
	case ticket.Opened:
		f.Call = b.Call
	case ticket.Joined:
		f.Call = b.Call
	case ticket.Attempted:
		f.Call, f.Person, f.Result = b.Call, b.Person, b.Outcome
	case ticket.Accepted:
		f.Call, f.Person = b.Call, b.Person
	case ticket.CallEnded:
		f.Call, f.Person, f.Result = b.Call, b.Person, b.Result
	case ticket.PageRaised:
		f.Result = b.Reason
	case ticket.Acknowledged:
		f.Result = b.How
	case ticket.Moved:
		f.Result = b.To.String()
	case ticket.RecallAsked:
		f.Call, f.Result = b.Call, b.Refused
	case ticket.RecallTried:
		f.Call, f.Result = b.Call, b.Result
	case ticket.RecallEnded:
		f.Call, f.Result = b.Call, b.Reason
	case ticket.SpecialistAsked:
		f.Result = b.Skill
	case ticket.SpecialistTook:
		f.Person, f.Result = b.Person, b.Skill
	case ticket.SpecialistMissed:
		f.Result = b.Skill
	case ticket.Warned:
		f.Result = string(b.Clock) + "/" + b.Level
	case ticket.Assigned:
		f.Result = b.To
	case ticket.HandedOver:
		f.Result = b.To
	case ticket.Tasked:
		f.Result = b.Task
	case ticket.TaskDone:
		f.Result = b.Task
	case ticket.NobodyReached:
		f.Result = strconv.Itoa(b.Pages)
	}
	return f
}
