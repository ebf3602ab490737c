package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/butlerspb/vahta/dispatch"
)

// SaveDefinition implements dispatch.Definitions. The bodies of definitions
// that are no longer in force are not kept, their hashes are.
func (s *SQL) SaveDefinition(ctx context.Context, v dispatch.Version, body []byte) error {
	if body == nil {
		body = []byte{}
	}
	err := s.submit(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `INSERT INTO definitions (hash, seq, made_at, node, body)
			VALUES (?, (SELECT COALESCE(MAX(seq), 0) + 1 FROM definitions), ?, ?, ?)
			ON CONFLICT (hash) DO UPDATE SET seq = excluded.seq, made_at = excluded.made_at, node = excluded.node, body = excluded.body`,
			v.Hash, micros(v.MadeAt), v.Node, body)
		if err != nil {
			return err
		}
		_, err = w.exec(ctx, `UPDATE definitions SET body = ? WHERE hash <> ? AND length(body) > 0`, []byte{}, v.Hash)
		return err
	})
	if err != nil {
		return fmt.Errorf("save definition %s: %w", v.Hash, err)
	}
	return nil
}

type definitionRec struct {
	version dispatch.Version
	body    []byte
}

// Definition implements dispatch.Definitions.
func (s *SQL) Definition(ctx context.Context) (dispatch.Version, []byte, error) {
	d, err := s.inForce(ctx, `body`)
	return d.version, d.body, err
}

// DefinitionVersion implements dispatch.Definitions.
func (s *SQL) DefinitionVersion(ctx context.Context) (dispatch.Version, error) {
	d, err := s.inForce(ctx, `NULL`)
	return d.version, err
}

// inForce reads the definition in force, its body from the given expression.
func (s *SQL) inForce(ctx context.Context, body string) (definitionRec, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (definitionRec, error) {
		var d definitionRec
		var made int64
		err := db.QueryRowContext(ctx, `SELECT hash, made_at, node, `+body+` FROM definitions ORDER BY seq DESC LIMIT 1`).
			Scan(&d.version.Hash, &made, &d.version.Node, &d.body)
		if err != nil {
			return definitionRec{}, fmt.Errorf("read the definition in force: %w", notFound(err))
		}
		d.version.MadeAt = instant(made)
		return d, nil
	})
}

// KnownDefinition implements dispatch.Definitions.
func (s *SQL) KnownDefinition(ctx context.Context, hash string) (bool, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (known bool, err error) {
		if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM definitions WHERE hash = ?)`, hash).Scan(&known); err != nil {
			return false, fmt.Errorf("look for definition %s: %w", hash, err)
		}
		return known, nil
	})
}

// LastNumber implements dispatch.Numbered.
func (s *SQL) LastNumber(ctx context.Context, year int, first, end uint32) (uint32, error) {
	return ask(ctx, s, func(ctx context.Context, db *bun.DB) (uint32, error) {
		var last sql.NullInt64
		err := db.QueryRowContext(ctx, `SELECT MAX(seq) FROM tickets WHERE year = ? AND seq >= ? AND seq < ?`,
			shortYear(year), int64(first), int64(end)).Scan(&last)
		if err != nil {
			return 0, fmt.Errorf("read the last ticket number of %d: %w", year, err)
		}
		return uint32(last.Int64), nil
	})
}

// shortYear is the year as it stands in a ticket's number.
func shortYear(year int) int {
	const century = 100
	return year % century
}
