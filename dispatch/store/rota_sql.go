package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/edit"
)

// RotaVersion implements dispatch.Rotas.
func (s *SQL) RotaVersion(ctx context.Context) (dispatch.RotaVersion, error) {
	e, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (e rotaEdit, err error) {
		err = db.QueryRowContext(ctx, lastEdit).Scan(&e.revision, &e.editedAt, &e.content, &e.hash)
		if errors.Is(err, sql.ErrNoRows) {
			return rotaEdit{}, nil
		}
		return e, err
	})
	if err != nil {
		return dispatch.RotaVersion{}, fmt.Errorf("read the version of the rota: %w", away(err))
	}
	return e.version(), nil
}

const lastEdit = `SELECT revision, edited_at, content, hash FROM rota_edits ORDER BY revision DESC LIMIT 1`

// Rota implements dispatch.Rotas.
func (s *SQL) Rota(ctx context.Context) (dispatch.RotaVersion, []edit.Record, error) {
	type rota struct {
		version dispatch.RotaVersion
		records []edit.Record
	}
	got, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (got rota, err error) {
		// one statement sees one moment
		rows, err := db.QueryContext(ctx, `SELECT e.revision, e.edited_at, e.content, r.kind, r.id, r.revision, r.body
			FROM (SELECT revision, edited_at, content FROM rota_edits ORDER BY revision DESC LIMIT 1) e
			LEFT JOIN rota r ON r.body <> '' ORDER BY r.kind, r.id`)
		if err != nil {
			return got, err
		}
		defer rows.Close() //nolint:errcheck // read to its end below
		for rows.Next() {
			var e rotaEdit
			var kind, id sql.NullString // a rota may hold nothing
			var revision sql.NullInt64
			var body []byte
			if err := rows.Scan(&e.revision, &e.editedAt, &e.content, &kind, &id, &revision, &body); err != nil {
				return got, err
			}
			got.version = e.version()
			if kind.Valid {
				got.records = append(got.records, edit.Record{Key: edit.Key{Kind: edit.Kind(kind.String), ID: id.String}, Revision: revision.Int64, Body: body})
			}
		}
		return got, errors.Join(rows.Err(), rows.Close())
	})
	if err != nil {
		return dispatch.RotaVersion{}, nil, fmt.Errorf("read the rota: %w", away(err))
	}
	return got.version, got.records, nil
}

// CommitRota implements dispatch.Rotas.
func (s *SQL) CommitRota(ctx context.Context, c dispatch.RotaChange) (dispatch.RotaVersion, error) {
	change, err := encodeRota(c)
	if err != nil {
		return dispatch.RotaVersion{}, err
	}
	var made dispatch.RotaVersion
	err = s.submit(ctx, func(ctx context.Context, w *writer) (err error) {
		made, err = w.commitRota(ctx, change)
		return err
	})
	if err != nil {
		return dispatch.RotaVersion{}, fmt.Errorf("edit the rota: %w", away(err))
	}
	return made, nil
}

