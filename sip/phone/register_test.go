package phone_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// account is known to the registrar of these tests.
var account = phone.Account{User: "anna", Password: "correct horse"}

// registrar is a raw one: it answers each REGISTER as its script says.
type registrar struct {
	*siptest.UA
	t      *testing.T
	server *digest.Server
}

func newRegistrar(t *testing.T) *registrar {
	t.Helper()
	server, err := digest.NewServer(digest.Config{
		Realm: "vahta", Secret: []byte("0123456789abcdef0123456789abcdef"), Rand: func(b []byte) { _, _ = rand.Read(b) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return &registrar{UA: siptest.NewUA(t, siptest.UAConfig{}), t: t, server: server}
}

func (r *registrar) uri() string { return "sip:" + r.Addr().String() }

// challenge expects a REGISTER and asks for the password.
func (r *registrar) challenge() siptest.Message {
	m := r.ExpectRequest("REGISTER")
	var headers []string
	for _, c := range r.server.Challenge(time.Now(), "phone", false) {
		headers = append(headers, "WWW-Authenticate: "+c)
	}
	r.Answer(m, 401, "Unauthorized", siptest.Reply{Headers: headers})
	return m
}

// take expects a REGISTER that proves the account, and answers it.
func (r *registrar) take(status int, headers ...string) siptest.Message {
	r.t.Helper()
	m := r.ExpectRequest("REGISTER")
	verdict := r.server.Verify(time.Now(), "phone", m.Get("Authorization"), "REGISTER", nil, func(user string, a digest.Algorithm) (string, bool) {
		return digest.HA1(a, user, "vahta", account.Password), user == account.User
	})
	if !verdict.OK || verdict.User != account.User {
		r.t.Errorf("the proof is %q: %+v", m.Get("Authorization"), verdict)
	}
	r.Answer(m, status, "", siptest.Reply{Headers: headers})
	return m
}

func startWith(t *testing.T, change func(*phone.Config)) *phone.Phone {
	t.Helper()
	cfg := phone.Default()
	cfg.Name, cfg.Account = "anna", account
	change(&cfg)
	p, stop, err := phone.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// The registrar asks for the password, then for a longer time; what it grants is refreshed at half, and given back at the end.
func TestREGISTERIsKeptUp(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t)
	p := startWith(t, func(*phone.Config) {})
	done := make(chan error, 1)
	go func() {
		done <- p.Register(t.Context(), phone.Registration{Registrar: r.uri(), Expires: 10 * time.Second})
	}()
	first := r.challenge()
	if first.Get("Authorization") != "" || !strings.Contains(first.Get("Contact"), "expires=10") {
		t.Errorf("the first REGISTER is\n%s", first.Raw)
	}
	r.take(423, "Min-Expires: 60")
	second := r.ExpectRequest("REGISTER")
	if !strings.Contains(second.Get("Contact"), "expires=60") {
		t.Errorf("after 423 Contact is %s", second.Get("Contact"))
	}
	n1, _ := first.CSeq()
	n2, _ := second.CSeq()
	if first.CallID() != second.CallID() || n2 <= n1 {
		t.Error("a REGISTER left the series of its Call-ID and CSeq")
	}
	r.Answer(second, 200, "OK", siptest.Reply{Headers: []string{
		"Contact: <sip:anna@192.0.2.1:5060>;expires=900", "Contact: " + strings.Replace(second.Get("Contact"), "expires=60", "expires=2", 1),
	}})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if granted, err := p.Registered(); granted != 2*time.Second || err != nil {
		t.Errorf("granted %s, %v", granted, err)
	}
	r.Answer(r.ExpectRequest("REGISTER"), 200, "OK", siptest.Reply{Headers: []string{"Expires: 1"}}) // the refresh
	go func() { done <- p.Unregister(t.Context()) }()
	for {
		m := r.ExpectRequest("REGISTER")
		r.Answer(m, 200, "OK", siptest.Reply{})
		if strings.Contains(m.Get("Contact"), "expires=0") {
			break
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// A wrong password is said so after one try, not tried again and again.
func TestREGISTERWithAWrongPassword(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t)
	p := startWith(t, func(c *phone.Config) { c.Account.Password = "wrong" })
	done := make(chan error, 1)
	go func() { done <- p.Register(t.Context(), phone.Registration{Registrar: r.uri()}) }()
	r.challenge()
	r.challenge()
	if err := <-done; !errors.Is(err, phone.ErrNotRegistered) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("the error is %v", err)
	}
}
