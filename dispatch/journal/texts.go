package journal

import (
	"context"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
)

// What is found, and the knowledge base, are in the SQL store alone; the index
// follows the logs when it is back.

// Unindexed implements dispatch.Texts.
func (s *Store) Unindexed(ctx context.Context, tickets int) ([]dispatch.Unindexed, error) {
	return inquire(s, func(in Inner) ([]dispatch.Unindexed, error) { return in.Unindexed(ctx, tickets) })
}

// Index implements dispatch.Texts.
func (s *Store) Index(ctx context.Context, list []dispatch.Indexed) error {
	return tell(s, func(in Inner) error { return in.Index(ctx, list) })
}

// FindTexts implements dispatch.Texts.
func (s *Store) FindTexts(ctx context.Context, q dispatch.TextQuestion) ([]dispatch.FoundText, error) {
	return inquire(s, func(in Inner) ([]dispatch.FoundText, error) { return in.FindTexts(ctx, q) })
}

// Reindex implements dispatch.Texts.
func (s *Store) Reindex(ctx context.Context) error {
	return tell(s, func(in Inner) error { return in.Reindex(ctx) })
}

// SaveArticle implements dispatch.Articles.
func (s *Store) SaveArticle(ctx context.Context, a kb.Article, text dispatch.Indexed) error {
	return tell(s, func(in Inner) error { return in.SaveArticle(ctx, a, text) })
}

// Article implements dispatch.Articles.
func (s *Store) Article(ctx context.Context, id string, version int) (kb.Article, error) {
	return inquire(s, func(in Inner) (kb.Article, error) { return in.Article(ctx, id, version) })
}

// ArticleVersions implements dispatch.Articles.
func (s *Store) ArticleVersions(ctx context.Context, id string) ([]kb.Article, error) {
	return inquire(s, func(in Inner) ([]kb.Article, error) { return in.ArticleVersions(ctx, id) })
}

// ListArticles implements dispatch.Articles.
func (s *Store) ListArticles(ctx context.Context) ([]kb.Article, error) {
	return inquire(s, func(in Inner) ([]kb.Article, error) { return in.ListArticles(ctx) })
}
