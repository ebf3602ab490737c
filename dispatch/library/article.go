package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/kb"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Article returns a version of an article, 0 = the last one; errors.Is
// dispatch.ErrNotFound.
func (l *Library) Article(ctx context.Context, id string, version int) (kb.Article, error) {
	return l.deps.Articles.Article(ctx, id, version)
}

// Versions lists the versions of an article without their bodies, the last one
// first.
func (l *Library) Versions(ctx context.Context, id string) ([]kb.Article, error) {
	return l.deps.Articles.ArticleVersions(ctx, id)
}

// Articles lists the last version of every article without its body.
func (l *Library) Articles(ctx context.Context) ([]kb.Article, error) {
	return l.deps.Articles.ListArticles(ctx)
}

// Save writes the next version of an article. a.Version is the version that its
// author has looked at, 0 for a new one; the error is ErrConflict of dispatch
// when somebody has written another one since.
func (l *Library) Save(ctx context.Context, a kb.Article) (kb.Article, error) {
	a.Version++
	a.At = l.deps.Now().UTC()
	a.ID = cmp.Or(a.ID, client.Slug(a.Title))
	if err := a.Validate(); err != nil {
		return a, fmt.Errorf("save article %s: %w", a.ID, err)
	}
	if err := l.deps.Articles.SaveArticle(ctx, a, textOf(a)); err != nil {
		return a, err
	}
	l.log.Info("article saved", "article", a.ID, "version", a.Version, "person", a.Author)
	return a, nil
}

// Draft makes an article of what a ticket's log says; it saves nothing. Whoever
// writes it takes out what is about the client alone.
func (l *Library) Draft(ctx context.Context, idOrNumber, lang string) (kb.Article, error) {
	t, log, err := l.read(ctx, idOrNumber)
	if err != nil {
		return kb.Article{}, err
	}
	a := draftOf(t, log, cmp.Or(lang, t.Language, "ru"))
	for n := 2; ; n++ {
		if _, err := l.deps.Articles.Article(ctx, a.ID, 0); errors.Is(err, dispatch.ErrNotFound) {
			return a, nil
		} else if err != nil {
			return a, err
		}
		a.ID = fmt.Sprintf("%s-%d", strings.TrimSuffix(a.ID, fmt.Sprintf("-%d", n-1)), n)
	}
}

// parts of an article that is made from a ticket.
type parts struct {
	title                             string
	symptoms, causes, steps, recovery []string
	prevention                        []string
	assets                            []string
}

func draftOf(t ticket.Ticket, log []ticket.Event, lang string) kb.Article {
	p := partsOf(log)
	p.title = cmp.Or(titleOf(log), t.Number.String())
	say := func(ru, en string) string {
		if lang == "en" {
			return en
		}
		return ru
	}
	var b strings.Builder
	section := func(title string, lines []string, numbered bool) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(&b, "## %s\n\n", title)
		for i, line := range lines {
			mark := "-"
			if numbered {
				mark = fmt.Sprintf("%d.", i+1)
			}
			fmt.Fprintf(&b, "%s %s\n", mark, strings.Join(strings.Fields(line), " "))
		}
		b.WriteString("\n")
	}
	section(say("Признаки", "Symptoms"), p.symptoms, false)
	section(say("Причина", "Cause"), p.causes, false)
	section(say("Что делать", "What to do"), p.steps, true)
	section(say("Как проверить", "How to check"), p.recovery, false)
	section(say("Чтобы не повторилось", "So that it does not happen again"), p.prevention, false)
	fmt.Fprintf(&b, say("Из тикета %s.\n", "From ticket %s.\n"), t.Number)
	id := strings.Trim(strings.ReplaceAll(strings.ReplaceAll(client.Slug(p.title), "_", "-"), ".", "-"), "-")
	a := kb.Article{ID: id, Title: p.title, Body: b.String(), Language: lang, Ticket: t.Number.String(), Assets: p.assets}
	if t.Category != "" {
		a.Categories = []string{string(t.Category)}
	}
	if a.ID == "" {
		a.ID = strings.ToLower(t.Number.String())
	}
	return a
}

// partsOf sorts what a log says by what it tells a reader.
func partsOf(log []ticket.Event) (p parts) {
	add := func(list *[]string, texts ...string) {
		for _, s := range texts {
			if s = strings.TrimSpace(s); s != "" && !slices.Contains(*list, s) {
				*list = append(*list, s)
			}
		}
	}
	for _, e := range log {
		switch b := e.Body.(type) {
		case ticket.Opened:
			add(&p.symptoms, b.Text)
		case ticket.Triaged:
			add(&p.symptoms, b.Summary)
			for _, asset := range b.Assets {
				add(&p.assets, asset)
			}
		case ticket.Planned:
			p.steps = nil // the last plan is the one that worked
			add(&p.steps, b.Actions...)
		case ticket.Restored:
			add(&p.recovery, b.Statement, b.Check)
		case ticket.RootCaused:
			p.causes = nil
			add(&p.causes, b.Cause)
			add(&p.causes, b.Factors...)
			add(&p.prevention, b.Fixed)
		case ticket.Tasked:
			if b.Sort == "recommendation" {
				add(&p.prevention, b.Text)
			}
		}
	}
	return p
}
