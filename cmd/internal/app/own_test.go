package app_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/phone"
)

// Addresses of one loopback interface that are different parties: an operator is told from a phone by its address.
var (
	operatorAt   = netip.MustParseAddr("127.0.0.2")
	registeredAt = netip.MustParseAddr("127.0.0.5")
)

// startPhoneAt starts a scripted phone at an address of its own.
func startPhoneAt(tb testing.TB, at netip.Addr, name string, account phone.Account, a phone.Answer) *phone.Phone {
	tb.Helper()
	c := phone.Default()
	c.Name, c.Addr, c.Account = name, at, account
	p, stop, err := phone.Start(context.Background(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := stop(); err != nil {
			tb.Error(err)
		}
	})
	if err := p.Answer(a); err != nil {
		tb.Fatal(err)
	}
	return p
}

// ownRig is a line whose operator has an address of its own, so that phones on 127.0.0.1 are not taken for it; phones may
// register.
func ownRig(tb testing.TB, change func(*config.Config)) *rig {
	tb.Helper()
	client := startPhoneAt(tb, operatorAt, "client", phone.Account{}, phone.Answering(50*time.Millisecond, phone.Talk{Tone: 700}))
	cfg := base(tb, client)
	cfg.Trunks.Operators[0].Host = operatorAt.String()
	setUp, _ := registering(tb, "127.0.0.1", change)
	setUp(&cfg)
	return startRig(tb, cfg, client)
}

// engineer registers a scripted phone from an address that the configuration does not name.
func (r *rig) engineer(tb testing.TB, user, person string) *phone.Phone {
	tb.Helper()
	p := startPhoneAt(tb, registeredAt, user, phone.Account{User: user, Password: r.account(tb, user, person)}, phone.Ringing())
	if err := p.Register(tb.Context(), phone.Registration{Registrar: "sip:" + r.addr("udp").String()}); err != nil {
		tb.Fatal(err)
	}
	return p
}

