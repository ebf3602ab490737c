package casework

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/triage"
)

// Deps are what a Worker works with.
type Deps struct {
	Dispatcher *dispatch.Dispatcher // required
	Catalogue  *triage.Catalogue    // required
	Audit      dispatch.Audit       // required
	Zone       *time.Location       // of times that are typed without one; nil = UTC
	Node       string
	Now        func() time.Time // nil = time.Now
}

// Worker carries orders out.
type Worker struct{ Deps }

// New returns a worker.
func New(d Deps) (*Worker, error) {
	if d.Dispatcher == nil || d.Catalogue == nil || d.Audit == nil {
		return nil, errors.New("set up casework: a dispatcher, a catalogue and an audit are required")
	}
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Worker{d}, nil
}

// Look returns all that there is to see of a ticket, by its number or id.
func (w *Worker) Look(ctx context.Context, idOrNumber string) (Sight, error) {
	ref, err := w.ref(ctx, idOrNumber)
	if err != nil {
		return Sight{}, err
	}
	d, err := w.Dispatcher.Dossier(ctx, ref)
	if err != nil {
		return Sight{}, err
	}
	return look(w.Catalogue, d, w.Now()), nil
}

// Tasks returns the tasks of all tickets that fit.
func (w *Worker) Tasks(ctx context.Context, f dispatch.TaskFilter) ([]dispatch.TaskRow, error) {
	return w.Dispatcher.Tasks(ctx, f)
}

func (w *Worker) ref(ctx context.Context, idOrNumber string) (dispatch.Ref, error) {
	t, err := w.Dispatcher.Ticket(ctx, idOrNumber)
	if err != nil {
		return dispatch.Ref{}, err
	}
	return dispatch.Ref{ID: t.ID, Number: t.Number.String()}, nil
}

// RefusedError says what is wrong with an order, in the author's language.
type RefusedError struct {
	Field string // of the act; empty = the whole
	Words triage.Words

	lang string
}

// Error implements error.
func (e *RefusedError) Error() string {
	if e.Field == "" {
		return e.Words.In(e.lang)
	}
	return e.Field + ": " + e.Words.In(e.lang)
}

func refuse(o Order, field, ru, en string, args ...any) error {
	return &RefusedError{Field: field, Words: triage.Words{RU: fmt.Sprintf(ru, args...), EN: fmt.Sprintf(en, args...)}, lang: o.By.Language}
}

// Carry carries an order out.
func (w *Worker) Carry(ctx context.Context, o Order) (Done, error) {
	name, err := o.act()
	if err != nil {
		return Done{}, refuse(o, "", "в приказе должно быть ровно одно действие", "an order has exactly one act")
	}
	if p, ok := w.Dispatcher.Directory().Load().Roster.Person(o.By.Person); !ok || p.Disabled {
		return Done{}, refuse(o, "by", "нет такого человека: %q", "there is no such person: %q", o.By.Person)
	}
	by := o.By.at(w.Now().UTC())
	if o.Open != nil {
		ref, err := w.Dispatcher.Open(ctx, by, dispatch.NewTicket{
			Class: o.Open.Class, Priority: o.Open.Priority, Category: o.Open.Category, Org: o.Open.Org, From: o.Open.From, Line: o.Open.Line,
			Text: o.Open.Text, Language: o.Open.Language, Assignee: o.Open.Assignee,
		})
		return Done{Ticket: ref}, err
	}
	ref, err := w.ref(ctx, o.Ticket)
	if err != nil {
		return Done{}, err
	}
	done, err := w.carry(ctx, ref, by, o, name)
	if done.Ticket.ID == "" {
		done.Ticket = ref
	}
	return done, err
}

