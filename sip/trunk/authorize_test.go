package trunk

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/wire"
)

// Nobody but the operator itself, and for its own realm only, gets an answer that a password could be guessed from.
func TestREGISTERAuthorizeAnswersOnlyTheOperator(t *testing.T) {
	t.Parallel()
	const (
		own     = `Digest realm="op.example", nonce="n", qop="auth"`
		foreign = `Digest realm="evil.example", nonce="n", qop="auth"`
	)
	for _, tt := range []struct {
		name      string
		auth      Auth
		before    string // a challenge that was answered before
		status    int
		challenge string
		from      string
		err       error
	}{
		{name: "its host", status: 401, challenge: own, from: "192.0.2.1:5060"},
		{name: "its proxy's challenge", status: 407, challenge: own, from: "192.0.2.1:5060"},
		{name: "another port of its host", status: 407, challenge: own, from: "192.0.2.1:40000"},
		{name: "one of its sources", status: 407, challenge: own, from: "198.51.100.20:5060"},
		{name: "its host as IPv6 writes it", status: 407, challenge: own, from: "[::ffff:192.0.2.1]:5060"},
		{name: "a stranger", status: 407, challenge: own, from: "203.0.113.1:5060", err: ErrNotAnswered},
		{name: "another operator", status: 407, challenge: own, from: "192.0.2.2:5060", err: ErrNotAnswered},
		{name: "a phone", status: 407, challenge: own, from: "10.0.0.1:5060", err: ErrNotAnswered},
		{name: "a foreign realm first", status: 407, challenge: foreign, from: "192.0.2.1:5060"}, // nobody said what the realm is
		{name: "a foreign realm later", before: own, status: 407, challenge: foreign, from: "192.0.2.1:5060", err: digest.ErrForeignRealm},
		{name: "the realm stays", before: own, status: 407, challenge: own, from: "192.0.2.1:5060"},
		{name: "not the configured realm", auth: Auth{Realm: "op.example"}, status: 407, challenge: foreign, from: "192.0.2.1:5060", err: digest.ErrForeignRealm},
		{name: "the configured realm of two", auth: Auth{Realm: "op.example"}, status: 407, challenge: foreign + ", " + own, from: "192.0.2.1:5060"},
		{name: "no challenge", status: 403, challenge: own, from: "192.0.2.1:5060", err: ErrNotAnswered},
		{name: "a challenge without content", status: 401, from: "192.0.2.1:5060", err: digest.ErrUnsupported},
	} {
		cfg := Default()
		tt.auth.User, tt.auth.Password = "login", "secret"
		cfg.Operators = []Operator{
			{Name: "op", Host: "192.0.2.1", Port: 5060, Number: "+74957770000", Auth: tt.auth, Sources: []string{"198.51.100.0/24"}},
			{Name: "other", Host: "192.0.2.2", Port: 5060},
		}
		cfg.Phones = []string{"10.0.0.1"}
		trunks, err := New(cfg, Deps{})
		if err != nil {
			t.Fatal(err)
		}
		one := trunks.Get("op")
		uri := wire.URI{Scheme: "sip", User: "1", Host: "op.example"}
		if tt.before != "" {
			if _, err := one.Authorize("INVITE", uri, nil, challengeOf(t, 407, tt.before, "192.0.2.1:5060")); err != nil {
				t.Fatal(err)
			}
		}
		got, err := one.authorizer().Authorize("INVITE", uri, nil, challengeOf(t, tt.status, tt.challenge, tt.from))
		if !errors.Is(err, tt.err) || (err != nil) != (tt.err != nil) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.err)
		}
		want := map[int]string{401: "Authorization", 407: "Proxy-Authorization"}[tt.status]
		if err == nil && (got.Name != want || !strings.Contains(got.Value, `uri="sip:1@op.example"`)) {
			t.Errorf("%s: %s: %s", tt.name, got.Name, got.Value)
		}
		if err != nil && (got != wire.Header{} || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
		if trunks.Get("other").authorizer() != nil {
			t.Error("an operator without an account has an authorizer")
		}
	}
}

// challengeOf is a response that came from an address.
func challengeOf(t *testing.T, status int, challenge, from string) *wire.Response {
	t.Helper()
	req := wire.NewRequest(wire.INVITE, wire.URI{Scheme: "sip", User: "1", Host: "op.example"})
	req.Arrived(wire.Flow{Transport: wire.UDP, Remote: netip.MustParseAddrPort(from)})
	res := wire.NewResponse(req, status, "")
	name := "WWW-Authenticate"
	if status == wire.StatusProxyAuthRequired {
		name = "Proxy-Authenticate"
	}
	if challenge != "" {
		if err := res.Add(name, challenge); err != nil {
			t.Fatal(err)
		}
	}
	return res
}
