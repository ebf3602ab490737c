package registrar

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ledger is a record in memory.
type ledger struct {
	mu   sync.Mutex
	all  map[string]Account
	fail error
	read int
}

func newLedger() *ledger { return &ledger{all: map[string]Account{}} }

func (l *ledger) PhoneAccounts(context.Context) ([]Account, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read++
	var list []Account
	for _, user := range slices.Sorted(maps.Keys(l.all)) {
		list = append(list, l.all[user])
	}
	return list, l.fail
}

func (l *ledger) reads() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.read
}

func (l *ledger) change(user string, f func(a Account, known bool) (Account, error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	was, known := l.all[user]
	is, err := f(was, known && was.Revoked.IsZero())
	if err == nil {
		l.all[user] = is
	}
	return err
}

func (l *ledger) AddPhone(_ context.Context, a Account) error {
	return l.change(a.User, func(_ Account, known bool) (Account, error) {
		if known {
			return a, ErrExists
		}
		return a, nil
	})
}

func (l *ledger) LinkPhone(_ context.Context, user, link string, until time.Time) error {
	return l.change(user, func(a Account, known bool) (Account, error) {
		if !known {
			return a, ErrNoAccount
		}
		a.Link, a.LinkUntil = link, until
		return a, nil
	})
}

func (l *ledger) SpendPhone(_ context.Context, is Account, link string, now time.Time) error {
	return l.change(is.User, func(a Account, known bool) (Account, error) {
		if !known || a.Link != link || !now.Before(a.LinkUntil) {
			return a, ErrLinkSpent
		}
		a.Realm, a.Version, a.HA1, a.Link = is.Realm, is.Version, is.HA1, ""
		return a, nil
	})
}

func (l *ledger) RevokePhone(_ context.Context, user string, now time.Time) error {
	return l.change(user, func(a Account, known bool) (Account, error) {
		if !known {
			return a, ErrNoAccount
		}
		a.Revoked, a.HA1 = now, nil
		return a, nil
	})
}

// network takes what a registrar sends and answers for the phones.
type network struct {
	mu     sync.Mutex
	n      int
	sent   []sent
	answer func(flow wire.Flow) error // nil = 200; errMute = nothing comes
}

type sent struct {
	at   time.Time
	flow wire.Flow
	uri  string
}

var errMute = fmt.Errorf("no answer")

func (n *network) Send(req *wire.Request, to wire.Flow, on func(wire.ClientEvent)) (*wire.ClientTx, error) {
	n.mu.Lock()
	n.sent = append(n.sent, sent{time.Now(), to, req.URI().String()})
	answer := n.answer
	n.mu.Unlock()
	var err error
	if answer != nil {
		err = answer(to)
	}
	switch {
	case err == nil:
		on(wire.ClientEvent{Response: wire.NewResponse(req, wire.StatusOK, "")})
	case !errors.Is(err, errMute):
		on(wire.ClientEvent{Err: err})
	}
	return nil, nil
}

// take returns what was sent and forgets it.
func (n *network) take() []sent {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.sent
	n.sent = nil
	return all
}

func (n *network) set(answer func(wire.Flow) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer = answer
}

func (n *network) NewTag() string { return n.next("tag") }

func (n *network) NewCallID() string { return n.next("call") }

func (n *network) next(s string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.n++
	return fmt.Sprint(s, n.n)
}

// rig is a registrar with one account, anna.
type rig struct {
	*Registrar
	t        *testing.T
	ledger   *ledger
	net      *network
	password string
	refused  []Refused
}

func newRig(t *testing.T, change ...func(*Config, *Deps)) *rig {
	t.Helper()
	r := &rig{t: t, ledger: newLedger(), net: &network{}}
	cfg := Default()
	cfg.Enabled = true
	deps := Deps{Ledger: r.ledger, Sender: r.net, Node: "a", Refused: func(x Refused) { r.refused = append(r.refused, x) }}
	for _, f := range change {
		f(&cfg, &deps)
	}
	if l, mine := deps.Ledger.(*ledger); mine {
		r.ledger = l
	}
	var err error
	if r.Registrar, err = New(cfg, deps); err != nil {
		t.Fatal(err)
	}
	if len(r.ledger.all) == 0 {
		r.account("anna")
	}
	r.Load(t.Context())
	return r
}

// account makes one that is set up and returns its password.
func (r *rig) account(user string) string {
	r.t.Helper()
	p := r.Provisioner()
	if err := p.Add(r.t.Context(), user, user); err != nil {
		r.t.Fatal(err)
	}
	s, err := p.Reveal(r.t.Context(), user)
	if err != nil {
		r.t.Fatal(err)
	}
	if user == "anna" {
		r.password = s.Password
	}
	return s.Password
}

// phone is a phone of an account as the registrar sees it.
type phone struct {
	r       *rig
	user    string
	from    string // flow
	contact string
	callID  string
	cseq    uint32
	client  *digest.Client
}

func (r *rig) phone(user, password, from, contact string) *phone {
	return &phone{
		r: r, user: user, from: from, contact: contact, callID: "boot-" + from,
		client: digest.NewClient(digest.Credentials{User: user, Password: password}, func(b []byte) { _, _ = rand.Read(b) }),
	}
}

// request makes one without credentials.
func (p *phone) request(method wire.Method, headers ...wire.Header) *wire.Request {
	p.r.t.Helper()
	return p.requestTo(wire.URI{Scheme: "sip", Host: "vahta.example"}, method, headers...)
}

func (p *phone) requestTo(uri wire.URI, method wire.Method, headers ...wire.Header) *wire.Request {
	p.r.t.Helper()
	p.cseq++
	req := wire.NewRequest(method, uri)
	req.Arrived(flow(p.from))
	address := "<sip:" + p.user + "@vahta.example>"
	for _, h := range append([]wire.Header{
		{Name: "Via", Value: "SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1;rport"},
		{Name: "From", Value: address + ";tag=1"},
		{Name: "To", Value: address},
		{Name: "Call-ID", Value: p.callID},
		{Name: "CSeq", Value: fmt.Sprintf("%d %s", p.cseq, method)},
		{Name: "User-Agent", Value: "test phone"},
	}, headers...) {
		if err := req.Set(h.Name, h.Value); err != nil {
			p.r.t.Fatal(err)
		}
	}
	return req
}

func (p *phone) authorize(req *wire.Request, res *wire.Response) {
	p.r.t.Helper()
	value, err := p.client.Authorize(res.Headers("WWW-Authenticate"), req.Method(), req.URI().String(), nil)
	if err != nil {
		p.r.t.Fatal(err)
	}
	if err := req.Set("Authorization", value); err != nil {
		p.r.t.Fatal(err)
	}
}

// register registers, answering the challenge, and returns the last answer.
func (p *phone) register(expires string) *wire.Response {
	p.r.t.Helper()
	headers := []wire.Header{{Name: "Contact", Value: p.contact}, {Name: "Expires", Value: expires}}
	res := p.r.answer(p.request(wire.REGISTER, headers...))
	if res.Status() != wire.StatusUnauthorized {
		p.r.t.Fatalf("without credentials: %d", res.Status())
	}
	req := p.request(wire.REGISTER, headers...)
	p.authorize(req, res)
	return p.r.answer(req)
}

func (p *phone) mustRegister() {
	p.r.t.Helper()
	if res := p.register("120"); res.Status() != wire.StatusOK {
		p.r.t.Fatalf("REGISTER of %s from %s: %d %s", p.user, p.from, res.Status(), strings.Join(res.Headers("WWW-Authenticate"), " | "))
	}
}

// ways are the ways to an account: where to, and by which URI.
func (r *rig) ways(account string) string {
	var list []string
	for _, d := range r.Destinations(account) {
		list = append(list, d.URI.User+"@"+string(d.Flow.Transport)+" "+d.Flow.Remote.String())
	}
	return strings.Join(list, ", ")
}

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
