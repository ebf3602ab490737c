package app_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
)

// dear are numbers that fraud would dial: premium and shared cost, abroad, satellites, and for an operator's caller any number.
func dear() []string {
	return []string{"+78091234567", "88031234567", "+4915112345678", "810442071234567", "+881612345678", "+19005551234", "+979012345678"}
}

// fraud is a line with two operators, both of which note every INVITE that leaves.
type fraud struct {
	*rig
	op, other *siptest.UA
}

// mobileOfDuty is the only number on the roster.
const mobileOfDuty = "+79210000001"

func newFraud(tb testing.TB, change func(*config.Config)) *fraud {
	tb.Helper()
	f := &fraud{}
	people := startPhoneAt(tb, operatorAt, "client", phone.Account{}, phone.Answer{})
	cfg := base(tb, people)
	for name, ua := range map[string]**siptest.UA{"127.0.0.2": &f.op, "127.0.0.4": &f.other} {
		*ua = siptest.NewUA(tb, siptest.UAConfig{User: "operator", Addr: netip.MustParseAddr(name)})
	}
	cfg.Trunks.Operators = []trunk.Operator{
		{Name: "op", Host: "127.0.0.2", Port: int(f.op.Addr().Port()), Number: "+74957770000", NoOptions: true},
		{Name: "other", Host: "127.0.0.4", Port: int(f.other.Addr().Port()), Number: "+74957770001", NoOptions: true},
	}
	setUp, _ := registering(tb, "127.0.0.1", change)
	setUp(&cfg)
	f.rig = startRig(tb, cfg, people)
	f.op.SetPeer(f.addr("udp"))
	f.other.SetPeer(f.addr("udp"))
	return f
}

// left are the numbers that INVITEs have left for.
func (f *fraud) left() (numbers []string) {
	for _, ua := range []*siptest.UA{f.op, f.other} {
		ua.Ping()
		ua.Seen(func(m *siptest.Message) bool {
			if m.Is("INVITE") {
				user, _, _ := strings.Cut(strings.TrimPrefix(m.URI, "sip:"), "@")
				numbers = append(numbers, user)
			}
			return false
		})
	}
	return numbers
}

// nothingLeft fails when an INVITE has left for anything but the roster.
func (f *fraud) nothingLeft(tb testing.TB) {
	tb.Helper()
	for _, n := range f.left() {
		if n != mobileOfDuty {
			tb.Errorf("an INVITE has left for %s", n)
		}
	}
}

// told waits until a kind of security event has come n times more than before.
func (f *fraud) told(tb testing.TB, kind guard.Kind, before, n int) {
	tb.Helper()
	until(tb, fmt.Sprintf("%d security events %s", n, kind), func() bool { return f.securityEvents(kind) >= before+n })
}

// uri is how an attacker asks for a number.
func (f *fraud) uri(number string) string { return "sip:" + number + "@" + f.addr("udp").String() }

// TestFraudMatrix: whatever is tried, no INVITE leaves for a number that is not ours to dial, and somebody is told.
func TestFraudMatrix(t *testing.T) { //nolint:tparallel // one line, one attack after another
	t.Parallel()
	f := newFraud(t, nil)
	for _, attack := range []struct {
		name string
		run  func(*testing.T, *fraud)
	}{
		{"INVITE of an unknown source", attackByStranger},
		{"INVITE of an operator", attackByOperator},
		{"INVITE of an engineer's phone", attackByPhone},
		{"another's identity", attackByIdentity},
		{"302 of an engineer's phone", attackByPhones302},
		{"302 of an operator", attackByOperators302},
		{"call-back", attackByCallBack},
		{"REFER and Replaces", attackByTransfer},
		{"dropped calls", attackByDroppedCalls},
	} {
		t.Run(attack.name, func(t *testing.T) { //nolint:paralleltest // see above
			attack.run(t, f)
			f.nothingLeft(t)
		})
	}
}