func (w *writer) commitRota(ctx context.Context, c rotaChange) (dispatch.RotaVersion, error) {
	if c.ID != "" {
		var e rotaEdit
		err := w.row(ctx, `SELECT revision, edited_at, content FROM rota_edits WHERE id = ?`, []any{c.ID}, &e.revision, &e.editedAt, &e.content)
		if !errors.Is(err, sql.ErrNoRows) {
			return e.version(), err
		}
	}
	state, err := w.rota(ctx)
	if err != nil {
		return dispatch.RotaVersion{}, err
	}
	e, list, err := state.plan(c)
	if err != nil {
		return dispatch.RotaVersion{}, err
	}
	_, err = w.exec(ctx, `INSERT INTO rota_edits (revision, id, at, edited_at, author, node, reason, edit, before, after, content, prev, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.revision, e.id, e.at, e.editedAt, e.author, e.node, e.reason, e.edit, e.before, e.after, e.content, e.prev, e.hash)
	if err != nil {
		return dispatch.RotaVersion{}, fmt.Errorf("write edit %d of the rota: %w", e.revision, err)
	}
	for _, r := range list {
		_, err := w.exec(ctx, `INSERT INTO rota (kind, id, revision, body) VALUES (?, ?, ?, ?)
			ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, body = excluded.body`,
			string(r.Kind), r.ID, r.Revision, string(r.Body))
		if err == nil {
			_, err = w.exec(ctx, `INSERT INTO rota_edited (kind, id, revision) VALUES (?, ?, ?)`, string(r.Kind), r.ID, r.Revision)
		}
		if err != nil {
			return dispatch.RotaVersion{}, fmt.Errorf("write %s: %w", r.Key, err)
		}
	}
	return e.version(), nil
}

// rota reads what a change is judged by.
func (w *writer) rota(ctx context.Context) (rotaState, error) {
	var s rotaState
	err := w.row(ctx, lastEdit, nil,
		&s.last.revision, &s.last.editedAt, &s.last.content, &s.last.hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("read the version of the rota: %w", err)
	}
	rows, err := w.rows(ctx, allRecords)
	if err == nil {
		s.records, err = scanRecords(rows)
	}
	if err != nil {
		return s, fmt.Errorf("read the rota: %w", err)
	}
	return s, nil
}

const allRecords = `SELECT kind, id, revision, body FROM rota ORDER BY kind, id`

func scanRecords(rows *sql.Rows) (list []edit.Record, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r edit.Record
		var kind string
		var body []byte
		if err := rows.Scan(&kind, &r.ID, &r.Revision, &body); err != nil {
			return nil, err
		}
		r.Kind = edit.Kind(kind)
		if len(body) > 0 {
			r.Body = body
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// RotaHistory implements dispatch.Rotas.
func (s *SQL) RotaHistory(ctx context.Context, f dispatch.RotaFilter) ([]dispatch.RotaEntry, error) {
	query, args := ` WHERE 1 = 1`, []any{}
	if f.Before > 0 {
		query, args = query+` AND revision < ?`, append(args, f.Before)
	}
	if f.Key.Kind != "" {
		query, args = query+` AND revision IN (SELECT revision FROM rota_edited WHERE kind = ?`, append(args, string(f.Key.Kind))
		if f.Key.ID != "" {
			query, args = query+` AND id = ?`, append(args, f.Key.ID)
		}
		query += `)`
	}
	log, err := s.rotaEdits(ctx, query+` ORDER BY revision DESC LIMIT ?`, append(args, limit(f.Limit))...)
	if err != nil {
		return nil, err
	}
	return showEdits(log)
}

func showEdits(log []rotaEdit) ([]dispatch.RotaEntry, error) {
	list := make([]dispatch.RotaEntry, 0, len(log))
	for _, e := range log {
		shown, err := e.entry()
		if err != nil {
			return nil, err
		}
		list = append(list, shown)
	}
	return list, nil
}

// rotaEdits reads lines of the log.
func (s *SQL) rotaEdits(ctx context.Context, query string, args ...any) ([]rotaEdit, error) {
	list, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) ([]rotaEdit, error) { return readEdits(ctx, db, query, args...) })
	if err != nil {
		return nil, fmt.Errorf("read the log of the rota: %w", away(err))
	}
	return list, nil
}

// asking is what can be asked: the database, or one moment of it.
type asking interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readEdits(ctx context.Context, db asking, query string, args ...any) (list []rotaEdit, err error) {
	rows, err := db.QueryContext(ctx, `SELECT `+editColumns+` FROM rota_edits`+query, args...)
	if err != nil {
		return nil, err
	}
	return scanEdits(rows)
}

// editColumns are those that scanEdits reads.
const editColumns = `revision, id, at, edited_at, author, node, reason, edit, before, after, content, prev, hash`

func scanEdits(rows *sql.Rows) (list []rotaEdit, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var e rotaEdit
		err := rows.Scan(&e.revision, &e.id, &e.at, &e.editedAt, &e.author, &e.node, &e.reason, &e.edit, &e.before, &e.after, &e.content, &e.prev, &e.hash)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// VerifyRota checks the chain of the rota's log, and that its edits together make the rota as it is.
func (s *SQL) VerifyRota(ctx context.Context) error {
	_, err := ask(ctx, s, func(ctx context.Context, db *bun.DB) (struct{}, error) {
		return struct{}{}, db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
			log, err := readEdits(ctx, tx.Tx, ` ORDER BY revision`)
			if err != nil {
				return fmt.Errorf("read the log of the rota: %w", away(err))
			}
			rows, err := tx.Tx.QueryContext(ctx, allRecords)
			if err != nil {
				return fmt.Errorf("read the rota: %w", away(err))
			}
			records, err := scanRecords(rows)
			if err != nil {
				return fmt.Errorf("read the rota: %w", away(err))
			}
			reseals, err := readReseals(ctx, tx.Tx)
			if err != nil {
				return err
			}
			return verifyRota(log, records, reseals)
		})
	})
	return err
}
