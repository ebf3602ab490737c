package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// PreviewReply is what an edit would do.
type PreviewReply struct {
	edit.Preview
	Texts []string `json:"texts" doc:"The warnings in words, in the language of Accept-Language"`
}

type previewInput struct {
	IfMatch string `header:"If-Match" doc:"As for an edit"`
	Body    EditBody
}

func (s *Server) preview(ctx context.Context, in *previewInput) (*reply[PreviewReply], error) {
	l, by, err := s.editing(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	base, err := l.base(in.Body, in.IfMatch)
	if err != nil {
		return nil, err
	}
	if stale := l.stale(base); stale != nil {
		return nil, refused(l.by.lang, &in.Body, l.by.devices(), stale)
	}
	p, err := s.deps.Rota.Preview(ctx, in.Body.Edit, by)
	if err != nil {
		return nil, refused(l.by.lang, &in.Body, l.by.devices(), err)
	}
	return &reply[PreviewReply]{etag(l.Version.Revision), l.told(p)}, nil
}

// told is a preview with its warnings in words.
func (l *look) told(p edit.Preview) PreviewReply {
	out := PreviewReply{Preview: p, Texts: []string{}}
	for _, w := range p.Warnings {
		out.Texts = append(out.Texts, w.Text(l.by.lang))
	}
	return out
}

// stale is the conflict with what the author has looked at, as an edit would meet it; nil: there is none.
func (l *look) stale(base map[string]int64) error {
	var theirs []edit.Record
	for _, name := range slices.Sorted(maps.Keys(base)) {
		now := l.Revisions[name]
		if now == base[name] {
			continue
		}
		kind, id, _ := strings.Cut(name, " ")
		key := edit.Key{Kind: edit.Kind(kind), ID: id}
		body, err := edit.Body(l.Roster, key)
		if err != nil {
			return err
		}
		theirs = append(theirs, edit.Record{Key: key, Revision: now, Body: body})
	}
	if len(theirs) == 0 {
		return nil
	}
	return &dispatch.RotaConflict{Theirs: theirs, Version: l.Version}
}

// editing prepares an edit: who makes it, and whether the token may.
func (s *Server) editing(ctx context.Context, body *EditBody) (look, edit.Author, error) {
	e := &body.Edit
	l, err := s.look(ctx)
	if err != nil {
		return l, edit.Author{}, err
	}
	if aboutPeople(e) && !l.by.devices() {
		return l, edit.Author{}, problem(http.StatusForbidden, CodeForbidden, fmt.Sprintf(say(l.by.lang, textForbidden), People))
	}
	if field := unprintable(e); field != "" {
		return l, edit.Author{}, fieldProblem(l.by.lang, body.field(field), errors.New(say(l.by.lang, textControl)))
	}
	by, err := s.author(ctx, l)
	return l, by, err
}

// unprintable returns the path of a text with control characters in it, but for line breaks and tabs: they have no place in a
// rota, and would ruin files and terminals.
func unprintable(e *edit.Edit) string {
	written, err := json.Marshal(e)
	if err != nil {
		return ""
	}
	var v any
	if json.Unmarshal(written, &v) != nil {
		return ""
	}
	return strings.TrimPrefix(controlIn(v, ""), ".")
}

func controlIn(v any, path string) string {
	switch v := v.(type) {
	case string:
		if strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			return path
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if found := controlIn(v[name], path+"."+name); found != "" {
				return found
			}
		}
	case []any:
		for i, inner := range v {
			if found := controlIn(inner, fmt.Sprintf("%s[%d]", path, i)); found != "" {
				return found
			}
		}
	}
	return ""
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
	Preview  PreviewReply `json:"preview" doc:"What it does"`
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
	l, by, err := s.editing(ctx, &body)
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
	out := EditReply{c.Version.Revision, c.Keys, l.told(c.Preview)}
	if out.Keys == nil {
		out.Keys = []edit.Key{}
	}
	return &reply[EditReply]{etag(c.Version.Revision), out}, nil
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
	return s.commit(ctx, EditBody{Edit: edit.Edit{Take: &in.Body, Reason: in.Reason}, bare: "take"}, "")
}

type askInput struct {
	Body oncall.Request
}

func (s *Server) ask(ctx context.Context, in *askInput) (*reply[EditReply], error) {
	body := EditBody{Edit: edit.Edit{Ask: &in.Body, Reason: in.Body.Reason}, bare: "ask"}
	if in.Body.ID != "" {
		body.Base = map[string]int64{edit.Key{Kind: edit.Request, ID: in.Body.ID}.String(): 0}
	}
	return s.commit(ctx, body, "")
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
	return s.commit(ctx, EditBody{Edit: e, bare: "answer"}, in.IfMatch)
}