// attackByStranger: a source that may only register hears nothing at all.
func attackByStranger(t *testing.T, f *fraud) {
	t.Helper()
	before := f.securityEvents(guard.FailedACL)
	stranger := siptest.NewUA(t, siptest.UAConfig{User: "100", Addr: netip.MustParseAddr("127.0.0.9"), Peer: f.addr("udp")})
	for _, n := range append(dear(), "+79161234567", "first", "") {
		stranger.NewCall(f.uri(n)).Invite(siptest.NewRTP(t).SDP())
	}
	f.told(t, guard.FailedACL, before, 1)
	if n := stranger.Seen(func(*siptest.Message) bool { return true }); n > 0 {
		t.Errorf("a stranger heard %d messages\n%s", n, stranger.Trace())
	}
}

// attackByOperator: what is no line of ours is 404, whoever would pay for it; an allowed prefix is none for operators.
func attackByOperator(t *testing.T, f *fraud) {
	t.Helper()
	before := f.securityEvents(guard.TollRefused)
	asked := append(dear(), "+79161234567", mobileOfDuty)
	for _, n := range asked {
		call := f.op.NewCall(f.uri(n))
		call.Invite(siptest.NewRTP(t).SDP())
		call.Ack(f.op.ExpectStatus(404, "INVITE"))
	}
	through := f.op.NewCall("sip:+79161234567@" + f.other.Addr().String()) // the other operator's own address
	through.Invite(siptest.NewRTP(t).SDP(), "Route: <sip:"+f.addr("udp").String()+";lr>,<sip:"+f.other.Addr().String()+";lr>")
	through.Ack(f.op.ExpectStatus(404, "INVITE"))
	f.told(t, guard.TollRefused, before, len(asked)+1)
}

// attackByPhone: a phone of ours, or who has stolen it, gets 403.
func attackByPhone(t *testing.T, f *fraud) {
	t.Helper()
	before := f.securityEvents(guard.TollRefused)
	desk := startPhone(t, "desk", "udp", phone.Answer{})
	for _, n := range append(dear(), "112", "+7916123456700") {
		if got := refusedWith(t, f.ownCall(t, desk, n, phone.Options{})); got != 403 {
			t.Errorf("%s is answered %d", n, got)
		}
	}
	f.told(t, guard.TollRefused, before, len(dear())+2)
}

// attackByIdentity: who lies about himself gains nothing by it. Two identities are none, however they are smuggled in.
func attackByIdentity(t *testing.T, f *fraud) {
	t.Helper()
	l := f.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "anna"})
	anna := f.engineer(t, "anna", l.people[0])
	before := f.securityEvents(guard.BadIdentity)
	for _, from := range []string{"boris", "+78091234567"} {
		if got := refusedWith(t, f.ownCall(t, anna, "+79161234567", phone.Options{From: from})); got != 403 {
			t.Errorf("a phone that says it is %s is answered %d", from, got)
		}
	}
	f.told(t, guard.BadIdentity, before, 2)
	const one, two = "<sip:+78091234567@a>", "<sip:+78097654321@b>"
	for _, forged := range [][]string{
		{"P-Asserted-Identity: " + one, "P-Asserted-Identity: " + two},
		{"P-Asserted-Identity: " + one + ", " + two},
		{"P-Asserted-Identity :" + one, "p-aSSERTED-identity\t: " + two},
		{"P-Asserted-Identity:\r\n " + one + ",\r\n\t" + two},
		{"X: a\r\nP-Asserted-Identity: " + one + "\r\nP-Asserted-Identity:" + two},
	} {
		call := f.op.NewCall(f.uri(l.id))
		call.Invite(siptest.NewRTP(t).SDP(), forged...)
		f.op.Expect(func(m *siptest.Message) bool { return m.CallID() == call.CallID && m.Status >= 180 })
		for _, c := range f.app.Engine().Calls() {
			if in := c.Info(); in.CallID == call.CallID && (in.Inbound.Asserted || in.Inbound.Caller == "+78091234567") {
				t.Errorf("%q is believed: %+v", forged, in.Inbound)
			}
		}
		call.Cancel()
		call.Ack(f.op.Expect(func(m *siptest.Message) bool { return m.CallID() == call.CallID && m.Answers(487, "INVITE") }))
	}
	f.closeAll(t, l)
}

