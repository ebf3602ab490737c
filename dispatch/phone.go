package dispatch

import (
	"context"
	"time"
)

// PhoneAccount is what an engineer's phone registers as. It holds no password, only hashes that count within Realm; they
// are as good as the password there, so nobody is shown them.
type PhoneAccount struct {
	User   string // its name; also that of the phone's address
	Person string // whose phone it is
	Realm  string
	// Version grows with each new secret.
	Version int64
	// Hashes are HA1 by algorithm; none before the phone has been set up.
	Hashes  map[string]string
	Created time.Time
	Revoked time.Time // zero = in force
	// Link is the hash of the one-time link that is out, until LinkUntil; "" = none.
	Link      string
	LinkUntil time.Time
}

// Phones keeps the phone accounts for all nodes. It fails with ErrAway while
// the record is away.
type Phones interface {
	// PhoneAccounts lists all accounts, revoked ones too, by user.
	PhoneAccounts(ctx context.Context) ([]PhoneAccount, error)
	// AddPhone makes an account. A revoked one of that user begins anew, with a higher version; one in force is ErrConflict.
	AddPhone(ctx context.Context, a PhoneAccount) error
	// LinkPhone sets the link of an account; ErrNotFound when none is in force.
	LinkPhone(ctx context.Context, user, link string, until time.Time) error
	// SpendPhone ends the link of an account and gives it a's Realm, Version and Hashes; ErrNotFound when no account in
	// force has that link at that time. Of many who spend one link, one does.
	SpendPhone(ctx context.Context, a PhoneAccount, link string, now time.Time) error
	// RevokePhone ends an account: hashes and link are forgotten. ErrNotFound when none is in force.
	RevokePhone(ctx context.Context, user string, now time.Time) error
}
