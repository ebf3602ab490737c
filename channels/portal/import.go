package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
	"github.com/butlerspb/vahta/oncall/ical"
)

// ImportBody is a calendar or a table to take over.
type ImportBody struct {
	Format   string       `json:"format" enum:"ics,csv"`
	Text     string       `json:"text" doc:"The file"`
	As       ical.As      `json:"as,omitempty" enum:"temporary,overrides,absences" default:"temporary" doc:"What its rows become"`
	Schedule string       `json:"schedule,omitempty" doc:"Takes all rows; default what a row names, or the only one"`
	Track    string       `json:"track,omitempty" doc:"Takes all rows; default what a row names, or the first"`
	From     oncall.Point `json:"from,omitzero" doc:"What lies before is left out; also where a temporary schedule begins"`
	To       oncall.Point `json:"to,omitzero" doc:"What lies after is left out; also where a temporary schedule ends"`
	FallBack bool         `json:"fall_back,omitempty" doc:"The layers speak where a temporary schedule has no row"`
	Reason   string       `json:"reason,omitempty"`
	Commit   bool         `json:"commit,omitempty" doc:"Make the edit; default: only show what it would be and do"`
}

// ImportReply is what a file has come to.
type ImportReply struct {
	Rows     int          `json:"rows"`
	Outside  int          `json:"outside" doc:"Rows that lay outside of from and to"`
	Edit     edit.Edit    `json:"edit"`
	Revision int64        `json:"revision" doc:"Of the rota; after the edit, when it was made"`
	Keys     []edit.Key   `json:"keys" doc:"What was written"`
	Preview  PreviewReply `json:"preview"`
}

type importInput struct{ Body ImportBody }

func (s *Server) imports(ctx context.Context, in *importInput) (*reply[ImportReply], error) {
	l, by, err := s.editing(ctx, &EditBody{})
	if err != nil {
		return nil, err
	}
	b := in.Body
	read := ical.ReadCSV
	if b.Format == "ics" {
		read = ical.ReadCalendar
	}
	file, err := read([]byte(b.Text), &l.Roster, ical.Target{
		As: b.As, Schedule: b.Schedule, Track: b.Track, From: b.From, To: b.To, FallBack: b.FallBack, Reason: b.Reason,
	})
	if err != nil {
		return nil, l.faulty(err)
	}
	if field := unprintable(&file.Edit); field != "" {
		return nil, fieldProblem(l.by.lang, "body.text", errors.New(say(l.by.lang, textControl)))
	}
	out := ImportReply{Rows: file.Rows, Outside: file.Outside, Edit: file.Edit, Revision: l.Version.Revision, Keys: []edit.Key{}}
	if !b.Commit {
		p, err := s.deps.Rota.Preview(ctx, file.Edit, by)
		if err != nil {
			return nil, refused(l.by.lang, nil, l.by.devices(), err)
		}
		out.Preview = l.told(p)
		return &reply[ImportReply]{etag(out.Revision), out}, nil
	}
	done, err := s.commit(ctx, EditBody{Edit: file.Edit}, "")
	if err != nil {
		return nil, err
	}
	out.Revision, out.Keys, out.Preview = done.Body.Revision, done.Body.Keys, done.Body.Preview
	return &reply[ImportReply]{done.ETag, out}, nil
}

// faulty is the problem of a file that is not understood: each bad row is one of its errors.
func (l *look) faulty(err error) error {
	faults, ok := errors.AsType[ical.Faults](err)
	if !ok {
		return err
	}
	p := problem(http.StatusUnprocessableEntity, CodeInvalid, say(l.by.lang, textInvalid))
	for _, f := range faults {
		field := "body.text"
		if f.Line > 0 {
			field = fmt.Sprintf("body.text:%d", f.Line)
		}
		p.Errors = append(p.Errors, ProblemField{field, f.Text(l.by.lang)})
		if len(p.Errors) == 100 {
			break
		}
	}
	return p
}
