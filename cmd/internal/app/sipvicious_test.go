package app_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/siptest"
)

// TestFraudSipvicious: Debian's sipvicious finds nothing, tells no account from none, and gets a few answers for ten
// thousand guesses; an operator's call is taken meanwhile.
func TestFraudSipvicious(t *testing.T) { //nolint:paralleltest // the tools keep their sessions under $HOME
	deskAt := netip.MustParseAddr("127.0.0.6")
	desk := startPhoneAt(t, deskAt, "desk", phone.Account{}, phone.Ringing())
	f := newFraud(t, func(c *config.Config) { c.People[0].Devices[0].URI = "sip:nobody@127.0.0.200" }) // 127.0.0.1, where the tools are, is a stranger
	l := f.line(t, nil, desk.URI())
	f.account(t, "100", l.people[0])
	at := f.addr("udp")
	for _, a := range []struct {
		tool string
		args []string
		bad  string // what it prints when it has found something
	}{
		{"svmap", nil, at.String()},
		{"svmap", []string{"-m", "INVITE", "-e", "100"}, at.String()},
		{"svwar", []string{"--force", "-m", "REGISTER", "-e", "90-110", "--maximumtime", "20"}, "| 1"},
		{"svwar", []string{"--force", "-m", "INVITE", "-e", "90-110", "--maximumtime", "20"}, "| 1"},
		{"svcrack", []string{"-u", "100", "-r", "1-9999", "--maximumtime", "20"}, "| 100"},
	} {
		before := f.figure("vahta_sip_responses_sent_total")
		out := siptest.Sipvicious(t, a.tool, at, a.args...)
		answered := f.figure("vahta_sip_responses_sent_total") - before
		t.Logf("%s %s: %v answers\n%.2000s", a.tool, strings.Join(a.args, " "), answered, out)
		if strings.Contains(out, a.bad) {
			t.Errorf("%s %v has found something", a.tool, a.args)
		}
		if answered > 100 {
			t.Errorf("%s %v got %v answers", a.tool, a.args, answered)
		}
		call := f.op.NewCall(f.uri(l.id))
		call.Invite(siptest.NewRTP(t).SDP())
		f.op.Expect(func(m *siptest.Message) bool { return m.CallID() == call.CallID && m.Status >= 180 })
		call.Cancel()
		call.Ack(f.op.Expect(func(m *siptest.Message) bool { return m.CallID() == call.CallID && m.Answers(487, "INVITE") }))
	}
	for _, kind := range []guard.Kind{guard.FailedACL, guard.ChallengeFailed} {
		if f.securityEvents(kind) == 0 {
			t.Errorf("no security event %s tells of the tools", kind)
		}
	}
	f.closeAll(t, l)
	f.nothingLeft(t)
}

// registers is a REGISTER of a user, with whatever proof.
func registers(u *siptest.UA, user, authorization string) {
	text := "REGISTER sip:[peer] SIP/2.0\nVia: SIP/2.0/UDP [local];branch=[branch];rport\nMax-Forwards: 70\nFrom: <sip:" + user + "@[peer]>;tag=[tag]\n" +
		"To: <sip:" + user + "@[peer]>\nCall-ID: [call_id]\nCSeq: [cseq] REGISTER\nContact: <sip:" + user + "@[local]>\n"
	if authorization != "" {
		text += "Authorization: " + authorization + "\n"
	}
	u.Send(text + "Content-Length: 0\n\n")
}

// guess is a wrong answer to a challenge.
func guess(user, nonce string) string {
	return fmt.Sprintf(`Digest username="%s", realm="vahta", nonce="%s", uri="sip:x", algorithm=MD5, qop=auth, nc=00000001, cnonce="c", response="%032d"`, user, nonce, 0)
}

func nonceOf(m *siptest.Message) string {
	found := regexp.MustCompile(`nonce="([^"]+)"`).FindStringSubmatch(m.Get("WWW-Authenticate"))
	if found == nil {
		return ""
	}
	return found[1]
}

