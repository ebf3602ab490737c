package b2bua

import (
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// porch is a registrar in memory: everybody is live, and the password is a header.
type porch struct {
	srtp string

	mu  sync.Mutex
	in  map[string]int // guarded by mu: calls by account
	saw int            // guarded by mu: INVITEs
}

func newPorch(srtp string) *porch { return &porch{srtp: srtp, in: map[string]int{}} }

func (p *porch) Live(netip.AddrPort) bool { return true }

func (p *porch) Authenticate(in *dialog.Incoming) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saw++
	user := in.Request().Header("Authorization")
	if user == "" {
		in.Reject(wire.StatusUnauthorized, "", wire.Header{Name: "WWW-Authenticate", Value: `Digest realm="vahta", nonce="n"`})
		return "", false
	}
	return user, true
}

// most is how many calls of its own an account may have.
const most = 1

func (p *porch) Take(in *dialog.Incoming, account string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in[account] == most {
		in.Reject(wire.StatusTemporarilyUnavailable, "")
		return false
	}
	p.in[account]++
	return true
}

func (p *porch) Release(account string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.in[account]--
}

func (p *porch) Media(string, wire.Flow) string { return p.srtp }

// held is how many calls of an account are not given back.
func (p *porch) held(account string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.in[account]
}

// withPhones is a rig in which the operator of the caller is unknown, so that the caller is an engineer's phone.
func withPhones(t *testing.T, p *porch, opt rigOptions) *rig {
	t.Helper()
	opt.trunks = func(c *trunk.Config) { c.Operators = nil }
	opt.deps = func(d *Deps) { d.Phones = p }
	r := newRig(t, opt)
	r.edge.SetAdmission(func(netip.AddrPort) wire.Class { return wire.Peer })
	return r
}

// Who is neither an operator nor a configured phone proves an account, which the call names; it is given back once,
// whatever becomes of the call.
func TestRegistrarPhoneThatCallsProvesItsAccount(t *testing.T) {
	t.Parallel()
	porch := newPorch("offered")
	r := withPhones(t, porch, rigOptions{serves: func(in trunk.Inbound) bool { return !strings.HasPrefix(in.DID, "+8821") }})
	call := r.dialIn(siptest.NewRTP(t).SDP())
	challenge := r.caller.ExpectStatus(401, "INVITE")
	call.Ack(challenge)
	if len(r.calls) != 0 {
		t.Fatal("a phone called without a password")
	}
	call.Invite(siptest.NewRTP(t).SDP(), "Authorization: anna")
	c := r.call()
	if got := c.Info().Inbound; got.Account != "anna" || got.Trunk != "" {
		t.Errorf("the call names %+v", got)
	}
	if porch.held("anna") != 0 {
		t.Error("a call to the hotline counts as one of anna's own")
	}
	r.in(c, func() { c.End(CauseNormal) })
	call.Ack(r.caller.ExpectStatus(480, "INVITE"))
	r.gone()
	if porch.held("anna") != 0 {
		t.Errorf("%d calls of anna are not given back", porch.held("anna"))
	}

	for _, tt := range []struct { // refused after the proof: given back as well
		number, body string
		status       int
	}{
		{"88210001", siptest.NewRTP(t).SDP(), 404},
		{"84957770000", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n", 488},
	} {
		call := r.caller.NewCall("sip:" + "+" + strings.TrimPrefix(tt.number, "+") + "@" + r.at.String())
		call.Invite(tt.body, "Authorization: boris")
		call.Ack(r.caller.ExpectStatus(tt.status, "INVITE"))
	}
	if porch.held("boris") != 0 {
		t.Errorf("%d refused calls of boris are not given back", porch.held("boris"))
	}
}

// An own call counts until it ends, though its dialogs settle later; the hotline is open to who has as many as he may have.
func TestRegistrarOwnCallsCountUntilTheyEnd(t *testing.T) {
	t.Parallel()
	porch := newPorch("off")
	own := make(chan *Call, 2)
	r := withPhones(t, porch, rigOptions{
		serves: func(in trunk.Inbound) bool { return in.DID == "+74957770000" },
		own:    func(c *Call) { c.A().Ring(); own <- c },
	})
	dial := func(number string, status int) *siptest.Call {
		call := r.caller.NewCall("sip:" + number + "@" + r.at.String())
		call.Invite(siptest.NewRTP(t).SDP(), "Authorization: anna")
		res := r.caller.ExpectStatus(status, "INVITE")
		if status >= 300 {
			call.Ack(res)
		}
		return call
	}
	first := dial("+79161234567", 180)
	c := <-own
	dial("+79161234568", 480)
	hotline := dial("+74957770000", 180)
	if porch.held("anna") != most {
		t.Errorf("%d calls of anna are counted", porch.held("anna"))
	}
	r.in(c, func() { r.must(c.A().Answer()) })
	first.Ack(r.caller.ExpectStatus(200, "INVITE"))
	r.in(c, func() { c.End(CauseNormal) })
	bye := r.caller.ExpectRequest("BYE") // nobody answers it yet, so that the call does not settle
	if porch.held("anna") != 0 {
		t.Error("a call that has ended counts")
	}
	dial("+79161234569", 180)
	last := <-own
	r.caller.Answer(bye, 200, "OK", siptest.Reply{})
	for _, c := range []*Call{last, r.call()} {
		r.in(c, func() { c.End(CauseNormal) })
	}
	for range 2 {
		hotline.Ack(r.caller.ExpectStatus(480, "INVITE"))
	}
	r.gone()
	if porch.held("anna") != 0 {
		t.Errorf("%d calls of anna are not given back", porch.held("anna"))
	}
}

// A phone over TLS that must encrypt is refused when it does not.
func TestSDESRequiredOfAPhoneThatCalls(t *testing.T) {
	t.Parallel()
	porch := newPorch("required")
	r := withPhones(t, porch, rigOptions{})
	call := r.dialIn(siptest.NewRTP(t).SDP(), "Authorization: anna")
	call.Ack(r.caller.ExpectStatus(488, "INVITE"))
	if len(r.calls) != 0 || porch.held("anna") != 0 {
		t.Error("a phone that must encrypt called without")
	}
}

// A draining engine refuses phones like everybody else, and gives the account back.
func TestPhoneThatCallsWhileDraining(t *testing.T) {
	t.Parallel()
	porch := newPorch("off")
	r := withPhones(t, porch, rigOptions{})
	r.engine.draining.Store(true)
	call := r.dialIn(siptest.NewRTP(t).SDP(), "Authorization: anna")
	call.Ack(r.caller.ExpectStatus(503, "INVITE"))
	if porch.held("anna") != 0 {
		t.Error("the account of a refused call is not given back")
	}
}
