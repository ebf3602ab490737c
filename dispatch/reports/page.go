package reports

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Page is what the client sees of a ticket.
type Page struct {
	Language string          `json:"language"`
	Zone     string          `json:"zone"`
	Company  report.Provider `json:"company"`
	Number   string          `json:"number"`
	Title    string          `json:"title,omitempty"`
	Client   string          `json:"client,omitempty"`
	Stage    ticket.Stage    `json:"stage"`
	Class    ticket.Class    `json:"class,omitempty"`
	Priority ticket.Priority `json:"priority"`
	Engineer string          `json:"engineer,omitempty"`
	OpenedAt time.Time       `json:"opened_at"`
	At       time.Time       `json:"at"` // when it was looked at
	// Stages are when each stage of this cycle was reached.
	Stages map[ticket.Stage]time.Time `json:"stages"`
	Plan   *PagePlan                  `json:"plan,omitempty"` // as it was told last
	Next   time.Time                  `json:"next,omitzero"`  // the next word is promised by then
	Lines  []report.Line              `json:"lines"`          // public ones, newest first
	// Reports are the approved versions, newest first.
	Reports []PageReport  `json:"reports,omitempty"`
	Rating  *ticket.Rated `json:"rating,omitempty"` // the client's last word
	MayRate bool          `json:"may_rate,omitempty"`
	// With says that the case is worked on with another, of which no more is told here.
	With bool `json:"with,omitempty"`
}

// PagePlan is a plan as the client was told it.
type PagePlan struct {
	Hypothesis string    `json:"hypothesis"`
	Actions    []string  `json:"actions"`
	Fallback   string    `json:"fallback"`
	ETA        time.Time `json:"eta"`
}

// PageReport is an approved version.
type PageReport struct {
	Version  int       `json:"version"`
	At       time.Time `json:"at"` // of its approval
	Language string    `json:"language"`
}

// Page shows the ticket that a token stands for. language is what the reader
// prefers; empty = the client's.
func (r *Reports) Page(ctx context.Context, token, language string) (Page, error) {
	d, own, err := r.open(ctx, token)
	if err != nil {
		return Page{}, err
	}
	src := r.from(d, language)
	m := report.Build(src)
	p := Page{
		Language: m.Language, Zone: src.Zone, Company: r.cfg.Company, Number: own.Number.String(), Stage: d.Ticket.Stage, Class: d.Ticket.Class,
		Priority: d.Ticket.Priority, OpenedAt: d.T0, At: src.Now, Stages: d.Ticket.Stamps,
	}
	if !sameClient(own, d.Ticket) {
		p.With, p.OpenedAt = true, own.OpenedAt // another client's case: its words are not for this one
		return p, nil
	}
	p.Title, p.Client, p.Engineer = m.Head.Title, m.Head.Client, m.Head.Engineer
	p.Lines = slices.Clone(m.Timeline)
	slices.Reverse(p.Lines)
	for _, plan := range slices.Backward(d.Plans) {
		if !plan.ToldAt.IsZero() {
			hypothesis, _ := src.Rules.Hide(plan.Hypothesis, m.Language)
			fallback, _ := src.Rules.Hide(plan.Fallback, m.Language)
			p.Plan = &PagePlan{Hypothesis: hypothesis, Fallback: fallback, ETA: plan.ETA}
			for _, a := range plan.Actions {
				action, _ := src.Rules.Hide(a, m.Language)
				p.Plan.Actions = append(p.Plan.Actions, action)
			}
			break
		}
	}
	if n := len(d.Updates); n > 0 && d.Ticket.Stage < ticket.Stabilised {
		p.Next = d.Updates[n-1].Body.Next
	}
	for _, v := range slices.Backward(d.Versions) {
		if !v.ApprovedAt.IsZero() {
			p.Reports = append(p.Reports, PageReport{v.Version, v.ApprovedAt, v.Language})
		}
	}
	if n := len(d.Ratings); n > 0 {
		p.Rating = &d.Ratings[n-1].Body
	}
	p.MayRate = mayRate(d)
	return p, nil
}

// maxRatings bounds how often a client may change his mind.
const maxRatings = 5

