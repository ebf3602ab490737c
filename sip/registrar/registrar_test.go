package registrar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

func TestRegistrarTakesAPhone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.phone("anna", r.password, "udp 192.0.2.7:40000", "<sip:anna-0x1@10.0.0.5:5060>")
	if got := r.Admit(addr("192.0.2.7:40000")); got != wire.Guest {
		t.Errorf("before it registers its source is %s", got)
	}
	res := p.register("600")
	if res.Status() != wire.StatusOK || res.Header("Contact") != "<sip:anna-0x1@10.0.0.5:5060>;expires=120" {
		t.Fatalf("%d, Contact %q", res.Status(), res.Header("Contact"))
	}
	if got := r.ways("anna"); got != "anna-0x1@udp 192.0.2.7:40000" {
		t.Errorf("rung at %q", got)
	}
	if r.Admit(addr("192.0.2.7:41000")) != wire.Peer || r.Admit(addr("192.0.2.8:40000")) != wire.Guest {
		t.Error("its address, whatever the port, is a peer's; no other is")
	}
	if res = p.register("0"); res.Status() != wire.StatusOK || r.ways("anna") != "" || r.Admit(addr("192.0.2.7:40000")) != wire.Guest {
		t.Errorf("after it has unregistered: %d, %q", res.Status(), r.ways("anna"))
	}
	if len(r.refused) != 0 {
		t.Errorf("refused: %v", r.refused)
	}
}

func TestREGISTEROffersTheStrongestFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.phone("anna", r.password, "udp 192.0.2.7:1", "<sip:a@h>")
	res := r.answer(p.request(wire.REGISTER))
	list := res.Headers("WWW-Authenticate")
	if len(list) != 2 || !strings.Contains(list[0], "SHA-256") || !strings.Contains(list[1], "MD5") {
		t.Fatalf("challenges %q", list)
	}
	for _, one := range list { // a phone that knows only one of them
		req := p.request(wire.REGISTER)
		value, err := p.client.Authorize([]string{one}, wire.REGISTER, "sip:vahta.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := req.Set("Authorization", value); err != nil {
			t.Fatal(err)
		}
		if res := r.answer(req); res.Status() != wire.StatusOK {
			t.Errorf("%s: %d", one, res.Status())
		}
	}
}

