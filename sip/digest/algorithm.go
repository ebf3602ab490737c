package digest

import (
	"crypto/md5" //nolint:gosec // SIP peers of today still ask for it; the strongest that both know is used
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"strings"
)

// Algorithm names a digest algorithm as RFC 7616 and RFC 8760 write it.
type Algorithm string

// Algorithms. The -sess forms bind HA1 to the nonce and cnonce of the first use.
const (
	MD5           Algorithm = "MD5"
	MD5Sess       Algorithm = "MD5-sess"
	SHA256        Algorithm = "SHA-256"
	SHA256Sess    Algorithm = "SHA-256-sess"
	SHA512256     Algorithm = "SHA-512-256"
	SHA512256Sess Algorithm = "SHA-512-256-sess"
)

// sessSuffix marks the session forms.
const sessSuffix = "-sess"

// Base returns the algorithm without -sess: the one that HA1 is kept for.
func (a Algorithm) Base() Algorithm { return Algorithm(strings.TrimSuffix(string(a), sessSuffix)) }

// sess reports whether HA1 is bound to nonce and cnonce.
func (a Algorithm) sess() bool { return strings.HasSuffix(string(a), sessSuffix) }

// strength orders algorithms; 0 is unknown.
func (a Algorithm) strength() int {
	switch a {
	case MD5, MD5Sess:
		return 1
	case SHA256, SHA256Sess:
		return 2
	case SHA512256, SHA512256Sess:
		return 3
	}
	return 0
}

// ParseAlgorithm reads a name in any case; an empty one is MD5 (RFC 7616
// section 3.3). False: nobody here knows it.
func ParseAlgorithm(name string) (Algorithm, bool) {
	if name == "" {
		return MD5, true
	}
	for _, a := range [...]Algorithm{MD5, MD5Sess, SHA256, SHA256Sess, SHA512256, SHA512256Sess} {
		if strings.EqualFold(name, string(a)) {
			return a, true
		}
	}
	return "", false
}

func (a Algorithm) new() hash.Hash {
	switch a {
	case SHA256, SHA256Sess:
		return sha256.New()
	case SHA512256, SHA512256Sess:
		return sha512.New512_256()
	case MD5, MD5Sess:
	}
	return md5.New() //nolint:gosec // see the import
}

// sum is H(parts joined by colons) in lower-case hex.
func (a Algorithm) sum(parts ...string) string {
	h := a.new()
	for i, p := range parts {
		if i > 0 {
			_, _ = h.Write([]byte{':'})
		}
		_, _ = h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// HA1 is H(user:realm:password) in lower-case hex (RFC 7616 section 3.4.2). Of
// a -sess algorithm it is the same as of its base.
func HA1(a Algorithm, user, realm, password string) string { return a.sum(user, realm, password) }

// answer holds all that a response is made from.
type answer struct {
	algorithm   Algorithm
	ha1         string
	method, uri string
	nonce       string
	qop         string // "" = the form of RFC 2069
	nc, cnonce  string
	body        []byte // of auth-int
}

// response is the request-digest of RFC 7616 section 3.4.1.
func (r answer) response() string {
	ha1 := r.ha1
	if r.algorithm.sess() {
		ha1 = r.algorithm.sum(ha1, r.nonce, r.cnonce)
	}
	ha2 := r.algorithm.sum(r.method, r.uri)
	if r.qop == qopAuthInt {
		ha2 = r.algorithm.sum(r.method, r.uri, r.algorithm.sum(string(r.body)))
	}
	if r.qop == "" {
		return r.algorithm.sum(ha1, r.nonce, ha2)
	}
	return r.algorithm.sum(ha1, r.nonce, r.nc, r.cnonce, r.qop, ha2)
}

// Qualities of protection.
const (
	qopAuth    = "auth"
	qopAuthInt = "auth-int"
)
