package reports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Config are the settings of reports and pages.
type Config struct {
	// Company is who writes: it heads each report and page.
	Company report.Provider `yaml:"company"`
	// URL is where clients reach the pages; empty = no links are sent. It is that of the portal.
	URL string `yaml:"-"`
}

// Default returns the settings of what the file leaves out.
func Default() Config { return Config{} }

// Validate reports all faults.
func (c Config) Validate() error {
	if c.URL != "" && !strings.HasPrefix(c.URL, "https://") && !strings.HasPrefix(c.URL, "http://") {
		return fmt.Errorf("url: %q is no address such as https://desk.example.com", c.URL)
	}
	return nil
}

// Desk is what reports ask of the dispatcher; a *dispatch.Dispatcher is one.
type Desk interface {
	Ticket(ctx context.Context, idOrNumber string) (ticket.Ticket, error)
	Dossier(ctx context.Context, ref dispatch.Ref) (ticket.Dossier, error)
	Do(ctx context.Context, ref dispatch.Ref, by dispatch.Author, body ticket.Body) (ticket.Event, error)
	Tell(ctx context.Context, ref dispatch.Ref, by dispatch.Author, w dispatch.Word) ([]dispatch.Told, error)
	ListTickets(ctx context.Context, f dispatch.TicketFilter) ([]ticket.Ticket, error)
}

// Deps are what a Reports works with.
type Deps struct {
	Desk      Desk
	Papers    dispatch.Papers
	Files     dispatch.Attachments // nil = reports list no attachments
	Directory *dispatch.Directory
	Links     *Links           // nil = ones of its own, below Config.URL
	Zone      string           // of the company, IANA; for clients without one of their own
	Now       func() time.Time // nil = time.Now
	Log       *slog.Logger     // nil = silent
}

// Reports makes, keeps and releases reports, and shows pages.
type Reports struct {
	// set at New
	cfg   Config
	deps  Deps
	links *Links
	now   func() time.Time
	log   *slog.Logger
}

// New returns a Reports; Run must follow.
func New(cfg Config, deps Deps) (*Reports, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("set up reports: %w", err)
	}
	if deps.Desk == nil || deps.Papers == nil || deps.Directory == nil {
		return nil, errors.New("set up reports: a desk, papers and a directory are required")
	}
	r := &Reports{cfg: cfg, deps: deps, links: NewLinks(cfg.URL), now: deps.Now, log: deps.Log}
	if deps.Links != nil {
		r.links = deps.Links
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	return r, nil
}

// Links returns the addresses of the pages.
func (r *Reports) Links() *Links { return r.links }

// Run reads the secret of the pages as soon as the record answers.
func (r *Reports) Run(ctx context.Context) error {
	const again = time.Second
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wait.C:
		}
		err := r.links.Load(ctx, r.deps.Papers)
		if err == nil {
			<-ctx.Done()
			return nil
		}
		if !errors.Is(err, dispatch.ErrAway) && ctx.Err() == nil {
			r.log.Error("clients' pages can not be opened; it is tried again", "err", err)
		}
		wait.Reset(again)
	}
}

// Draft says how a version is to be made.
type Draft struct {
	Language string   `json:"language,omitempty"` // ru or en; empty = the client's
	Summary  []string `json:"summary,omitempty"`  // in the author's words; empty = those of the version before, or else ours
}

// Preview makes a report as it would be drafted now and keeps nothing.
func (r *Reports) Preview(ctx context.Context, ref dispatch.Ref, by string, o Draft) (report.Model, error) {
	src, err := r.source(ctx, ref, by, o)
	if err != nil {
		return report.Model{}, fmt.Errorf("make report of ticket %s: %w", ref.Number, err)
	}
	return report.Build(src), nil
}

// Lines returns the chronology with its internal lines, for curation.
func (r *Reports) Lines(ctx context.Context, ref dispatch.Ref, language string) ([]report.Line, error) {
	src, err := r.source(ctx, ref, "", Draft{Language: language})
	if err != nil {
		return nil, fmt.Errorf("read lines of ticket %s: %w", ref.Number, err)
	}
	return report.Lines(src), nil
}

// Draft makes a version and keeps it.
func (r *Reports) Draft(ctx context.Context, ref dispatch.Ref, by dispatch.Author, o Draft) (report.Model, error) {
	m, err := r.Preview(ctx, ref, by.Person, o)
	if err != nil {
		return m, err
	}
	body, err := m.Encode()
	if err != nil {
		return m, err
	}
	hash := report.Hash(body)
	if err := r.deps.Papers.KeepReport(ctx, hash, body); err != nil {
		return m, fmt.Errorf("draft report of ticket %s: %w", ref.Number, err)
	}
	_, err = r.deps.Desk.Do(ctx, ref, by, ticket.Drafted{Version: m.Version, Hash: hash, Head: m.LogHead, Language: m.Language})
	if err != nil {
		return m, fmt.Errorf("draft report of ticket %s: %w", ref.Number, err)
	}
	return m, nil
}

