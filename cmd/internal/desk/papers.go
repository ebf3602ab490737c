package desk

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/dispatch/vault"
)

// PaperAct is the kind of an act on a report.
type PaperAct string

// The acts on reports.
const (
	PaperDraft   PaperAct = "draft"
	PaperCurate  PaperAct = "curate"
	PaperApprove PaperAct = "approve"
	PaperSend    PaperAct = "send"
)

// PaperOrder is one act on the report of a ticket.
type PaperOrder struct {
	Act     PaperAct       `json:"act"`
	By      string         `json:"by"`
	Version int            `json:"version,omitempty"` // 0 = the last one
	Draft   reports.Draft  `json:"draft,omitzero"`
	Line    ticket.Curated `json:"line,omitzero"`
}

// PaperDone is what became of an act.
type PaperDone struct {
	Version int      `json:"version,omitempty"`
	To      []string `json:"to,omitempty"` // the channels that a report goes by
}

// PaperQuestion asks for a report in a form.
type PaperQuestion struct {
	Version int          `json:"version,omitempty"`
	Form    reports.Form `json:"form"`
}

// Papers answers the commands about reports and recordings. A ticket is named by its number or id.
type Papers interface {
	// Order carries out an act on a report.
	Order(ctx context.Context, ticket string, o PaperOrder) (PaperDone, error)
	// Paper returns a report written in a form.
	Paper(ctx context.Context, ticket string, q PaperQuestion) (reports.Paper, error)
	// Lines returns the chronology, with internal lines.
	Lines(ctx context.Context, ticket, language string) ([]report.Line, error)
	// Link returns the address of the client's page.
	Link(ctx context.Context, ticket string) (string, error)
	// Recording writes the recording of a call out; by, why and where to are written into the audit before.
	Recording(ctx context.Context, call, by, why string, to io.Writer) (name string, err error)
}

// LocalPapers is reports and recordings in this process.
type LocalPapers struct {
	Reports *reports.Reports
	Vault   *vault.Vault
	Audit   dispatch.Audit
	Tickets interface {
		Ticket(ctx context.Context, idOrNumber string) (ticket.Ticket, error)
	}
	Calls interface {
		Call(ctx context.Context, id string) (dispatch.CallRecord, error)
	}
	Node string
	Now  func() time.Time // nil = time.Now
}

var _ Papers = (*LocalPapers)(nil)

func (l *LocalPapers) ref(ctx context.Context, name string) (dispatch.Ref, error) {
	t, err := l.Tickets.Ticket(ctx, name)
	return dispatch.Ref{ID: t.ID, Number: t.Number.String()}, err
}

// Order implements Papers.
func (l *LocalPapers) Order(ctx context.Context, name string, o PaperOrder) (PaperDone, error) {
	ref, err := l.ref(ctx, name)
	if err != nil {
		return PaperDone{}, err
	}
	if o.By == "" {
		return PaperDone{}, errors.New("say who does it, with --by")
	}
	by := dispatch.Author{Person: o.By, Channel: dispatch.ChannelCLI}
	switch o.Act {
	case PaperDraft:
		m, err := l.Reports.Draft(ctx, ref, by, o.Draft)
		return PaperDone{Version: m.Version}, err
	case PaperCurate:
		return PaperDone{}, l.Reports.Curate(ctx, ref, by, o.Line)
	case PaperApprove:
		v, err := l.Reports.Approve(ctx, ref, by, o.Version)
		return PaperDone{Version: v.Version}, err
	case PaperSend:
		told, err := l.Reports.Send(ctx, ref, by, o.Version)
		done := PaperDone{Version: o.Version}
		for _, t := range told {
			done.To = append(done.To, t.To.Channel)
		}
		return done, err
	}
	return PaperDone{}, fmt.Errorf("%q is not draft, curate, approve or send", o.Act)
}

// Paper implements Papers.
func (l *LocalPapers) Paper(ctx context.Context, name string, q PaperQuestion) (reports.Paper, error) {
	ref, err := l.ref(ctx, name)
	if err != nil {
		return reports.Paper{}, err
	}
	return l.Reports.Write(ctx, ref, q.Version, q.Form)
}

// Lines implements Papers.
func (l *LocalPapers) Lines(ctx context.Context, name, language string) ([]report.Line, error) {
	ref, err := l.ref(ctx, name)
	if err != nil {
		return nil, err
	}
	return l.Reports.Lines(ctx, ref, language)
}

// Link implements Papers.
func (l *LocalPapers) Link(ctx context.Context, name string) (string, error) {
	ref, err := l.ref(ctx, name)
	if err != nil {
		return "", err
	}
	if url := l.Reports.Links().URL(ref.ID); url != "" {
		return url, nil
	}
	return "", errors.New("clients' pages have no address: set portal.public_url and leave portal.enabled on")
}

