package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/clientele"
	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/library"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/edit"
)

// Desk is the work on tickets as programs do it. Each part that is nil has no routes.
type Desk struct {
	Tickets  Tickets
	Cases    Cases
	Signals  Signals
	Clients  Clients
	Articles Articles
	Search   Search
	Reports  Reports
	Audit    dispatch.Audit
	Privacy  Privacy
	Kept     Kept
}

// Tickets is where tickets are found; a *dispatch.Dispatcher is one.
type Tickets interface {
	Ticket(ctx context.Context, idOrNumber string) (ticket.Ticket, error)
	ListTickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error)
	Events(ctx context.Context, ref dispatch.Ref) ([]ticket.Event, error)
	Tasks(ctx context.Context, f dispatch.TaskFilter) ([]dispatch.TaskRow, error)
}

// Cases is the work on one ticket; a *casework.Worker is one.
type Cases interface {
	Look(ctx context.Context, idOrNumber string) (casework.Sight, error)
	Carry(ctx context.Context, o casework.Order) (casework.Done, error)
}

// Signals takes signals in; a *dispatch.Dispatcher is one.
type Signals interface {
	Receive(ctx context.Context, sig dispatch.Signal) (dispatch.SignalID, error)
	Intake(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error)
	ListSignals(ctx context.Context, f dispatch.SignalFilter) ([]dispatch.SignalRecord, error)
}

// Clients is the clients' cards; a *clientele.Clientele is one.
type Clients interface {
	View(ctx context.Context) (clientele.View, error)
	Commit(ctx context.Context, change client.Change, by edit.Author, base map[string]int64) (clientele.Committed, error)
	Strangers(ctx context.Context) ([]clientele.Stranger, error)
}

// Articles is the knowledge base; a *library.Library is one.
type Articles interface {
	Article(ctx context.Context, id string, version int) (kb.Article, error)
	Versions(ctx context.Context, id string) ([]kb.Article, error)
	Articles(ctx context.Context) ([]kb.Article, error)
	Save(ctx context.Context, a kb.Article) (kb.Article, error)
	Draft(ctx context.Context, idOrNumber, lang string) (kb.Article, error)
}

// Search finds tickets and articles; a *library.Library is one.
type Search interface {
	Search(ctx context.Context, q library.Question) (library.Answer, error)
	SimilarTo(ctx context.Context, idOrNumber string, limit int) (library.Likeness, error)
}

// Reports makes and releases reports; a *reports.Reports is one.
type Reports interface {
	Draft(ctx context.Context, ref dispatch.Ref, by dispatch.Author, o reports.Draft) (report.Model, error)
	Curate(ctx context.Context, ref dispatch.Ref, by dispatch.Author, c ticket.Curated) error
	Approve(ctx context.Context, ref dispatch.Ref, by dispatch.Author, version int) (ticket.Version, error)
	Send(ctx context.Context, ref dispatch.Ref, by dispatch.Author, version int) ([]dispatch.Told, error)
	Write(ctx context.Context, ref dispatch.Ref, version int, form reports.Form) (reports.Paper, error)
}

// Loose is a value that the description does not lay down: what a log tells grows with the program. Durations in it end in _ns.
type Loose struct{ value any }

// MarshalJSON implements json.Marshaler.
func (l Loose) MarshalJSON() ([]byte, error) { return json.Marshal(l.value) }

// Schema implements huma.SchemaProvider.
func (Loose) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Description: "As the ticket's log tells it; fields may be added"}
}

// Length is a duration such as 1h30m0s.
type Length time.Duration

// MarshalText implements encoding.TextMarshaler.
func (l Length) MarshalText() ([]byte, error) { return []byte(time.Duration(l).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Length) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is no length; write 90m or 2h", b)
	}
	*l = Length(d)
	return nil
}

// Schema implements huma.SchemaProvider.
func (Length) Schema(r huma.Registry) *huma.Schema { return lengthForm("").Schema(r) }

