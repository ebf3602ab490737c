package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

var (
	_ dispatch.Texts    = (*SQL)(nil)
	_ dispatch.Texts    = (*Memory)(nil)
	_ dispatch.Articles = (*SQL)(nil)
	_ dispatch.Articles = (*Memory)(nil)
)

// maxTextTerms is how many terms one text has at most; a ticket of a storm has
// many lines.
const maxTextTerms = 20_000

// merge adds terms to those a text has, each once.
func merge(had, more []string) []string {
	seen := make(map[string]bool, len(had)+len(more))
	list := make([]string, 0, len(had)+len(more))
	for _, term := range slices.Concat(had, more) {
		if !seen[term] && term != "" && len(list) < maxTextTerms {
			seen[term] = true
			list = append(list, term)
		}
	}
	return list
}

// textOf is the row of a text: a ticket keeps the terms it had, an article has
// those of its last version.
func textOf(i dispatch.Indexed, title, terms []string) (newTitle, all []string) {
	if i.Kind != dispatch.TextTicket {
		title, terms = nil, nil
	}
	newTitle = merge(title, i.Title)
	return newTitle, merge(terms, slices.Concat(i.Title, i.Terms))
}

// Unindexed implements dispatch.Texts.
func (s *SQL) Unindexed(ctx context.Context, tickets int) ([]dispatch.Unindexed, error) {
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (list []dispatch.Unindexed, err error) {
		due, err := readDue(ctx, db, tickets)
		if err != nil {
			return nil, err
		}
		for _, d := range due {
			if d.Lines, err = readLines(ctx, db, d.Ticket, d.upto); err != nil {
				return nil, err
			}
			list = append(list, d.Unindexed)
		}
		return list, nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for texts that are not in the index: %w", away(err))
	}
	return list, nil
}

// dueText is a ticket that is to be indexed, from the line after upto.
type dueText struct {
	dispatch.Unindexed
	upto int64
}

