package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// papers are the tables of reports and the vault.
type papers struct {
	reports map[string][]byte
	secrets map[string][]byte
	keys    map[string]dispatch.SealKey // by organisation
	files   map[fileKey]dispatch.Attachment
}

type fileKey struct{ ticket, hash string }

func newPapers() papers {
	return papers{reports: map[string][]byte{}, secrets: map[string][]byte{}, keys: map[string]dispatch.SealKey{}, files: map[fileKey]dispatch.Attachment{}}
}

// KeepReport implements dispatch.Papers.
func (m *Memory) KeepReport(ctx context.Context, hash string, body []byte) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if _, there := m.db.papers.reports[hash]; !there {
		m.db.papers.reports[hash] = slices.Clone(body)
	}
	return nil
}

// Report implements dispatch.Papers.
func (m *Memory) Report(ctx context.Context, hash string) ([]byte, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	body, ok := m.db.papers.reports[hash]
	if !ok {
		return nil, fmt.Errorf("read report %s: %w", hash, dispatch.ErrNotFound)
	}
	return slices.Clone(body), nil
}

// Secret implements dispatch.Papers.
func (m *Memory) Secret(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	if _, there := m.db.papers.secrets[name]; !there && fresh != nil {
		m.db.papers.secrets[name] = slices.Clone(fresh)
	}
	body, ok := m.db.papers.secrets[name]
	if !ok {
		return nil, fmt.Errorf("read secret %s: %w", name, dispatch.ErrNotFound)
	}
	return slices.Clone(body), nil
}

// ListSealKeys implements dispatch.SealKeys.
func (m *Memory) ListSealKeys(ctx context.Context) ([]dispatch.SealKey, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.SealKey
	for _, k := range m.db.papers.keys {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b dispatch.SealKey) int { return strings.Compare(a.Org, b.Org) })
	return list, nil
}

// AddSealKey implements dispatch.SealKeys.
func (m *Memory) AddSealKey(ctx context.Context, k dispatch.SealKey) (dispatch.SealKey, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return dispatch.SealKey{}, err
	}
	defer leave()
	if old, there := m.db.papers.keys[k.Org]; there && old.Destroyed.IsZero() {
		return old, nil
	}
	k.Sealed, k.Made, k.Destroyed = slices.Clone(k.Sealed), instant(micros(k.Made)), time.Time{}
	m.db.papers.keys[k.Org] = k
	return k, nil
}

// DestroySealKey implements dispatch.SealKeys.
func (m *Memory) DestroySealKey(ctx context.Context, org string, now time.Time) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	k, there := m.db.papers.keys[org]
	if !there || !k.Destroyed.IsZero() {
		return fmt.Errorf("destroy the vault's key of %q: %w", org, dispatch.ErrNotFound)
	}
	k.Sealed, k.Destroyed = nil, instant(micros(now))
	m.db.papers.keys[org] = k
	return nil
}

// AddAttachment implements dispatch.Attachments.
func (m *Memory) AddAttachment(ctx context.Context, a dispatch.Attachment) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	key := fileKey{a.Ticket, a.Hash}
	if old, there := m.db.papers.files[key]; there {
		old.Name = cmp.Or(old.Name, a.Name)
		a = old
	}
	a.At, a.Erased = instant(micros(a.At)), time.Time{}
	m.db.papers.files[key] = a
	return nil
}

// ListAttachments implements dispatch.Attachments.
func (m *Memory) ListAttachments(ctx context.Context, f dispatch.AttachmentFilter) ([]dispatch.Attachment, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []dispatch.Attachment
	for _, a := range m.db.papers.files {
		if (f.Org == "" || a.Org == f.Org) && (f.Ticket == "" || a.Ticket == f.Ticket) && (f.Hash == "" || a.Hash == f.Hash) && (f.Before.IsZero() || a.At.Before(f.Before)) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b dispatch.Attachment) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Ticket, b.Ticket), strings.Compare(a.Hash, b.Hash))
	})
	return list[:min(len(list), int(limit(f.Limit)))], nil
}

// EraseAttachment implements dispatch.Attachments.
func (m *Memory) EraseAttachment(ctx context.Context, ticket, hash string, now time.Time) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	key := fileKey{ticket, hash}
	a, there := m.db.papers.files[key]
	if !there || !a.Erased.IsZero() {
		return fmt.Errorf("note that attachment %s is erased: %w", hash, dispatch.ErrNotFound)
	}
	a.Erased, a.Name = instant(micros(now)), ""
	m.db.papers.files[key] = a
	return nil
}
