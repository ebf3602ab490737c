package wire

import (
	"crypto/rand"
	"encoding/base64"
)

// branchCookie begins each branch of RFC 3261 section 8.1.1.7.
const branchCookie = "z9hG4bK"

// NewTag returns 96 random bits as a tag.
func (e *Edge) NewTag() string { return randomText(12) }

// NewCallID returns 144 random bits as a Call-ID without an address in it.
func (e *Edge) NewCallID() string { return randomText(18) }

// NewBranch returns a branch with 96 random bits.
func (e *Edge) NewBranch() string { return branchCookie + randomText(12) }

// randomText returns n random bytes as URL-safe base64, whose characters are
// all allowed in a token.
func randomText(n int) string {
	raw := make([]byte, 24)
	_, _ = rand.Read(raw[:n]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(raw[:n])
}