// deskAuthor is the caller as the author of an act.
func deskAuthor(ctx context.Context, key, ifMatch string) (casework.Author, error) {
	c := callerOf(ctx)
	by := casework.Author{Person: c.token.Person, Channel: dispatch.ChannelAPI, From: "token " + c.token.Name, Language: c.lang}
	if key != "" {
		by.Key = "api:" + c.token.Name + ":" + key
	}
	if ifMatch != "" && ifMatch != "*" {
		seq, err := strconv.Atoi(strings.Trim(strings.TrimPrefix(ifMatch, "W/"), `"`))
		if err != nil || seq < 1 {
			return by, fieldProblem(c.lang, "header.If-Match", errors.New("send the ETag of the ticket that you have looked at"))
		}
		by.Seen = seq
	}
	return by, nil
}

// editAuthor is the caller as the author of an edit of cards.
func (s *Server) editAuthor(ctx context.Context) (edit.Author, error) {
	l, err := s.look(ctx)
	if err != nil {
		return edit.Author{}, err
	}
	return s.author(ctx, l)
}

// The codes of what a ticket refuses.
const (
	CodeIllegal Code = "illegal"  // the ticket can not take it as it stands
	CodeTaken   Code = "taken"    // somebody else has it
	CodeSeen    Code = "not_seen" // somebody has acted since you looked
	CodeNoWay   Code = "no_way"   // no address of the client is known, or nobody has the skill
)

// refusedAct makes a problem of what the desk answered. What it does not know is passed on, and becomes an internal fault.
func refusedAct(lang string, err error) error {
	if r, ok := errors.AsType[*casework.RefusedError](err); ok {
		p := problem(http.StatusUnprocessableEntity, CodeInvalid, r.Words.In(lang))
		if r.Field != "" {
			p.Errors = []ProblemField{{Field: "body." + r.Field, Message: r.Words.In(lang)}}
		}
		return p
	}
	if seen, ok := errors.AsType[*dispatch.SeenError](err); ok {
		return problem(http.StatusPreconditionFailed, CodeSeen, seen.Error())
	}
	if taken, ok := errors.AsType[*dispatch.TakenError](err); ok {
		return problem(http.StatusConflict, CodeTaken, taken.Error())
	}
	if none, ok := errors.AsType[*dispatch.NoWayError](err); ok {
		return problem(http.StatusUnprocessableEntity, CodeNoWay, none.Error())
	}
	if nobody, ok := errors.AsType[*dispatch.NoSpecialistError](err); ok {
		return problem(http.StatusUnprocessableEntity, CodeNoWay, nobody.Error())
	}
	if illegal, ok := errors.AsType[*ticket.IllegalError](err); ok {
		return problem(http.StatusConflict, CodeIllegal, illegal.Error())
	}
	if bad, ok := errors.AsType[*client.ChangeError](err); ok {
		return problem(http.StatusUnprocessableEntity, CodeInvalid, bad.Error())
	}
	switch {
	case errors.Is(err, dispatch.ErrAway):
		p := problem(http.StatusServiceUnavailable, CodeAway, say(lang, textDeskAway))
		p.retry = retryAway
		return p
	case errors.Is(err, ticket.ErrNumber):
		return problem(http.StatusNotFound, CodeNotFound, err.Error())
	case errors.Is(err, dispatch.ErrNotFound):
		return problem(http.StatusNotFound, CodeNotFound, err.Error())
	case errors.Is(err, dispatch.ErrConflict):
		return problem(http.StatusConflict, CodeConflict, err.Error())
	}
	return err
}

// onDesk adds a route whose errors are those of the desk.
func onDesk[In, Out any](s *Server, r route, do func(context.Context, *In) (*Out, error)) {
	r.path = "/api/v1" + r.path
	on(s, r, func(ctx context.Context, in *In) (*Out, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, refusedAct(callerOf(ctx).lang, err)
		}
		return out, nil
	})
}
