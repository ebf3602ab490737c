package portal

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// TicketRow is a ticket in a list.
type TicketRow struct {
	ID         string          `json:"id"`
	Number     string          `json:"number" example:"VH-26-000010"`
	Class      ticket.Class    `json:"class,omitempty" doc:"warning, request, task or unreadable; absent: an incident"`
	Stage      ticket.Stage    `json:"stage" doc:"new, triage, diagnosis, plan_sent, hot, stabilised, root_cause, report, closed, cancelled or merged"`
	Priority   ticket.Priority `json:"priority" doc:"critical, high, normal or low"`
	Category   ticket.Category `json:"category,omitempty" doc:"service_down, security, data_loss or network_down"`
	Client     string          `json:"client,omitempty" doc:"ID of the organisation"`
	ClientName string          `json:"client_name,omitempty"`
	Contact    string          `json:"contact,omitempty" doc:"Name of the contact"`
	OpenedAt   time.Time       `json:"opened_at" doc:"T0: the stamp of the first signal"`
	ContactAt  time.Time       `json:"contact_at,omitzero"`
	TakenBy    string          `json:"taken_by,omitempty" doc:"Person who has acknowledged"`
	Assignee   string          `json:"assignee,omitempty"`
	MergedInto string          `json:"merged_into,omitempty" doc:"ID of the ticket"`
	CallBack   bool            `json:"call_back,omitempty" doc:"The client was cut off and nobody has talked to them since"`
}

func rowOf(t ticket.Ticket) TicketRow {
	return TicketRow{
		ID: t.ID, Number: t.Number.String(), Class: t.Class, Stage: t.Stage, Priority: t.Priority, Category: t.Category,
		Client: t.Client.Org, ClientName: t.Client.OrgName, Contact: t.Client.ContactName, OpenedAt: t.OpenedAt, ContactAt: t.ContactAt,
		TakenBy: t.Acknowledged.By, Assignee: t.Assignee, MergedInto: t.MergedInto, CallBack: t.OwesCall(),
	}
}

// TicketsReply lists tickets.
type TicketsReply struct {
	Tickets []TicketRow `json:"tickets" doc:"Newest first"`
}

