package reports

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/report"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// earlierTickets is how many of a client's tickets are looked through for
// recommendations that were not carried out.
const earlierTickets = 20

// source gathers what a report is made from.
func (r *Reports) source(ctx context.Context, ref dispatch.Ref, by string, o Draft) (report.Source, error) {
	d, err := r.deps.Desk.Dossier(ctx, ref)
	if err != nil {
		return report.Source{}, err
	}
	src := r.from(d, o.Language)
	src.By, src.Summary = r.name(by), trimmed(o.Summary)
	src.Version = len(d.Versions) + 1
	for _, v := range d.Versions {
		src.Version = max(src.Version, v.Version+1)
	}
	if src.Files, err = r.files(ctx, d.Ticket.ID); err != nil {
		return src, err
	}
	if src.Earlier, err = r.earlier(ctx, d.Ticket, src.Language); err != nil {
		return src, err
	}
	if len(src.Summary) == 0 && len(d.Versions) > 0 {
		src.Summary, err = r.summaryOf(ctx, d.Versions[len(d.Versions)-1], src)
	}
	return src, err
}

// from is what a dossier and the directory alone tell.
func (r *Reports) from(d ticket.Dossier, language string) report.Source {
	org := r.organisation(d.Ticket.Client.Org)
	now := r.now().UTC()
	return report.Source{
		Dossier: d, Clocks: d.Clocks(now), Client: org, Provider: r.cfg.Company, Person: r.name, Now: now,
		Language: cmp.Or(language, d.Ticket.Client.Language, org.Language, d.Ticket.Language, "ru"), Zone: cmp.Or(org.Zone, r.deps.Zone, "UTC"), Rules: r.rules(org, d.Ticket),
	}
}

// summaryOf is the summary of a version that a person has written; empty when it
// was ours, for then it is made anew from the facts.
func (r *Reports) summaryOf(ctx context.Context, v ticket.Version, src report.Source) ([]string, error) {
	was, err := r.model(ctx, v)
	if err != nil || was.Language != src.Language || !was.Written {
		return nil, err
	}
	return was.Summary, nil
}

// files are the names of a ticket's attachments by their hash.
func (r *Reports) files(ctx context.Context, ticketID string) (map[string]report.File, error) {
	if r.deps.Files == nil {
		return nil, nil //nolint:nilnil // no attachments are kept
	}
	list, err := r.deps.Files.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: ticketID})
	if err != nil {
		return nil, err
	}
	files := map[string]report.File{}
	for _, a := range list {
		files[a.Hash] = report.File{Name: a.Name, Bytes: a.Bytes, Hash: a.Hash}
	}
	return files, nil
}

// earlier are the recommendations of the client's earlier tickets that are not
// carried out yet.
func (r *Reports) earlier(ctx context.Context, t ticket.Ticket, language string) (list []report.Advice, err error) {
	if t.Client.Org == "" {
		return nil, nil
	}
	tickets, err := r.deps.Desk.ListTickets(ctx, dispatch.TicketFilter{Org: t.Client.Org, Before: t.OpenedAt, Limit: earlierTickets})
	if err != nil {
		return nil, err
	}
	for _, other := range tickets {
		if other.ID == t.ID || other.Stage == ticket.Merged {
			continue
		}
		d, err := r.deps.Desk.Dossier(ctx, dispatch.Ref{ID: other.ID, Number: other.Number.String()})
		if err != nil {
			return nil, err
		}
		list = append(list, report.Open(d, r.name, language)...)
	}
	return list, nil
}

// rules are what must not be in a client's report: ways into its systems, and
// who the other clients are.
func (r *Reports) rules(org client.Organisation, t ticket.Ticket) (rules report.Rules) {
	for _, a := range org.Assets {
		for _, access := range a.Accesses {
			rules.Remote = append(rules.Remote, access.Where, access.Login, access.Secret)
		}
	}
	rules.Remote = slices.DeleteFunc(rules.Remote, func(s string) bool { return s == "" })
	book := r.deps.Directory.Load().Book
	if book == nil {
		return rules
	}
	own := strings.ToLower(org.Name + "\n" + t.Client.OrgName)
	for _, o := range book.Organisations() {
		if o.ID != org.ID && o.Name != "" && !strings.Contains(own, strings.ToLower(o.Name)) {
			rules.Others = append(rules.Others, o.Name)
		}
	}
	return rules
}

// trimmed are the sentences that say something.
func trimmed(list []string) (out []string) {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
