package portal

import (
	"context"
	"net/http"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// DoneReply is what came of an act.
type DoneReply struct {
	ID       string           `json:"id" doc:"Of the ticket; of an opening or a split the new one"`
	Number   string           `json:"number"`
	Name     string           `json:"name,omitempty" doc:"Of what was made in the ticket: a pause, session, task, time entry"`
	Version  int              `json:"version,omitempty" doc:"Of the plan"`
	Messages []SentMessage    `json:"messages,omitempty" doc:"That go out"`
	Children []string         `json:"children,omitempty" doc:"Numbers of tickets that a parent's word was passed on to"`
	Access   *casework.Access `json:"access,omitempty" doc:"That was asked for"`
}

// SentMessage is one that goes out.
type SentMessage struct {
	ID      string `json:"id"`
	Report  int    `json:"report,omitempty"`
	Channel string `json:"channel"`
	Address string `json:"address,omitempty"`
}

func doneReply(d casework.Done) DoneReply {
	out := DoneReply{ID: d.Ticket.ID, Number: d.Ticket.Number, Name: d.Name, Version: d.Version, Access: d.Access}
	for _, t := range d.Told {
		out.Messages = append(out.Messages, messageOf(t))
	}
	for _, c := range d.Children {
		out.Children = append(out.Children, c.Number)
	}
	return out
}

func messageOf(t dispatch.Told) SentMessage {
	return SentMessage{t.Message, t.Report, t.To.Channel, t.To.Address}
}

// actInput is an act on a ticket.
type actInput[B any] struct {
	Ticket  string `path:"ticket" doc:"Number or ID" example:"VH-26-000010"`
	Key     string `header:"Idempotency-Key" maxLength:"100" doc:"A repeat with the same key is the same act"`
	IfMatch string `header:"If-Match" doc:"ETag of the ticket that you have looked at: 412 when somebody else has acted since"`
	Body    B
}

// deed adds an act; order fills in what the body asks for.
func deed[B any](s *Server, path, id, about string, order func(B, *casework.Order) error) {
	onDesk(s, route{http.MethodPost, "/tickets/{ticket}" + path, id, about, DeskWrite, 0, "work"}, func(ctx context.Context, in *actInput[B]) (*bare[DoneReply], error) {
		by, err := deskAuthor(ctx, in.Key, in.IfMatch)
		if err != nil {
			return nil, err
		}
		o := casework.Order{Ticket: in.Ticket, By: by}
		if err := order(in.Body, &o); err != nil {
			return nil, fieldProblem(callerOf(ctx).lang, "body", err)
		}
		done, err := s.deps.Desk.Cases.Carry(ctx, o)
		if err != nil {
			return nil, err
		}
		return &bare[DoneReply]{doneReply(done)}, nil
	})
}

// decision adds an act that is one line of the log.
func decision[B ticket.Body](s *Server, path, id, about string) {
	deed(s, path, id, about, func(b B, o *casework.Order) (err error) {
		o.Do, err = casework.NewDoing(b)
		return err
	})
}

// Forms of acts whose lines have durations or more than a caller may say.
type (
	acknowledgeForm struct{}
	noteForm        struct {
		Text    string `json:"text"`
		Public  bool   `json:"public,omitempty" doc:"The client may read it"`
		Contact string `json:"contact,omitempty" doc:"The call or message that was a real contact"`
	}
	contactForm struct {
		Report  int    `json:"report,omitempty" doc:"Whose requester; default the first"`
		Channel string `json:"channel" example:"call"`
		Ref     string `json:"ref,omitempty" doc:"The call"`
		With    string `json:"with,omitempty"`
		Note    string `json:"note,omitempty"`
	}
	planForm struct {
		Hypothesis string    `json:"hypothesis,omitempty"`
		Actions    []string  `json:"actions,omitempty"`
		Fallback   string    `json:"fallback,omitempty"`
		ETA        time.Time `json:"eta,omitzero" doc:"Of stabilisation"`
		Engineer   string    `json:"engineer,omitempty" doc:"Default: the token's person"`
		Reason     string    `json:"reason,omitempty" doc:"Of a change to a plan that the client knows"`
	}
	tellPlanForm struct {
		Version int              `json:"version,omitempty" doc:"Default: the last one"`
		ReadOut bool             `json:"read_out,omitempty" doc:"It was read out on the phone; nothing is sent"`
		Call    string           `json:"call,omitempty"`
		With    string           `json:"with,omitempty"`
		Report  int              `json:"report,omitempty"`
		To      []ticket.Contact `json:"to,omitempty" doc:"Instead of the ways on record"`
		Text    string           `json:"text,omitempty" doc:"Instead of our words"`
	}
	messageForm struct {
		Text     string           `json:"text"`
		Subject  string           `json:"subject,omitempty"`
		Question bool             `json:"question,omitempty" doc:"An answer is waited for"`
		Report   int              `json:"report,omitempty" doc:"Whose requester; default all"`
		To       []ticket.Contact `json:"to,omitempty" doc:"Instead of the ways on record"`
	}
	updateForm struct {
		Text   string    `json:"text"`
		Next   time.Time `json:"next,omitzero" doc:"When the next word is promised; default by the contract"`
		Silent bool      `json:"silent,omitempty" doc:"On the client's page only"`
	}
	resumeForm struct {
		Pause string `json:"pause,omitempty" doc:"Default: all"`
	}
	settleForm struct {
		Entry string `json:"entry"`
		Time  Length `json:"time" doc:"What counts; 0s drops it"`
		Note  string `json:"note,omitempty"`
	}
	taskForm struct {
		Task     string          `json:"task,omitempty" doc:"To change one; default a new one"`
		Sort     string          `json:"sort,omitempty" enum:"recommendation,follow_up,rca"`
		Text     string          `json:"text"`
		Priority ticket.Priority `json:"priority,omitempty"`
		Owner    string          `json:"owner,omitempty" doc:"A person, or client"`
		Due      time.Time       `json:"due,omitzero"`
		Effort   Length          `json:"effort,omitempty"`
	}
)

// deskActRoutes are the acts on tickets.
func (s *Server) deskActRoutes() {
	onDesk(s, route{http.MethodPost, "/tickets", "open-ticket", "Open a ticket by hand", DeskWrite, http.StatusCreated, "work"}, s.openTicket)
	deed(s, "/acknowledge", "acknowledge", "Take a ticket: paging stops", func(_ acknowledgeForm, o *casework.Order) (err error) {
		o.Do, err = casework.NewDoing(ticket.Acknowledged{How: "api"})
		return err
	})
	deed(s, "/notes", "add-note", "Add a line of text", func(f noteForm, o *casework.Order) (err error) {
		o.Do, err = casework.NewDoing(ticket.Noted(f))
		return err
	})
	decision[ticket.Moved](s, "/stage", "move-stage", "Move a ticket to a stage; closing and cancelling are stages")
	decision[ticket.Prioritised](s, "/priority", "set-priority", "Set the priority; a lower one needs a reason")
	decision[ticket.Triaged](s, "/triage", "add-triage", "Record the scale of the trouble")
	decision[ticket.Assigned](s, "/assignee", "assign", "Give a ticket to somebody, who is told of it")
	decision[ticket.HandedOver](s, "/handover", "hand-over", "Hand a ticket over to somebody who has agreed")
	decision[ticket.TookPart](s, "/participants", "add-participant", "Add a participant, or let one go")
	deed(s, "/answers", "add-answer", "Answer a question of a check list", func(f casework.Answering, o *casework.Order) error { o.Answer = &f; return nil })
	deed(s, "/steps", "add-step", "Tick a step of a runbook", func(f casework.Stepping, o *casework.Order) error { o.Step = &f; return nil })
	deed(s, "/contacts", "add-contact", "Say that the client was reached", func(f contactForm, o *casework.Order) (err error) {
		o.Do, err = casework.NewDoing(ticket.Contacted{Report: f.Report, Channel: f.Channel, Ref: f.Ref, With: f.With, Note: f.Note})
		return err
	})
	decision[ticket.ContactTried](s, "/contact-tries", "add-contact-try", "Say that the client could not be reached")
	deed(s, "/specialist", "page-specialist", "Page those who have a skill, one after another", func(f casework.Paging, o *casework.Order) error { o.Page = &f; return nil })
	deed(s, "/plan", "save-plan", "Save a version of the plan", func(f planForm, o *casework.Order) (err error) {
		o.Do, err = casework.NewDoing(ticket.Planned{
			Hypothesis: f.Hypothesis, Actions: f.Actions, Fallback: f.Fallback, ETA: f.ETA, Engineer: f.Engineer, Reason: f.Reason,
		})
		return err
	})
	deed(s, "/plan/tell", "tell-plan", "Tell the client the plan", func(f tellPlanForm, o *casework.Order) error {
		o.TellPlan = &dispatch.PlanWord{Version: f.Version, Spoken: f.ReadOut, Call: f.Call, With: f.With, Report: f.Report, To: f.To, Text: f.Text}
		return nil
	})
	deed(s, "/messages", "write-message", "Write to the client", func(f messageForm, o *casework.Order) error {
		o.Tell = &dispatch.Word{Purpose: ticket.ForReply, Text: f.Text, Subject: f.Subject, Report: f.Report, To: f.To}
		if f.Question {
			o.Tell.Purpose = ticket.ForQuestion
		}
		return nil
	})
	deed(s, "/updates", "add-update", "Tell the client how it goes", func(f updateForm, o *casework.Order) error {
		o.Update = &dispatch.UpdateWord{Text: f.Text, Next: f.Next, Silent: f.Silent}
		return nil
	})
	deed(s, "/restoration", "stabilise", "Say that the main function works again", func(f ticket.Restored, o *casework.Order) error { o.Restored = &f; return nil })
	decision[ticket.ClientConfirmed](s, "/confirmation", "confirm", "Say that the client has confirmed")
	s.deskRecordRoutes()
	s.deskRelationRoutes()
}

// deskRecordRoutes are the acts that keep the record of the work.
func (s *Server) deskRecordRoutes() {
	decision[ticket.Paused](s, "/pauses", "pause", "Let the clocks that may pause stand still")
	deed(s, "/pauses/end", "resume", "End a pause, or all", func(f resumeForm, o *casework.Order) (err error) {
		o.Do, err = casework.NewDoing(ticket.Resumed{Pause: f.Pause, Reason: "desk"})
		return err
	})
	decision[ticket.Reopened](s, "/reopening", "reopen", "Begin anew: the trouble is back")
	decision[ticket.Connected](s, "/sessions", "open-session", "Open a remote session")
	decision[ticket.Disconnected](s, "/sessions/end", "close-session", "Close a remote session; its time is written down")
	deed(s, "/reveal", "reveal", "Show how to get to an asset and where its secret is kept; the audit hears of it", func(f casework.Revealing, o *casework.Order) error {
		o.Reveal = &f
		return nil
	})
	decision[ticket.Timed](s, "/times", "add-time", "Add working time")
	deed(s, "/times/settle", "settle-time", "Say what counts of a time entry", func(f settleForm, o *casework.Order) (err error) {
		o.Do, err = casework.NewDoing(ticket.TimeSettled{Entry: f.Entry, Time: time.Duration(f.Time), Note: f.Note})
		return err
	})
	deed(s, "/tasks", "add-task", "Add or change a task", func(f taskForm, o *casework.Order) (err error) {
		o.Do, err = casework.NewDoing(ticket.Tasked{
			Task: f.Task, Sort: f.Sort, Text: f.Text, Priority: f.Priority, Owner: f.Owner, Due: f.Due, Effort: time.Duration(f.Effort),
		})
		return err
	})
	decision[ticket.TaskDone](s, "/tasks/end", "end-task", "End a task: done, refused or dropped")
	decision[ticket.RootCaused](s, "/root-cause", "add-root-cause", "Record the root cause")
	decision[ticket.Explained](s, "/explanations", "explain", "Explain why a promise was not kept")
}

// deskRelationRoutes are the acts that concern two tickets.
func (s *Server) deskRelationRoutes() {
	deed(s, "/merge", "merge", "Make a ticket a pointer to another one", func(f casework.Merging, o *casework.Order) error { o.Merge = &f; return nil })
	deed(s, "/unmerge", "unmerge", "Take a merge back", func(f casework.Unmerging, o *casework.Order) error { o.Unmerge = &f; return nil })
	deed(s, "/split", "split", "Make a ticket of its own of a signal", func(f casework.Splitting, o *casework.Order) error { o.Split = &f; return nil })
	deed(s, "/links", "link", "Relate two tickets, or end a relation", func(f casework.Linking, o *casework.Order) error { o.Link = &f; return nil })
}

type openInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"A repeat with the same key is the same act"`
	Body casework.Opening
}

func (s *Server) openTicket(ctx context.Context, in *openInput) (*bare[DoneReply], error) {
	by, err := deskAuthor(ctx, in.Key, "")
	if err != nil {
		return nil, err
	}
	done, err := s.deps.Desk.Cases.Carry(ctx, casework.Order{By: by, Open: &in.Body})
	if err != nil {
		return nil, err
	}
	return &bare[DoneReply]{doneReply(done)}, nil
}