// closeAll ends the tickets of a line, and with them their pages.
func (f *fraud) closeAll(t *testing.T, l *line) {
	t.Helper()
	l.noLegLeft()
	for _, tk := range l.tickets() {
		l.close(tk)
	}
}

// attackByPhones302: a phone that forwards its calls does so without us.
func attackByPhones302(t *testing.T, f *fraud) {
	t.Helper()
	before := f.securityEvents(guard.Redirected)
	engineer := siptest.NewUA(t, siptest.UAConfig{User: "engineer", Peer: f.addr("udp")})
	l := f.line(t, nil, engineer.URI())
	caller := f.dialFromOperator(t, l.id)
	invite := engineer.ExpectRequest("INVITE")
	engineer.Received(invite).Answer(302, "Moved", "", "Contact: <sip:+78091234567@"+f.op.Addr().String()+">")
	engineer.ExpectRequest("ACK")
	f.told(t, guard.Redirected, before, 1)
	caller.Hangup()
	wait(t, caller, phone.Ended)
	f.closeAll(t, l)
}

// attackByOperators302: nor does an operator send a page elsewhere.
func attackByOperators302(t *testing.T, f *fraud) {
	t.Helper()
	before := f.securityEvents(guard.Redirected)
	l := f.lineOf(t, nil, oncall.Device{Kind: oncall.Mobile, Number: mobileOfDuty})
	caller := f.dialFromOperator(t, l.id)
	for _, ua := range []*siptest.UA{f.op, f.other} {
		invite := ua.ExpectRequest("INVITE")
		ua.Received(invite).Answer(302, "Moved", "", "Contact: <sip:+78091234567@"+f.other.Addr().String()+">;q=1")
		ua.ExpectRequest("ACK")
		if ua == f.op { // the person has declined by that: the other operator is not asked
			break
		}
	}
	f.told(t, guard.Redirected, before, 1)
	caller.Hangup()
	wait(t, caller, phone.Ended)
	f.closeAll(t, l)
}

// attackByCallBack: a client's number that costs is not rung back, whoever asks for it.
func attackByCallBack(t *testing.T, f *fraud) {
	t.Helper()
	before := f.securityEvents(guard.TollRefused)
	engineer := startPhone(t, "engineer", "udp", accepting())
	l := f.line(t, nil, engineer.URI())
	for i, n := range []client.Number{"+78091234567", "+4915112345678", "+881612345678"} {
		until(t, "he is free to be rung", func() bool {
			_, err := f.app.Hotline().CallBack(t.Context(), dispatch.Ref{ID: "t", Number: "VH-1"}, l.people[0], n)
			return err == nil
		})
		wait(t, incoming(t, engineer, i+1), phone.Ended)
	}
	f.told(t, guard.TollRefused, before, 3)
}

// attackByTransfer: REFER is declined, and an INVITE that would replace a call replaces none.
func attackByTransfer(t *testing.T, f *fraud) {
	t.Helper()
	before := f.securityEvents(guard.TransferRefused)
	f.op.Send("REFER sip:first@[peer] SIP/2.0\nVia: SIP/2.0/UDP [local];branch=[branch];rport\nMax-Forwards: 70\nFrom: <sip:a@[local]>;tag=[tag]\n" +
		"To: <sip:first@[peer]>\nCall-ID: [call_id]\nCSeq: [cseq] REFER\nContact: <sip:a@[local]>\nRefer-To: <sip:+78091234567@[local]>\nContent-Length: 0\n\n")
	f.op.ExpectStatus(603, "REFER")
	call := f.op.NewCall(f.uri("+78091234567"))
	call.Invite(siptest.NewRTP(t).SDP(), "Replaces: 12345@x;to-tag=1;from-tag=2")
	call.Ack(f.op.ExpectStatus(404, "INVITE"))
	call = f.op.NewCall(f.uri("first"))
	call.Invite(siptest.NewRTP(t).SDP(), "Require: replaces", "Replaces: 12345@x;to-tag=1;from-tag=2")
	call.Ack(f.op.ExpectStatus(420, "INVITE"))
	f.told(t, guard.TransferRefused, before, 2)
}

