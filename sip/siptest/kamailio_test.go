package siptest

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Kamailio answers, challenges, and is there again after a Stop.
func TestKamailio(t *testing.T) {
	t.Parallel()
	ca := NewAuthority(t, "operator")
	cert, key := ca.Issue(time.Now().Add(time.Hour), "op.test")
	k := StartKamailio(t, Kamailio{Gateway: netip.MustParseAddrPort("127.0.0.1:9"), Algorithm: "SHA-256", Cert: cert, Key: key})
	ua := NewUA(t, UAConfig{User: "raw", Peer: k.Addr("udp")})
	ask := func() {
		t.Helper()
		ua.Send("REGISTER sip:op.test SIP/2.0\nVia: SIP/2.0/UDP " + ua.Addr().String() + ";branch=[branch]\nFrom: <sip:login@op.test>;tag=1\n" +
			"To: <sip:login@op.test>\nCall-ID: [call_id]\nCSeq: 1 REGISTER\nMax-Forwards: 70\nContact: <sip:login@" + ua.Addr().String() + ">\n")
		challenge := ua.ExpectStatus(401, "REGISTER")
		if got := challenge.Get("WWW-Authenticate"); !strings.Contains(got, "SHA-256") {
			t.Errorf("challenge %q", got)
		}
	}
	ask()
	k.Stop()
	k.Start()
	ask()
}
