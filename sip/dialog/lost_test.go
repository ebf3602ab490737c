package dialog

import (
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

// byTCP is a confirmed call of a raw phone, whose connection then breaks.
func byTCP(l *line) (*siptest.UA, *siptest.Call, *Dialog) {
	l.t.Helper()
	gone := make(chan wire.Flow, 1)
	l.edge.OnFlowClosed(func(f wire.Flow) {
		select {
		case gone <- f:
		default:
		}
	})
	phone := l.ua("tcp")
	call := phone.NewCall(l.uri())
	call.Invite("v=0\r\n")
	d := l.taken()
	l.loop.do(func() { d.Answer([]byte("v=0\r\n")) })
	ok := phone.ExpectStatus(200, "INVITE")
	call.Learn(ok).Ack(ok)
	l.want(Confirmed)
	phone.Hangup()
	select {
	case <-gone:
	case <-time.After(patience):
		l.t.Fatal("nobody noticed")
	}
	return phone, call, d
}

func TestSIPoverTCPByeReachesWhoHasReconnected(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	phone, call, d := byTCP(l)
	var before wire.Flow
	l.loop.do(func() { before = d.State().Flow })
	call.Request("INFO", "application/dtmf-relay", "Signal=1")
	l.want(Info)
	l.loop.do(func() { d.Bye() })
	bye := phone.ExpectRequest("BYE")
	var flow wire.Flow
	l.loop.do(func() { flow = d.State().Flow })
	if !flow.Accepted || flow.Remote == before.Remote {
		t.Errorf("the dialog went from %+v to %+v", before, flow)
	}
	phone.Answer(bye, 200, "OK", siptest.Reply{})
	if e := l.want(Ended); e.Err != nil || e.Status != 200 {
		t.Errorf("ended with %d, %v", e.Status, e.Err)
	}
}

func TestSIPoverTCPByeGoesToTheContact(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	phone, _, d := byTCP(l)
	l.loop.do(func() { d.Bye() })
	phone.Answer(phone.ExpectRequest("BYE"), 200, "OK", siptest.Reply{})
	if e := l.want(Ended); e.Err != nil || e.Status != 200 {
		t.Errorf("ended with %d, %v", e.Status, e.Err)
	}
}

func TestSIPoverTCPReinviteGoesToTheContact(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	phone, _, d := byTCP(l)
	l.loop.do(func() { d.ReInvite([]byte("v=0\r\n")) })
	phone.Received(phone.ExpectRequest("INVITE")).Answer(200, "OK", "v=0\r\n")
	phone.ExpectRequest("ACK")
	if e := l.want(OfferDone); e.Status != 200 {
		t.Errorf("%d, %v", e.Status, e.Err)
	}
}

// What cannot get to the far end does not end a call whose media may flow.
func TestUnreachableInsideIsNotTheEnd(t *testing.T) {
	t.Parallel()
	bubble(t, func(b *bench) {
		b.talk("INVITE")
		b.net.take()
		b.loop.do(func() { b.d.ReInvite([]byte("again")) })
		b.last().on(wire.ClientEvent{Err: wire.ErrUnreachable})
		b.loop.do(func() { b.d.Info("application/dtmf-relay", []byte("1")) })
		b.last().on(wire.ClientEvent{Err: wire.ErrUnreachable})
		b.loop.do(func() { b.d.Info("application/dtmf-relay", []byte("2")) })
		b.last().on(wire.ClientEvent{Err: wire.ErrTimeout})
		pass(time.Second)
		b.want("0 INVITE 1 far", "0 owner: offer-done (destination is unreachable)",
			"0 INFO 2 far", "0 owner: info-done (destination is unreachable)",
			"0 INFO 3 far", "0 owner: info-done (no answer in time)", "0 BYE 4 far", "0 owner: ended (far end lost the dialog)")
	})
}

// A phone behind NAT that we have called connects anew: only it can, and from what it sends we know by where.
func TestSIPoverTCPKeptPhoneThatReconnects(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	l.st.OnOutOfDialog(wire.OPTIONS, func(tx *wire.ServerTx) {
		_ = tx.Respond(wire.NewResponse(tx.Request(), 200, ""))
		l.calls <- &Dialog{s: State{Flow: tx.Request().Flow()}}
	})
	phone := l.ua("tcp")
	phone.NewCall(l.uri()).Request("OPTIONS", "", "")
	flow := l.taken().s.Flow
	flow.Kept = true
	d := l.dialWith(flow.Remote, wire.TCP, func(o *Outgoing) { o.Flow = flow })
	invite := phone.ExpectRequest("INVITE")
	answering := phone.Received(invite)
	answering.Answer(200, "OK", "v=0\r\n")
	phone.ExpectRequest("ACK")
	l.want(Answered)
	phone.Hangup()
	anew := siptest.Call{ // not by the connection that the INVITE came by
		UA: phone, CallID: answering.CallID, LocalTag: answering.LocalTag, RemoteTag: answering.RemoteTag,
		LocalAddr: answering.LocalAddr, RemoteAddr: answering.RemoteAddr, Target: answering.Target,
	}
	anew.Request("INFO", "application/dtmf-relay", "Signal=1")
	l.want(Info)
	l.loop.do(func() { d.Bye() })
	phone.Answer(phone.ExpectRequest("BYE"), 200, "OK", siptest.Reply{})
	if e := l.want(Ended); e.Err != nil || e.Status != 200 {
		t.Errorf("ended with %d, %v", e.Status, e.Err)
	}
}
