package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/edit"
)

// rotaTables are the rota of a Memory.
type rotaTables struct {
	records []edit.Record // removed ones too, by key
	log     []rotaEdit    // oldest first
}

func (r *rotaTables) state() rotaState {
	s := rotaState{records: r.records}
	if n := len(r.log); n > 0 {
		s.last = r.log[n-1]
	}
	return s
}

// RotaVersion implements dispatch.Rotas.
func (m *Memory) RotaVersion(ctx context.Context) (dispatch.RotaVersion, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.RotaVersion{}, err
	}
	defer leave()
	return m.db.rota.state().last.version(), nil
}

// Rota implements dispatch.Rotas.
func (m *Memory) Rota(ctx context.Context) (dispatch.RotaVersion, []edit.Record, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.RotaVersion{}, nil, err
	}
	defer leave()
	var list []edit.Record
	for _, r := range m.db.rota.records {
		if len(r.Body) > 0 {
			r.Body = bytes.Clone(r.Body)
			list = append(list, r)
		}
	}
	return m.db.rota.state().last.version(), list, nil
}

// CommitRota implements dispatch.Rotas.
func (m *Memory) CommitRota(ctx context.Context, c dispatch.RotaChange) (dispatch.RotaVersion, error) {
	change, err := encodeRota(c)
	if err != nil {
		return dispatch.RotaVersion{}, err
	}
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.RotaVersion{}, err
	}
	defer leave()
	for _, e := range m.db.rota.log {
		if c.ID != "" && e.id == c.ID {
			return e.version(), nil
		}
	}
	e, list, err := m.db.rota.state().plan(change)
	if err != nil {
		return dispatch.RotaVersion{}, fmt.Errorf("edit the rota: %w", err)
	}
	m.db.rota.log = append(m.db.rota.log, e)
	m.db.rota.records = overlay(m.db.rota.records, list)
	return e.version(), nil
}

// RotaHistory implements dispatch.Rotas.
func (m *Memory) RotaHistory(ctx context.Context, f dispatch.RotaFilter) ([]dispatch.RotaEntry, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	all, err := showEdits(m.db.rota.log)
	if err != nil {
		return nil, err
	}
	list := make([]dispatch.RotaEntry, 0, len(all))
	for _, e := range slices.Backward(all) {
		concerns := slices.ContainsFunc(e.After, func(r edit.Record) bool {
			return r.Kind == f.Key.Kind && (f.Key.ID == "" || r.ID == f.Key.ID)
		})
		if (f.Before <= 0 || e.Revision < f.Before) && (f.Key.Kind == "" || concerns) && int64(len(list)) < limit(f.Limit) {
			list = append(list, e)
		}
	}
	return list, nil
}

// VerifyRota checks the chain of the rota's log, and that its edits together make the rota as it is.
func (m *Memory) VerifyRota(ctx context.Context) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return verifyRota(m.db.rota.log, m.db.rota.records, dispatch.ReadReseals(m.db.audit))
}