// TestFraudUsersAreNotToldApart: an account that exists, one that does not and a revoked one get the same bytes but for what
// is random, asked or guessed.
func TestFraudUsersAreNotToldApart(t *testing.T) {
	t.Parallel()
	f := newFraud(t, nil)
	l := f.lineOf(t, nil, oncall.Device{Kind: oncall.Softphone, Account: "aaaa"})
	f.account(t, "aaaa", l.people[0])
	f.account(t, "bbbb", l.people[0])
	f.must(f.app.Phones().Revoke(t.Context(), "bbbb"))
	f.told(t, guard.Revoked, 0, 1)
	random := regexp.MustCompile(`nonce="[^"]*"|branch=[^;\r]*|tag=[^;\r]*|Call-ID: [^\r]*|rport=\d+|CSeq: \d+|127\.0\.0\.\d+:\d+|received=[^;\r]*|aaaa|bbbb|zzzz`)
	bytesOf := map[string][]string{}
	for i, user := range []string{"aaaa", "bbbb", "zzzz"} {
		u := siptest.NewUA(t, siptest.UAConfig{User: user, Addr: netip.AddrFrom4([4]byte{127, 0, 0, byte(40 + i)}), Peer: f.addr("udp")})
		registers(u, user, "")
		asked := u.ExpectStatus(401, "REGISTER")
		registers(u, user, guess(user, nonceOf(&asked)))
		wrong := u.ExpectStatus(401, "REGISTER")
		for _, m := range []siptest.Message{asked, wrong} {
			bytesOf[user] = append(bytesOf[user], random.ReplaceAllString(string(m.Raw), "#"))
		}
	}
	for _, user := range []string{"bbbb", "zzzz"} {
		for i, text := range bytesOf[user] {
			if text != bytesOf["aaaa"][i] {
				t.Errorf("%s is answered\n%s\nand an account that exists\n%s", user, text, bytesOf["aaaa"][i])
			}
		}
	}
	if n := f.securityEvents(guard.ChallengeFailed); n != 3 {
		t.Errorf("%d events of failed challenges, want 3", n)
	}
}

// TestFraudBans: who keeps guessing hears nothing any more; ten thousand forged tries ban nobody and are hardly answered; what
// comes under an operator's address never bans the operator.
func TestFraudBans(t *testing.T) {
	t.Parallel()
	f := newFraud(t, nil)
	guesser := siptest.NewUA(t, siptest.UAConfig{User: "anna", Addr: netip.MustParseAddr("127.0.0.50"), Peer: f.addr("udp")})
	banned := func(at string) bool {
		for _, b := range f.app.Guard().Status().Bans {
			if b.Source == netip.MustParseAddr(at) {
				return true
			}
		}
		return false
	}
	forger := siptest.NewUA(t, siptest.UAConfig{User: "forger", Addr: netip.MustParseAddr("127.0.0.51"), Peer: f.addr("udp")})
	forgeries := func() (n int) {
		for _, e := range f.app.Guard().Last() {
			if e.Kind == guard.ChallengeFailed && e.Source == forger.Addr().Addr() {
				n += e.Times
			}
		}
		return n
	}
	registers(guesser, "anna", "")
	nonce, tries := "", 0
	until(t, "who guesses is banned, and who has seen no nonce of ours has failed as often", func() bool { // as slowly as guests are heard
		tries++
		user := fmt.Sprintf("user-%d", tries) // many guesses at one account are silenced before a ban
		registers(forger, user, guess(user, "bm9uY2U"))
		guesser.Seen(func(m *siptest.Message) bool {
			nonce = max(nonce, nonceOf(m))
			return false
		})
		registers(guesser, user, guess(user, nonce))
		return banned("127.0.0.50") && forgeries() > 20
	})
	f.logged("security event", "kind=banned", "127.0.0.50")
	f.op.Ping()
	heard := guesser.Seen(func(*siptest.Message) bool { return true })
	inOperatorsName := siptest.NewUA(t, siptest.UAConfig{User: "forger", Addr: operatorAt, Peer: f.addr("udp")})
	for range 10_000 {
		registers(forger, "anna", guess("anna", "bm9uY2U")) // it never sees a nonce of ours
		registers(inOperatorsName, "anna", guess("anna", "bm9uY2U"))
		registers(guesser, "anna", guess("anna", nonce))
	}
	sound := siptest.NewRTP(t).SDP()
	until(t, "the operator's INVITE is answered", func() bool { // it may have to come again, as INVITEs do
		call := f.op.NewCall(f.uri("first"))
		call.Invite(sound)
		return f.op.Seen(func(m *siptest.Message) bool { _, method := m.CSeq(); return m.Status >= 180 && method == "INVITE" }) > 0
	})
	if n := forger.Seen(func(m *siptest.Message) bool { return m.Answers(401, "REGISTER") }); n > 100 {
		t.Errorf("%d of 10,000 tries are answered", n)
	}
	spared := func() int { return forger.Seen(func(*siptest.Message) bool { return true }) }
	before := spared()
	until(t, "who is not banned is heard again", func() bool { // who is banned would be as soon
		registers(guesser, "anna", guess("anna", nonce))
		registers(forger, "anna", "")
		return spared() > before+2
	})
	if n := guesser.Seen(func(*siptest.Message) bool { return true }); n != heard {
		t.Errorf("a banned source still hears: %d messages after %d", n, heard)
	}
	if banned("127.0.0.51") || banned("127.0.0.2") {
		t.Errorf("a forged source is banned: %v", f.app.Guard().Status().Bans)
	}
	if !f.app.Guard().Lift(netip.MustParseAddr("127.0.0.50")) || banned("127.0.0.50") {
		t.Error("the ban is not lifted")
	}
}
