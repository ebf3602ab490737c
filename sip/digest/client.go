package digest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Errors of a client.
var (
	// ErrForeignRealm says that every challenge belongs to a realm that these
	// credentials are not for.
	ErrForeignRealm = errors.New("challenged for another realm")
	// ErrUnsupported says that the own realm asks for what these credentials or
	// this package cannot do.
	ErrUnsupported = errors.New("no challenge can be answered")
)

// Credentials are what a client proves. Either Password or HA1 is set.
type Credentials struct {
	User, Password string
	// Realm pins the credentials: challenges of other realms are not answered.
	// "" answers any realm that the peer names. HA1 needs it.
	Realm string
	// HA1 holds hashes by base algorithm in the place of a password; only these
	// algorithms can be answered.
	HA1 map[Algorithm]string
}

// ha1 returns the hash for a realm, and whether these credentials have one.
func (c Credentials) ha1(a Algorithm, realm string) (string, bool) {
	if c.Password != "" {
		return HA1(a, c.User, realm, c.Password), true
	}
	h, ok := c.HA1[a.Base()]
	return strings.ToLower(h), ok && c.Realm == realm
}

// Client answers challenges with one set of credentials. It counts the uses of
// each nonce.
type Client struct {
	// Set at NewClient.
	credentials Credentials
	rand        func([]byte)

	mu     sync.Mutex
	counts []count    // guarded by mu: uses of the latest nonces, oldest first
	last   *Challenge // guarded by mu: what was answered last
}

// count is how often a nonce was used, and the cnonce that a session is bound to.
type count struct {
	nonce  string
	uses   uint32
	cnonce string
}

// maxCounts is how many nonces a client remembers: a trunk has few peers, each
// with one nonce at a time.
const maxCounts = 32

// cnonceBytes is the length of a cnonce before hex: 128 bits.
const cnonceBytes = 16

// NewClient returns a client. rand fills its argument with unpredictable bytes.
func NewClient(c Credentials, rand func([]byte)) *Client {
	return &Client{credentials: c, rand: rand}
}

// Authorize answers the strongest of the challenges that can be answered, given
// the values of all WWW-Authenticate (or all Proxy-Authenticate) headers of a
// response. The value is that of Authorization (or Proxy-Authorization).
func (c *Client) Authorize(challenges []string, method, uri string, body []byte) (string, error) {
	offered, fault := ParseChallenges(challenges)
	best, err := c.choose(offered)
	if err != nil {
		return "", errors.Join(err, fault)
	}
	return c.answer(best, method, uri, body)
}

// Ahead authorizes a request before it is challenged, by the challenge that was
// answered last: the nonce is used once more. False: nothing was answered yet.
func (c *Client) Ahead(method, uri string, body []byte) (value string, ok bool) {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last == nil {
		return "", false
	}
	value, err := c.answer(*last, method, uri, body)
	return value, err == nil
}

// Next takes the value of an Authentication-Info header: its nextnonce takes
// the place of the one answered last (RFC 7615 section 3).
func (c *Client) Next(info string) {
	list, err := parse("Digest " + info) // it is a bare list of parameters
	if err != nil || len(list) != 1 {
		return
	}
	next := list[0].value("nextnonce")
	c.mu.Lock()
	defer c.mu.Unlock()
	if next == "" || c.last == nil {
		return
	}
	renewed := *c.last
	renewed.Nonce = next
	c.last = &renewed
}

// Forget drops what was answered last, so that Ahead says nothing until the
// next challenge.
func (c *Client) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = nil
}

// Stale reports whether one of the challenges that this client could answer
// calls the answer before it stale: the password was right.
func (c *Client) Stale(challenges []string) bool {
	offered, _ := ParseChallenges(challenges)
	best, err := c.choose(offered)
	return err == nil && best.Stale
}

// Realm returns the realm of the challenge that Authorize would answer.
func (c *Client) Realm(challenges []string) (string, error) {
	offered, fault := ParseChallenges(challenges)
	best, err := c.choose(offered)
	if err != nil {
		return "", errors.Join(err, fault)
	}
	return best.Realm, nil
}