func (w *Worker) carry(ctx context.Context, ref dispatch.Ref, by dispatch.Author, o Order, name string) (done Done, err error) {
	d := w.Dispatcher
	switch name {
	case "Do":
		body, err := ticket.DecodeBody(o.Do.Kind, o.Do.Body)
		if err != nil {
			return Done{}, refuse(o, "do", "не понять: %v", "can not be read: %v", err)
		}
		if _, reveals := body.(ticket.Revealed); reveals {
			return Done{}, refuse(o, "do", "доступы показывает reveal", "accesses are shown by reveal")
		}
		return w.do(ctx, ref, by, body)
	case "Answer":
		return w.answer(ctx, ref, by, o)
	case "Step":
		return w.step(ctx, ref, by, o)
	case "Reveal":
		return w.reveal(ctx, ref, by, o)
	case "Tell":
		done.Told, err = d.Tell(ctx, ref, by, *o.Tell)
	case "TellPlan":
		done.Told, err = d.TellPlan(ctx, ref, by, *o.TellPlan)
	case "Update":
		done.Told, done.Children, err = d.Update(ctx, ref, by, *o.Update)
	case "Restored":
		done.Told, err = d.Stabilise(ctx, ref, by, *o.Restored)
	case "Page":
		_, err = d.PageSpecialist(ctx, ref, o.Page.Skill, by)
	case "Split":
		done.Ticket, err = d.Split(ctx, ref, by, o.Split.Signal)
	case "Unmerge":
		err = d.Unmerge(ctx, ref, by, o.Unmerge.Reason)
	case "Merge", "Link":
		err = w.relate(ctx, ref, by, o)
	default:
		err = fmt.Errorf("carry an order out: %s is not known", name)
	}
	return done, err
}

// relate carries out what concerns two tickets.
func (w *Worker) relate(ctx context.Context, ref dispatch.Ref, by dispatch.Author, o Order) error {
	d := w.Dispatcher
	if o.Merge != nil {
		into, err := w.ref(ctx, o.Merge.Into)
		if err != nil {
			return err
		}
		return d.Merge(ctx, ref, into, by, o.Merge.Reason)
	}
	to, err := w.ref(ctx, o.Link.To)
	if err != nil {
		return err
	}
	if o.Link.End {
		return d.Unlink(ctx, ref, by, o.Link.Relation, to)
	}
	return d.Link(ctx, ref, by, o.Link.Relation, to)
}

// do brings one decision to the ticket's log.
func (w *Worker) do(ctx context.Context, ref dispatch.Ref, by dispatch.Author, body ticket.Body) (Done, error) {
	e, err := w.Dispatcher.Do(ctx, ref, by, body)
	if err != nil {
		return Done{}, err
	}
	done := Done{Body: e.Body}
	switch b := e.Body.(type) {
	case ticket.Paused:
		done.Name = b.Pause
	case ticket.Connected:
		done.Name = b.Session
	case ticket.Disconnected:
		done.Name = b.Session
	case ticket.Tasked:
		done.Name = b.Task
	case ticket.Timed:
		done.Name = b.Entry
	case ticket.Planned:
		done.Version = b.Version
	case ticket.Drafted:
		done.Version = b.Version
	}
	return done, nil
}

func (w *Worker) answer(ctx context.Context, ref dispatch.Ref, by dispatch.Author, o Order) (Done, error) {
	l, ok := w.Catalogue.List(o.Answer.List)
	if !ok {
		return Done{}, refuse(o, "list", "нет списка %q", "there is no check list %q", o.Answer.List)
	}
	q, ok := l.Question(o.Answer.Question)
	if !ok {
		return Done{}, refuse(o, "question", "в списке %s нет вопроса %q", "list %s has no question %q", l.ID, o.Answer.Question)
	}
	answer, err := q.Read(o.Answer.Typed, w.Zone, by.At)
	if bad, is := errors.AsType[*triage.AnswerError](err); is {
		return Done{}, &RefusedError{Field: "answer", Words: bad.Words, lang: o.By.Language}
	}
	if err != nil {
		return Done{}, err
	}
	return w.do(ctx, ref, by, ticket.Answered{
		List: l.ID, Version: l.Version, Question: q.ID, Answer: answer, Asked: q.Ask.In(w.language(ctx, ref, o)), Type: string(q.Type),
	})
}