// TestREGISTERTellsNobodyWhoExists: the answers are the same bytes but for the nonce.
func TestREGISTERTellsNobodyWhoExists(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	boris := r.account("boris")
	r.account("gone")
	if err := r.Provisioner().Revoke(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	if err := r.Provisioner().Add(t.Context(), "fresh", "fresh"); err != nil { // never set up
		t.Fatal(err)
	}
	nonce := regexp.MustCompile(`nonce="[^"]*"`)
	n := 0
	text := func(user, password string, header func(*wire.Request)) string {
		n++ // an address that failed before is known to be simple
		p := r.phone(user, password, fmt.Sprintf("udp 192.0.2.%d:1", n), "<sip:a@h>")
		p.callID = "same"
		req := p.request(wire.REGISTER)
		if password != "" {
			p.authorize(req, r.answer(req))
		}
		if header != nil {
			header(req)
		}
		res := r.answer(req)
		out := []string{res.Reason()}
		for _, h := range res.Headers("WWW-Authenticate") {
			out = append(out, nonce.ReplaceAllString(h, "nonce"))
		}
		for _, name := range []string{"Contact", "Min-Expires", "Retry-After", "Warning", "Server", "Date"} {
			out = append(out, res.Header(name))
		}
		return strings.Join(out, "\n")
	}
	want := text("anna", "", nil)
	if !strings.Contains(want, "Unauthorized") {
		t.Fatal(want)
	}
	for name, got := range map[string]string{
		"unknown, no credentials": text("nobody", "", nil),
		"known, wrong":            text("anna", "guess", nil),
		"unknown, wrong":          text("nobody", "guess", nil),
		"revoked":                 text("gone", "guess", nil),
		"never set up":            text("fresh", "guess", nil),
		"somebody else's phone":   text("anna", boris, func(q *wire.Request) { replay(t, q, "boris") }),
		"empty":                   text("", "guess", nil),
		"broken": text("anna", "x", func(q *wire.Request) {
			if err := q.Set("Authorization", `Digest username="anna`); err != nil {
				t.Error(err)
			}
		}),
		"contacts of a stranger": text("nobody", "guess", func(q *wire.Request) {
			if err := q.Set("Contact", "<broken"); err != nil {
				t.Error(err)
			}
		}),
	} {
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	if len(r.refused) < 6 {
		t.Errorf("only %d of the refusals were told: %v", len(r.refused), r.refused)
	}
}

// replay claims another user name.
func replay(t *testing.T, q *wire.Request, user string) {
	t.Helper()
	if err := q.Set("Authorization", strings.Replace(q.Header("Authorization"), `username="anna"`, `username="`+user+`"`, 1)); err != nil {
		t.Error(err)
	}
}

func TestREGISTERRightPasswordForAnothersAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.phone("anna", r.password, "udp 192.0.2.7:1", "<sip:a@h>")
	r.account("boris")
	to := wire.Header{Name: "To", Value: "<sip:boris@vahta.example>"}
	contact := wire.Header{Name: "Contact", Value: p.contact}
	req := p.request(wire.REGISTER, to, contact)
	p.authorize(req, r.answer(p.request(wire.REGISTER, to, contact)))
	if res := r.answer(req); res.Status() != wire.StatusUnauthorized || r.ways("boris") != "" || r.ways("anna") != "" {
		t.Errorf("%d, boris at %q", res.Status(), r.ways("boris"))
	}
	if len(r.refused) != 1 || r.refused[0].Why != WhyForeign {
		t.Errorf("told %v", r.refused)
	}
}

func TestREGISTERStaleNonce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.phone("anna", r.password, "udp 192.0.2.7:1", "<sip:a@h>")
	req := p.request(wire.REGISTER)
	p.authorize(req, r.answer(p.request(wire.REGISTER)))
	if res := r.answer(req); res.Status() != wire.StatusOK {
		t.Fatal(res.Status())
	}
	if res := r.answer(req); res.Status() != wire.StatusUnauthorized || !strings.Contains(res.Header("WWW-Authenticate"), "stale=true") {
		t.Errorf("a repeated answer: %d %s", res.Status(), res.Header("WWW-Authenticate"))
	}
	if len(r.refused) != 0 {
		t.Errorf("a stale nonce is no attack: %v", r.refused)
	}
}

func TestRegistrarConnectionCloses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.phone("anna", r.password, "tls 192.0.2.7:40000", `<sip:a@10.0.0.5>;+sip.instance="1"`).mustRegister()
	r.phone("anna", r.password, "udp 192.0.2.7:40000", `<sip:b@10.0.0.6>;+sip.instance="2"`).mustRegister()
	ways := r.Destinations("anna")
	if len(ways) != 2 || !ways[1].Flow.Kept && !ways[0].Flow.Kept {
		t.Fatalf("%q", r.ways("anna"))
	}
	r.FlowClosed(flow("tls 192.0.2.7:40000"))
	if got := r.ways("anna"); got != "b@udp 192.0.2.7:40000" {
		t.Errorf("after its connection has closed: %q", got)
	}
	for _, d := range ways {
		if err := d.Alive(t.Context()); (err == nil) != (d.Flow.Transport == wire.UDP) || err != nil && !errors.Is(err, ErrGone) {
			t.Errorf("%s: %v", d.Flow.Transport, err)
		}
	}
	r.FlowClosed(flow("udp 192.0.2.7:40000")) // there is no such thing
	if r.ways("anna") == "" {
		t.Error("a UDP phone is gone with a connection")
	}
}

