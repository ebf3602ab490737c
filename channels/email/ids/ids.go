// Package ids makes the Message-IDs of our mails and reads them back. An id names the ticket and carries a MAC over it, so that a
// mail which refers to one proves that its writer has seen a mail of ours about that ticket; a ticket's number proves nothing.
//
// An id is a pure function of ticket and notice: a mail that is sent again has the same one, and a mailbox that got it twice shows
// it once. A Maker may be used concurrently once it is loaded.
//
//	1 byte kind, 16 bytes ticket, 8 bytes hash of the notice, 10 bytes MAC; as 56 characters of base32 before @domain
package ids

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
)

// secretName is what the secret is kept under in the record.
const secretName = "mail"

// Sizes in bytes.
const (
	secretBytes = 32
	ticketBytes = 16
	hashBytes   = 8
	macBytes    = 10 // 80 bits: guesses come by mail, each leaves a ticket
	bodyBytes   = 1 + ticketBytes + hashBytes
)

// prefix begins each id, so that people and filters know ours.
const prefix = "vahta."

// The kinds of ids.
const (
	kindRoot    byte = 1 // the ticket's thread; no mail has it
	kindMessage byte = 2
)

// Secrets keeps secrets that all nodes share: the one of a name is made once, out of fresh.
type Secrets interface {
	Secret(ctx context.Context, name string, fresh []byte) ([]byte, error)
}

// Maker makes and reads ids.
type Maker struct {
	domain string
	secret atomic.Pointer[[]byte] // nil = not read yet
}

// New returns a maker of ids at a domain; Load must follow.
func New(domain string) *Maker { return &Maker{domain: strings.ToLower(domain)} }

// Load reads the secret, and makes it when there is none. When it is read already, nothing is done.
func (m *Maker) Load(ctx context.Context, from Secrets) error {
	if m.Loaded() {
		return nil
	}
	fresh := make([]byte, secretBytes)
	if _, err := rand.Read(fresh); err != nil {
		return fmt.Errorf("make the secret of mail ids: %w", err)
	}
	secret, err := from.Secret(ctx, secretName, fresh)
	if err != nil {
		return fmt.Errorf("read the secret of mail ids: %w", err)
	}
	if len(secret) < secretBytes {
		return fmt.Errorf("the secret of mail ids has %d bytes: the record was altered", len(secret))
	}
	m.secret.Store(&secret)
	return nil
}

// Loaded reports whether ids can be made and read.
func (m *Maker) Loaded() bool { return m.secret.Load() != nil }

// Message returns the id of the mail that carries a notice about a ticket, without angle brackets; a ticket of "" is none. It is
// empty while the secret is not read, or when the ticket's id is none.
func (m *Maker) Message(ticketID, notice string) string {
	sum := sha256.Sum256([]byte(notice))
	return m.make(kindMessage, ticketID, sum[:hashBytes])
}

// Root returns the id that all mails about a ticket refer to, so that mailboxes show them as one thread. It is empty when Message is.
func (m *Maker) Root(ticketID string) string {
	return m.make(kindRoot, ticketID, make([]byte, hashBytes))
}

// Ticket returns the ticket that an id of ours names, with or without angle brackets and whatever its domain; ok is false for
// other ids, forged ones, and those about no ticket.
func (m *Maker) Ticket(id string) (ticketID string, ok bool) {
	secret := m.secret.Load()
	local, _, _ := strings.Cut(strings.Trim(strings.TrimSpace(id), "<>"), "@")
	local = strings.ToLower(local) // some relays change the case
	token, ours := strings.CutPrefix(local, prefix)
	if secret == nil || !ours {
		return "", false
	}
	raw, err := base32.StdEncoding.DecodeString(strings.ToUpper(token))
	if err != nil || len(raw) != bodyBytes+macBytes || !hmac.Equal(raw[bodyBytes:], mac(*secret, raw[:bodyBytes])) {
		return "", false
	}
	t := uuid.UUID(raw[1 : 1+ticketBytes])
	return t.String(), t != uuid.Nil
}

func (m *Maker) make(kind byte, ticketID string, hash []byte) string {
	var t uuid.UUID
	if ticketID != "" {
		var err error
		if t, err = uuid.Parse(ticketID); err != nil {
			return ""
		}
	}
	secret := m.secret.Load()
	if secret == nil {
		return ""
	}
	body := append(append([]byte{kind}, t[:]...), hash...)
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(append(body, mac(*secret, body)...))) + "@" + m.domain
}

func mac(secret, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	_, _ = h.Write([]byte("vahta mail id 1\n")) // never fails
	_, _ = h.Write(body)
	return h.Sum(nil)[:macBytes]
}
