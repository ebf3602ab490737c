package portal

import (
	"context"
	"net/http"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/reports"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

type reportFileInput struct {
	Ticket  string `path:"ticket" doc:"Number or ID"`
	Version int    `query:"version" minimum:"0" doc:"Default the last one"`
	Form    string `query:"form" enum:"pdf,html,md,json" default:"pdf"`
}

type reportFile struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// reportIn finds the ticket of a request about a report, and its author.
func (s *Server) reportIn(ctx context.Context, idOrNumber, key, ifMatch string) (dispatch.Ref, dispatch.Author, error) {
	by, err := deskAuthor(ctx, key, ifMatch)
	if err != nil {
		return dispatch.Ref{}, dispatch.Author{}, err
	}
	if _, err := s.editAuthor(ctx); err != nil { // the token's person is still one of ours
		return dispatch.Ref{}, dispatch.Author{}, err
	}
	t, err := s.deps.Desk.Tickets.Ticket(ctx, idOrNumber)
	return refOf(t), dispatch.Author{Person: by.Person, Channel: by.Channel, Key: by.Key, Seen: by.Seen, At: s.deps.Now().UTC()}, err
}

func (s *Server) getReport(ctx context.Context, in *reportFileInput) (*reportFile, error) {
	t, err := s.deps.Desk.Tickets.Ticket(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	p, err := s.deps.Desk.Reports.Write(ctx, refOf(t), in.Version, reports.Form(in.Form))
	if err != nil {
		return nil, err
	}
	return &reportFile{p.Type, `attachment; filename="` + p.Name + `"`, p.Body}, nil
}

// ReportVersion is a version of a report.
type ReportVersion struct {
	Version    int           `json:"version"`
	ApprovedAt time.Time     `json:"approved_at,omitzero"`
	ApprovedBy string        `json:"approved_by,omitempty"`
	Messages   []SentMessage `json:"messages,omitempty" doc:"That tell the client"`
}

type reportChoiceForm struct {
	Version int `json:"version,omitempty" doc:"Default the last one"`
}

type reportDraftForm struct {
	Language string   `json:"language,omitempty" enum:"ru,en" doc:"Default the client's"`
	Summary  []string `json:"summary,omitempty" doc:"In your words; default those of the version before, or else ours"`
}

// reportRoutes are those of the client's report.
func (s *Server) reportRoutes() {
	onDesk(s, route{http.MethodGet, "/tickets/{ticket}/report", "get-report", "Show a version of the report as a file", DeskRead, 0, "reports"}, s.getReport)
	s.api.OpenAPI().Paths["/api/v1/tickets/{ticket}/report"].Get.Responses["200"].Content = nil // a file, of the form that was asked for
	onReport(s, "/report", "draft-report", "Make a version of the report", func(ctx context.Context, ref dispatch.Ref, by dispatch.Author, f reportDraftForm) (ReportVersion, error) {
		m, err := s.deps.Desk.Reports.Draft(ctx, ref, by, reports.Draft{Language: f.Language, Summary: f.Summary})
		return ReportVersion{Version: m.Version}, err
	})
	onReport(s, "/report/lines", "curate-report", "Change how a line stands in the versions to come", func(ctx context.Context, ref dispatch.Ref, by dispatch.Author, f ticket.Curated) (ReportVersion, error) {
		return ReportVersion{}, s.deps.Desk.Reports.Curate(ctx, ref, by, f)
	})
	onReport(s, "/report/approve", "approve-report", "Release a version to the client", func(ctx context.Context, ref dispatch.Ref, by dispatch.Author, f reportChoiceForm) (ReportVersion, error) {
		v, err := s.deps.Desk.Reports.Approve(ctx, ref, by, f.Version)
		return ReportVersion{Version: v.Version, ApprovedAt: v.ApprovedAt, ApprovedBy: v.ApprovedBy}, err
	})
	onReport(s, "/report/send", "send-report", "Tell the client that a version is there", func(ctx context.Context, ref dispatch.Ref, by dispatch.Author, f reportChoiceForm) (ReportVersion, error) {
		told, err := s.deps.Desk.Reports.Send(ctx, ref, by, f.Version)
		out := ReportVersion{Version: f.Version}
		for _, t := range told {
			out.Messages = append(out.Messages, messageOf(t))
		}
		return out, err
	})
}

// onReport adds an act on the report of a ticket.
func onReport[B any](s *Server, path, id, about string, do func(context.Context, dispatch.Ref, dispatch.Author, B) (ReportVersion, error)) {
	onDesk(s, route{http.MethodPost, "/tickets/{ticket}" + path, id, about, DeskWrite, 0, "reports"}, func(ctx context.Context, in *actInput[B]) (*bare[ReportVersion], error) {
		ref, by, err := s.reportIn(ctx, in.Ticket, in.Key, in.IfMatch)
		if err != nil {
			return nil, err
		}
		v, err := do(ctx, ref, by, in.Body)
		if err != nil {
			return nil, err
		}
		return &bare[ReportVersion]{v}, nil
	})
}
