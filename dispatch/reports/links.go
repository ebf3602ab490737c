package reports

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch"
)

// secretName is what the secret of the pages is kept under.
const secretName = "pages"

const (
	secretBytes = 32
	macBytes    = 16 // 128 bits: not to be guessed
)

// ErrNoPage says that an address opens no page.
var ErrNoPage = errors.New("there is no such page")

// Links makes the addresses of tickets' pages and reads them.
type Links struct {
	base   string
	secret atomic.Pointer[[]byte] // nil = not read yet
}

// NewLinks returns links below base, such as https://desk.example.com; Load must
// follow.
func NewLinks(base string) *Links { return &Links{base: strings.TrimSuffix(base, "/")} }

// Load reads the secret, and makes it when there is none.
func (l *Links) Load(ctx context.Context, papers dispatch.Papers) error {
	if l.secret.Load() != nil {
		return nil
	}
	fresh := make([]byte, secretBytes)
	if _, err := rand.Read(fresh); err != nil {
		return fmt.Errorf("make the secret of the pages: %w", err)
	}
	secret, err := papers.Secret(ctx, secretName, fresh)
	if err != nil {
		return err
	}
	if len(secret) < secretBytes {
		return fmt.Errorf("the secret of the pages has %d bytes: the record was altered", len(secret))
	}
	l.secret.Store(&secret)
	return nil
}

// URL returns the address of a ticket's page; empty while the secret is not
// read, or when no address of our own is set.
func (l *Links) URL(ticketID string) string {
	token := l.Token(ticketID)
	if token == "" || l.base == "" {
		return ""
	}
	return l.base + "/t/" + token
}

// Token returns what stands for a ticket in the address of its page.
func (l *Links) Token(ticketID string) string {
	id, err := uuid.Parse(ticketID)
	secret := l.secret.Load()
	if err != nil || secret == nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(id[:], mac(*secret, id)...))
}

// Ticket returns the ticket that a token stands for, or fails with ErrNoPage.
func (l *Links) Ticket(token string) (string, error) {
	secret := l.secret.Load()
	if secret == nil {
		return "", fmt.Errorf("read the address of a page: %w", dispatch.ErrAway)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != len(uuid.UUID{})+macBytes {
		return "", ErrNoPage
	}
	id := uuid.UUID(raw[:len(uuid.UUID{})])
	if !hmac.Equal(raw[len(id):], mac(*secret, id)) {
		return "", ErrNoPage
	}
	return id.String(), nil
}

func mac(secret []byte, id uuid.UUID) []byte {
	h := hmac.New(sha256.New, secret)
	_, _ = h.Write([]byte("vahta ticket page 1\n")) // never fails
	_, _ = h.Write(id[:])
	return h.Sum(nil)[:macBytes]
}