type ticketsInput struct {
	All    bool      `query:"all" doc:"Closed ones too"`
	Stage  string    `query:"stage" enum:"new,triage,diagnosis,plan_sent,hot,stabilised,root_cause,report,closed,cancelled,merged"`
	Client string    `query:"client" doc:"ID of an organisation"`
	Before time.Time `query:"before" doc:"Opened before; for the next page"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (s *Server) listTickets(ctx context.Context, in *ticketsInput) (*bare[TicketsReply], error) {
	f := dispatch.TicketFilter{OpenOnly: !in.All && in.Stage == "", Org: in.Client, Before: in.Before, Limit: in.Limit}
	if in.Stage != "" {
		f.Stage = new(ticket.Stage)
		if err := f.Stage.UnmarshalText([]byte(in.Stage)); err != nil {
			return nil, fieldProblem(callerOf(ctx).lang, "query.stage", err)
		}
	}
	list, err := s.deps.Desk.Tickets.ListTickets(ctx, f)
	if err != nil {
		return nil, err
	}
	out := TicketsReply{Tickets: []TicketRow{}}
	for _, t := range list {
		out.Tickets = append(out.Tickets, rowOf(t))
	}
	return &bare[TicketsReply]{Body: out}, nil
}

// bare is an answer without a revision.
type bare[T any] struct{ Body T }

// ClockView is how a promise stands.
type ClockView struct {
	Name    sla.Name  `json:"name" doc:"first_contact (K1), plan (K2), stabilisation (K3), next_update (K4), root_cause (K5) or report (K6)"`
	Report  int       `json:"report,omitempty" doc:"Whose first contact"`
	Cycle   int       `json:"cycle,omitempty" doc:"How many reopenings came before"`
	Verdict string    `json:"verdict" enum:"idle,running,met,breached,void"`
	Manner  string    `json:"manner,omitempty" doc:"met_by_policy or met_by_attempts"`
	Start   time.Time `json:"start,omitzero"`
	Due     time.Time `json:"due,omitzero"`
	Stop    time.Time `json:"stop,omitzero"`
	Limit   Length    `json:"limit,omitempty"`
	Days    int       `json:"business_days,omitempty"`
	Elapsed Length    `json:"elapsed"`
	Left    Length    `json:"left,omitempty" doc:"Until it is due; negative: late"`
	Paused  bool      `json:"paused,omitempty"`
}

func clockViews(list []sla.Clock) []ClockView {
	out := make([]ClockView, 0, len(list))
	for _, c := range list {
		out = append(out, ClockView{
			Name: c.Name, Report: c.Report, Cycle: c.Cycle, Verdict: c.Verdict.String(), Manner: string(c.Manner), Start: c.Start, Due: c.Due,
			Stop: c.Stop, Limit: Length(c.Limit), Days: c.Days, Elapsed: Length(c.Elapsed), Left: Length(c.Remaining()), Paused: c.Paused,
		})
	}
	return out
}

// TicketView is all that there is to see of a ticket.
type TicketView struct {
	Ticket  TicketRow   `json:"ticket"`
	Seq     int         `json:"seq" doc:"Of the last line of the log; the ETag"`
	Head    string      `json:"head" doc:"Hash of the last line of the log"`
	Clocks  []ClockView `json:"clocks"`
	Similar AlikeView   `json:"similar,omitzero" doc:"What may help: tickets alike, the client's own first, and articles; left out when there is nothing, or it can not be found at once"`
	Dossier Loose       `json:"dossier" doc:"What the log tells: reports, calls, messages, answers, steps, plans, updates, pauses, sessions, times, tasks, root causes, report versions, links"`
}

// AlikeView is what is like a ticket.
type AlikeView struct {
	library.Likeness

	Line string `json:"line,omitempty" doc:"The likest in one line, for an alert"`
}

// How much is shown beside a ticket, and how long it may take: a ticket is shown without it, too.
const (
	alikeMost = 3 // of each kind
	alikeTime = 300 * time.Millisecond
)

// alike looks for what is like a ticket.
func (s *Server) alike(ctx context.Context, id string) AlikeView {
	if s.deps.Desk.Search == nil {
		return AlikeView{}
	}
	bound, cancel := context.WithTimeout(ctx, alikeTime)
	defer cancel()
	like, err := s.deps.Desk.Search.SimilarTo(bound, id, alikeMost)
	if err != nil {
		s.deps.Log.Debug("what is like a ticket was not found at once", "ticket", id, "err", err.Error())
		return AlikeView{}
	}
	return AlikeView{like, like.Line(callerOf(ctx).lang)}
}

// TriageView is what is suggested, asked and to be done.
type TriageView struct {
	Suggested []casework.Hint `json:"suggested" doc:"Topics that the texts suggest, the likeliest first"`
	Sheets    Loose           `json:"sheets" doc:"Check lists with questions, answers, and which of them are owed"`
	Routes    Loose           `json:"routes" doc:"Runbooks with steps, and which of them were taken"`
}

type ticketInput struct {
	Ticket string `path:"ticket" doc:"Number or ID" example:"VH-26-000010"`
}

// seqTag is the ETag of a ticket.
func seqTag(seq int) string { return etag(int64(seq)) }

func (s *Server) showTicket(ctx context.Context, in *ticketInput) (*reply[TicketView], error) {
	sight, err := s.deps.Desk.Cases.Look(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	v := TicketView{
		Ticket: rowOf(sight.Ticket), Seq: sight.Seq, Head: sight.Head, Clocks: clockViews(sight.Clocks), Similar: s.alike(ctx, sight.Ticket.ID),
		Dossier: Loose{sight.Dossier},
	}
	return &reply[TicketView]{seqTag(sight.Seq), v}, nil
}

// ClocksReply lists clocks.
type ClocksReply struct {
	Clocks []ClockView `json:"clocks"`
}

func (s *Server) showClocks(ctx context.Context, in *ticketInput) (*reply[ClocksReply], error) {
	sight, err := s.deps.Desk.Cases.Look(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	return &reply[ClocksReply]{seqTag(sight.Seq), ClocksReply{clockViews(sight.Clocks)}}, nil
}

func (s *Server) showTriage(ctx context.Context, in *ticketInput) (*reply[TriageView], error) {
	sight, err := s.deps.Desk.Cases.Look(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	return &reply[TriageView]{seqTag(sight.Seq), TriageView{sight.Suggested, Loose{sight.Sheets}, Loose{sight.Routes}}}, nil
}

// LogReply is a ticket's log.
type LogReply struct {
	Events []Loose `json:"events" doc:"Oldest first; each carries the hash of the one before"`
	// Partial says that the record is away.
	Partial bool `json:"partial,omitempty" doc:"The record is away: the beginning of the log is missing, and seq and hashes are not final"`
}

func (s *Server) showLog(ctx context.Context, in *ticketInput) (*bare[LogReply], error) {
	t, err := s.deps.Desk.Tickets.Ticket(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	log, err := s.deps.Desk.Tickets.Events(ctx, refOf(t))
	partial := errors.Is(err, dispatch.ErrAway)
	if err != nil && !partial {
		return nil, err
	}
	out := LogReply{Events: []Loose{}, Partial: partial}
	for _, e := range log {
		out.Events = append(out.Events, Loose{e})
	}
	return &bare[LogReply]{out}, nil
}

func refOf(t ticket.Ticket) dispatch.Ref { return dispatch.Ref{ID: t.ID, Number: t.Number.String()} }

// deskTicketRoutes are those of tickets.
func (s *Server) deskTicketRoutes() {
	const get = http.MethodGet
	onDesk(s, route{get, "/tickets", "list-tickets", "List tickets, newest first", DeskRead, 0, "tickets"}, s.listTickets)
	onDesk(s, route{get, "/tickets/{ticket}", "get-ticket", "Show a ticket with its clocks and all that its log tells", DeskRead, 0, "tickets"}, s.showTicket)
	onDesk(s, route{get, "/tickets/{ticket}/clocks", "get-clocks", "Show how the promises stand", DeskRead, 0, "tickets"}, s.showClocks)
	onDesk(s, route{get, "/tickets/{ticket}/triage", "get-triage", "Show what is suggested, asked and to be done", DeskRead, 0, "tickets"}, s.showTriage)
	onDesk(s, route{get, "/tickets/{ticket}/log", "get-log", "Show the log of a ticket", DeskRead, 0, "tickets"}, s.showLog)
	onDesk(s, route{get, "/tasks", "list-tasks", "List the tasks of all tickets", DeskRead, 0, "tickets"}, s.listTasks)
}

// TasksReply lists tasks.
type TasksReply struct {
	Tasks []dispatch.TaskRow `json:"tasks" doc:"What is due first comes first, what is never due last"`
}

type tasksInput struct {
	All    bool      `query:"all" doc:"Those that have ended, too"`
	Owner  string    `query:"owner" doc:"A person, or client"`
	Client string    `query:"client" doc:"ID of an organisation"`
	Due    time.Time `query:"due_before"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (s *Server) listTasks(ctx context.Context, in *tasksInput) (*bare[TasksReply], error) {
	list, err := s.deps.Desk.Tickets.Tasks(ctx, dispatch.TaskFilter{All: in.All, Owner: in.Owner, Org: in.Client, DueBefore: in.Due, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []dispatch.TaskRow{}
	}
	return &bare[TasksReply]{TasksReply{list}}, nil
}
