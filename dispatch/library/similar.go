package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Likeness is what may help with a ticket.
type Likeness struct {
	Tickets  []Hit `json:"tickets,omitempty"`
	Articles []Hit `json:"articles,omitempty"`
}

// Story is what is known of a trouble when others like it are looked for.
type Story struct {
	Text     string   `json:"text"`
	Category string   `json:"category,omitempty"`
	Org      string   `json:"org,omitempty"`
	Assets   []string `json:"assets,omitempty"` // ids of the organisation's assets
	Ticket   string   `json:"ticket,omitempty"` // id of the ticket itself, which is not like itself
	Limit    int      `json:"limit,omitempty"`  // of each kind; 0 = 5
}

// harvest are texts that have some of several terms.
type harvest struct {
	terms   []string
	counts  map[string]int // texts that have a term, as far as they were looked at
	weights map[string]float64
	texts   map[dispatch.TextKey]*grain
}

type grain struct {
	dispatch.FoundText
	has []string
}

// some looks for the texts that have some of the terms: the newest of each.
func (l *Library) some(ctx context.Context, terms []string, kinds []dispatch.TextKind, orgs []string) (harvest, error) {
	h := harvest{terms: terms, counts: map[string]int{}, texts: map[dispatch.TextKey]*grain{}}
	for _, term := range terms {
		list, err := l.deps.Texts.FindTexts(ctx, dispatch.TextQuestion{Terms: []string{term}, Kinds: kinds, Orgs: orgs, Limit: perTerm})
		if err != nil {
			return h, fmt.Errorf("search: %w", err)
		}
		h.counts[term] = len(list)
		h.add(term, list)
	}
	h.weights = kb.Weights(h.counts)
	return h, nil
}

// ranked are the texts, best first.
func (h harvest) ranked() []dispatch.FoundText {
	keys := make([]dispatch.TextKey, 0, len(h.texts))
	for key := range h.texts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b dispatch.TextKey) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(b.Ref, a.Ref))
	})
	keys = kb.Rank(keys, func(k dispatch.TextKey) kb.Candidate {
		g := h.texts[k]
		return kb.Candidate{Title: g.Title, Has: g.has, At: g.At}
	}, h.weights)
	list := make([]dispatch.FoundText, len(keys))
	for i, key := range keys {
		list[i] = h.texts[key].FoundText
	}
	return list
}

// share is how much a text has of what all terms weigh that others than the
// story's own ticket have.
func (h harvest) share(key dispatch.TextKey, self string) float64 {
	all, has := 0.0, 0.0
	for _, term := range h.terms {
		for _, g := range h.texts {
			if g.Ref != self && slices.Contains(g.has, term) {
				all += h.weights[term]
				break
			}
		}
	}
	for _, term := range h.texts[key].has {
		has += h.weights[term]
	}
	if all == 0 {
		return 0
	}
	return has / all
}

// add notes that texts have a term.
func (h harvest) add(term string, list []dispatch.FoundText) {
	for _, f := range list {
		g := h.texts[f.TextKey]
		if g == nil {
			g = &grain{FoundText: f}
			h.texts[f.TextKey] = g
		}
		if !slices.Contains(g.has, term) {
			g.has = append(g.has, term)
		}
	}
}

// addOwn looks for the organisation's own texts with the terms that so many have that the newest of all leave no room for them.
func (l *Library) addOwn(ctx context.Context, h harvest, own []string) error {
	for _, term := range h.terms {
		if h.counts[term] < perTerm {
			continue
		}
		for _, org := range own {
			list, err := l.deps.Texts.FindTexts(ctx, dispatch.TextQuestion{Terms: []string{term, orgTerm(org)}, Limit: perTerm})
			if err != nil {
				return fmt.Errorf("search: %w", err)
			}
			h.add(term, list)
		}
	}
	return nil
}

