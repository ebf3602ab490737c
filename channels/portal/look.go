package portal

import (
	"context"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/rota"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// look is the rota as one request sees it.
type look struct {
	rota.View
	duty *oncall.Evaluator
	now  time.Time
	by   caller
}

func (s *Server) look(ctx context.Context) (look, error) {
	v, err := s.deps.Rota.View(ctx)
	if err != nil {
		return look{}, refused(callerOf(ctx).lang, nil, false, err)
	}
	l := look{View: v, duty: v.Duty, now: s.deps.Now().Truncate(time.Second), by: callerOf(ctx)}
	if l.duty == nil {
		l.duty = oncall.Compile(v.Roster)
	}
	return l, nil
}

func (l *look) revision(k edit.Kind, id string) int64 {
	return l.Revisions[edit.Key{Kind: k, ID: id}.String()]
}

// schedule finds a schedule, or the only one when none is named.
func (l *look) schedule(id string) (oncall.Schedule, error) {
	if id == "" && len(l.Roster.Schedules) == 1 {
		return l.Roster.Schedules[0], nil
	}
	if s, ok := l.Roster.Schedule(id); ok {
		return s, nil
	}
	return oncall.Schedule{}, notFound(l.by.lang, "schedule", id)
}

func (l *look) person(id string) (oncall.Person, error) {
	if p, ok := l.Roster.Person(id); ok {
		return p, nil
	}
	return oncall.Person{}, notFound(l.by.lang, "person", id)
}

func (l *look) name(id string) string {
	if p, ok := l.Roster.Person(id); ok && p.Name != "" {
		return p.Name
	}
	return id
}

// at reads a moment in a zone; empty is now.
func (l *look) at(field, text string, zone oncall.Zone) (time.Time, error) {
	if text == "" {
		return l.now, nil
	}
	p, err := oncall.ParsePoint(text)
	if err != nil {
		return time.Time{}, fieldProblem(l.by.lang, field, fmt.Errorf(say(l.by.lang, textTime), text))
	}
	return p.In(zone), nil
}

// maxSpan bounds how much of a rota is asked for at once.
const maxSpan = 400 * 24 * time.Hour

// SpanQuery is a span in a query; the framework sees embedded parameters only of exported types.
type SpanQuery struct {
	From string `query:"from" doc:"Beginning: an instant, or a reading of the schedule's clock such as 2026-12-31 09:00; default now" example:"2026-12-01 00:00"`
	To   string `query:"to" doc:"End, not included; default 31 days after the beginning" example:"2027-01-01 00:00"`
}

func (l *look) span(q SpanQuery, zone oncall.Zone) (from, to time.Time, err error) {
	if from, err = l.at("query.from", q.From, zone); err != nil {
		return from, to, err
	}
	to = from.AddDate(0, 0, 31)
	if q.To != "" {
		if to, err = l.at("query.to", q.To, zone); err != nil {
			return from, to, err
		}
	}
	if !from.Before(to) || to.Sub(from) > maxSpan {
		err = fieldProblem(l.by.lang, "query.to", fmt.Errorf(say(l.by.lang, textSpan), int(maxSpan.Hours())/24))
	}
	return from, to, err
}

// reply is an answer with the revision of what it shows.
type reply[T any] struct {
	ETag string `header:"ETag" doc:"The revision, for If-Match"`
	Body T
}

func etag(revision int64) string { return fmt.Sprintf("%q", fmt.Sprint(revision)) }

// Item is one thing of the rota and the edit that wrote it last.
type Item[T any] struct {
	Revision int64 `json:"revision" doc:"Of the edit that wrote it last; 0: the configuration file"`
	Value    T     `json:"value"`
}
