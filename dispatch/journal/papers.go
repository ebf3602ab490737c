package journal

import (
	"context"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// KeepReport implements dispatch.Papers.
func (s *Store) KeepReport(ctx context.Context, hash string, body []byte) error {
	return tell(s, func(in Inner) error { return in.KeepReport(ctx, hash, body) })
}

// Report implements dispatch.Papers.
func (s *Store) Report(ctx context.Context, hash string) ([]byte, error) {
	return inquire(s, func(in Inner) ([]byte, error) { return in.Report(ctx, hash) })
}

// Secret implements dispatch.Papers.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	return inquire(s, func(in Inner) ([]byte, error) { return in.Secret(ctx, name, fresh) })
}

// ListSealKeys implements dispatch.SealKeys.
func (s *Store) ListSealKeys(ctx context.Context) ([]dispatch.SealKey, error) {
	return inquire(s, func(in Inner) ([]dispatch.SealKey, error) { return in.ListSealKeys(ctx) })
}

// AddSealKey implements dispatch.SealKeys.
func (s *Store) AddSealKey(ctx context.Context, k dispatch.SealKey) (dispatch.SealKey, error) {
	return inquire(s, func(in Inner) (dispatch.SealKey, error) { return in.AddSealKey(ctx, k) })
}

// DestroySealKey implements dispatch.SealKeys.
func (s *Store) DestroySealKey(ctx context.Context, org string, now time.Time) error {
	return tell(s, func(in Inner) error { return in.DestroySealKey(ctx, org, now) })
}

// AddAttachment implements dispatch.Attachments.
func (s *Store) AddAttachment(ctx context.Context, a dispatch.Attachment) error {
	return tell(s, func(in Inner) error { return in.AddAttachment(ctx, a) })
}

// ListAttachments implements dispatch.Attachments.
func (s *Store) ListAttachments(ctx context.Context, f dispatch.AttachmentFilter) ([]dispatch.Attachment, error) {
	return inquire(s, func(in Inner) ([]dispatch.Attachment, error) { return in.ListAttachments(ctx, f) })
}

// EraseAttachment implements dispatch.Attachments.
func (s *Store) EraseAttachment(ctx context.Context, ticket, hash string, now time.Time) error {
	return tell(s, func(in Inner) error { return in.EraseAttachment(ctx, ticket, hash, now) })
}