// Similar returns tickets with a story like this: the organisation's own first, then those of the same category, then by the words
// that they share; and articles for it: first those that are linked to the category and the assets, then those that share its words.
func (l *Library) Similar(ctx context.Context, s Story) (Likeness, error) {
	limit := min(cmp.Or(s.Limit, similarUsual), hitsMost)
	terms := kb.Similar(s.Text, similarTerms)
	h, err := l.some(ctx, terms, nil, nil)
	if err != nil {
		return Likeness{}, err
	}
	own := l.orgs(s.Org)
	if err := l.addOwn(ctx, h, own); err != nil {
		return Likeness{}, err
	}
	var tickets, articles []dispatch.FoundText
	for _, f := range h.ranked() {
		low := lowSimilarity
		if slices.Contains(own, f.Org) {
			low = lowOwn
		}
		if len(h.texts[f.TextKey].has) < min(minSimilar, len(terms)) || h.share(f.TextKey, s.Ticket) < low {
			continue
		}
		switch {
		case f.Kind == dispatch.TextTicket && f.Ref != s.Ticket:
			tickets = append(tickets, f)
		case f.Kind == dispatch.TextArticle && (f.Org == "" || slices.Contains(own, f.Org)):
			articles = append(articles, f)
		}
	}
	if tickets, err = l.nearest(ctx, tickets, s.Category, own); err != nil {
		return Likeness{}, err
	}
	linked, err := l.linked(ctx, s)
	if err != nil {
		return Likeness{}, err
	}
	articles = slices.DeleteFunc(articles, func(f dispatch.FoundText) bool {
		return slices.ContainsFunc(linked, func(o dispatch.FoundText) bool { return o.TextKey == f.TextKey })
	})
	var like Likeness
	if like.Tickets, err = l.show(ctx, tickets, terms, Question{Limit: limit}); err == nil {
		like.Articles, err = l.show(ctx, append(linked, articles...), terms, Question{Limit: limit})
	}
	return like, err
}

// nearest orders tickets: those of the organisation, then those of the category; the order of equal ones stays.
func (l *Library) nearest(ctx context.Context, list []dispatch.FoundText, category string, own []string) ([]dispatch.FoundText, error) {
	far := func(f dispatch.FoundText) int {
		if slices.Contains(own, f.Org) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b dispatch.FoundText) int { return cmp.Compare(far(a), far(b)) })
	if category == "" {
		return list, nil
	}
	list = list[:min(len(list), nearestMost)]
	other := map[dispatch.TextKey]int{}
	for _, f := range list {
		c, err := l.deps.Tickets.Load(ctx, f.Ref)
		if err != nil && !errors.Is(err, dispatch.ErrNotFound) {
			return nil, fmt.Errorf("look for similar tickets: %w", err)
		}
		if string(c.Ticket.Category) != category {
			other[f.TextKey] = 1
		}
	}
	slices.SortStableFunc(list, func(a, b dispatch.FoundText) int {
		return cmp.Or(cmp.Compare(far(a), far(b)), cmp.Compare(other[a.TextKey], other[b.TextKey]))
	})
	return list, nil
}

// Line says in one line what is the likest, for a text that has room for no more; empty = nothing.
func (l Likeness) Line(lang string) string {
	say := func(ru, en string) string {
		if lang == "en" {
			return en
		}
		return ru
	}
	var h Hit
	var text string
	switch {
	case len(l.Tickets) > 0:
		h = l.Tickets[0]
		text = say("похоже на ", "like ") + h.Number + ": "
	case len(l.Articles) > 0:
		h = l.Articles[0]
		text = say("статья ", "article ") + h.ID + ": "
	default:
		return ""
	}
	r := []rune(text + strings.Join(strings.Fields(h.Title), " "))
	if len(r) > lineLetters {
		r = append(r[:lineLetters-1], '…')
	}
	return string(r)
}

