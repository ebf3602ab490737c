package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

type nodeRec struct {
	until time.Time
	taken bool
	rota  dispatch.RotaVersion
}

// seat lets step move a person's seat.
func (m *Memory) seat(ctx context.Context, person string, step func(seat) (seat, error)) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	is, err := step(m.db.seats[person])
	if err == nil && is != (seat{}) {
		m.db.seats[person] = is
	}
	return err
}

// Assign implements dispatch.Arbiter.
func (m *Memory) Assign(ctx context.Context, a dispatch.Assignment, now time.Time) error {
	return m.seat(ctx, a.Person, func(was seat) (seat, error) { return was.assign(a, now) })
}

// Confirm implements dispatch.Arbiter.
func (m *Memory) Confirm(ctx context.Context, a dispatch.Assignment, now time.Time) error {
	return m.seat(ctx, a.Person, func(was seat) (seat, error) { return was.confirm(a, now) })
}

// Extend implements dispatch.Arbiter.
func (m *Memory) Extend(ctx context.Context, list []dispatch.Assignment) error {
	for _, a := range list {
		if err := m.seat(ctx, a.Person, func(was seat) (seat, error) { return was.extend(a), nil }); err != nil {
			return err
		}
	}
	return nil
}

// Unassign implements dispatch.Arbiter.
func (m *Memory) Unassign(ctx context.Context, a dispatch.Assignment) error {
	return m.seat(ctx, a.Person, func(was seat) (seat, error) { return was.release(a), nil })
}

// RaiseEpoch implements dispatch.Arbiter.
func (m *Memory) RaiseEpoch(ctx context.Context) (uint64, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	var token uint64
	for _, s := range m.db.seats {
		token = max(token, s.token)
	}
	m.db.epoch = nextEpoch(m.db.epoch, token)
	return m.db.epoch, nil
}

// Beat implements dispatch.Nodes.
func (m *Memory) Beat(ctx context.Context, n dispatch.Node, _ time.Time) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	was := m.db.nodes[n.ID]
	n.Rota.EditedAt = instant(micros(n.Rota.EditedAt))
	m.db.nodes[n.ID] = nodeRec{until: instant(micros(n.Until)), rota: n.Rota}
	if was.taken {
		return dispatch.ErrTakenOver
	}
	return nil
}

// Leave implements dispatch.Nodes.
func (m *Memory) Leave(ctx context.Context, node string) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if was, known := m.db.nodes[node]; known {
		m.db.nodes[node] = nodeRec{taken: was.taken, rota: was.rota}
	}
	return nil
}

// TakeOver implements dispatch.Nodes.
func (m *Memory) TakeOver(ctx context.Context, heir string, own bool, now time.Time) ([]dispatch.CallRecord, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := []dispatch.CallRecord{}
	for _, c := range m.db.calls {
		n, known := m.db.nodes[c.Node]
		dead := known && c.Node != heir && micros(n.until) <= micros(now)
		mine := own && (c.Node == heir || c.Node == "")
		if !c.EndedAt.IsZero() || !dead && !mine {
			continue
		}
		if dead {
			n.taken = true
			m.db.nodes[c.Node] = n
		}
		c.Node = heir
		m.db.calls[c.ID] = c
		list = append(list, c)
	}
	sortCalls(list)
	return list, nil
}

// sortCalls puts the oldest call first.
func sortCalls(list []dispatch.CallRecord) {
	slices.SortFunc(list, func(a, b dispatch.CallRecord) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), strings.Compare(a.ID, b.ID))
	})
}

// Nodes implements dispatch.Nodes.
func (m *Memory) Nodes(ctx context.Context) ([]dispatch.Node, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.Node
	for _, id := range slices.Sorted(maps.Keys(m.db.nodes)) {
		n := m.db.nodes[id]
		list = append(list, dispatch.Node{ID: id, Until: n.until, Rota: n.rota})
	}
	return list, nil
}

// SaveDefinition implements dispatch.Definitions.
func (m *Memory) SaveDefinition(ctx context.Context, v dispatch.Version, body []byte) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	v.MadeAt = instant(micros(v.MadeAt))
	m.db.definitions[v.Hash] = true
	m.db.inForce = &definitionRec{version: v, body: bytes.Clone(body)}
	return nil
}

// Definition implements dispatch.Definitions.
func (m *Memory) Definition(ctx context.Context) (dispatch.Version, []byte, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.Version{}, nil, err
	}
	defer leave()
	if m.db.inForce == nil {
		return dispatch.Version{}, nil, fmt.Errorf("read the definition in force: %w", dispatch.ErrNotFound)
	}
	return m.db.inForce.version, bytes.Clone(m.db.inForce.body), nil
}

// DefinitionVersion implements dispatch.Definitions.
func (m *Memory) DefinitionVersion(ctx context.Context) (dispatch.Version, error) {
	v, _, err := m.Definition(ctx)
	return v, err
}

// KnownDefinition implements dispatch.Definitions.
func (m *Memory) KnownDefinition(ctx context.Context, hash string) (bool, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	return m.db.definitions[hash], nil
}

// LastNumber implements dispatch.Numbered.
func (m *Memory) LastNumber(ctx context.Context, year int, first, end uint32) (uint32, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	var last uint32
	for n := range m.db.numbers {
		if n.Year == shortYear(year) && n.Seq >= first && n.Seq < end {
			last = max(last, n.Seq)
		}
	}
	return last, nil
}
