package trunk

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/wire"
)

// ErrNotAnswered says that a challenge is not answered because it is not for us to answer: the answer would help
// whoever asks to guess the password.
var ErrNotAnswered = errors.New("challenge is not answered")

// account answers challenges with a trunk's account. Without a configured realm it keeps to the first that it has seen.
type account struct {
	auth Auth
	rand func([]byte)
	// renames lets the realm change: the registrar is the address that we chose to ask, and operators do rename.
	renames bool

	mu     sync.Mutex
	client *digest.Client // guarded by mu: of the realm seen first; nil before the first challenge
	header string         // guarded by mu: which header the last challenge wanted
}

// answer returns the header that answers a 401 or 407 (RFC 3261 section 22.1).
func (l *account) answer(res *wire.Response, method, uri string, body []byte) (wire.Header, error) {
	challenges, name := challengesOf(res)
	client, err := l.clientFor(challenges)
	if err != nil {
		return wire.Header{}, err
	}
	l.mu.Lock()
	l.header = name
	l.mu.Unlock()
	value, err := client.Authorize(challenges, method, uri, body)
	if err != nil {
		return wire.Header{}, err
	}
	return wire.Header{Name: name, Value: value}, nil
}

// unable says why a 401 or 407 cannot be answered, nil when it can, and whether it calls the answer before it stale.
func (l *account) unable(res *wire.Response) (stale bool, err error) {
	challenges, _ := challengesOf(res)
	client, err := l.clientFor(challenges)
	if err != nil {
		return false, err
	}
	if _, err = client.Realm(challenges); err != nil {
		return false, err
	}
	return client.Stale(challenges), nil
}

// staleSaid reports whether a challenge calls the answer before it stale.
func (l *account) staleSaid(res *wire.Response) bool {
	stale, err := l.unable(res)
	return err == nil && stale
}

// ahead authorises a request to the registrar by the last challenge; false before the first.
func (l *account) ahead(method, uri string, body []byte) (wire.Header, bool) {
	l.mu.Lock()
	client, name := l.client, l.header
	l.mu.Unlock()
	if client == nil {
		return wire.Header{}, false
	}
	value, ok := client.Ahead(method, uri, body)
	return wire.Header{Name: name, Value: value}, ok
}

// refused forgets the last challenge: the next request asks for a new one in place of a guess.
func (l *account) refused() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client != nil {
		l.client.Forget()
	}
}

// succeeded takes the nonce that a 2xx gives for the next request.
func (l *account) succeeded(res *wire.Response) {
	l.mu.Lock()
	client := l.client
	l.mu.Unlock()
	if info := res.Header("Authentication-Info"); client != nil && info != "" {
		client.Next(info)
	}
}

// clientFor returns the client of the realm that these challenges are for.
func (l *account) clientFor(challenges []string) (*digest.Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.auth.User == "" {
		return nil, fmt.Errorf("%w: the operator asks for a password, but auth has none", ErrNotAnswered)
	}
	if l.client != nil {
		if _, err := l.client.Realm(challenges); err == nil || !l.renames || l.auth.Realm != "" || !errors.Is(err, digest.ErrForeignRealm) {
			return l.client, nil
		}
	}
	fresh := digest.NewClient(digest.Credentials{User: l.auth.User, Password: string(l.auth.Password), Realm: l.auth.Realm}, l.rand)
	realm, err := fresh.Realm(challenges)
	if err != nil {
		return nil, err
	}
	l.client = digest.NewClient(digest.Credentials{User: l.auth.User, Password: string(l.auth.Password), Realm: realm}, l.rand)
	return l.client, nil
}

// challengesOf returns the challenges of a response and the header that answers them.
func challengesOf(res *wire.Response) (challenges []string, header string) {
	if res.Status() == wire.StatusProxyAuthRequired {
		return res.Headers("Proxy-Authenticate"), "Proxy-Authorization"
	}
	return res.Headers("WWW-Authenticate"), "Authorization"
}

// authorizer answers challenges to calls through the trunk, nil when it has no account.
func (t *Trunk) authorizer() dialog.Authorizer {
	if t.op.Auth.User == "" {
		return nil
	}
	return t
}

// Authorize answers a challenge to a request of ours outside any dialog. It answers only the trunk's own realm, and
// only when the challenge came from an address of the trunk: an answer given to anybody else could be tried against
// the operator, or used to guess the password.
func (t *Trunk) Authorize(method string, uri wire.URI, body []byte, challenge *wire.Response) (wire.Header, error) {
	if s := challenge.Status(); s != wire.StatusUnauthorized && s != wire.StatusProxyAuthRequired {
		return wire.Header{}, fmt.Errorf("authorise %s by trunk %s: %w: %d is no challenge", method, t.op.Name, ErrNotAnswered, s)
	}
	if from := challenge.Flow().Remote; t.mine == nil || !t.mine(from) {
		t.suspicious(from, "asked for our password and is no address of the operator")
		return wire.Header{}, fmt.Errorf("authorise %s by trunk %s: %w: it came from %s, which is no address of the trunk",
			method, t.op.Name, ErrNotAnswered, from)
	}
	header, err := t.login.answer(challenge, method, uri.String(), body)
	if errors.Is(err, digest.ErrForeignRealm) {
		t.suspicious(challenge.Flow().Remote, "asked for our password for another realm than before")
	}
	if err != nil {
		return wire.Header{}, fmt.Errorf("authorise %s by trunk %s: %w", method, t.op.Name, err)
	}
	return header, nil
}

// suspicious reports a challenge that is not answered.
func (t *Trunk) suspicious(from netip.AddrPort, what string) {
	if t.suspect != nil {
		t.suspect(t.op.Name, from, what)
	}
}

// belongs reports whether an address is one of the trunk's: a target of it, or one that its calls come from.
func (t *Trunks) belongs(one *Trunk, addr netip.AddrPort) bool {
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	for _, w := range t.ways(one) {
		if w.flow.Remote.Addr().Unmap() == addr.Addr() {
			return true
		}
	}
	for _, text := range one.op.Sources {
		if s, err := parseSource(text); err == nil && s.matches(addr) {
			return true
		}
	}
	who, ok := t.peers.Load().find(addr)
	return ok && who == one
}