// mayRate reports whether the client is asked how we did: when there is a
// report, or nothing more is done.
func mayRate(d ticket.Dossier) bool {
	released := slices.ContainsFunc(d.Versions, func(v ticket.Version) bool { return !v.ApprovedAt.IsZero() })
	return (released || d.Ticket.Stage == ticket.Closed) && len(d.Ratings) < maxRatings
}

// open returns the dossier that a token's page shows, and the token's own
// ticket: of a merged one the page shows the case that it went into.
func (r *Reports) open(ctx context.Context, token string) (d ticket.Dossier, own ticket.Ticket, err error) {
	id, err := r.links.Ticket(token)
	if err != nil {
		return d, own, err
	}
	own, err = r.deps.Desk.Ticket(ctx, id)
	if err != nil {
		return d, own, err
	}
	const hops = 8
	shown := own
	for range hops {
		if shown.MergedInto == "" {
			break
		}
		if shown, err = r.deps.Desk.Ticket(ctx, shown.MergedInto); err != nil {
			return d, own, err
		}
	}
	d, err = r.deps.Desk.Dossier(ctx, dispatch.Ref{ID: shown.ID, Number: shown.Number.String()})
	return d, own, err
}

// sameClient reports whether whoever's ticket a is may read what is in b.
func sameClient(a, b ticket.Ticket) bool {
	return a.ID == b.ID || a.Client.Org != "" && a.Client.Org == b.Client.Org || a.Party != "" && a.Party == b.Party
}

// released finds an approved version behind a token.
func (r *Reports) released(ctx context.Context, token string, version int) (ticket.Version, ticket.Dossier, error) {
	d, own, err := r.open(ctx, token)
	if err != nil {
		return ticket.Version{}, d, err
	}
	if sameClient(own, d.Ticket) {
		for _, v := range d.Versions {
			if v.Version == version && !v.ApprovedAt.IsZero() {
				return v, d, nil
			}
		}
	}
	return ticket.Version{}, d, ErrNoPage
}

// Released returns an approved version in a form, for the page of a token.
func (r *Reports) Released(ctx context.Context, token string, version int, form Form, links ...report.Link) (Paper, error) {
	v, d, err := r.released(ctx, token, version)
	if err != nil {
		return Paper{}, err
	}
	m, err := r.model(ctx, v)
	if err != nil {
		return Paper{}, err
	}
	return write(m, r.seal(d, v), form, links...)
}

// byClient is the author of what comes from a page.
const byClient = "client"

// Opened notes that the client has opened a version; the first time counts.
func (r *Reports) Opened(ctx context.Context, token string, version int, how Form) error {
	v, d, err := r.released(ctx, token, version)
	if err != nil || !v.OpenedAt.IsZero() {
		return err
	}
	opened := map[Form]string{HTML: "page", PDF: "pdf"}[how]
	_, err = r.deps.Desk.Do(ctx, dispatch.Ref{ID: d.Ticket.ID, Number: d.Ticket.Number.String()},
		dispatch.Author{Person: byClient, Channel: dispatch.ChannelPortal}, ticket.ReportRead{Version: version, How: opened})
	return err
}

// ErrRated says that there is nothing to rate, or that it was rated too often.
var ErrRated = errors.New("this can not be rated now")

// Rate notes the client's word on how we did. key names the form: the same one
// sent twice counts once.
func (r *Reports) Rate(ctx context.Context, token string, rated ticket.Rated, key string) error {
	d, own, err := r.open(ctx, token)
	if err != nil {
		return err
	}
	const longest = 2000
	if c := []rune(rated.Comment); len(c) > longest {
		rated.Comment = string(c[:longest])
	}
	if !sameClient(own, d.Ticket) || !mayRate(d) || rated.Score < 1 || rated.Score > 5 {
		return ErrRated
	}
	_, err = r.deps.Desk.Do(ctx, dispatch.Ref{ID: d.Ticket.ID, Number: d.Ticket.Number.String()},
		dispatch.Author{Person: byClient, Channel: dispatch.ChannelPortal, Key: key}, rated)
	return err
}
