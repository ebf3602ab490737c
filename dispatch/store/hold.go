package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

var (
	_ dispatch.Places = (*SQL)(nil)
	_ dispatch.Places = (*Memory)(nil)
)

// placeStep decides what becomes of a place; the zero Token is one that nobody
// has held. With an error it stays as it is.
type placeStep func(was dispatch.Place) (dispatch.Place, error)

// hold gives the place to the holder if nobody else has it.
func hold(holder string, now, until time.Time) placeStep {
	return func(p dispatch.Place) (dispatch.Place, error) {
		switch {
		case p.Holder == holder:
		case micros(p.Until) > micros(now):
			return p, fmt.Errorf("%s holds it until %s: %w", p.Holder, p.Until.Format(time.RFC3339), dispatch.ErrConflict)
		default:
			p.Token++
		}
		p.Holder, p.Until = holder, instant(micros(until))
		return p, nil
	}
}

// latest does what whoever has the token asks for.
func latest(token int64, do func(*dispatch.Place)) placeStep {
	return func(p dispatch.Place) (dispatch.Place, error) {
		if p.Token != token || token == 0 {
			return p, fmt.Errorf("token %d is not the latest, which is %d: %w", token, p.Token, dispatch.ErrConflict)
		}
		do(&p)
		return p, nil
	}
}

// move sets the cursor.
func move(token int64, cursor []byte) placeStep {
	return latest(token, func(p *dispatch.Place) { p.Cursor = cursor })
}

// free ends the lease.
func free(token int64) placeStep {
	return latest(token, func(p *dispatch.Place) { p.Holder, p.Until = "", time.Time{} })
}

// checkHold refuses what would be nobody's.
func checkHold(name, holder string) error {
	if name == "" || holder == "" {
		return fmt.Errorf("hold place %q for %q: name both the place and its holder", name, holder)
	}
	return nil
}

// checkCursor refuses what is no place in anything.
func checkCursor(name string, cursor []byte) error {
	if len(cursor) > dispatch.MaxCursor {
		return fmt.Errorf("move place %s: the cursor has %d bytes, %d are kept; keep less in it", name, len(cursor), dispatch.MaxCursor)
	}
	return nil
}

// HoldPlace implements dispatch.Places.
func (s *SQL) HoldPlace(ctx context.Context, name, holder string, now, until time.Time) (dispatch.Place, error) {
	if err := checkHold(name, holder); err != nil {
		return dispatch.Place{}, err
	}
	p, err := s.place(ctx, name, hold(asText(holder), now, until))
	if err != nil {
		return p, fmt.Errorf("hold place %s for %s: %w", name, holder, err)
	}
	return p, nil
}

// MovePlace implements dispatch.Places.
func (s *SQL) MovePlace(ctx context.Context, name string, token int64, cursor []byte) error {
	if err := checkCursor(name, cursor); err != nil {
		return err
	}
	if _, err := s.place(ctx, name, move(token, bytes.Clone(cursor))); err != nil {
		return fmt.Errorf("move place %s: %w", name, err)
	}
	return nil
}

// FreePlace implements dispatch.Places.
func (s *SQL) FreePlace(ctx context.Context, name string, token int64) error {
	if _, err := s.place(ctx, name, free(token)); err != nil {
		return fmt.Errorf("free place %s: %w", name, err)
	}
	return nil
}

// place lets step move a place. What step refuses is no fault of the transaction,
// so that nodes that wait for their turn undo nobody's work beside theirs.
func (s *SQL) place(ctx context.Context, name string, step placeStep) (dispatch.Place, error) {
	name = asText(name)
	var is dispatch.Place
	var verdict error
	err := s.urgent(ctx, func(ctx context.Context, w *writer) error {
		was, err := w.readPlace(ctx, name)
		if err != nil {
			return err
		}
		if is, verdict = step(was); verdict == nil {
			err = w.writePlace(ctx, is)
		}
		return err
	})
	if err != nil {
		return dispatch.Place{}, away(err)
	}
	return is, verdict
}

// readPlace reads a place; one with Token 0 when nobody has held it.
func (w *writer) readPlace(ctx context.Context, name string) (dispatch.Place, error) {
	p := dispatch.Place{Name: name}
	var until int64
	err := w.row(ctx, `SELECT holder, token, lease_until, cursor_at FROM places WHERE name = ?`, []any{name}, &p.Holder, &p.Token, &until, &p.Cursor)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if p.Until = instant(until); len(p.Cursor) == 0 {
		p.Cursor = nil
	}
	return p, err
}

func (w *writer) writePlace(ctx context.Context, p dispatch.Place) error {
	_, err := w.exec(ctx, `INSERT INTO places (name, holder, token, lease_until, cursor_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = excluded.token, lease_until = excluded.lease_until,
		cursor_at = excluded.cursor_at`, p.Name, p.Holder, p.Token, micros(p.Until), append([]byte{}, p.Cursor...))
	return err
}

// HoldPlace implements dispatch.Places.
func (m *Memory) HoldPlace(ctx context.Context, name, holder string, now, until time.Time) (dispatch.Place, error) {
	if err := checkHold(name, holder); err != nil {
		return dispatch.Place{}, err
	}
	return m.place(ctx, name, hold(asText(holder), now, until))
}

// MovePlace implements dispatch.Places.
func (m *Memory) MovePlace(ctx context.Context, name string, token int64, cursor []byte) error {
	if err := checkCursor(name, cursor); err != nil {
		return err
	}
	_, err := m.place(ctx, name, move(token, bytes.Clone(cursor)))
	return err
}

// FreePlace implements dispatch.Places.
func (m *Memory) FreePlace(ctx context.Context, name string, token int64) error {
	_, err := m.place(ctx, name, free(token))
	return err
}

// place lets step move a place.
func (m *Memory) place(ctx context.Context, name string, step placeStep) (dispatch.Place, error) {
	name = asText(name)
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.Place{}, err
	}
	defer leave()
	was, known := m.db.places[name]
	if !known {
		was = dispatch.Place{Name: name}
	}
	is, err := step(was)
	if err == nil {
		if len(is.Cursor) == 0 {
			is.Cursor = nil
		}
		m.db.places[name] = is
	}
	is.Cursor = bytes.Clone(is.Cursor) // whoever writes into it writes into his own
	return is, err
}
