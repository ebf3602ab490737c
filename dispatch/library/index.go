package library

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
)

// Times and amounts of the work on the index.
const (
	indexEvery = 2 * time.Second
	indexFault = 30 * time.Second // pause after a fault
	atOnce     = 50               // tickets in one transaction
)

// Run keeps the index up to date until ctx ends.
func (l *Library) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	articles := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		err := l.round(ctx, &articles)
		wait := indexEvery
		if err != nil && ctx.Err() == nil {
			if !errors.Is(err, dispatch.ErrAway) {
				l.log.Warn("the index of tickets is behind; it is caught up with later", "err", err)
			}
			wait = indexFault
		}
		timer.Reset(wait)
	}
}

// round indexes all that is due; articles says whether those that were written
// elsewhere have been looked at since the start.
func (l *Library) round(ctx context.Context, articles *bool) error {
	if !*articles {
		if err := l.IndexArticles(ctx); err != nil {
			return err
		}
		*articles = true
	}
	_, err := l.Refresh(ctx)
	return err
}

// Refresh indexes all tickets that have new lines, and returns how many lines.
func (l *Library) Refresh(ctx context.Context) (lines int, err error) {
	for ctx.Err() == nil {
		due, err := l.deps.Texts.Unindexed(ctx, atOnce)
		if err != nil || len(due) == 0 {
			return lines, err
		}
		list := make([]dispatch.Indexed, len(due))
		for i, u := range due {
			list[i] = indexedOf(u)
			lines += len(u.Lines)
		}
		if err := l.deps.Texts.Index(ctx, list); err != nil {
			return lines, err
		}
	}
	return lines, context.Cause(ctx)
}

// orgTerm is a term of all texts of an organisation: the index finds its own among those with a word of everybody's without
// reading them all.
func orgTerm(org string) string { return "org:" + org }

// indexedOf makes terms of the new lines of a ticket.
func indexedOf(u dispatch.Unindexed) dispatch.Indexed {
	i := dispatch.Indexed{TextKey: dispatch.TextKey{Kind: dispatch.TextTicket, Ref: u.Ticket}, Org: u.Org}
	if u.Title == nil && u.Number != "" {
		i.Terms = kb.Terms(u.Number)
	}
	if u.Org != "" {
		i.Terms = append(i.Terms, orgTerm(u.Org))
	}
	for _, line := range u.Lines {
		title, text := wordsOf(line)
		i.Title = append(i.Title, kb.Terms(title)...)
		i.Terms = append(i.Terms, kb.Terms(text)...)
		i.Upto = line.Seq
		if line.At.After(i.At) {
			i.At = line.At
		}
	}
	return i
}

// IndexArticles puts all articles into the index that are not in it: those of a
// record that was copied.
func (l *Library) IndexArticles(ctx context.Context) error {
	heads, err := l.deps.Articles.ListArticles(ctx)
	if err != nil {
		return err
	}
	for _, head := range heads {
		a, err := l.deps.Articles.Article(ctx, head.ID, head.Version)
		if err != nil {
			return err
		}
		if err := l.deps.Texts.Index(ctx, []dispatch.Indexed{textOf(a)}); err != nil {
			return err
		}
	}
	return nil
}

// Reindex makes the index of all tickets anew, and returns how many lines they have.
func (l *Library) Reindex(ctx context.Context) (lines int, err error) {
	if err := l.deps.Texts.Reindex(ctx); err != nil {
		return 0, fmt.Errorf("make the index anew: %w", err)
	}
	if err := l.IndexArticles(ctx); err != nil {
		return 0, fmt.Errorf("make the index anew: %w", err)
	}
	return l.Refresh(ctx)
}

// textOf is what an article is found by.
func textOf(a kb.Article) dispatch.Indexed {
	return dispatch.Indexed{
		TextKey: dispatch.TextKey{Kind: dispatch.TextArticle, Ref: a.ID}, Org: a.Org, At: a.At, Upto: a.Version, Title: kb.Terms(a.Title),
		Terms: kb.Terms(a.Text()), Gone: a.Retired,
	}
}
