package portal

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// PreviewReply is what an edit would do.
type PreviewReply struct {
	edit.Preview
	Texts []string `json:"texts" doc:"The warnings in words, in the language of Accept-Language"`
}

type previewInput struct{ Body EditBody }

func (s *Server) preview(ctx context.Context, in *previewInput) (*reply[PreviewReply], error) {
	l, by, err := s.editing(ctx, &in.Body.Edit)
	if err != nil {
		return nil, err
	}
	p, err := s.deps.Rota.Preview(ctx, in.Body.Edit, by)
	if err != nil {
		return nil, refused(l.by.lang, &in.Body, l.by.devices(), err)
	}
	out := PreviewReply{Preview: p, Texts: []string{}}
	for _, w := range p.Warnings {
		out.Texts = append(out.Texts, w.Text(l.by.lang))
	}
	return &reply[PreviewReply]{etag(l.Version.Revision), out}, nil
}

// editing prepares an edit: who makes it, and whether the token may.
func (s *Server) editing(ctx context.Context, e *edit.Edit) (look, edit.Author, error) {
	l, err := s.look(ctx)
	if err != nil {
		return l, edit.Author{}, err
	}
	if aboutPeople(e) && !l.by.devices() {
		return l, edit.Author{}, problem(http.StatusForbidden, CodeForbidden, fmt.Sprintf(say(l.by.lang, textForbidden), People))
	}
	by, err := s.author(ctx, l)
	return l, by, err
}

// aboutPeople reports whether an edit writes or removes a person.
func aboutPeople(e *edit.Edit) bool {
	if e.Person != nil || e.Remove != nil && e.Remove.Kind == edit.Person {
		return true
	}
	for i := range e.Import {
		if aboutPeople(&e.Import[i]) {
			return true
		}
	}
	return false
}

// EditReply is what an edit has come to.
type EditReply struct {
	Revision int64        `json:"revision" doc:"Of the rota after the edit"`
	Keys     []edit.Key   `json:"keys" doc:"What was written or removed; new things have their IDs here"`
	Preview  edit.Preview `json:"preview" doc:"What it does"`
}

type editInput struct {
	IfMatch string `header:"If-Match" doc:"The revision of the rota you looked at: when what you edit has changed since, the answer is 409"`
	Body    EditBody
}

func (s *Server) edit(ctx context.Context, in *editInput) (*reply[EditReply], error) {
	return s.commit(ctx, in.Body, in.IfMatch)
}

// commit makes an edit.
func (s *Server) commit(ctx context.Context, body EditBody, ifMatch string) (*reply[EditReply], error) {
	l, by, err := s.editing(ctx, &body.Edit)
	if err != nil {
		return nil, err
	}
	base, err := l.base(body, ifMatch)
	if err != nil {
		return nil, err
	}
	c, err := s.deps.Rota.Commit(ctx, body.Edit, by, base)
	if err != nil {
		return nil, refused(l.by.lang, &body, l.by.devices(), err)
	}
	return &reply[EditReply]{etag(c.Version.Revision), replyOf(c)}, nil
}

func replyOf(c rota.Committed) EditReply {
	out := EditReply{c.Version.Revision, c.Keys, c.Preview}
	if out.Keys == nil {
		out.Keys = []edit.Key{}
	}
	return out
}

// base are the revisions that must still hold: those of the body, and with If-Match those that the edited records had at the
// named revision of the rota (RFC 9110 section 13.1.1).
func (l *look) base(body EditBody, ifMatch string) (map[string]int64, error) {
	if ifMatch == "" || ifMatch == "*" {
		return body.Base, nil
	}
	at, err := strconv.ParseInt(strings.Trim(ifMatch, `"`), 10, 64)
	if err != nil || at < 0 {
		return nil, fieldProblem(l.by.lang, "header.If-Match", fmt.Errorf("%q is no revision, such as \"41\"", ifMatch))
	}
	base := map[string]int64{}
	for _, key := range named(&body.Edit) {
		base[key.String()] = min(at, l.Revisions[key.String()]) // a later one is a conflict
	}
	maps.Copy(base, body.Base)
	return base, nil
}

// named are the records that an edit itself names.
func named(e *edit.Edit) []edit.Key {
	var keys []edit.Key
	add := func(kind edit.Kind, id string) {
		if id != "" {
			keys = append(keys, edit.Key{Kind: kind, ID: id})
		}
	}
	if e.Person != nil {
		add(edit.Person, e.Person.ID)
	}
	if e.Schedule != nil {
		add(edit.Schedule, e.Schedule.ID)
	}
	if e.Absence != nil {
		add(edit.Absence, e.Absence.ID)
	}
	if e.Temporary != nil {
		add(edit.Temporary, e.Temporary.ID)
		add(edit.Schedule, e.Temporary.Schedule)
	}
	if e.Override != nil {
		add(edit.Override, e.Override.ID)
		add(edit.Schedule, e.Override.Schedule)
	}
	if e.Calendar != nil {
		add(edit.Calendar, edit.CalendarID(e.Calendar.Calendar, e.Calendar.Year))
	}
	if e.Remove != nil {
		add(e.Remove.Kind, e.Remove.ID)
	}
	if e.Answer != nil {
		add(edit.Request, e.Answer.Request)
	}
	for i := range e.Import {
		keys = append(keys, named(&e.Import[i])...)
	}
	return keys
}

type takeInput struct {
	Reason string `query:"reason"`
	Body   edit.Take
}

func (s *Server) take(ctx context.Context, in *takeInput) (*reply[EditReply], error) {
	return s.commit(ctx, EditBody{Edit: edit.Edit{Take: &in.Body, Reason: in.Reason}}, "")
}

type askInput struct {
	Body oncall.Request
}

func (s *Server) ask(ctx context.Context, in *askInput) (*reply[EditReply], error) {
	return s.commit(ctx, EditBody{Edit: edit.Edit{Ask: &in.Body, Reason: in.Body.Reason}}, "")
}

// AnswerBody settles a request.
type AnswerBody struct {
	Verdict edit.Verdict `json:"verdict" enum:"accept,decline,withdraw"`
	As      string       `json:"as,omitempty" doc:"The person who answers; default the token's"`
	Reason  string       `json:"reason,omitempty"`
}

type answerInput struct {
	ID      string `path:"id"`
	IfMatch string `header:"If-Match" doc:"The revision of the request you looked at"`
	Body    AnswerBody
}

func (s *Server) settle(ctx context.Context, in *answerInput) (*reply[EditReply], error) {
	e := edit.Edit{Answer: &edit.Answer{Request: in.ID, Verdict: in.Body.Verdict, As: in.Body.As}, Reason: in.Body.Reason}
	return s.commit(ctx, EditBody{Edit: e}, in.IfMatch)
}