// ownCall dials what an engineer dials on his phone.
func (r *rig) ownCall(tb testing.TB, p *phone.Phone, what string, o phone.Options) *phone.Session {
	tb.Helper()
	s, err := p.Dial(tb.Context(), "sip:"+what+"@"+r.addr("udp").String(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// refusedWith waits for a refusal and returns its status.
func refusedWith(tb testing.TB, s *phone.Session) int {
	tb.Helper()
	return wait(tb, s, phone.Refused).Status
}

// events counts the security events of a kind.
func (r *rig) securityEvents(kind guard.Kind) (n int) {
	for _, e := range r.app.Guard().Last() {
		if e.Kind == kind {
			n += e.Times
		}
	}
	return n
}

// both waits until each of two parties hears the other's tone.
func both(tb testing.TB, a *phone.Session, fromB float64, b *phone.Session, fromA float64) {
	tb.Helper()
	if err := a.WaitHeard(within(tb), fromB, 200*time.Millisecond); err != nil {
		tb.Errorf("the caller does not hear: %v\n%s", err, a.Trace())
	}
	if err := b.WaitHeard(within(tb), fromA, 200*time.Millisecond); err != nil {
		tb.Errorf("the callee does not hear: %v\n%s", err, b.Trace())
	}
}

// TestOwnCallThroughAnOperator: an engineer's phone, registered or configured, dials an allowed prefix. Our number is shown, the
// budget counts, nothing is recorded and there is no ticket.
func TestOwnCallThroughAnOperator(t *testing.T) {
	t.Parallel()
	r := ownRig(t, nil)
	l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
	for i, from := range []*phone.Phone{r.engineer(t, "anna", l.people[0]), startPhone(t, "desk", "udp", phone.Answer{})} {
		s := r.ownCall(t, from, "89161234567", phone.Options{Talk: phone.Talk{Tone: 440}})
		wait(t, s, phone.Rang)
		wait(t, s, phone.Answered)
		client := incoming(t, r.client, i+1)
		if got := client.Request().From().URI.User; got != "+74957770000" {
			t.Errorf("the operator is shown %q", got)
		}
		if got := client.Request().URI().User; got != "+79161234567" {
			t.Errorf("the operator is asked for %q", got)
		}
		both(t, s, 700, client, 440)
		if n := r.app.Guard().Status().Minutes; n != float64(i+1) {
			t.Errorf("%v minutes of the day are used, want %d", n, i+1)
		}
		s.Hangup()
		wait(t, client, phone.Ended)
	}
	r.empty()
	if list, err := r.app.Dispatcher().ListCalls(t.Context(), dispatch.CallFilter{}); err != nil || len(list) > 0 {
		t.Errorf("calls on record: %d, %v", len(list), err)
	}
	if len(l.tickets()) > 0 {
		t.Error("an own call is a ticket")
	}
}

// TestOwnCallToAColleague: by id, account or number; his devices ring in order. What the network plays is heard.
func TestOwnCallToAColleague(t *testing.T) {
	t.Parallel()
	r := ownRig(t, nil)
	anna := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
	caller := r.engineer(t, "anna", anna.people[0])
	deaf := startPhone(t, "boris", "udp", phone.Refusing(480))
	boris := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, URI: deaf.URI()})
	r.mu.Lock()
	who := slices.IndexFunc(r.cfg.People, func(p oncall.Person) bool { return p.ID == boris.people[0] })
	r.cfg.People[who].Devices = append(r.cfg.People[who].Devices, oncall.Device{Kind: oncall.Mobile, Number: "+7 921 000-00-02"})
	err := r.reload()
	r.mu.Unlock()
	r.must(err)
	early := phone.Answering(1500*time.Millisecond, phone.Talk{Tone: 700})
	early.Early = true
	r.must(r.client.Answer(early))
	for i, dialled := range []string{boris.people[0], "+79210000002"} {
		s := r.ownCall(t, caller, dialled, phone.Options{Talk: phone.Talk{Tone: 440}})
		wait(t, s, phone.EarlyMedia)
		refused := incoming(t, deaf, i+1)
		wait(t, refused, phone.Refused)
		if got := refused.Request().From().URI.User; got != "anna" {
			t.Errorf("a colleague is shown %q", got)
		}
		wait(t, s, phone.Answered)
		client := incoming(t, r.client, i+1)
		if got := client.Request().URI().User; got != "+79210000002" {
			t.Errorf("%s: the operator is asked for %q", dialled, got)
		}
		both(t, s, 700, client, 440)
		client.Hangup()
		wait(t, s, phone.Ended)
	}
	// By account: the phone that registers is busy with nobody and rings.
	desk := startPhone(t, "desk", "udp", phone.Answer{})
	s := r.ownCall(t, desk, "anna", phone.Options{})
	wait(t, incoming(t, caller, 1), phone.Rang)
	s.Hangup()
	if got := refusedWith(t, r.ownCall(t, desk, "zoya", phone.Options{})); got != 404 {
		t.Errorf("a name that nobody has is answered %d", got)
	}
	r.must(r.client.Answer(phone.Refusing(486)))
	if got := refusedWith(t, r.ownCall(t, desk, "+79210000009", phone.Options{})); got != 486 {
		t.Errorf("a busy number is answered %d", got)
	}
	r.empty()
}

// TestOwnCallWithOneLine: with one hotline, which takes what no other takes from operators, an engineer's phone reaches it by
// what it lists alone; numbers and colleagues are own calls, and a name that nobody has is nothing to an account.
func TestOwnCallWithOneLine(t *testing.T) {
	t.Parallel()
	r := ownRig(t, nil)
	l := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
	anna := r.engineer(t, "anna", l.people[0])
	r.mu.Lock()
	for _, line := range r.cfg.Lines {
		if line.ID == l.id {
			line.DIDs = []string{"+78120000000", "hotline"}
			r.cfg.Lines = []dispatch.Line{line}
			break
		}
	}
	err := r.reload()
	r.mu.Unlock()
	r.must(err)
	for i, from := range []*phone.Phone{anna, startPhone(t, "desk", "udp", phone.Answer{})} {
		s := r.ownCall(t, from, "89161234567", phone.Options{})
		wait(t, s, phone.Answered)
		if got := incoming(t, r.client, i+1).Request().URI().User; got != "+79161234567" {
			t.Errorf("the operator is asked for %q", got)
		}
		s.Hangup()
		wait(t, s, phone.Ended)
	}
	if got := refusedWith(t, r.ownCall(t, anna, "zoya", phone.Options{})); got != 404 {
		t.Errorf("a name that nobody has is answered %d", got)
	}
	if n := len(l.tickets()); n > 0 {
		t.Errorf("%d tickets of own calls", n)
	}
	desk := startPhone(t, "client's", "udp", phone.Answer{})
	for i, call := range []func() *phone.Session{
		func() *phone.Session { return r.ownCall(t, anna, "hotline", phone.Options{}) },
		func() *phone.Session { return r.ownCall(t, desk, "88120000000", phone.Options{}) },
		func() *phone.Session { return r.ownCall(t, desk, "emergency", phone.Options{}) },
		func() *phone.Session { return r.dialFromOperator(t, "+74950000000") },
	} {
		s := call()
		wait(t, s, phone.Rang)
		until(t, fmt.Sprintf("call %d is the hotline's", i+1), func() bool {
			list, err := r.app.Dispatcher().ListCalls(t.Context(), dispatch.CallFilter{})
			return err == nil && len(list) == i+1
		})
		s.Hangup()
	}
	for _, tk := range l.tickets() {
		l.close(tk)
	}
	r.empty()
}

// TestOwnRefusalIsToldOnce: however many operators there are, and with the phone's address.
func TestOwnRefusalIsToldOnce(t *testing.T) {
	t.Parallel()
	f := newFraud(t, nil)
	anna := f.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
	if got := refusedWith(t, f.ownCall(t, f.engineer(t, "anna", anna.people[0]), "+78091234567", phone.Options{})); got != 403 {
		t.Errorf("a premium number is answered %d", got)
	}
	f.told(t, guard.TollRefused, 0, 1)
	if n := f.securityEvents(guard.TollRefused); n != 1 {
		t.Errorf("it is told %d times", n)
	}
	for _, e := range f.app.Guard().Last() {
		if e.Kind == guard.TollRefused && (e.Source != registeredAt || e.Account != "anna") {
			t.Errorf("it is told of %v, account %q", e.Source, e.Account)
		}
	}
	f.nothingLeft(t)
}

// TestOwnCallsAreLimited: two of one account at once; the stop and a spent budget refuse them at once, and paging goes on.
func TestOwnCallsAreLimited(t *testing.T) {
	t.Parallel()
	r := ownRig(t, func(c *config.Config) {
		c.Toll.DayMinutes, c.Toll.Reserve = 6, 50
		c.Phones.MaxCalls = 9
	})
	mobile := r.lineOf(t, nil, oncall.Device{Kind: oncall.Mobile, Number: "+79210000001"})
	anna := r.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
	p := r.engineer(t, "anna", anna.people[0])
	var talks []*phone.Session
	for range 2 {
		s := r.ownCall(t, p, "+79161234567", phone.Options{})
		wait(t, s, phone.Answered)
		talks = append(talks, s)
	}
	if got := refusedWith(t, r.ownCall(t, p, "+79161234567", phone.Options{})); got != 403 {
		t.Errorf("the third call of a phone is answered %d", got)
	}
	r.logged("security event", "account_limit")
	// One minute of three is left: the stop refuses it, and without the stop it goes to whoever asks first.
	r.app.Guard().Stop(guard.StopOthers, "test")
	desk := startPhone(t, "desk", "udp", phone.Answer{})
	if got := refusedWith(t, r.ownCall(t, desk, "+79161234567", phone.Options{})); got != 403 {
		t.Errorf("a call under the stop is answered %d", got)
	}
	r.app.Guard().Stop(guard.StopNone, "test")
	last := r.ownCall(t, desk, "+79161234567", phone.Options{})
	wait(t, last, phone.Answered)
	if got := refusedWith(t, r.ownCall(t, desk, "+79161234567", phone.Options{})); got != 403 {
		t.Errorf("a call over the budget is answered %d", got)
	}
	r.logged("security event", "budget_spent")
	r.logged("security event", "toll_exceeded")
	for _, s := range append(talks, last) {
		s.Hangup()
		wait(t, s, phone.Ended)
	}
	n := len(r.client.Sessions())
	caller := r.dialFromOperator(t, mobile.id)
	page := incoming(t, r.client, n+1)
	if got := page.Request().URI().User; got != "+79210000001" {
		t.Errorf("paging rings %q", got)
	}
	caller.Hangup()
	wait(t, caller, phone.Ended)
	mobile.event("call_ended", 1)
	for _, tk := range mobile.tickets() {
		mobile.close(tk)
	}
}

// dialFromOperator calls a line of ours from the operator's address.
func (r *rig) dialFromOperator(tb testing.TB, line string) *phone.Session {
	tb.Helper()
	s, err := r.client.Dial(tb.Context(), "sip:"+line+"@"+r.addr("udp").String(), phone.Options{From: "+79160001122"})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
