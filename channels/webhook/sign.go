package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of Standard Webhooks.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Tolerance is how far a timestamp may be from the receiver's clock.
const Tolerance = 5 * time.Minute

const (
	secretPrefix = "whsec_"
	version      = "v1,"
	minSecret    = 24 // bytes; the specification asks for 24 to 64
)

// Secret is a signing key in the form whsec_ + base64. It prints as ***.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// UnmarshalText takes the secret from a configuration file.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = Secret(strings.TrimSpace(string(b)))
	return nil
}

// key returns the secret's bytes.
func (s Secret) key() ([]byte, error) {
	enc, ok := strings.CutPrefix(string(s), secretPrefix)
	if !ok {
		return nil, errors.New("a signing secret begins with whsec_")
	}
	key, err := base64.StdEncoding.DecodeString(enc)
	if err != nil {
		return nil, errors.New("a signing secret is whsec_ and base64, such as the output of: echo whsec_$(openssl rand -base64 32)")
	}
	if len(key) < minSecret {
		return nil, fmt.Errorf("a signing secret has at least %d bytes, this one has %d", minSecret, len(key))
	}
	return key, nil
}

// signature returns the v1 signature of a message.
func signature(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return version + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// sign sets the three headers.
func sign(h http.Header, keys [][]byte, id string, now time.Time, body []byte) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	h.Set(HeaderID, id)
	if len(keys) == 0 {
		return // its receiver knows us by the address
	}
	signatures := make([]string, 0, len(keys))
	for _, k := range keys {
		signatures = append(signatures, signature(k, id, timestamp, body))
	}
	h.Set(HeaderTimestamp, timestamp)
	h.Set(HeaderSignature, strings.Join(signatures, " "))
}

// Errors of Verify.
var (
	ErrSignature = errors.New("the signature does not fit")
	ErrTimestamp = errors.New("the timestamp is missing or too far from now")
)

// Verify checks a request as its receiver does: a signature by any of the
// secrets, and a timestamp within Tolerance of now. The receiver also drops
// messages whose webhook-id it has seen.
func Verify(h http.Header, body []byte, now time.Time, secrets ...Secret) error {
	timestamp := h.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return ErrTimestamp
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > Tolerance || off < -Tolerance {
		return ErrTimestamp
	}
	for _, s := range secrets {
		key, err := s.key()
		if err != nil {
			return err
		}
		want := []byte(signature(key, h.Get(HeaderID), timestamp, body))
		for got := range strings.FieldsSeq(h.Get(HeaderSignature)) {
			if hmac.Equal([]byte(got), want) {
				return nil
			}
		}
	}
	return ErrSignature
}
