package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/kb"
)

// headOf is an article without its body, as it is kept: to the microsecond.
func headOf(a kb.Article) (string, error) {
	a.Body, a.At = "", instant(micros(a.At))
	return plainJSON(a)
}

// SaveArticle implements dispatch.Articles.
func (s *SQL) SaveArticle(ctx context.Context, a kb.Article, text dispatch.Indexed) error {
	head, err := headOf(a)
	if err != nil {
		return refuse("encode article %s: %w", a.ID, err)
	}
	err = s.submit(ctx, func(ctx context.Context, w *writer) error {
		var last int
		err := w.row(ctx, `SELECT version FROM articles WHERE id = ? AND is_last = 1`, []any{a.ID}, &last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if a.Version != last+1 {
			return fmt.Errorf("%w: article %s is at version %d", dispatch.ErrConflict, a.ID, last)
		}
		if _, err = w.exec(ctx, `UPDATE articles SET is_last = 0 WHERE id = ? AND is_last = 1`, a.ID); err != nil {
			return err
		}
		_, err = w.exec(ctx, `INSERT INTO articles (id, version, is_last, at, head, body) VALUES (?, ?, 1, ?, ?, ?)`, a.ID, a.Version, micros(a.At), head, a.Body)
		if err != nil {
			return err
		}
		return w.index(ctx, text)
	})
	if err != nil {
		return fmt.Errorf("save article %s: %w", a.ID, away(err))
	}
	return nil
}

// Article implements dispatch.Articles.
func (s *SQL) Article(ctx context.Context, id string, version int) (kb.Article, error) {
	query, args := ` WHERE id = ? AND is_last = 1`, []any{id}
	if version > 0 {
		query, args = ` WHERE id = ? AND version = ?`, []any{id, version}
	}
	list, err := s.articles(ctx, `body`, query, args...)
	if err == nil && len(list) == 0 {
		err = dispatch.ErrNotFound
	}
	if err != nil {
		return kb.Article{}, fmt.Errorf("read article %s: %w", id, err)
	}
	return list[0], nil
}

// ArticleVersions implements dispatch.Articles.
func (s *SQL) ArticleVersions(ctx context.Context, id string) ([]kb.Article, error) {
	list, err := s.articles(ctx, `''`, ` WHERE id = ? ORDER BY version DESC`, id)
	if err != nil {
		return nil, fmt.Errorf("read the versions of article %s: %w", id, err)
	}
	return list, nil
}

// ListArticles implements dispatch.Articles.
func (s *SQL) ListArticles(ctx context.Context) ([]kb.Article, error) {
	list, err := s.articles(ctx, `''`, ` WHERE is_last = 1 ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list articles: %w", err)
	}
	return list, nil
}

func (s *SQL) articles(ctx context.Context, body, query string, args ...any) ([]kb.Article, error) {
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (list []kb.Article, err error) {
		rows, err := db.QueryContext(ctx, `SELECT head, `+body+` FROM articles`+query, args...)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var a kb.Article
			var head, body string
			if err := rows.Scan(&head, &body); err != nil {
				return nil, err
			}
			if err := json.Unmarshal([]byte(head), &a); err != nil {
				return nil, err
			}
			a.Body = body
			list = append(list, a)
		}
		return list, rows.Err()
	})
	return list, away(err)
}
