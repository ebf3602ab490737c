package registrar

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"regexp"
	"time"

	"github.com/butlerspb/vahta/sip/digest"
)

// Account is what one phone registers as. It is a plain value.
type Account struct {
	User   string `json:"user"`
	Person string `json:"person"`
	Realm  string `json:"realm"` // of the HA1
	// Version grows with each new secret.
	Version int64                       `json:"version"`
	HA1     map[digest.Algorithm]string `json:"ha1,omitempty"` // none before the phone has been set up
	Created time.Time                   `json:"created"`
	Revoked time.Time                   `json:"revoked,omitzero"`
	// Link is the hash of the one-time link that is out, until LinkUntil; "" = none.
	Link      string    `json:"link,omitempty"`
	LinkUntil time.Time `json:"link_until,omitzero"`
	// Barred keeps the account's phones away while its person is off the roster.
	Barred bool `json:"barred,omitempty"`
}

// Errors of a Ledger and of what stands on it.
var (
	ErrNoAccount = errors.New("there is no such phone account")
	ErrExists    = errors.New("the phone account exists")
	ErrLinkSpent = errors.New("the link is not known, spent or too old")
)

// Ledger is the record of the accounts. Its methods may wait.
type Ledger interface {
	// PhoneAccounts lists all accounts, revoked ones too, by user.
	PhoneAccounts(ctx context.Context) ([]Account, error)
	// AddPhone makes an account; ErrExists when the user has one that is not revoked.
	AddPhone(ctx context.Context, a Account) error
	// LinkPhone puts a link (its hash) in the place of the one before; ErrNoAccount when there is no account or it is revoked.
	LinkPhone(ctx context.Context, user, link string, until time.Time) error
	// SpendPhone ends the link and gives the account the HA1, Realm and Version of a, all at once; ErrLinkSpent when the
	// account has no such link any more.
	SpendPhone(ctx context.Context, a Account, link string, now time.Time) error
	// RevokePhone ends an account; ErrNoAccount when there is none that is in force.
	RevokePhone(ctx context.Context, user string, now time.Time) error
}

// usable reports whether a phone may register as the account.
func (a *Account) usable(realm string) bool {
	return a.Revoked.IsZero() && !a.Barred && a.Realm == realm && len(a.HA1) > 0
}

// userShape is what a generated user name looks like; a name is part of URIs and of keys.
var userShape = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// ValidUser reports whether a name may be that of an account.
func ValidUser(name string) bool { return userShape.MatchString(name) }

// algorithms are those that an account has an HA1 for, strongest first.
func algorithms() []digest.Algorithm { return []digest.Algorithm{digest.SHA256, digest.MD5} }

// passwordLetters are 32, without any that look alike: passwords are read from a screen and typed into desk phones.
const passwordLetters = "abcdefghijkmnpqrstuvwxyz23456789"

// passwordLength makes 160 random bits.
const passwordLength = 32

// tokenBytes make 192 random bits, 32 characters.
const tokenBytes = 24

// NewSecret makes a password and what is kept of it.
func NewSecret(user, realm string) (password string, ha1 map[digest.Algorithm]string) {
	password = newPassword()
	return password, HA1(user, realm, password)
}

// HA1 is what is kept of a password (RFC 7616 section 3.4.2).
func HA1(user, realm, password string) map[digest.Algorithm]string {
	ha1 := map[digest.Algorithm]string{}
	for _, a := range algorithms() {
		ha1[a] = digest.HA1(a, user, realm, password)
	}
	return ha1
}

// NewLink makes the token of a one-time link and what is kept of it.
func NewLink() (token, hash string) {
	token = randomText(tokenBytes)
	return token, linkHash(token)
}

func linkHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func newPassword() string {
	b := make([]byte, passwordLength)
	_, _ = rand.Read(b) // it never fails
	for i, v := range b {
		b[i] = passwordLetters[int(v)%len(passwordLetters)] // 256 is a multiple of 32
	}
	return string(b)
}

func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// accounts are all accounts by user, as they were read last.
type accounts map[string]Account

func index(list []Account) accounts {
	m := make(accounts, len(list))
	for _, a := range list {
		m[a.User] = a
	}
	return m
}

// valid reports whether a binding is still that of a phone that may have it.
func (m accounts) valid(b *Binding, realm string) bool {
	a, ok := m[b.Account]
	return ok && a.usable(realm) && a.Version == b.Version
}

// equal reports whether nothing differs that phones would feel.
func (m accounts) equal(other accounts) bool {
	return maps.EqualFunc(m, other, func(a, b Account) bool {
		return a.Version == b.Version && a.Revoked.Equal(b.Revoked) && a.Realm == b.Realm && a.Barred == b.Barred && maps.Equal(a.HA1, b.HA1)
	})
}