// Recording implements Papers.
func (l *LocalPapers) Recording(ctx context.Context, call, by, why string, to io.Writer) (string, error) {
	c, err := l.Calls.Call(ctx, call)
	if err != nil {
		return "", err
	}
	if err := l.Vault.Locked(); err != nil {
		_ = l.Vault.Open(ctx) // what is wrong is told when the recording is opened
	}
	in, err := l.Vault.ReadCall(ctx, c)
	if err != nil {
		return "", err
	}
	now := time.Now
	if l.Now != nil {
		now = l.Now
	}
	name := filepath.Base(c.Detail.Recording.Path)
	_, err = l.Audit.WriteAudit(ctx, dispatch.AuditEntry{
		At: now().UTC(), By: by, Channel: dispatch.ChannelCLI, Act: dispatch.ActListen, Object: "recording " + name, Ticket: c.Ref.Number, Reason: why, Node: l.Node,
	})
	if err == nil {
		_, err = io.Copy(to, in)
	} else {
		err = fmt.Errorf("nobody listens without a line in the audit: %w", err)
	}
	return name, errors.Join(err, in.Close())
}

// listener is who wants to hear a recording, and why.
type listener struct {
	By  string `json:"by"`
	Why string `json:"why"`
}

// maxRecording bounds a recording on the socket, in bytes: some three hours.
const maxRecording = 1 << 28

// recorded is a recording on the socket.
type recorded struct {
	Name string `json:"name"`
	Data string `json:"data"` // base64
}

// HandlePapers serves reports and recordings on the control socket besides the rest.
func HandlePapers(rest http.Handler, p Papers) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /tickets/{id}/report", answer(func(r *http.Request, o PaperOrder) (any, error) { return p.Order(r.Context(), r.PathValue("id"), o) }))
	mux.HandleFunc("POST /tickets/{id}/report/paper", answer(func(r *http.Request, q PaperQuestion) (any, error) { return p.Paper(r.Context(), r.PathValue("id"), q) }))
	mux.HandleFunc("POST /tickets/{id}/report/lines", answer(func(r *http.Request, language string) (any, error) {
		return p.Lines(r.Context(), r.PathValue("id"), language)
	}))
	mux.HandleFunc("POST /tickets/{id}/report/link", answer(func(r *http.Request, _ struct{}) (any, error) { return p.Link(r.Context(), r.PathValue("id")) }))
	mux.HandleFunc("POST /calls/{id}/recording", answer(func(r *http.Request, who listener) (any, error) {
		var data limited
		name, err := p.Recording(r.Context(), r.PathValue("id"), who.By, who.Why, &data)
		return recorded{name, base64.StdEncoding.EncodeToString(data.kept)}, err
	}))
	return mux
}

// limited keeps what is written to it, up to maxRecording.
type limited struct{ kept []byte }

func (l *limited) Write(p []byte) (int, error) {
	if len(l.kept)+len(p) > maxRecording {
		return 0, fmt.Errorf("the recording is larger than %d MiB; stop the server and ask again", maxRecording>>20)
	}
	l.kept = append(l.kept, p...)
	return len(p), nil
}

// RemotePapers is reports and recordings of a running server, behind its control socket.
type RemotePapers struct{ remote *Remote }

var _ Papers = RemotePapers{}

func reportPath(ticket, what string) string {
	return "/tickets/" + url.PathEscape(ticket) + "/report" + what
}

// Order implements Papers.
func (p RemotePapers) Order(ctx context.Context, ticket string, o PaperOrder) (PaperDone, error) {
	return ask[PaperDone](ctx, p.remote, reportPath(ticket, ""), o)
}

// Paper implements Papers.
func (p RemotePapers) Paper(ctx context.Context, ticket string, q PaperQuestion) (reports.Paper, error) {
	return ask[reports.Paper](ctx, p.remote, reportPath(ticket, "/paper"), q)
}

// Lines implements Papers.
func (p RemotePapers) Lines(ctx context.Context, ticket, language string) ([]report.Line, error) {
	return ask[[]report.Line](ctx, p.remote, reportPath(ticket, "/lines"), language)
}

// Link implements Papers.
func (p RemotePapers) Link(ctx context.Context, ticket string) (string, error) {
	return ask[string](ctx, p.remote, reportPath(ticket, "/link"), struct{}{})
}

// Recording implements Papers.
func (p RemotePapers) Recording(ctx context.Context, call, by, why string, to io.Writer) (string, error) {
	r, err := ask[recorded](ctx, p.remote, "/calls/"+url.PathEscape(call)+"/recording", listener{by, why})
	if err != nil {
		return "", err
	}
	data, err := base64.StdEncoding.DecodeString(r.Data)
	if err == nil {
		_, err = to.Write(data)
	}
	return r.Name, err
}

// OpenPapers returns the reports and recordings of the data folder: through the running server, or else through what onRecord makes
// of the record itself, at the place that database names. The function it returns must be called when done.
func OpenPapers(ctx context.Context, data, database string, onRecord func(context.Context, *store.SQL) (Papers, error)) (Papers, func() error, error) {
	return openOn(ctx, data, database, func(r *Remote) Papers { return RemotePapers{r} }, onRecord)
}