func TestRegistrarRefreshMovesAPhoneThatRings(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.phone("anna", r.password, "udp 192.0.2.7:40000", `<sip:a@10.0.0.5>;+sip.instance="1"`)
	p.mustRegister()
	ringing := r.Destinations("anna")[0]
	if err := ringing.Alive(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.from, p.contact, p.callID = "tcp 198.51.100.9:7", `<sip:a9@10.9.9.9>;+sip.instance="1"`, "boot-2"
	p.mustRegister()
	moved, ok := errors.AsType[*MovedError](ringing.Alive(t.Context()))
	if !ok || moved.To.Flow.Remote != addr("198.51.100.9:7") || moved.To.URI.User != "a9" {
		t.Fatalf("moved %+v", moved)
	}
	if err := moved.To.Alive(t.Context()); err != nil {
		t.Error(err)
	}
	if got := r.ways("anna"); got != "a9@tcp 198.51.100.9:7" {
		t.Errorf("a dead binding is left: %q", got)
	}
}

func TestRegistrarRevocation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.phone("anna", r.password, "tcp 192.0.2.7:40000", "<sip:a@10.0.0.5>")
	p.mustRegister()
	ringing := r.Destinations("anna")[0]
	if err := r.Provisioner().Revoke(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	if err := ringing.Alive(t.Context()); !errors.Is(err, ErrGone) {
		t.Errorf("rung on: %v", err)
	}
	if r.ways("anna") != "" || r.Admit(addr("192.0.2.7:40000")) != wire.Guest {
		t.Error("it is still registered")
	}
	if res := p.register("60"); res.Status() != wire.StatusUnauthorized {
		t.Errorf("it registers: %d", res.Status())
	}
	in := &incoming{req: p.request(wire.INVITE)}
	if _, ok := r.Authenticate(in); ok || in.status != wire.StatusUnauthorized {
		t.Errorf("it calls: %d", in.status)
	}
}

func TestRegistrarNewSecretEndsTheOldPhone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.phone("anna", r.password, "udp 192.0.2.7:40000", "<sip:a@10.0.0.5>").mustRegister()
	s, err := r.Provisioner().Reveal(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	if got := r.ways("anna"); got != "" {
		t.Errorf("the lost phone is rung at %q", got)
	}
	r.phone("anna", s.Password, "udp 192.0.2.8:40000", "<sip:a@10.0.0.5>").mustRegister()
	if got := r.ways("anna"); got != "a@udp 192.0.2.8:40000" {
		t.Errorf("rung at %q", got)
	}
}

// incoming is an INVITE.
type incoming struct {
	req     *wire.Request
	status  int
	headers []wire.Header
}

func (in *incoming) Request() *wire.Request { return in.req }

func (in *incoming) Reject(status int, _ string, h ...wire.Header) {
	in.status, in.headers = status, h
}

func TestRegistrarAuthenticatesCalls(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.phone("anna", r.password, "udp 192.0.2.7:40000", "<sip:a@10.0.0.5>")
	p.mustRegister()
	call := func(headers ...wire.Header) (string, int) {
		t.Helper()
		first := &incoming{req: p.request(wire.INVITE, headers...)}
		if user, ok := r.Authenticate(first); ok {
			t.Fatalf("%s is let in without a password", user) // UDP sources are easily forged
		}
		if first.status != wire.StatusUnauthorized {
			return "", first.status
		}
		var challenges []string
		for _, h := range first.headers {
			challenges = append(challenges, h.Value)
		}
		second := &incoming{req: p.request(wire.INVITE, headers...)}
		value, err := p.client.Authorize(challenges, wire.INVITE, "sip:vahta.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := second.req.Set("Authorization", value); err != nil {
			t.Fatal(err)
		}
		user, _ := r.Authenticate(second)
		return user, second.status
	}
	foreign := wire.Header{Name: "From", Value: "<sip:boris@vahta.example>;tag=1"}
	if user, status := call(foreign); user != "" || status != wire.StatusForbidden {
		t.Errorf("in another's name: %q %d", user, status)
	}
	for range 3 {
		if user, status := call(); user != "anna" || status != 0 {
			t.Fatalf("%q %d", user, status)
		}
	}
	third := &incoming{req: p.request(wire.INVITE)}
	for range 2 {
		if !r.Take(third, "anna") {
			t.Fatalf("not even two at a time: %d", third.status)
		}
	}
	if r.Take(third, "anna") || third.status != wire.StatusTemporarilyUnavailable {
		t.Errorf("a third call at a time: %d", third.status)
	}
	r.Release("anna")
	if !r.Take(third, "anna") {
		t.Error("none after one has ended")
	}
	p.from, p.callID = "tls 192.0.2.7:50000", "tls"
	p.mustRegister()
	in := &incoming{req: p.request(wire.INVITE)}
	if user, ok := r.Authenticate(in); !ok || user != "anna" {
		t.Errorf("by the connection that registered: %q %d", user, in.status)
	}
	p.from = "tls 192.0.2.7:50001" // a neighbour's connection
	in = &incoming{req: p.request(wire.INVITE)}
	if _, ok := r.Authenticate(in); ok || in.status != wire.StatusUnauthorized {
		t.Errorf("by a connection that has not: %d", in.status)
	}
}

// TestNATKeepsTheWayOpen: OPTIONS leave each 25 to 30 s; a phone that goes is not rung, one that comes back is.
func TestNATKeepsTheWayOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = r.Run(ctx) })
		p := r.phone("anna", r.password, "udp 192.0.2.7:40000", "<sip:a@10.0.0.5>")
		for range 20 { // it registers again each minute
			p.mustRegister()
			time.Sleep(time.Minute) // of the bubble
		}
		last, most := time.Time{}, time.Duration(0)
		asked := r.net.take()
		for _, s := range asked {
			if !last.IsZero() {
				most = max(most, s.at.Sub(last))
			}
			last = s.at
		}
		if n := len(asked); n < 40 || most > 31*time.Second { // a REGISTER in between, which keeps the way open too, puts one off
			t.Errorf("%d OPTIONS in 20 min, at most %s apart", n, most)
		}
		p.mustRegister()
		time.Sleep(5 * time.Second)
		r.net.set(func(wire.Flow) error { return errMute })
		time.Sleep(55 * time.Second)
		if got := r.ways("anna"); got != "" {
			t.Errorf("a silent phone is rung at %q", got)
		}
		if s := r.Accounts()[0].Phones; len(s) != 1 || s[0].Alive != "silent" {
			t.Errorf("status %+v", s)
		}
		r.net.set(nil)
		time.Sleep(11 * time.Second)
		if got := r.ways("anna"); got == "" {
			t.Error("it is back and not rung")
		}
		time.Sleep(time.Minute)
		if got := len(r.Accounts()[0].Phones); got != 0 || r.countOwn() != 0 {
			t.Errorf("%d bindings live longer than they may", got)
		}
		cancel()
		running.Wait()
	})
}