// attackByDroppedCalls: a thousand callers with premium numbers ring and hang up. None is rung back; each is a ticket, or a
// refusal that was counted and told in the log.
func attackByDroppedCalls(t *testing.T, f *fraud) {
	t.Helper()
	calls := 1000
	if testing.Short() {
		calls = 100
	}
	l := f.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, URI: "sip:off@127.0.0.1:9"})
	pump := siptest.NewUA(t, siptest.UAConfig{User: "pump", Addr: operatorAt, Peer: f.addr("udp")})
	refused := 0
	for i := range calls {
		call := pump.NewCall(f.uri(l.id))
		call.LocalAddr = fmt.Sprintf("<sip:+7809%07d@127.0.0.2>", i)
		call.Invite(siptest.NewRTP(t).SDP())
		first := pump.Expect(func(m *siptest.Message) bool { return m.CallID() == call.CallID && m.Status >= 180 })
		if first.Status >= 300 {
			call.Ack(first)
			refused++
			continue
		}
		call.Cancel()
		call.Ack(pump.Expect(func(m *siptest.Message) bool {
			return m.CallID() == call.CallID && m.Status >= 200 && !m.Answers(200, "CANCEL")
		}))
	}
	until(t, "all of them are on record", func() bool { return len(l.tickets())+refused >= calls })
	if refused > 0 {
		f.logged("new calls are refused")
	}
	for _, tk := range l.tickets() {
		if !strings.HasPrefix(string(tk.Caller), "+7809") {
			t.Errorf("a ticket of %q", tk.Caller)
		}
		l.close(tk)
	}
}

// TestFraudFromNowhere: where no phone registers, strangers hear nothing of any kind, and one event a minute tells of them.
func TestFraudFromNowhere(t *testing.T) {
	t.Parallel()
	f := newFraud(t, func(c *config.Config) { c.Phones.Enabled = false })
	stranger := siptest.NewUA(t, siptest.UAConfig{User: "100", Addr: netip.MustParseAddr("127.0.0.9"), Peer: f.addr("udp")})
	for range 100 {
		for _, method := range []string{"INVITE", "REGISTER", "OPTIONS", "REFER"} {
			stranger.Send(method + " sip:+78091234567@[peer] SIP/2.0\nVia: SIP/2.0/UDP [local];branch=[branch];rport\nMax-Forwards: 70\n" +
				"From: <sip:a@[local]>;tag=[tag]\nTo: <sip:b@[peer]>\nCall-ID: [call_id]\nCSeq: [cseq] " + method + "\nContent-Length: 0\n\n")
		}
	}
	until(t, "all were dropped", func() bool { return f.figure("vahta_sip_refused_total") >= 400 })
	if n := f.securityEvents(guard.FailedACL); n != 1 {
		t.Errorf("%d events of strangers within a minute, want one", n)
	}
	if n := stranger.Seen(func(*siptest.Message) bool { return true }); n > 0 {
		t.Errorf("a stranger heard %d messages\n%s", n, stranger.Trace())
	}
	f.nothingLeft(t)
}

