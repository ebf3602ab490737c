package digest

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config makes a Server.
type Config struct {
	// Realm is what clients are challenged for; it is part of HA1.
	Realm string
	// Secret is the key of nonces; 32 random bytes. Nodes that share it accept
	// each other's nonces, each counting for itself.
	Secret []byte
	// NonceLife is how long a nonce may be answered; 0 = 1 minute.
	NonceLife time.Duration
	// Algorithms are offered in this order, strongest first; nil = SHA-256, MD5.
	Algorithms []Algorithm
	// MaxNonces bounds the memory of answered nonces; 0 = 10,000.
	MaxNonces int
	// Rand fills its argument with unpredictable bytes.
	Rand func([]byte)
}

// Defaults of Config.
const (
	defaultNonceLife = time.Minute
	defaultMaxNonces = 10_000
	minSecret        = 16 // bytes
	// maxSkew is how far back time may go before it counts as a clock that was set back.
	maxSkew = 10 * time.Second
)

// Reason says how an answer was judged.
type Reason string

// Reasons.
const (
	Authenticated  Reason = "authenticated"
	Missing        Reason = "no_credentials"
	Malformed      Reason = "malformed"
	OtherRealm     Reason = "other_realm"
	OtherAlgorithm Reason = "other_algorithm"
	NoQOP          Reason = "no_qop"
	UnknownUser    Reason = "unknown_user"
	WrongResponse  Reason = "wrong_response"
	NonceForeign   Reason = "nonce_not_ours" // of another source, another key, or made up
	NonceOld       Reason = "nonce_old"
	NonceUsed      Reason = "nonce_used" // nc did not rise
)

// Verdict is what a Server thinks of one answer. It holds more than a client may
// learn: apart from OK and Stale nothing of it may shape the answer.
type Verdict struct {
	OK    bool
	Stale bool   // the hash was right: challenge again with stale
	User  string // as claimed; of an OK verdict as proved
	Why   Reason
	// URI is the digest-uri, which the hash covers; a caller may compare it with
	// the Request-URI.
	URI       string
	Algorithm Algorithm
	// Ours says that the nonce was made here for this source: whoever answers receives what is sent there, so that a failure
	// may be held against the address.
	Ours bool
}

// Server makes challenges for one realm and judges answers.
type Server struct {
	cfg Config // set at NewServer

	mu         sync.Mutex
	used       used      // guarded by mu
	latest     time.Time // guarded by mu: the latest time seen
	generation uint32    // guarded by mu: part of every nonce's HMAC
}