func TestNATPhoneGoesWhileItRings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(wire.Flow) error
		asked  bool // it has answered an OPTIONS before
		limit  time.Duration
	}{
		"its network is lost":          {func(wire.Flow) error { return errMute }, true, 1500 * time.Millisecond},
		"its program has ended":        {func(wire.Flow) error { return wire.ErrUnreachable }, true, time.Second},
		"it never answers OPTIONS":     {func(wire.Flow) error { return errMute }, false, 0},
		"it answers with a refusal":    {nil, true, 0},
		"it never answered, and ended": {func(wire.Flow) error { return wire.ErrUnreachable }, false, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.phone("anna", r.password, "udp 192.0.2.7:40000", "<sip:a@10.0.0.5>").mustRegister()
				if c.asked {
					b := r.own["anna"][0]
					r.heard("anna", b.Ref, b.Flow(), true)
				}
				r.net.set(c.answer)
				d := r.Destinations("anna")[0]
				began := time.Now()
				var err error
				for err == nil && time.Since(began) < 10*time.Second {
					time.Sleep(WatchEvery) // of the bubble
					err = d.Alive(t.Context())
				}
				if took := time.Since(began); err != nil && (c.limit == 0 || took > c.limit) || err == nil && c.limit != 0 {
					t.Errorf("after %s: %v", took, err)
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestRegistrarRestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "phones.json")
	l := newLedger()
	keep := func(c *Config, d *Deps) { d.File, d.Ledger = file, l }
	run := func(r *rig, f func()) {
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = r.Run(ctx) })
		f()
		cancel()
		running.Wait()
	}
	first := newRig(t, keep)
	run(first, func() {
		first.phone("anna", first.password, "udp 192.0.2.7:40000", `<sip:a@10.0.0.5>;+sip.instance="1"`).mustRegister()
		first.phone("anna", first.password, "tcp 192.0.2.7:40000", `<sip:b@10.0.0.5>;+sip.instance="2"`).mustRegister()
	})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if bytes.Contains(text, []byte(first.password)) {
		t.Error("the file holds a password")
	}
	l.fail = errors.New("the record is away")
	second := newRig(t, keep)
	if got := second.ways("anna"); got != "a@udp 192.0.2.7:40000" {
		t.Errorf("after a restart: %q; the connection has not survived it", got)
	}
	second.password = first.password
	second.phone("anna", first.password, "udp 192.0.2.9:1", `<sip:c@10.0.0.5>;+sip.instance="3"`).mustRegister()

	l.fail = nil
	a := l.all["anna"]
	a.Revoked = time.Now()
	l.all["anna"] = a
	third := newRig(t, keep)
	if got := third.ways("anna"); got != "" {
		t.Errorf("revoked while the server was off, and rung at %q", got)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte("192.0.2.7"), []byte("192.0.2.6"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	l.fail = errors.New("the record is away")
	if got := newRig(t, keep).ways("anna"); got != "" {
		t.Errorf("a damaged file is believed: %q", got)
	}
}

// values are shared by the nodes of a test.
type values struct {
	mu  sync.Mutex
	all map[string][]byte
}

func (v *values) Put(_ context.Context, key string, value []byte, ttl time.Duration) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if ttl <= 0 || strings.Count(key, "/") != 1 {
		return errors.New("bad value")
	}
	v.all[key] = value
	return nil
}