func (w *Worker) step(ctx context.Context, ref dispatch.Ref, by dispatch.Author, o Order) (Done, error) {
	r, ok := w.Catalogue.Runbook(o.Step.Runbook)
	if !ok {
		return Done{}, refuse(o, "runbook", "нет порядка действий %q", "there is no runbook %q", o.Step.Runbook)
	}
	s, ok := r.Step(o.Step.Step)
	if !ok {
		return Done{}, refuse(o, "step", "в порядке действий %s нет шага %q", "runbook %s has no step %q", r.ID, o.Step.Step)
	}
	body := ticket.Stepped{
		Runbook: r.ID, Version: r.Version, Step: s.ID, Did: s.Told(w.language(ctx, ref, o)), Result: o.Step.Result, Note: o.Step.Note, Public: s.Public(),
	}
	if o.Step.Public != nil {
		body.Public = *o.Step.Public
	}
	switch body.Result {
	case "":
		body.Result = "done"
	case "done":
	case "skipped", "failed":
		body.Did = s.Do.In(w.language(ctx, ref, o)) // what was done did not happen
		body.Public = o.Step.Public != nil && *o.Step.Public
		if strings.TrimSpace(body.Note) == "" {
			return Done{}, refuse(o, "note", "напишите, почему шаг не выполнен", "say why the step was not carried out")
		}
	default:
		return Done{}, refuse(o, "result", "%q: выберите done, skipped или failed", "%q: choose done, skipped or failed", body.Result)
	}
	return w.do(ctx, ref, by, body)
}

// language is that in which the ticket's log tells: the client's, whose report it becomes.
func (w *Worker) language(ctx context.Context, ref dispatch.Ref, o Order) string {
	if t, err := w.Dispatcher.Ticket(ctx, ref.ID); err == nil && t.Language != "" {
		return t.Language
	}
	return o.By.Language
}

// reveal shows an access: the audit hears of it first.
func (w *Worker) reveal(ctx context.Context, ref dispatch.Ref, by dispatch.Author, o Order) (Done, error) {
	r := *o.Reveal
	if strings.TrimSpace(r.Reason) == "" {
		return Done{}, refuse(o, "reason", "напишите, зачем нужен доступ", "say what the access is needed for")
	}
	t, err := w.Dispatcher.Ticket(ctx, ref.ID)
	if err != nil {
		return Done{}, err
	}
	org, ok := w.Dispatcher.Directory().Load().Book.Resolve(t.Client.Org)
	if !ok {
		return Done{}, refuse(o, "", "у заявки %s нет клиента", "ticket %s has no client", ref.Number)
	}
	asset, ok := org.Asset(r.Asset)
	if !ok {
		return Done{}, refuse(o, "asset", "у клиента %s нет актива %q", "client %s has no asset %q", org.ID, r.Asset)
	}
	for _, a := range asset.Accesses {
		if a.ID != r.Access && (r.Access != "" || len(asset.Accesses) > 1) {
			continue
		}
		_, err := w.Audit.WriteAudit(ctx, dispatch.AuditEntry{
			At: by.At, By: by.Person, Channel: by.Channel, From: o.By.From, Act: dispatch.ActReveal,
			Object: "access " + org.ID + "/" + asset.ID + "/" + a.ID, Ticket: ref.Number, Reason: r.Reason, Node: w.Node,
		})
		if err != nil {
			return Done{}, err
		}
		done, err := w.do(ctx, ref, by, ticket.Revealed{Asset: asset.ID, Access: a.ID, Reason: r.Reason})
		if err != nil {
			return Done{}, err
		}
		done.Access = &Access{Asset: asset.Name, Way: a.Way, Where: a.Where, Login: a.Login, Secret: a.Secret}
		return done, nil
	}
	return Done{}, refuse(o, "access", "у актива %s нет доступа %q", "asset %s has no access %q", asset.ID, r.Access)
}