func readDue(ctx context.Context, db *bun.DB, tickets int) (list []dueText, err error) {
	rows, err := db.QueryContext(ctx, `SELECT d.ticket, COALESCE(k.state, ''), COALESCE(k.org, ''), COALESCE(t.title, ''), COALESCE(t.upto, -1)
		FROM texts_due d LEFT JOIN tickets k ON k.id = d.ticket LEFT JOIN texts t ON t.kind = ? AND t.ref = d.ticket
		ORDER BY d.ticket DESC LIMIT ?`, string(dispatch.TextTicket), tickets)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d dueText
		var title, state string
		if err := rows.Scan(&d.Ticket, &state, &d.Org, &title, &d.upto); err != nil {
			return nil, err
		}
		if d.upto >= 0 {
			d.Title = strings.Fields(title)
		}
		var known struct {
			Number ticket.Number `json:"number"`
		}
		if json.Unmarshal([]byte(state), &known) == nil && known.Number.Year != 0 {
			d.Number = known.Number.String()
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

func readLines(ctx context.Context, db *bun.DB, id string, after int64) (list []dispatch.TextLine, err error) {
	rows, err := db.QueryContext(ctx, `SELECT seq, at, kind, body FROM events WHERE ticket = ? AND seq > ? ORDER BY seq LIMIT ?`, id, after, dispatch.LinesAtOnce)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var l dispatch.TextLine
		var at int64
		var kind string
		var body []byte
		if err := rows.Scan(&l.Seq, &at, &kind, &body); err != nil {
			return nil, err
		}
		l.At, l.Kind, l.Body = instant(at), ticket.Kind(kind), body
		list = append(list, l)
	}
	return list, rows.Err()
}

// Index implements dispatch.Texts.
func (s *SQL) Index(ctx context.Context, list []dispatch.Indexed) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		for _, i := range list {
			if err := w.index(ctx, i); err != nil {
				return fmt.Errorf("index %s %s: %w", i.Kind, i.Ref, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write the index: %w", away(err))
	}
	return nil
}

// index takes one text in.
func (w *writer) index(ctx context.Context, i dispatch.Indexed) error {
	var doc, upto, at int64
	var title, terms string
	err := w.row(ctx, `SELECT doc, upto, at, title, terms FROM texts WHERE kind = ? AND ref = ?`, []any{string(i.Kind), i.Ref}, &doc, &upto, &at, &title, &terms)
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	switch {
	case i.Gone && known:
		err = w.unindex(ctx, doc)
	case !i.Gone && (!known || int64(i.Upto) > upto):
		newTitle, all := textOf(i, strings.Fields(title), strings.Fields(terms))
		i.At = instant(max(micros(i.At), at))
		err = w.place(ctx, i, doc, known, newTitle, all)
	default:
		err = nil
	}
	if err != nil || i.Kind != dispatch.TextTicket {
		return err
	}
	_, err = w.exec(ctx, `DELETE FROM texts_due WHERE ticket = ? AND NOT EXISTS (SELECT 1 FROM events WHERE ticket = ? AND seq > ?)`,
		i.Ref, i.Ref, max(int64(i.Upto), upto))
	return err
}

// place writes the row of a text and what the engine finds it by.
func (w *writer) place(ctx context.Context, i dispatch.Indexed, doc int64, known bool, title, terms []string) error {
	columns := []any{i.Org, micros(i.At), i.Upto, strings.Join(title, " "), strings.Join(terms, " ")}
	if known {
		if _, err := w.exec(ctx, `UPDATE texts SET org = ?, at = ?, upto = ?, title = ?, terms = ? WHERE doc = ?`, append(columns, doc)...); err != nil {
			return err
		}
	} else if err := w.row(ctx, `INSERT INTO texts (kind, ref, org, at, upto, title, terms) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING doc`,
		append([]any{string(i.Kind), i.Ref}, columns...), &doc); err != nil {
		return err
	}
	if w.engine == enginePostgres {
		_, err := w.exec(ctx, `UPDATE texts SET found = CAST(CAST(? AS TEXT) AS TSVECTOR) WHERE doc = ?`, quoted(terms, " "), doc)
		return err
	}
	if known {
		if _, err := w.exec(ctx, `DELETE FROM texts_terms WHERE rowid = ?`, doc); err != nil {
			return err
		}
	}
	_, err := w.exec(ctx, `INSERT INTO texts_terms (rowid, terms) VALUES (?, ?)`, doc, strings.Join(terms, " "))
	return err
}

// unindex takes a text out.
func (w *writer) unindex(ctx context.Context, doc int64) error {
	if w.engine != enginePostgres {
		if _, err := w.exec(ctx, `DELETE FROM texts_terms WHERE rowid = ?`, doc); err != nil {
			return err
		}
	}
	_, err := w.exec(ctx, `DELETE FROM texts WHERE doc = ?`, doc)
	return err
}

// quoted writes terms, which have neither quotes nor backslashes, each in
// quotes.
func quoted(terms []string, between string) string {
	if len(terms) == 0 {
		return ""
	}
	return "'" + strings.Join(terms, "'"+between+"'") + "'"
}

// FindTexts implements dispatch.Texts.
func (s *SQL) FindTexts(ctx context.Context, q dispatch.TextQuestion) ([]dispatch.FoundText, error) {
	if len(q.Terms) == 0 {
		return nil, nil
	}
	query, args := `SELECT t.kind, t.ref, t.org, t.at, t.title FROM texts_terms JOIN texts t ON t.doc = texts_terms.rowid
		WHERE texts_terms MATCH ?`, []any{strings.ReplaceAll(quoted(q.Terms, " AND "), "'", `"`)}
	order := ` ORDER BY texts_terms.rowid DESC LIMIT ?`
	if s.cfg.URL != "" {
		query, args = `SELECT t.kind, t.ref, t.org, t.at, t.title FROM texts t WHERE t.found @@ CAST(? AS TSQUERY)`, []any{quoted(q.Terms, " & ")}
		order = ` ORDER BY t.doc DESC LIMIT ?`
	}
	if len(q.Orgs) > 0 {
		query, args = query+` AND (t.org IN `+marks(len(q.Orgs))+` OR t.org = '' AND t.kind = ?)`, append(anys(args, q.Orgs), string(dispatch.TextArticle))
	}
	if len(q.Kinds) > 0 {
		query, args = query+` AND t.kind IN `+marks(len(q.Kinds)), anys(args, q.Kinds)
	}
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]dispatch.FoundText, error) {
		return readFound(ctx, db, query+order, append(args, limit(q.Limit))...)
	})
	if err != nil {
		return nil, fmt.Errorf("look for texts: %w", away(err))
	}
	return list, nil
}

// marks are n placeholders in brackets.
func marks(n int) string { return "(" + strings.TrimSuffix(strings.Repeat("?, ", n), ", ") + ")" }

// anys appends strings to the arguments of a query.
func anys[T ~string](args []any, list []T) []any {
	for _, s := range list {
		args = append(args, string(s))
	}
	return args
}

func readFound(ctx context.Context, db *bun.DB, query string, args ...any) (list []dispatch.FoundText, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var f dispatch.FoundText
		var kind, title string
		var at int64
		if err := rows.Scan(&kind, &f.Ref, &f.Org, &at, &title); err != nil {
			return nil, err
		}
		f.Kind, f.At, f.Title = dispatch.TextKind(kind), instant(at), strings.Fields(title)
		list = append(list, f)
	}
	return list, rows.Err()
}

// Reindex implements dispatch.Texts.
func (s *SQL) Reindex(ctx context.Context) error {
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		list := []string{
			`DELETE FROM texts WHERE kind = 'ticket'`,
			`INSERT INTO texts_due (ticket) SELECT id FROM tickets WHERE 1 = 1 ON CONFLICT (ticket) DO NOTHING`,
		}
		if w.engine != enginePostgres {
			list = append([]string{`DELETE FROM texts_terms WHERE rowid IN (SELECT doc FROM texts WHERE kind = 'ticket')`}, list...)
		}
		for _, q := range list {
			if _, err := w.exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("empty the index: %w", away(err))
	}
	return nil
}