// TestFraudDigestLeak: an operator's challenge to the INVITE is answered; one to a re-INVITE or BYE is not, since whoever asks in
// the middle of a call wants the answer and not the call.
func TestFraudDigestLeak(t *testing.T) {
	t.Parallel()
	f := newFraud(t, func(c *config.Config) {
		c.Trunks.Operators[0].Auth = trunk.Auth{User: "vahta", Password: "secret"}
		c.Calls.OneWay = 200 * time.Millisecond // an early re-INVITE of ours
	})
	const challenge = `WWW-Authenticate: Digest realm="op", nonce="n1", algorithm=MD5, qop="auth"`
	desk := startPhone(t, "desk", "udp", phone.Answer{})
	s := f.ownCall(t, desk, "+79161234567", phone.Options{Talk: phone.Talk{Tone: 440}})
	invite := f.op.ExpectRequest("INVITE")
	f.op.Received(invite).Answer(401, "Unauthorized", "", challenge)
	f.op.ExpectRequest("ACK")
	again := f.op.ExpectRequest("INVITE")
	if again.Get("Authorization") == "" {
		t.Fatal("the operator's challenge is not answered")
	}
	callee := f.op.Received(again)
	callee.Answer(200, "OK", siptest.NewRTP(t).SDP()) // which sends nothing
	f.op.ExpectRequest("ACK")
	wait(t, s, phone.Answered)
	f.op.Answer(f.op.Expect(func(m *siptest.Message) bool { return m.Is("INVITE") && m.ToTag() != "" }), 401, "Unauthorized",
		siptest.Reply{Headers: []string{strings.Replace(challenge, "n1", "n2", 1)}})
	s.Hangup()
	f.op.Answer(f.op.ExpectRequest("BYE"), 401, "Unauthorized", siptest.Reply{Headers: []string{strings.Replace(challenge, "n1", "n3", 1)}})
	wait(t, s, phone.Ended)
	f.empty()
	leaked := f.op.Seen(func(m *siptest.Message) bool {
		return m.ToTag() != "" && !m.Is("ACK") && (m.Get("Authorization") != "" || m.Get("Proxy-Authorization") != "")
	})
	if leaked > 0 {
		t.Errorf("%d requests within the call carry a password's answer\n%s", leaked, f.op.Trace())
	}
}

// TestFraudSoundGoesNowhere: who names a place in our network, or everybody, as where his sound goes gets none: no packet leaves
// for it though the call is taken and the engineer speaks.
func TestFraudSoundGoesNowhere(t *testing.T) {
	t.Parallel()
	f := newFraud(t, nil)
	l := f.line(t, nil, startPhone(t, "engineer", "udp", accepting()).URI())
	for _, where := range []string{"239.1.1.1", "255.255.255.255"} {
		call := f.op.NewCall(f.uri(l.id))
		call.Invite(strings.ReplaceAll(siptest.NewRTP(t).SDP(), "IP4 127.0.0.1", "IP4 "+where))
		call.Ack(f.op.ExpectStatus(488, "INVITE"))
	}
	call := f.op.NewCall(f.uri(l.id))
	call.Invite(strings.ReplaceAll(siptest.NewRTP(t).SDP(), "IP4 127.0.0.1", "IP4 169.254.169.254"))
	ok := f.op.ExpectStatus(200, "INVITE")
	call.Learn(ok).Ack(ok)
	until(t, "the engineer has spoken for a second", func() bool {
		for _, c := range f.app.Engine().Calls() {
			legs := make(chan []b2bua.LegDetail, 1)
			if c.Info().CallID != call.CallID || !c.Post(func() { legs <- c.Detail().Legs }) {
				continue
			}
			for _, leg := range <-legs {
				if leg.Name == "caller" && (leg.Quality.Out.Packets > 0 || leg.Quality.Remote.IsValid()) {
					t.Fatalf("%d packets were sent to %s", leg.Quality.Out.Packets, leg.Quality.Remote)
				}
				if leg.Name != "caller" && leg.Quality.In.Packets > 50 {
					return true
				}
			}
		}
		return false
	})
	call.Bye()
	f.op.ExpectStatus(200, "BYE")
	f.closeAll(t, l)
}
