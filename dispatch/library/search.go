package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Question asks for tickets and articles.
type Question struct {
	Text  string              `json:"text"`
	Kinds []dispatch.TextKind `json:"kinds,omitempty"` // none = all
	Org   string              `json:"org,omitempty"`   // only this organisation's
	// Client says that the organisation itself asks: internal articles and internal lines are not for it.
	Client bool `json:"client,omitempty"`
	Limit  int  `json:"limit,omitempty"` // 0 = 20
}

// Hit is a text that was found.
type Hit struct {
	Kind    dispatch.TextKind `json:"kind"`
	ID      string            `json:"id"`
	Number  string            `json:"number,omitempty"` // of a ticket
	Title   string            `json:"title"`
	Org     string            `json:"org,omitempty"`
	Stage   string            `json:"stage,omitempty"` // of a ticket
	At      time.Time         `json:"at"`
	Snippet string            `json:"snippet,omitempty"` // words that were looked for stand in [brackets]
}

// Answer is what was found, best first.
type Answer struct {
	Hits []Hit `json:"hits"`
	// Partly says that no text has all words; these have most of them.
	Partly bool `json:"partly,omitempty"`
	// More says that there are more than were looked at.
	More bool `json:"more,omitempty"`
}

// ErrNothingAsked says that a question has no words that texts differ in.
var ErrNothingAsked = errors.New("there is nothing to look for in the question; write a word of some length, a name, a number or a host")

// Bounds of an answer.
const (
	hitsUsual     = 20
	hitsMost      = 100
	candidates    = 200 // texts that are ranked: the newest ones
	perTerm       = 100 // texts that are looked at for one of several words
	maxAsked      = 12  // words of a question when not all must be there
	snippetWidth  = 160
	maxQuestion   = 32 // words
	titleLetters  = 100
	similarTerms  = 10
	minSimilar    = 2 // words that a similar ticket shares
	similarUsual  = 5
	lowSimilarity = 0.4 // of the weight of all words
	lowOwn        = 0.2 // the same for tickets of the organisation itself
	nearestMost   = 30  // tickets whose category is looked at
	lineLetters   = 110
)

// Search answers a question.
func (l *Library) Search(ctx context.Context, q Question) (Answer, error) {
	if q.Client && q.Org == "" {
		return Answer{}, errors.New("search: a client is shown what is its own, and it was not said whose that is")
	}
	terms := kb.Question(q.Text)
	terms = terms[:min(len(terms), maxQuestion)]
	if len(terms) == 0 {
		return Answer{}, ErrNothingAsked
	}
	list, err := l.deps.Texts.FindTexts(ctx, dispatch.TextQuestion{Terms: terms, Kinds: q.Kinds, Orgs: l.orgs(q.Org), Limit: candidates})
	if err != nil {
		return Answer{}, fmt.Errorf("search: %w", err)
	}
	answer := Answer{More: len(list) == candidates}
	weights := kb.Weights(map[string]int{})
	for _, t := range terms {
		weights[t] = 1
	}
	ranked := kb.Rank(list, func(f dispatch.FoundText) kb.Candidate { return kb.Candidate{Title: f.Title, Has: terms, At: f.At} }, weights)
	if len(list) == 0 && len(terms) > 1 {
		answer.Partly = true
		some, err := l.some(ctx, terms[:min(len(terms), maxAsked)], q.Kinds, l.orgs(q.Org))
		if err != nil {
			return Answer{}, err
		}
		ranked = some.ranked()
	}
	answer.Hits, err = l.show(ctx, ranked, terms, q)
	return answer, err
}