// choose returns the strongest challenge that can be answered, of equal ones the
// first.
func (c *Client) choose(offered []Challenge) (Challenge, error) {
	var (
		best    *Challenge
		foreign []string
		cannot  []string
	)
	for i, one := range offered {
		if c.credentials.Realm != "" && c.credentials.Realm != one.Realm {
			foreign = append(foreign, clip(one.Realm))
			continue
		}
		if reason := c.unable(one); reason != "" {
			cannot = append(cannot, reason)
			continue
		}
		if best == nil || one.Algorithm.strength() > best.Algorithm.strength() {
			best = &offered[i]
		}
	}
	switch {
	case best != nil:
		return *best, nil
	case len(cannot) > 0:
		return Challenge{}, fmt.Errorf("answer a challenge: %w: %s", ErrUnsupported, strings.Join(cannot, "; "))
	case len(foreign) > 0:
		return Challenge{}, fmt.Errorf("answer a challenge: %w: %q, ours is %q", ErrForeignRealm, foreign, c.credentials.Realm)
	}
	return Challenge{}, fmt.Errorf("answer a challenge: %w: there is no Digest challenge", ErrUnsupported)
}

// unable says why a challenge cannot be answered, "" when it can.
func (c *Client) unable(one Challenge) string {
	if one.Algorithm == "" {
		return "an unknown algorithm"
	}
	if _, ok := one.quality(); !ok {
		return "an unknown qop"
	}
	if _, ok := c.credentials.ha1(one.Algorithm, one.Realm); !ok {
		return "no password and no hash for " + string(one.Algorithm)
	}
	return ""
}

// answer writes the credentials for one challenge.
func (c *Client) answer(ch Challenge, method, uri string, body []byte) (string, error) {
	for _, text := range [...]string{c.credentials.User, ch.Realm, ch.Nonce, ch.Opaque, uri} {
		if !printableText(text) {
			return "", errors.New("answer a challenge: user, realm or URI hold a control character")
		}
	}
	ha1, ok := c.credentials.ha1(ch.Algorithm, ch.Realm)
	if !ok {
		return "", fmt.Errorf("answer a challenge: %w", ErrUnsupported)
	}
	qop, _ := ch.quality()
	a := answer{algorithm: ch.Algorithm, ha1: ha1, method: method, uri: uri, nonce: ch.Nonce, qop: qop, body: body}
	var uses uint32
	uses, a.cnonce = c.use(ch)
	a.nc = ncText(uses)

	w := newWriter()
	w.quoted("username", c.credentials.User)
	w.quoted("realm", ch.Realm)
	w.quoted("nonce", ch.Nonce)
	w.quoted("uri", uri)
	w.quoted("response", a.response())
	if ch.Named { // a peer that named none may not know the parameter
		w.bare("algorithm", string(ch.Algorithm))
	}
	if qop != "" || ch.Algorithm.sess() {
		w.quoted("cnonce", a.cnonce)
	}
	if ch.HasOpaque {
		w.quoted("opaque", ch.Opaque)
	}
	if qop != "" {
		w.bare("qop", qop)
		w.bare("nc", a.nc)
	}
	return w.String(), nil
}

// use counts one more use of a nonce and gives the cnonce to go with it: a new
// one each time, but within a session the one that its HA1 is bound to.
func (c *Client) use(ch Challenge) (uses uint32, cnonce string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = &ch
	i := slices.IndexFunc(c.counts, func(n count) bool { return n.nonce == ch.Nonce })
	if i < 0 {
		if len(c.counts) == maxCounts {
			c.counts = slices.Delete(c.counts, 0, 1)
		}
		c.counts = append(c.counts, count{nonce: ch.Nonce})
		i = len(c.counts) - 1
	}
	n := &c.counts[i]
	n.uses++
	if n.cnonce == "" || !ch.Algorithm.sess() {
		raw := make([]byte, cnonceBytes)
		c.rand(raw)
		n.cnonce = hex.EncodeToString(raw)
	}
	return n.uses, n.cnonce
}

// ncText writes a nonce count: eight hex digits.
func ncText(n uint32) string {
	return hex.EncodeToString([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
