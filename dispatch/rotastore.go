package dispatch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall/edit"
)

// RotaVersion names one state of people and schedules.
type RotaVersion struct {
	Revision int64     `json:"revision"`  // of the last edit, from 1
	EditedAt time.Time `json:"edited_at"` // when a person made it; grows from edit to edit; zero = seeded, not edited
	Hash     string    `json:"hash"`      // HashRota of all records
}

// HashRota names the content of a rota: equal records have equal hashes, whatever their order and revisions.
func HashRota(records []edit.Record) string {
	byKey := func(a, b edit.Record) int { return a.Compare(b.Key) }
	if !slices.IsSortedFunc(records, byKey) {
		records = slices.SortedFunc(slices.Values(records), byKey)
	}
	sum := sha256.New()
	for _, r := range records {
		if len(r.Body) > 0 {
			fmt.Fprintf(sum, "%d:%s%d:%s%d:", len(r.Kind), r.Kind, len(r.ID), r.ID, len(r.Body))
			sum.Write(r.Body)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// RotaChange is one edit to commit: all of its records or none.
type RotaChange struct {
	// ID makes the change count once however often it is committed: again, it answers with the version that it made. Whoever got no
	// answer commits it again. Empty = not remembered.
	ID string
	// Put are the records to write. Each Revision is the one the edit was decided on; 0 = there must be none. A record
	// without a body is removed.
	Put []edit.Record
	// Seen are further records the decision rests on; they must not have changed either.
	Seen []edit.Record
	// Whole, when set, makes Put the whole rota: what is not in it is removed, what is there already is left alone, and revisions of
	// records are not looked at. Instead the rota must still be of this version. So it is seeded (the zero version), and written back
	// to a record that was restored older. The new version has Kept's EditedAt: that of a seed is zero, for nobody has edited it.
	Whole *RotaVersion
	// Kept is the version that is written back; else zero. The new one has a revision above it.
	Kept   RotaVersion
	By     edit.Author
	Node   string
	At     time.Time // when the edit was made
	Edit   []byte    // JSON of the edit.Edit, for the audit; empty = a seed or a restore
	Reason string
}

// RotaConflict says that a record is not what the edit was decided on.
type RotaConflict struct { //nolint:errname // the field says conflict, and it holds what others wrote
	// Theirs are the records as they are now, with Body nil for one that is gone. There are none when the rota was to be of a
	// certain version and is not.
	Theirs []edit.Record
	// Version is that of the rota as it is now.
	Version RotaVersion
}

// Error implements error.
func (c *RotaConflict) Error() string {
	if len(c.Theirs) == 0 {
		return fmt.Sprintf("the rota has changed meanwhile, it is at revision %d", c.Version.Revision)
	}
	return fmt.Sprintf("%d record(s) of the rota have changed meanwhile, the first is %s", len(c.Theirs), c.Theirs[0].Key)
}

// Is makes errors.Is(err, ErrConflict) true.
func (c *RotaConflict) Is(target error) bool { return target == ErrConflict }

// RotaEntry is one line of the rota's audit. Entries are chained: Hash covers the entry and Prev.
type RotaEntry struct {
	ID       string          `json:"id,omitempty"` // of the change
	Revision int64           `json:"revision"`
	EditedAt time.Time       `json:"edited_at"` // At, but for a version that was written back
	Content  string          `json:"content"`   // HashRota of all records after it
	At       time.Time       `json:"at"`
	By       edit.Author     `json:"by"`
	Node     string          `json:"node"`
	Reason   string          `json:"reason,omitempty"`
	Edit     json.RawMessage `json:"edit,omitempty"`
	Before   []edit.Record   `json:"before,omitempty"` // without a body: there was none
	After    []edit.Record   `json:"after,omitempty"`
	Prev     string          `json:"prev"`
	Hash     string          `json:"hash"`
}

// RotaFilter chooses audit entries, newest first; zero fields do not limit.
type RotaFilter struct {
	Key    edit.Key `json:"key,omitzero"`     // without ID: all records of that kind
	Before int64    `json:"before,omitempty"` // revision
	Limit  int      `json:"limit,omitempty"`  // 0 = 100
}

// Rotas keeps people, schedules and the log of their edits. A RotaVersion of revision 0 means that it was never seeded. It fails
// with ErrAway while the record is away, as do Tokens and Care.
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
	// ListTokens lists all tokens, revoked ones too, by name.
	ListTokens(ctx context.Context) ([]Token, error)
	// FindToken returns the token of a hash, revoked or not; ErrNotFound.
	FindToken(ctx context.Context, hash string) (Token, error)
	RevokeToken(ctx context.Context, name string, now time.Time) error // ErrNotFound
	// UseToken notes a use; ErrNotFound.
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

// HowDeclined is the How of a Confirmation that says the contrary: the person can not come. A later one replaces it.
const HowDeclined = "declined"

// Proof says that a device of a person was seen to work.
type Proof struct {
	Person string    `json:"person"`
	Device string    `json:"device"` // its address
	How    string    `json:"how"`    // registered, key, answered
	At     time.Time `json:"at"`     // the last one
}

// Care keeps what shift care knows.
type Care interface {
	ConfirmTurn(ctx context.Context, c Confirmation) error // a repeat changes nothing
	// Confirmations lists those of turns that start at since or later, by start.
	Confirmations(ctx context.Context, since time.Time) ([]Confirmation, error)
	Prove(ctx context.Context, p Proof) error // an earlier one than is known changes nothing
	// Proofs lists the last proof of each device and manner, by person.
	Proofs(ctx context.Context) ([]Proof, error)
}
