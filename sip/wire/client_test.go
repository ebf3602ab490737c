package wire

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// call sends an INVITE of the edge to a peer and returns it as the peer saw it.
func call(t *testing.T, e *Edge, p *peer) (tx *ClientTx, events chan ClientEvent, invite string) {
	t.Helper()
	events = make(chan ClientEvent, 64)
	req := newRequest(t, e, INVITE, p.addr())
	if err := req.Add("Route", "<sip:proxy.example.org;lr>"); err != nil {
		t.Fatal(err)
	}
	tx, err := e.Send(req, Flow{Transport: UDP, Remote: p.addr()}, func(ev ClientEvent) { events <- ev })
	if err != nil {
		t.Fatal(err)
	}
	return tx, events, p.expect("INVITE ")
}

func headerOf(msg, name string) string {
	for line := range strings.SplitSeq(msg, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func wantStatus(t *testing.T, events chan ClientEvent, status int) *Response {
	t.Helper()
	ev := want(t, events)
	if ev.Err != nil || ev.Response.Status() != status {
		t.Fatalf("want %d, got %+v", status, ev)
	}
	return ev.Response
}

func TestRFC3261CancelIsBuiltFromTheInviteAsSent(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.75.41", newRecorder(), nil)
	p := newPeer(t, "127.0.75.42:0", e)
	tx, events, invite := call(t, e, p)
	if err := tx.Cancel(Header{"Reason", `SIP;cause=200;text="Call completed elsewhere"`}); err != nil {
		t.Fatal(err)
	}
	if got := p.read(30 * time.Millisecond); got != "" {
		t.Fatalf("before any 1xx there came %q", got)
	}
	p.send(respondTo(invite, "180 Ringing", "b", "Record-Route: <sip:elsewhere.example.org;lr>"))
	wantStatus(t, events, 180)
	cancel := p.expect("CANCEL ")
	for _, name := range []string{"Via", "Route", "From", "To", "Call-ID", "Max-Forwards"} {
		if headerOf(cancel, name) != headerOf(invite, name) {
			t.Errorf("%s is %q in the CANCEL, %q in the INVITE", name, headerOf(cancel, name), headerOf(invite, name))
		}
	}
	if got := headerOf(cancel, "CSeq"); got != "7 CANCEL" {
		t.Errorf("CSeq is %q", got)
	}
	if headerOf(cancel, "Contact") != "" || headerOf(cancel, "Reason") == "" {
		t.Errorf("CANCEL is %q", cancel)
	}
	p.send(respondTo(cancel, "200 OK", "b"))
	for range 2 { // the second one: our ACK was lost
		p.send(respondTo(invite, "487 Request Terminated", "b"))
		ack := p.expect("ACK ")
		if headerOf(ack, "Via") != headerOf(invite, "Via") || !strings.Contains(headerOf(ack, "To"), "tag=b") {
			t.Errorf("ACK is %q", ack)
		}
	}
	wantStatus(t, events, 487)
	if len(events) > 0 {
		t.Errorf("a retransmission was delivered: %+v", <-events)
	}
}

func TestRFC3261Every2xxIsDelivered(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.75.43", newRecorder(), nil)
	p := newPeer(t, "127.0.75.44:0", e)
	_, events, invite := call(t, e, p)
	for _, tag := range []string{"b", "b", "fork"} {
		p.send(respondTo(invite, "200 OK", tag))
		if got := wantStatus(t, events, 200).ToTag(); got != tag {
			t.Errorf("tag is %q, want %q", got, tag)
		}
	}
}

func TestRFC3261TerminatedInviteLeavesNobodyRinging(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.75.45", h, nil)
	p := newPeer(t, "127.0.75.46:0", e)
	tx, events, invite := call(t, e, p)
	tx.Terminate()
	p.send(respondTo(invite, "180 Ringing", "b"))
	p.send(respondTo(p.expect("CANCEL "), "200 OK", "b"))
	p.send(respondTo(invite, "200 OK", "b"))
	if got := want(t, h.strays); got.Status() != 200 || got.ToTag() != "b" {
		t.Errorf("stray is %d", got.Status())
	}
	p.send(respondTo(invite, "603 Decline", "c"))
	p.expect("ACK ")
	if len(events) > 0 {
		t.Errorf("after Terminate came %+v", <-events)
	}
}

func TestSIPoverTCPLostConnectionFailsItsTransactions(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.75.47", h, nil)
	ln, err := net.Listen("tcp4", "127.0.75.48:0")
	if err != nil {
		t.Fatal(err)
	}
	to := addrPort(ln.Addr())
	events := make(chan ClientEvent, 8)
	if _, err := e.Send(newRequest(t, e, INVITE, to), Flow{Transport: TCP, Remote: to}, func(ev ClientEvent) { events <- ev }); err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(respondTo(string(b[:n]), "180 Ringing", "b"))); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, events, 180)
	_ = conn.Close()
	if ev := want(t, events); !isErr(ev.Err, ErrUnreachable) {
		t.Errorf("got %+v", ev)
	}
	_ = ln.Close()
	if _, err := e.Send(newRequest(t, e, INVITE, to), Flow{Transport: TCP, Remote: to}, func(ev ClientEvent) { events <- ev }); err != nil {
		t.Fatal(err)
	}
	if ev := want(t, events); !isErr(ev.Err, ErrUnreachable) {
		t.Errorf("refused connection gave %+v", ev)
	}
}

func TestSendRefusesWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.75.49", newRecorder(), nil)
	to := Flow{Transport: UDP, Remote: netip.MustParseAddrPort("127.0.75.50:5060")}
	for name, change := range map[string]func(*Request){
		"line end in the URI": func(r *Request) { r.uri.User = "a\r\nX-Injected: 1" },
		"blank in the URI":    func(r *Request) { r.uri.Host = "a b" },
		"no Call-ID":          func(r *Request) { r.Remove("Call-ID") },
		"no From":             func(r *Request) { r.Remove("From") },
	} {
		req := newRequest(t, e, INVITE, to.Remote)
		change(req)
		if _, err := e.Send(req, to, nil); err == nil {
			t.Errorf("%s: sent", name)
		}
	}
	if _, err := e.Send(newRequest(t, e, INVITE, to.Remote), Flow{Transport: "sctp", Remote: to.Remote}, nil); err == nil {
		t.Error("sent by an unknown transport")
	}
}

func TestRFC3261SecondFinalAnswerIsRefused(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.75.51", h, nil)
	p := newPeer(t, "127.0.75.52:0", e)
	p.send(p.message(INVITE, "s1", "s1", 1))
	tx := want(t, h.requests)
	if err := tx.Respond(NewResponse(tx.Request(), StatusRequestTerminated, "")); err != nil {
		t.Fatal(err)
	}
	if err := tx.Respond(NewResponse(tx.Request(), StatusOK, "")); err == nil {
		t.Error("a 200 after the 487 was accepted")
	}
	first := p.expect("SIP/2.0 487")
	if again := p.expect("SIP/2.0 487"); again != first { // Timer G after 500 ms
		t.Errorf("retransmitted was %q", again)
	}
	p.send(p.message(ACK, "s1", "s1", 1))
}

func TestPanicInClientCallbackIsRecovered(t *testing.T) {
	t.Parallel()
	e := startEdge(t, "127.0.75.53", newRecorder(), nil)
	p := newPeer(t, "127.0.75.54:0", e)
	events := make(chan int, 4)
	_, err := e.Send(newRequest(t, e, INVITE, p.addr()), Flow{Transport: UDP, Remote: p.addr()}, func(ev ClientEvent) {
		events <- ev.Response.Status()
		if ev.Response.Status() < 200 {
			panic("poisoned")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	invite := p.expect("INVITE ")
	p.send(respondTo(invite, "180 Ringing", "b"))
	p.send(respondTo(invite, "486 Busy Here", "b"))
	for _, status := range []int{180, 486} {
		if got := want(t, events); got != status {
			t.Errorf("got %d, want %d", got, status)
		}
	}
	p.expect("ACK ")
}