// Curate changes how a line stands in the versions to come.
func (r *Reports) Curate(ctx context.Context, ref dispatch.Ref, by dispatch.Author, c ticket.Curated) error {
	d, err := r.deps.Desk.Dossier(ctx, ref)
	if err != nil {
		return fmt.Errorf("curate the report of ticket %s: %w", ref.Number, err)
	}
	if !slices.ContainsFunc(d.Log, func(e ticket.Event) bool { return e.Seq == c.Seq }) {
		return fmt.Errorf("curate the report of ticket %s: its log has no line %d; `vahta report lines` shows them", ref.Number, c.Seq)
	}
	_, err = r.deps.Desk.Do(ctx, ref, by, c)
	return err
}

// UnapprovedError says that a version was not approved.
type UnapprovedError struct {
	Number  string
	Version int
}

// Error implements error.
func (e *UnapprovedError) Error() string {
	return fmt.Sprintf("version %d of the report of ticket %s is not approved: read it, then approve it", e.Version, e.Number)
}

// Approve releases a version to the client; 0 = the last one. To approve twice
// is to approve once.
func (r *Reports) Approve(ctx context.Context, ref dispatch.Ref, by dispatch.Author, version int) (ticket.Version, error) {
	v, _, err := r.version(ctx, ref, version)
	if err != nil {
		return v, err
	}
	if !v.ApprovedAt.IsZero() {
		return v, nil
	}
	if _, err := r.model(ctx, v); err != nil { // nothing is released that can not be read
		return v, fmt.Errorf("approve report of ticket %s: %w", ref.Number, err)
	}
	if _, err := r.deps.Desk.Do(ctx, ref, by, ticket.Approved{Version: v.Version}); err != nil {
		return v, fmt.Errorf("approve report of ticket %s: %w", ref.Number, err)
	}
	v, _, err = r.version(ctx, ref, v.Version)
	return v, err
}

// Send tells the client that an approved version is there, with the address of
// the page; 0 = the last approved one.
func (r *Reports) Send(ctx context.Context, ref dispatch.Ref, by dispatch.Author, version int) ([]dispatch.Told, error) {
	v, d, err := r.approved(ctx, ref, version)
	if err != nil {
		return nil, err
	}
	number := d.Ticket.Number.String()
	return r.deps.Desk.Tell(ctx, ref, by, dispatch.Word{
		Purpose: ticket.ForReport, Version: v.Version, Text: sentText(v.Language, number),
		Enclosed: []dispatch.Enclosure{{Name: paperName(number, v.Version, PDF), Type: pdfType, Report: v.Version}},
	})
}

// Open reads a report that is enclosed in a message.
func (r *Reports) Open(ctx context.Context, about dispatch.Ref, e dispatch.Enclosure) (io.ReadCloser, error) {
	if _, _, err := r.approved(ctx, about, e.Report); err != nil {
		return nil, fmt.Errorf("enclose %s: %w", e.Name, err)
	}
	p, err := r.Write(ctx, about, e.Report, PDF)
	if err != nil {
		return nil, fmt.Errorf("enclose %s: %w", e.Name, err)
	}
	return io.NopCloser(bytes.NewReader(p.Body)), nil
}

// sentText is what the client is told when a report is there.
func sentText(language, number string) string {
	if language == "en" {
		return "The report on incident " + number + " is ready: what happened, what we did, why it happened, and what we recommend."
	}
	return "Отчёт об инциденте " + number + " готов: что произошло, что мы сделали, в чём причина и что рекомендуем."
}

// Show returns a version with its seal; 0 = the last one.
func (r *Reports) Show(ctx context.Context, ref dispatch.Ref, version int) (report.Model, report.Seal, error) {
	v, d, err := r.version(ctx, ref, version)
	if err != nil {
		return report.Model{}, report.Seal{}, err
	}
	m, err := r.model(ctx, v)
	if err != nil {
		return m, report.Seal{}, fmt.Errorf("read report of ticket %s: %w", ref.Number, err)
	}
	return m, r.seal(d, v), nil
}

// Form is how a report is written.
type Form string

// The forms.
const (
	Markdown Form = "md"
	HTML     Form = "html"
	PDF      Form = "pdf"
	JSON     Form = "json"
)

