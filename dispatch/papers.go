package dispatch

import (
	"context"
	"time"
)

// Papers keeps the models of reports, by their hash, and the secrets that all
// nodes share.
type Papers interface {
	// KeepReport keeps a model. The same one may come again.
	KeepReport(ctx context.Context, hash string, body []byte) error
	// Report returns a model, or fails with ErrNotFound.
	Report(ctx context.Context, hash string) ([]byte, error)
	// Secret returns the secret of this name. The first one that anybody brings
	// is kept for good; fresh may be nil when none is to be made.
	Secret(ctx context.Context, name string, fresh []byte) ([]byte, error)
}

// SealKey is the key by which recordings and files of one organisation are
// sealed. Whoever knows the recipient can seal; to open, the master key of the
// vault must open Sealed first.
type SealKey struct {
	Org       string // id; empty = of callers whom nobody knows
	Recipient string // public half
	Sealed    []byte // secret half, sealed to the master key; empty = destroyed
	Master    string // public half of that master key
	Made      time.Time
	Destroyed time.Time // zero = in force
}

// SealKeys keeps the keys of the vault.
type SealKeys interface {
	ListSealKeys(ctx context.Context) ([]SealKey, error)
	// AddSealKey keeps the key of an organisation unless it has one in force, and
	// returns the one in force.
	AddSealKey(ctx context.Context, k SealKey) (SealKey, error)
	// DestroySealKey forgets the secret half for good: what is sealed by it is
	// lost. It fails with ErrNotFound when there is none.
	DestroySealKey(ctx context.Context, org string, now time.Time) error
}

// Attachment is a file of a ticket in the vault. It is named by its content.
type Attachment struct {
	Hash   string // SHA-256, hex
	Org    string // by whose key it is sealed
	Ticket string // id
	Name   string // as the sender named it
	Type   string // media type, by its content
	Bytes  int64
	At     time.Time
	Erased time.Time // zero = it is there
}

// Attachments keeps the index of the files in the vault.
type Attachments interface {
	// AddAttachment keeps an entry. One of the same ticket and content is left as
	// it is; if it was erased, it is there again.
	AddAttachment(ctx context.Context, a Attachment) error
	// ListAttachments returns entries, oldest first.
	ListAttachments(ctx context.Context, f AttachmentFilter) ([]Attachment, error)
	// EraseAttachment notes that a file is no longer there, and forgets its name.
	EraseAttachment(ctx context.Context, ticket, hash string, now time.Time) error
}

// AttachmentFilter chooses attachments; zero fields do not limit.
type AttachmentFilter struct {
	Org    string
	Ticket string
	Hash   string
	Before time.Time
	Limit  int // 0 = 100
}