func (v *values) All(_ context.Context, kind string) (map[string][]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := map[string][]byte{}
	for key, value := range v.all {
		if name, ok := strings.CutPrefix(key, kind+"/"); ok {
			list[name] = value
		}
	}
	return list, nil
}

func (v *values) Delete(_ context.Context, key string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.all, key)
	return nil
}

func TestRegistrarOfTwoNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared, l := &values{all: map[string][]byte{}}, newLedger()
		node := func(name string) *rig {
			return newRig(t, func(_ *Config, d *Deps) { d.Node, d.Values, d.Ledger = name, shared, l })
		}
		a := node("a")
		b := node("b")
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = a.Run(ctx) })
		running.Go(func() { _ = b.Run(ctx) })
		a.phone("anna", a.password, "udp 192.0.2.7:5060", `<sip:desk@192.0.2.7>;+sip.instance="1"`).mustRegister()
		a.phone("anna", a.password, "udp 198.51.100.7:40000", `<sip:nat@10.0.0.5>;+sip.instance="2"`).mustRegister()
		a.phone("anna", a.password, "tls 192.0.2.9:40000", `<sip:tls@192.0.2.9>;+sip.instance="3"`).mustRegister()
		time.Sleep(5 * time.Second)
		if got := b.ways("anna"); got != "desk@udp 192.0.2.7:5060" {
			t.Errorf("the other node rings %q, and can only reach the desk phone", got)
		}
		if n := len(b.Accounts()[0].Phones); n != 3 {
			t.Errorf("the other node knows of %d phones", n)
		}
		ringing := b.Destinations("anna")[0]
		if ringing.Flow.Local.IsValid() {
			t.Errorf("it is to leave by %s, a listener of the other node", ringing.Flow.Local)
		}
		if err := ringing.Alive(ctx); err != nil {
			t.Error(err)
		}
		if err := a.Provisioner().Revoke(ctx, "anna"); err != nil { // nothing is announced
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second)
		if err := ringing.Alive(ctx); !errors.Is(err, ErrGone) {
			t.Errorf("revoked at one node, rung on by the other: %v", err)
		}
		if got := b.ways("anna"); got != "" {
			t.Errorf("rung at %q", got)
		}
		cancel()
		running.Wait()
	})
}

func TestRegistrarMonth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config, _ *Deps) { c.Ping, c.Refresh = time.Minute, maxRefresh })
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = r.Run(ctx) })
		p := r.phone("anna", r.password, "udp 192.0.2.7:40000", "<sip:a@10.0.0.5>")
		days := 30
		if raced {
			days = 3
		}
		for range days * 24 * 60 * 60 / 100 {
			p.mustRegister()
			if r.ways("anna") == "" {
				t.Fatal("not to be rung")
			}
			time.Sleep(100 * time.Second)
			r.net.take()
		}
		time.Sleep(3 * time.Minute)
		if r.countOwn() != 0 || len(r.placed) != 0 {
			t.Error("something is left")
		}
		cancel()
		running.Wait()
	})
}