// Paper is a report written in a form.
type Paper struct {
	Name string `json:"name"` // of the file
	Type string `json:"type"` // media type
	Body []byte `json:"body"`
}

// Write returns a version in a form; 0 = the last one. A draft says that it is one.
func (r *Reports) Write(ctx context.Context, ref dispatch.Ref, version int, form Form) (Paper, error) {
	m, seal, err := r.Show(ctx, ref, version)
	if err != nil {
		return Paper{}, err
	}
	return write(m, seal, form)
}

// pdfType is the media type of a PDF (RFC 8118).
const pdfType = "application/pdf"

func paperName(number string, version int, form Form) string {
	return fmt.Sprintf("%s-v%d.%s", number, version, form)
}

func write(m report.Model, seal report.Seal, form Form, links ...report.Link) (p Paper, err error) {
	p.Name = paperName(m.Head.Number.String(), m.Version, form)
	d := report.Layout(m, seal)
	switch form {
	case Markdown:
		p.Type, p.Body = "text/markdown; charset=utf-8", []byte(report.Markdown(d))
	case HTML:
		var page string
		page, err = report.HTML(d, links...)
		p.Type, p.Body = "text/html; charset=utf-8", []byte(page)
	case PDF:
		p.Type = pdfType
		p.Body, err = report.PDF(d, m.MadeAt)
	case JSON:
		p.Type = "application/json"
		p.Body, err = m.Encode()
	default:
		err = fmt.Errorf("write report: %q is no form; want md, html, pdf or json", form)
	}
	return p, err
}

// version finds a version in the log; 0 = the last one.
func (r *Reports) version(ctx context.Context, ref dispatch.Ref, version int) (ticket.Version, ticket.Dossier, error) {
	d, err := r.deps.Desk.Dossier(ctx, ref)
	if err != nil {
		return ticket.Version{}, d, fmt.Errorf("read report of ticket %s: %w", ref.Number, err)
	}
	for _, v := range slices.Backward(d.Versions) {
		if version == 0 || v.Version == version {
			return v, d, nil
		}
	}
	if version == 0 {
		return ticket.Version{}, d, fmt.Errorf("ticket %s has no report yet; make one with `vahta report draft`: %w", ref.Number, dispatch.ErrNotFound)
	}
	return ticket.Version{}, d, fmt.Errorf("ticket %s has no version %d of its report: %w", ref.Number, version, dispatch.ErrNotFound)
}

// approved finds an approved version; 0 = the last one.
func (r *Reports) approved(ctx context.Context, ref dispatch.Ref, version int) (ticket.Version, ticket.Dossier, error) {
	v, d, err := r.version(ctx, ref, version)
	if err != nil {
		return v, d, err
	}
	if version == 0 {
		for _, other := range slices.Backward(d.Versions) {
			if !other.ApprovedAt.IsZero() {
				return other, d, nil
			}
		}
	}
	if v.ApprovedAt.IsZero() {
		return v, d, &UnapprovedError{Number: d.Ticket.Number.String(), Version: v.Version}
	}
	return v, d, nil
}

// model reads the model of a version.
func (r *Reports) model(ctx context.Context, v ticket.Version) (report.Model, error) {
	body, err := r.deps.Papers.Report(ctx, v.Hash)
	if err != nil {
		return report.Model{}, err
	}
	return report.Decode(body, v.Hash)
}

// seal is what happened to a version.
func (r *Reports) seal(d ticket.Dossier, v ticket.Version) report.Seal {
	s := report.Seal{Hash: v.Hash, ApprovedAt: v.ApprovedAt, SentAt: v.SentAt, OpenedAt: v.OpenedAt}
	if s.Approved() {
		s.ApprovedBy = r.name(v.ApprovedBy)
	}
	for _, m := range d.Messages {
		if m.Purpose == ticket.ForReport && m.Version == v.Version && m.SentBy != "" && !slices.Contains(s.SentBy, m.SentBy) {
			s.SentBy = append(s.SentBy, m.SentBy)
		}
	}
	return s
}

// name is a person's name; who is on no list keeps the id.
func (r *Reports) name(id string) string {
	if p, ok := r.deps.Directory.Load().Roster.Person(id); ok {
		return p.Name
	}
	return id
}

// organisation is the client of a ticket as its card says; zero = nobody knows.
func (r *Reports) organisation(id string) client.Organisation {
	book := r.deps.Directory.Load().Book
	if id == "" || book == nil {
		return client.Organisation{}
	}
	o, _ := book.Resolve(id)
	return o
}