// NewServer checks the configuration.
func NewServer(cfg Config) (*Server, error) {
	if cfg.NonceLife == 0 {
		cfg.NonceLife = defaultNonceLife
	}
	if cfg.MaxNonces == 0 {
		cfg.MaxNonces = defaultMaxNonces
	}
	if len(cfg.Algorithms) == 0 {
		cfg.Algorithms = []Algorithm{SHA256, MD5}
	}
	var faults []error
	if cfg.Realm == "" || !printableText(cfg.Realm) {
		faults = append(faults, errors.New("the realm is empty or holds a control character"))
	}
	if len(cfg.Secret) < minSecret {
		faults = append(faults, fmt.Errorf("the secret has %d bytes; give it %d or more", len(cfg.Secret), minSecret))
	}
	if cfg.NonceLife < 0 || cfg.MaxNonces < 0 {
		faults = append(faults, errors.New("the life or the number of nonces is negative"))
	}
	if cfg.Rand == nil {
		faults = append(faults, errors.New("no source of random bytes is given"))
	}
	for _, a := range cfg.Algorithms {
		if a.strength() == 0 {
			faults = append(faults, fmt.Errorf("algorithm %q is unknown", clip(string(a))))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("digest server: %w", err)
	}
	cfg.Secret = slices.Clone(cfg.Secret)
	cfg.Algorithms = slices.Clone(cfg.Algorithms)
	return &Server{cfg: cfg, used: newUsed(cfg)}, nil
}

// Challenge returns the values of WWW-Authenticate headers for a source, one per
// algorithm, in the configured order. They share one nonce.
func (s *Server) Challenge(now time.Time, source string, stale bool) []string {
	nonce := s.newNonce(now, source)
	out := make([]string, 0, len(s.cfg.Algorithms))
	for _, a := range s.cfg.Algorithms {
		w := newWriter()
		w.quoted("realm", s.cfg.Realm)
		w.quoted("nonce", nonce)
		w.bare("algorithm", string(a))
		w.quoted("qop", qopAuth)
		if stale {
			w.bare("stale", "true")
		}
		out = append(out, w.String())
	}
	return out
}

// Pick returns the credentials for this realm of all Authorization headers, ""
// when there are none.
func (s *Server) Pick(authorizations []string) string {
	for _, v := range authorizations {
		list, err := parse(v)
		if err == nil && len(list) == 1 && list[0].digest() && list[0].value("realm") == s.cfg.Realm {
			return v
		}
	}
	if len(authorizations) > 0 {
		return authorizations[0] // so that Verify can say what is wrong with it
	}
	return ""
}

// Verify judges the value of one Authorization header. ha1 knows the hash of a
// user for a base algorithm; it must take equally long for users it does not
// know. A request is authentic only when the verdict is OK.
func (s *Server) Verify(
	now time.Time, source, authorization, method string, body []byte,
	ha1 func(user string, a Algorithm) (string, bool),
) Verdict {
	c, v := s.read(authorization)
	if v.Why != "" {
		return v
	}
	hash, known := ha1(v.User, v.Algorithm.Base())
	dummy := hex.EncodeToString(s.mac("nobody", v.User))[:2*v.Algorithm.new().Size()]
	if !known {
		hash = dummy
	}
	a := answer{
		algorithm: v.Algorithm, ha1: strings.ToLower(hash), method: method, uri: v.URI,
		nonce: c.nonce, qop: c.qop, nc: c.ncText, cnonce: c.cnonce, body: body,
	}
	right := subtle.ConstantTimeCompare([]byte(a.response()), []byte(strings.ToLower(c.response))) == 1
	made, ours := s.made(now, c.nonce, source)
	v.Ours = ours
	switch {
	case !known:
		v.Why = UnknownUser
	case !right:
		v.Why = WrongResponse
	case !ours:
		v.Why, v.Stale = NonceForeign, true
	default:
		v.Why = s.count(now, c, made)
		v.OK, v.Stale = v.Why == Authenticated, v.Why != Authenticated
	}
	return v
}

// count takes one use of a nonce of ours.
func (s *Server) count(now time.Time, c credentials, made int64) Reason {
	if now.UnixMicro()-made > s.cfg.NonceLife.Microseconds() {
		return NonceOld
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.used.take(now.UnixMicro(), c.nonce, made, c.nc) {
		return NonceUsed
	}
	return Authenticated
}

// credentials are what an Authorization header holds beside a Verdict.
type credentials struct {
	nonce, cnonce, qop, response string
	nc                           uint32
	ncText                       string
}

// read takes an Authorization header apart. A verdict with a reason is final.
func (s *Server) read(authorization string) (credentials, Verdict) {
	if strings.TrimSpace(authorization) == "" {
		return credentials{}, Verdict{Why: Missing}
	}
	list, err := parse(authorization)
	if err != nil || len(list) != 1 || !list[0].digest() {
		return credentials{}, Verdict{Why: Malformed}
	}
	p := list[0]
	v := Verdict{User: p.value("username"), URI: p.value("uri")}
	c := credentials{
		nonce: p.value("nonce"), cnonce: p.value("cnonce"), qop: strings.ToLower(p.value("qop")),
		response: p.value("response"), ncText: p.value("nc"),
	}
	algorithm, known := ParseAlgorithm(p.value("algorithm"))
	switch {
	case p.value("realm") != s.cfg.Realm:
		v.Why = OtherRealm
	case !known || !slices.Contains(s.cfg.Algorithms, algorithm):
		v.Why = OtherAlgorithm
	case c.qop == "":
		v.Why = NoQOP // without it there is no nc, and every answer could be replayed
	case v.User == "" || v.URI == "" || c.nonce == "" || c.cnonce == "" || c.response == "",
		c.qop != qopAuth && c.qop != qopAuthInt, len(c.ncText) != len("00000001"):
		v.Why = Malformed
	}
	v.Algorithm = algorithm
	nc, err := strconv.ParseUint(c.ncText, 16, 32)
	if v.Why == "" && (err != nil || nc == 0) {
		v.Why = Malformed
	}
	c.nc = uint32(nc)
	return c, v
}
