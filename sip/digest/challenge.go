package digest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Challenge is one Digest challenge as a peer made it.
type Challenge struct {
	Realm, Nonce string
	Algorithm    Algorithm // "" when nobody here knows it
	Named        bool      // the algorithm was written, not left to the default
	QOP          []string  // in lower case; nil = none was offered (RFC 2069)
	Opaque       string
	HasOpaque    bool
	Stale        bool // the answer before was right, only its nonce has had its time
}

// ErrMalformed says that a header value cannot be read as challenges or
// credentials.
var ErrMalformed = errors.New("not readable as digest authentication")

// ParseChallenges reads the values of WWW-Authenticate or Proxy-Authenticate
// headers, each of which may hold several challenges. Other schemes and values
// that cannot be read are left out; the error joins what was wrong with the
// latter.
func ParseChallenges(values []string) ([]Challenge, error) {
	var (
		out    []Challenge
		faults []error
	)
	for _, v := range values {
		schemes, err := parse(v)
		if err != nil {
			faults = append(faults, fmt.Errorf("challenge: %w: %w", ErrMalformed, err))
			continue
		}
		for _, s := range schemes {
			if !s.digest() {
				continue
			}
			c, err := challengeOf(s)
			if err != nil {
				faults = append(faults, err)
				continue
			}
			out = append(out, c)
		}
	}
	return out, errors.Join(faults...)
}

func challengeOf(s scheme) (Challenge, error) {
	c := Challenge{Realm: s.value("realm"), Nonce: s.value("nonce")}
	if _, ok := s.get("realm"); !ok {
		return c, fmt.Errorf("challenge: %w: it names no realm", ErrMalformed)
	}
	if c.Nonce == "" {
		return c, fmt.Errorf("challenge of realm %q: %w: it has no nonce", clip(c.Realm), ErrMalformed)
	}
	name, named := s.get("algorithm")
	c.Named = named && name != ""
	c.Algorithm, _ = ParseAlgorithm(name)
	c.Opaque, c.HasOpaque = s.get("opaque")
	c.Stale = strings.EqualFold(s.value("stale"), "true")
	for q := range strings.FieldsFuncSeq(s.value("qop"), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		c.QOP = append(c.QOP, strings.ToLower(q))
	}
	return c, nil
}

// quality returns the qop to answer with. auth goes before auth-int, whose hash
// dies with any proxy that touches the body. False: only unknown ones are
// offered.
func (c Challenge) quality() (string, bool) {
	switch {
	case len(c.QOP) == 0:
		return "", true
	case slices.Contains(c.QOP, qopAuth):
		return qopAuth, true
	case slices.Contains(c.QOP, qopAuthInt):
		return qopAuthInt, true
	}
	return "", false
}
