package wire

import (
	"strings"
	"testing"
)

// An INVITE that has come to the end of its hops is stopped; other requests are for us, however far they came.
func TestMaxForwardsStopsALoopingInvite(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.79.51", h, nil)
	p := newPeer(t, "127.0.79.52:0", e)
	hops := func(method, callID, n string) string {
		return strings.Replace(p.message(method, callID, callID, 1), "Max-Forwards: 70", "Max-Forwards: "+n, 1)
	}
	p.send(hops(INVITE, "spent", "0"))
	p.expect("SIP/2.0 483")
	p.send(hops(ACK, "spent", "0"))
	p.send(hops(INVITE, "broken", "many"))
	p.expect("SIP/2.0 400")
	if len(h.requests) > 0 {
		t.Error("the handler saw a call that loops")
	}
	p.send(hops(OPTIONS, "options", "0"))
	p.expect("SIP/2.0 200")
	want(t, h.requests)
	p.send(hops(INVITE, "last", "1"))
	p.expect("SIP/2.0 200")
	if got := want(t, h.requests).Request().Header("Max-Forwards"); got != "1" {
		t.Errorf("Max-Forwards is %q: a call that goes on could not count it down", got)
	}
	req := newRequest(t, e, INVITE, p.addr())
	if err := req.Set("Max-Forwards", "7"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Send(req, Flow{Transport: UDP, Remote: p.addr()}, nil); err != nil {
		t.Fatal(err)
	}
	if got := headerOf(p.expect("INVITE "), "Max-Forwards"); got != "7" {
		t.Errorf("ours says %s", got)
	}
	fresh := newRequest(t, e, INVITE, p.addr())
	if _, err := e.Send(fresh, Flow{Transport: UDP, Remote: p.addr()}, nil); err != nil {
		t.Fatal(err)
	}
	for {
		got := p.expect("INVITE ")
		if headerOf(got, "Call-ID") != fresh.CallID() {
			continue // a retransmission of the other
		}
		if headerOf(got, "Max-Forwards") != "70" {
			t.Errorf("a new call begins with %s", headerOf(got, "Max-Forwards"))
		}
		break
	}
}
