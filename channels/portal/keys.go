package portal

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// Faults of a token.
var (
	errUnknown = errors.New("no such token")
	errRevoked = errors.New("the token was revoked")
	errExpired = errors.New("the token has expired")
	errAway    = errors.New("tokens can not be looked up now")
)

const (
	// prefix lets people and scanners of leaks recognise a secret.
	prefix = "vahta_"
	// secretBytes is the entropy of a secret.
	secretBytes = 32
	// keysFresh is how often all tokens are read, for the time when they can not be.
	keysFresh = 30 * time.Second
	// keyWait is how long a look-up may take before the memory is asked.
	keyWait = time.Second
	// usedEvery is how often a use is noted.
	usedEvery = time.Hour
)

// newSecret returns a secret and its hash.
func newSecret() (secret, hash string) {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // it never fails
	secret = prefix + base64.RawURLEncoding.EncodeToString(b[:])
	return secret, hashOf(secret)
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// keys knows tokens by their secrets.
type keys struct {
	// set at New
	store dispatch.Tokens
	now   func() time.Time

	wake chan struct{} // of one: there is a use to note

	mu    sync.Mutex
	known map[string]dispatch.Token // guarded by mu; by hash
	used  map[string]time.Time      // guarded by mu; uses that are to be noted, by hash
}

func newKeys(store dispatch.Tokens, now func() time.Time) *keys {
	return &keys{store: store, now: now, wake: make(chan struct{}, 1), known: map[string]dispatch.Token{}, used: map[string]time.Time{}}
}

// refresh reads all tokens.
func (k *keys) refresh(ctx context.Context) error {
	list, err := k.store.ListTokens(ctx)
	if err != nil {
		return fmt.Errorf("read tokens: %w", err)
	}
	known := make(map[string]dispatch.Token, len(list))
	for _, t := range list {
		known[t.Hash] = t
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known = known
	return nil
}

// check finds the token of a secret and whether it is good. With memory alone it asks nobody.
func (k *keys) check(ctx context.Context, secret string, memory bool) (dispatch.Token, error) {
	hash := hashOf(secret)
	t, err := k.find(ctx, hash, memory)
	now := k.now()
	switch {
	case err != nil:
		return dispatch.Token{}, err
	case !t.Revoked.IsZero():
		return dispatch.Token{}, errRevoked
	case !t.Until.IsZero() && !now.Before(t.Until):
		return dispatch.Token{}, errExpired
	}
	if now.Sub(t.Used) >= usedEvery && !memory {
		k.use(hash, now)
	}
	return t, nil
}

// use has a use noted by and by: nobody waits for that.
func (k *keys) use(hash string, now time.Time) {
	k.mu.Lock()
	_, queued := k.used[hash]
	k.used[hash] = now
	k.mu.Unlock()
	if queued {
		return // it is tried again with the next refresh
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// note writes down the uses since. What can not be written stays for the next time.
func (k *keys) note(ctx context.Context) {
	k.mu.Lock()
	used := maps.Clone(k.used)
	k.mu.Unlock()
	for hash, at := range used {
		if err := k.noteOne(ctx, hash, at); err != nil && !errors.Is(err, dispatch.ErrNotFound) {
			return
		}
		k.mu.Lock()
		delete(k.used, hash)
		if t, ok := k.known[hash]; ok {
			t.Used = at
			k.known[hash] = t
		}
		k.mu.Unlock()
	}
}

func (k *keys) noteOne(ctx context.Context, hash string, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, keyWait)
	defer cancel()
	return k.store.UseToken(ctx, hash, at)
}

func (k *keys) find(ctx context.Context, hash string, memory bool) (dispatch.Token, error) {
	if !memory {
		ctx, cancel := context.WithTimeout(ctx, keyWait)
		defer cancel()
		t, err := k.store.FindToken(ctx, hash)
		switch {
		case err == nil:
			k.remember(t)
			return t, nil
		case errors.Is(err, dispatch.ErrNotFound):
			k.forget(hash)
			return t, errUnknown
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	t, ok := k.known[hash]
	switch {
	case ok:
		return t, nil
	case memory:
		return t, errUnknown
	default:
		return t, errAway
	}
}

func (k *keys) remember(t dispatch.Token) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[t.Hash] = t
}

func (k *keys) forget(hash string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, hash)
}

// NewToken is a token to make.
type NewToken struct {
	Name   string    `json:"name"`
	Person string    `json:"person,omitempty"`
	Scopes []string  `json:"scopes"`
	Until  time.Time `json:"until,omitzero"`
	By     string    `json:"by"`
}

// Issued is a token that was made. The secret is never shown again.
type Issued struct {
	Token  dispatch.Token `json:"token"`
	Secret string         `json:"secret"`
}

// Path returns the secret path of a feed or page, empty for a token of the API.
func (i Issued) Path() string {
	switch kind, _, _ := scoped(i.Token, FeedPerson, FeedSchedule, Board); kind {
	case FeedPerson, FeedSchedule:
		return "/feed/" + i.Secret + ".ics"
	case Board:
		return "/board/" + i.Secret
	case Read, Write, People, DeskRead, DeskWrite, ClientsRead, ClientsWrite, ClientsAdmin, RecordingsRead, SignalsSend, AuditRead:
	}
	return ""
}

// Issuer makes and revokes tokens.
type Issuer struct {
	Store  dispatch.Tokens
	Roster func() *oncall.Roster
	Now    func() time.Time
	Audit  dispatch.Audit // nil: what is made and revoked leaves no trace
}

// tokenName is what a token may be called.
var tokenName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,62}$`)

// Add makes a token. Its person, and those that scopes name, must be in the rota.
func (i *Issuer) Add(ctx context.Context, n NewToken) (Issued, error) {
	if !tokenName.MatchString(n.Name) {
		return Issued{}, fmt.Errorf("add token: %q is no name; write up to 63 letters, digits, spaces, dots, dashes or underscores", n.Name)
	}
	if !n.Until.IsZero() && !n.Until.After(i.Now()) {
		return Issued{}, fmt.Errorf("add token: its end %s is past; name a later one", n.Until.Format(time.RFC3339))
	}
	if err := i.scopes(n); err != nil {
		return Issued{}, fmt.Errorf("add token: %w", err)
	}
	if err := i.trace(ctx, dispatch.ActTokenAdd, n.By, n.Name, strings.Join(n.Scopes, " ")+" "+n.Person); err != nil {
		return Issued{}, fmt.Errorf("add token: %w", err)
	}
	secret, hash := newSecret()
	t := dispatch.Token{Hash: hash, Name: n.Name, Person: n.Person, Scopes: n.Scopes, Created: i.Now().UTC(), By: n.By, Until: n.Until}
	if err := i.Store.AddToken(ctx, t); err != nil {
		if errors.Is(err, dispatch.ErrConflict) {
			return Issued{}, fmt.Errorf("add token: there is one named %q; choose another name, or revoke that one first", n.Name)
		}
		return Issued{}, fmt.Errorf("add token: %w", err)
	}
	return Issued{Token: t, Secret: secret}, nil
}

// trace tells the audit before the act.
func (i *Issuer) trace(ctx context.Context, act dispatch.AuditAct, by, name, detail string) error {
	if i.Audit == nil {
		return nil
	}
	_, err := i.Audit.WriteAudit(ctx, dispatch.AuditEntry{
		At: i.Now(), By: cmp.Or(by, "cli"), Channel: dispatch.ChannelCLI, Act: act, Object: "token " + name, Detail: strings.TrimSpace(detail),
	})
	return err
}

// scopes checks what a token is to open, and for whom.
func (i *Issuer) scopes(n NewToken) error {
	r := i.Roster()
	if len(n.Scopes) == 0 {
		return errors.New("it needs a scope, such as oncall:read")
	}
	if _, ok := r.Person(n.Person); !ok && n.Person != "" {
		return fmt.Errorf("there is no person %q in the rota", n.Person)
	}
	secret := false
	for _, s := range n.Scopes {
		kind, id, err := ParseScope(s)
		if err != nil {
			return err
		}
		known := true
		switch kind {
		case FeedPerson:
			_, known = r.Person(id)
		case FeedSchedule, Board:
			_, known = r.Schedule(id)
		case Write, DeskWrite, ClientsWrite, ClientsAdmin:
			if n.Person == "" {
				return fmt.Errorf("with %s it needs a person, whose rights it has and who is the author of its edits", kind)
			}
		case Read, People, DeskRead, ClientsRead, RecordingsRead, SignalsSend, AuditRead:
		}
		if !known {
			return fmt.Errorf("scope %s: there is no %q in the rota", s, id)
		}
		secret = secret || id != ""
	}
	if secret && len(n.Scopes) > 1 {
		return fmt.Errorf("the secret of a feed or page is a part of its address, so it may open nothing else: make a token for each of %s", strings.Join(n.Scopes, ", "))
	}
	return nil
}

// List lists all tokens, revoked ones too. Hashes are left out.
func (i *Issuer) List(ctx context.Context) ([]dispatch.Token, error) {
	list, err := i.Store.ListTokens(ctx)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	for j := range list {
		list[j].Hash = ""
	}
	return list, nil
}

// Revoke ends a token at once.
func (i *Issuer) Revoke(ctx context.Context, name string) error {
	if err := i.trace(ctx, dispatch.ActTokenRevoke, "cli", name, ""); err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	if err := i.Store.RevokeToken(ctx, name, i.Now().UTC()); err != nil {
		if errors.Is(err, dispatch.ErrNotFound) {
			return fmt.Errorf("revoke token: there is none named %q in use: %w", name, err)
		}
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}