// linked are the articles that are meant for the category and the assets.
func (l *Library) linked(ctx context.Context, s Story) ([]dispatch.FoundText, error) {
	all, err := l.deps.Articles.ListArticles(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for articles: %w", err)
	}
	var list []dispatch.FoundText
	names := l.assetNames(s)
	words := kb.Question(s.Text)
	weights := map[string]float64{}
	for _, w := range words {
		weights[w] = 1
	}
	for _, a := range all {
		if a.Offered(s.Category, s.Org, names) {
			list = append(list, dispatch.FoundText{TextKey: dispatch.TextKey{Kind: dispatch.TextArticle, Ref: a.ID}, At: a.At, Title: kb.Terms(a.Title)})
		}
	}
	return kb.Rank(list, func(f dispatch.FoundText) kb.Candidate {
		return kb.Candidate{Title: f.Title, Has: common(f.Title, words), At: f.At}
	}, weights), nil
}

func common(a, b []string) (list []string) {
	for _, x := range a {
		if slices.Contains(b, x) {
			list = append(list, x)
		}
	}
	return list
}

// assetNames are what articles may call the assets: organisation/asset, or its
// kind.
func (l *Library) assetNames(s Story) (names []string) {
	for _, id := range s.Assets {
		names = append(names, s.Org+"/"+id)
		if l.deps.Directory == nil {
			continue
		}
		if o, ok := l.deps.Directory.Load().Book.Resolve(s.Org); ok {
			if a, ok := o.Asset(id); ok && a.Kind != "" {
				names = append(names, a.Kind)
			}
		}
	}
	return names
}

// SimilarTo is Similar for a ticket by what its log says. What was found is remembered for a while, until the log grows.
func (l *Library) SimilarTo(ctx context.Context, idOrNumber string, limit int) (Likeness, error) {
	t, log, err := l.read(ctx, idOrNumber)
	if err != nil {
		return Likeness{}, err
	}
	key := likeKey{t.ID, len(log), limit}
	if like, ok := l.seen.get(key, l.deps.Now()); ok {
		return like, nil
	}
	s := storyOf(log)
	s.Ticket, s.Category, s.Org, s.Limit = t.ID, cmp.Or(string(t.Category), s.Category), t.Client.Org, limit
	like, err := l.Similar(ctx, s)
	if err == nil {
		l.seen.put(key, like, l.deps.Now())
	}
	return like, err
}

// read finds a ticket by id or number, with its log.
func (l *Library) read(ctx context.Context, idOrNumber string) (ticket.Ticket, []ticket.Event, error) {
	t := ticket.Ticket{ID: idOrNumber}
	if n, err := ticket.ParseNumber(idOrNumber); err == nil {
		if t, err = l.deps.Tickets.Find(ctx, n); err != nil {
			return t, nil, fmt.Errorf("find ticket %s: %w", idOrNumber, err)
		}
	} else {
		c, err := l.deps.Tickets.Load(ctx, idOrNumber)
		if err != nil {
			return t, nil, fmt.Errorf("find ticket %s: %w", idOrNumber, err)
		}
		t = c.Ticket
	}
	log, err := l.deps.Tickets.Events(ctx, t.ID)
	if err != nil {
		return t, nil, fmt.Errorf("read ticket %s: %w", idOrNumber, err)
	}
	return t, log, nil
}

// storyOf is what the client and the engineers have said of a trouble; not what was done about it.
func storyOf(log []ticket.Event) (s Story) {
	var words []string
	for _, e := range log {
		switch b := e.Body.(type) {
		case ticket.Opened:
			words = append(words, b.Text)
			s.Category = string(b.Category)
		case ticket.Reported:
			words = append(words, b.Text)
		case ticket.Triaged:
			words = append(words, b.Summary)
			words = append(words, b.Services...)
			s.Category = cmp.Or(string(b.Category), s.Category)
			s.Assets = append(s.Assets, b.Assets...)
		case ticket.Planned:
			words = append(words, b.Hypothesis)
		case ticket.Noted:
			words = append(words, b.Text)
		case ticket.RootCaused:
			words = append(words, b.Cause)
		}
	}
	s.Text = strings.Join(words, "\n")
	return s
}
