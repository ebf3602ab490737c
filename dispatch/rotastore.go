package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/oncall/edit"
)

// RotaVersion names one state of people and schedules.
type RotaVersion struct {
	Revision int64     `json:"revision"`  // of the last edit, from 1
	EditedAt time.Time `json:"edited_at"` // when a person made it
	Hash     string    `json:"hash"`      // of all records
}

// RotaChange is one edit to commit: all of its records or none.
type RotaChange struct {
	// Put are the records to write. Each Revision is the one the edit was decided on; 0 = there must be none. A record
	// without a body is removed.
	Put []edit.Record
	// Seen are further records the decision rests on; they must not have changed either.
	Seen   []edit.Record
	By     edit.Author
	Node   string
	At     time.Time // when the edit was made
	Edit   []byte    // JSON of the edit.Edit, for the audit; empty = a seed or a restore
	Reason string
}

// RotaConflict says that a record is not what the edit was decided on.
type RotaConflict struct {
	// Theirs are the records as they are now, with Body nil for one that is gone.
	Theirs []edit.Record
}

// Error implements error.
func (c *RotaConflict) Error() string {
	return fmt.Sprintf("%d record(s) of the rota have changed meanwhile, the first is %s", len(c.Theirs), c.Theirs[0].Key)
}

// Is makes errors.Is(err, ErrConflict) true.
func (c *RotaConflict) Is(target error) bool { return target == ErrConflict }

// RotaEntry is one line of the rota's audit. Entries are chained: Hash covers the entry and Prev.
type RotaEntry struct {
	Revision int64         `json:"revision"`
	At       time.Time     `json:"at"`
	By       edit.Author   `json:"by"`
	Node     string        `json:"node"`
	Reason   string        `json:"reason,omitempty"`
	Edit     []byte        `json:"edit,omitempty"`
	Before   []edit.Record `json:"before,omitempty"` // without a body: there was none
	After    []edit.Record `json:"after,omitempty"`
	Prev     string        `json:"prev"`
	Hash     string        `json:"hash"`
}

// RotaFilter chooses audit entries, newest first; zero fields do not limit.
type RotaFilter struct {
	Key    edit.Key `json:"key,omitzero"`
	Before int64    `json:"before,omitempty"` // revision
	Limit  int      `json:"limit,omitempty"`  // 0 = 100
}

// Rotas keeps people, schedules and the log of their edits. A RotaVersion of revision 0 means that it was never seeded.
type Rotas interface {
	RotaVersion(ctx context.Context) (RotaVersion, error)
	// Rota returns all records as of one moment, ordered by kind and ID.
	Rota(ctx context.Context) (RotaVersion, []edit.Record, error)
	// CommitRota fails with a *RotaConflict when a record has changed meanwhile.
	CommitRota(ctx context.Context, c RotaChange) (RotaVersion, error)
	RotaHistory(ctx context.Context, f RotaFilter) ([]RotaEntry, error)
}

// Token lets a program or a calendar in. The secret itself is kept nowhere.
type Token struct {
	Hash    string    `json:"hash"` // SHA-256 of the secret, hex
	Name    string    `json:"name"` // unique among those not revoked
	Person  string    `json:"person,omitempty"`
	Scopes  []string  `json:"scopes"` // oncall:read, oncall:write, feed:person:<id>, feed:schedule:<id>
	Created time.Time `json:"created"`
	By      string    `json:"by"`
	Until   time.Time `json:"until,omitzero"` // zero = no end
	Used    time.Time `json:"used,omitzero"`  // last use, to the hour
	Revoked time.Time `json:"revoked,omitzero"`
}

// Tokens keeps tokens.
type Tokens interface {
	AddToken(ctx context.Context, t Token) error // ErrConflict: the name is taken
	ListTokens(ctx context.Context) ([]Token, error)
	// FindToken returns the token of a hash, revoked or not; ErrNotFound.
	FindToken(ctx context.Context, hash string) (Token, error)
	RevokeToken(ctx context.Context, name string, now time.Time) error // ErrNotFound
	UseToken(ctx context.Context, hash string, now time.Time) error
}

// Confirmation says that somebody knows of the shift that begins.
type Confirmation struct {
	Schedule string    `json:"schedule"`
	Track    string    `json:"track"`
	Person   string    `json:"person"`
	Start    time.Time `json:"start"` // of the turn
	At       time.Time `json:"at"`
	By       string    `json:"by"`  // who said so
	How      string    `json:"how"` // voice, cli, api
}

// Proof says that a device of a person was seen to work.
type Proof struct {
	Person string    `json:"person"`
	Device string    `json:"device"` // its address
	How    string    `json:"how"`    // registered, key, answered
	At     time.Time `json:"at"`     // the last one
}

// Care keeps what shift care knows.
type Care interface {
	Confirm(ctx context.Context, c Confirmation) error // a repeat changes nothing
	Confirmations(ctx context.Context, since time.Time) ([]Confirmation, error)
	Prove(ctx context.Context, p Proof) error
	Proofs(ctx context.Context) ([]Proof, error)
}
