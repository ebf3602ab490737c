package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
)

// textTables are the index and the articles of a Memory.
type textTables struct {
	docs     []textRec // in the order in which they came; a text that is gone has no terms
	articles map[string][]kb.Article
}

type textRec struct {
	dispatch.Indexed
	all map[string]bool
}

func (t *textTables) find(key dispatch.TextKey) int {
	return slices.IndexFunc(t.docs, func(r textRec) bool { return r.TextKey == key })
}

// Unindexed implements dispatch.Texts.
func (m *Memory) Unindexed(ctx context.Context, tickets int) ([]dispatch.Unindexed, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.Unindexed
	for id, log := range m.db.events {
		upto, title := -1, []string(nil)
		if i := m.db.texts.find(dispatch.TextKey{Kind: dispatch.TextTicket, Ref: id}); i >= 0 {
			upto, title = m.db.texts.docs[i].Upto, m.db.texts.docs[i].Title
		}
		u := dispatch.Unindexed{Ticket: id, Org: m.db.tickets[id].Client.Org, Title: title}
		if n := m.db.tickets[id].Number; n.Year != 0 {
			u.Number = n.String()
		}
		for _, e := range log {
			if e.Seq <= upto || len(u.Lines) == dispatch.LinesAtOnce {
				continue
			}
			body, err := json.Marshal(e.Body)
			if err != nil {
				return nil, fmt.Errorf("encode line %d of ticket %s: %w", e.Seq, id, err)
			}
			u.Lines = append(u.Lines, dispatch.TextLine{Seq: e.Seq, At: e.At, Kind: e.Body.Kind(), Body: body})
		}
		if len(u.Lines) > 0 {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b dispatch.Unindexed) int { return cmp.Compare(b.Ticket, a.Ticket) })
	return list[:min(tickets, len(list))], nil
}

// Index implements dispatch.Texts.
func (m *Memory) Index(ctx context.Context, list []dispatch.Indexed) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, i := range list {
		m.db.texts.index(i)
	}
	return nil
}

func (t *textTables) index(i dispatch.Indexed) {
	at := t.find(i.TextKey)
	if i.Gone {
		if at >= 0 {
			t.docs = slices.Delete(t.docs, at, at+1)
		}
		return
	}
	if at < 0 {
		t.docs, at = append(t.docs, textRec{Indexed: dispatch.Indexed{TextKey: i.TextKey, Upto: -1}}), len(t.docs)
	}
	r := &t.docs[at]
	if i.Upto <= r.Upto {
		return
	}
	title, terms := textOf(i, r.Title, r.Terms)
	i.At = instant(max(micros(i.At), micros(r.At)))
	i.Title, i.Terms = title, terms
	r.Indexed, r.all = i, map[string]bool{}
	for _, term := range terms {
		r.all[term] = true
	}
}

// FindTexts implements dispatch.Texts.
func (m *Memory) FindTexts(ctx context.Context, q dispatch.TextQuestion) ([]dispatch.FoundText, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.FoundText
	for _, r := range slices.Backward(m.db.texts.docs) {
		has := len(q.Terms) > 0 && !slices.ContainsFunc(q.Terms, func(t string) bool { return !r.all[t] })
		theirs := len(q.Orgs) == 0 || slices.Contains(q.Orgs, r.Org) || r.Org == "" && r.Kind == dispatch.TextArticle
		if has && theirs && (len(q.Kinds) == 0 || slices.Contains(q.Kinds, r.Kind)) && int64(len(list)) < limit(q.Limit) {
			list = append(list, dispatch.FoundText{TextKey: r.TextKey, Org: r.Org, At: r.At, Title: r.Title})
		}
	}
	return list, nil
}

// Reindex implements dispatch.Texts.
func (m *Memory) Reindex(ctx context.Context) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	m.db.texts.docs = slices.DeleteFunc(m.db.texts.docs, func(r textRec) bool { return r.Kind == dispatch.TextTicket })
	return nil
}

// SaveArticle implements dispatch.Articles.
func (m *Memory) SaveArticle(ctx context.Context, a kb.Article, text dispatch.Indexed) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	versions := m.db.texts.articles[a.ID]
	if a.Version != len(versions)+1 {
		return fmt.Errorf("save article %s: %w: it is at version %d", a.ID, dispatch.ErrConflict, len(versions))
	}
	a.At = instant(micros(a.At))
	if m.db.texts.articles == nil {
		m.db.texts.articles = map[string][]kb.Article{}
	}
	m.db.texts.articles[a.ID] = append(versions, a)
	m.db.texts.index(text)
	return nil
}

// Article implements dispatch.Articles.
func (m *Memory) Article(ctx context.Context, id string, version int) (kb.Article, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return kb.Article{}, err
	}
	defer leave()
	versions := m.db.texts.articles[id]
	if version <= 0 {
		version = len(versions)
	}
	if version == 0 || version > len(versions) {
		return kb.Article{}, fmt.Errorf("read article %s: %w", id, dispatch.ErrNotFound)
	}
	return versions[version-1], nil
}

// ArticleVersions implements dispatch.Articles.
func (m *Memory) ArticleVersions(ctx context.Context, id string) ([]kb.Article, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []kb.Article
	for _, a := range slices.Backward(m.db.texts.articles[id]) {
		a.Body = ""
		list = append(list, a)
	}
	return list, nil
}

// ListArticles implements dispatch.Articles.
func (m *Memory) ListArticles(ctx context.Context) ([]kb.Article, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []kb.Article
	for _, versions := range m.db.texts.articles {
		a := versions[len(versions)-1]
		a.Body = ""
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b kb.Article) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}