// orgs are the ids that mean an organisation: its own, and those of duplicates
// that were merged into it.
func (l *Library) orgs(id string) []string {
	if id == "" {
		return nil
	}
	ids := []string{id}
	if l.deps.Directory == nil {
		return ids
	}
	book := l.deps.Directory.Load().Book
	if is, ok := book.Resolve(id); ok && is.ID != id {
		id, ids = is.ID, append(ids, is.ID) // it was a duplicate when the ticket was opened
	}
	for _, o := range book.Organisations() {
		if is, ok := book.Resolve(o.ID); ok && o.MergedInto != "" && is.ID == id && !slices.Contains(ids, o.ID) {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// show reads what is shown of the best texts. One that is not for whoever asks is left
// out; one that has gone meanwhile too.
func (l *Library) show(ctx context.Context, list []dispatch.FoundText, terms []string, q Question) ([]Hit, error) {
	limit := min(cmp.Or(q.Limit, hitsUsual), hitsMost)
	hits := make([]Hit, 0, min(limit, len(list)))
	for _, f := range list {
		if len(hits) == limit {
			break
		}
		hit, ok, err := l.hit(ctx, f, terms, q.Client)
		if err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		if ok {
			hits = append(hits, hit)
		}
	}
	return hits, nil
}

func (l *Library) hit(ctx context.Context, f dispatch.FoundText, terms []string, byClient bool) (Hit, bool, error) {
	read := l.ticketHit
	if f.Kind == dispatch.TextArticle {
		read = l.articleHit
	}
	hit, ok, err := read(ctx, f, terms, byClient)
	if errors.Is(err, dispatch.ErrNotFound) {
		return Hit{}, false, nil
	}
	return hit, ok, err
}

func (l *Library) articleHit(ctx context.Context, f dispatch.FoundText, terms []string, byClient bool) (Hit, bool, error) {
	a, err := l.deps.Articles.Article(ctx, f.Ref, 0)
	if err != nil || byClient && !a.Public {
		return Hit{}, false, err
	}
	return Hit{
		Kind: f.Kind, ID: a.ID, Title: a.Title, Org: a.Org, At: a.At, Snippet: kb.Snippet(a.Body, terms, snippetWidth, "[", "]"),
	}, true, nil
}

// ticketHit shows a ticket by the line of its log that says most of what was
// asked. Clients are shown the title alone: most lines are not for them.
func (l *Library) ticketHit(ctx context.Context, f dispatch.FoundText, terms []string, byClient bool) (Hit, bool, error) {
	c, err := l.deps.Tickets.Load(ctx, f.Ref)
	if err != nil {
		return Hit{}, false, err
	}
	t := c.Ticket
	hit := Hit{Kind: f.Kind, ID: t.ID, Number: t.Number.String(), Org: t.Client.Org, Stage: t.Stage.String(), At: f.At, Title: t.Client.OrgName}
	log, err := l.deps.Tickets.Events(ctx, f.Ref)
	if err != nil {
		return Hit{}, false, err
	}
	if title := titleOf(log); title != "" {
		hit.Title = title
	}
	if !byClient {
		hit.Snippet = bestLine(log, terms)
	}
	return hit, true, nil
}

// titleOf says in a line what a ticket is about: the latest summary, else how it
// began.
func titleOf(log []ticket.Event) string {
	title := ""
	for _, e := range log {
		switch b := e.Body.(type) {
		case ticket.Opened:
			title = cmp.Or(b.Text, b.Client.OrgName, b.Name)
		case ticket.Triaged:
			title = cmp.Or(b.Summary, title)
		}
	}
	title, _, _ = strings.Cut(strings.TrimSpace(title), "\n")
	if r := []rune(title); len(r) > titleLetters {
		title = string(r[:titleLetters]) + "…"
	}
	return title
}

// bestLine is the part of a log that has most of the terms, the later of two
// equal ones.
func bestLine(log []ticket.Event, terms []string) string {
	best, most := "", 0
	for _, e := range log {
		_, text := wordsOf(lineOf(e))
		has := 0
		for _, t := range kb.Terms(text) {
			if slices.Contains(terms, t) {
				has++
			}
		}
		if has > 0 && has >= most {
			best, most = text, has
		}
	}
	if most == 0 {
		return ""
	}
	return kb.Snippet(best, terms, snippetWidth, "[", "]")
}
