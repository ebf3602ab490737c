package dialog

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/siptest"
	"github.com/butlerspb/vahta/sip/wire"
)

// line is a stack over a real edge on loopback, with an owner who passes events
// on to the test.
type line struct {
	t      testing.TB
	edge   *wire.Edge
	st     *Stack
	loop   *loop
	events chan Event
	calls  chan *Dialog
	acks   chan struct{} // a PRACK has gone to the dialog's loop
}

// spy tells of each PRACK after the stack has taken it.
type spy struct {
	*Stack
	acks chan<- struct{}
}

func (s spy) HandleRequest(tx *wire.ServerTx) {
	s.Stack.HandleRequest(tx)
	if tx.Request().Method() == wire.PRACK {
		s.acks <- struct{}{}
	}
}

func startLine(tb testing.TB, change func(*Config)) *line {
	tb.Helper()
	cfg := wire.Default()
	cfg.Listen = []wire.Listen{{Transport: wire.UDP, Addr: "127.0.0.1:0"}, {Transport: wire.TCP, Addr: "127.0.0.1:0"}}
	cfg.Rate, cfg.Burst, cfg.Extensions = 1<<20, 1<<20, Extensions
	log := slog.New(slog.DiscardHandler)
	edge, err := wire.New(cfg, wire.Deps{Log: log})
	if err != nil {
		tb.Fatal(err)
	}
	dcfg := Default()
	if change != nil {
		change(&dcfg)
	}
	l := &line{
		t: tb, edge: edge, st: NewStack(edge, dcfg, Deps{Log: log}), loop: newLoop(),
		events: make(chan Event, 1024), calls: make(chan *Dialog, 1024), acks: make(chan struct{}, 1024),
	}
	l.st.OnInvite(func(in *Incoming) { l.calls <- in.Accept(l.loop, l.hear) })
	edge.SetHandler(spy{l.st, l.acks})
	edge.SetAdmission(func(netip.AddrPort) wire.Class { return wire.Peer })
	if err := edge.Listen(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	var done sync.WaitGroup
	done.Go(func() {
		if err := edge.Run(ctx); err != nil {
			tb.Error(err)
		}
	})
	tb.Cleanup(func() { cancel(); done.Wait(); l.loop.end() })
	return l
}

func (l *line) hear(e Event) { l.events <- e }

// patience bounds the wait for an event.
const patience = 10 * time.Second

func (l *line) want(kinds ...Kind) Event {
	l.t.Helper()
	var e Event
	for _, k := range kinds {
		select {
		case e = <-l.events:
			if e.Kind != k {
				l.t.Fatalf("event %v (%d, %v), want %v", e.Kind, e.Status, e.Err, k)
			}
		case <-time.After(patience):
			l.t.Fatalf("no event, want %v", k)
		}
	}
	return e
}

func (l *line) taken() *Dialog {
	l.t.Helper()
	select {
	case d := <-l.calls:
		return d
	case <-time.After(patience):
		l.t.Fatal("no call came")
		return nil
	}
}

func (l *line) pracked() {
	l.t.Helper()
	select {
	case <-l.acks:
	case <-time.After(patience):
		l.t.Fatal("no PRACK came")
	}
}

func (l *line) addr(t wire.Transport) netip.AddrPort { return l.edge.Addr(t) }

// dial calls an address and returns the dialog.
func (l *line) dial(to netip.AddrPort, transport wire.Transport) *Dialog {
	l.t.Helper()
	return l.dialWith(to, transport, func(*Outgoing) {})
}

func (l *line) dialWith(to netip.AddrPort, transport wire.Transport, change func(*Outgoing)) *Dialog {
	l.t.Helper()
	var d *Dialog
	target := wire.URI{Scheme: "sip", User: "raw", Host: to.Addr().String(), Port: int(to.Port())}
	own := wire.URI{Scheme: "sip", User: "vahta", Host: "127.0.0.1"}
	l.loop.do(func() {
		var err error
		o := Outgoing{
			URI: target, Flow: wire.Flow{Transport: transport, Remote: to}, Contact: "vahta",
			From: wire.NameAddr{URI: own}, To: wire.NameAddr{URI: target}, SDP: []byte("v=0\r\n"),
		}
		change(&o)
		d, err = l.st.Invite(o, l.loop, l.hear)
		if err != nil {
			l.t.Error(err)
		}
	})
	return d
}

func (l *line) ua(transport string) *siptest.UA {
	l.t.Helper()
	return siptest.NewUA(l.t, siptest.UAConfig{Transport: transport, Peer: l.addr(wire.Transport(transport))})
}

func (l *line) uri() string { return "sip:hotline@" + l.addr(wire.UDP).String() }

func TestRFC3261BothRoles(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			l := startLine(t, nil)
			l.st.OnOutOfDialog(wire.OPTIONS, func(tx *wire.ServerTx) {
				_ = tx.Respond(wire.NewResponse(tx.Request(), 200, ""))
			})
			phone := l.ua(transport)

			call := phone.NewCall(l.uri())
			call.Invite("v=0\r\n")
			d := l.taken()
			l.loop.do(func() { d.Progress(180, nil) })
			ringing := phone.ExpectStatus(180, "INVITE")
			l.loop.do(func() { d.Answer([]byte("v=0\r\n")) })
			ok := phone.ExpectStatus(200, "INVITE")
			if ok.ToTag() != ringing.ToTag() || len(ok.ToTag()) < 11 || ok.Get("Contact") == "" {
				t.Errorf("180 has tag %q; 200:\n%s", ringing.ToTag(), ok.Raw)
			}
			call.Learn(ok).Ack(ok)
			l.want(Confirmed)
			call.Request("INFO", "application/dtmf-relay", "Signal=1")
			if e := l.want(Info); string(e.Req.Body()) != "Signal=1" {
				t.Errorf("INFO carries %q", e.Req.Body())
			}
			call.Bye("Reason: Q.850;cause=16")
			phone.ExpectStatus(200, "BYE")
			if e := l.want(Ended); e.Q850 != 16 {
				t.Errorf("cause %d", e.Q850)
			}
			call.Bye() // 200 while the dialog is still known, 481 once it is forgotten
			phone.Expect(func(m *siptest.Message) bool {
				return (m.Status == 200 || m.Status == 481) && m.Get("CSeq") == fmt.Sprintf("%d BYE", call.CSeq)
			})

			out := l.dial(phone.Addr(), wire.Transport(transport))
			received := phone.Received(phone.ExpectRequest("INVITE"))
			received.Answer(100, "Trying", "")
			received.Answer(183, "Session Progress", "v=0\r\n")
			received.Answer(200, "OK", "v=0\r\n")
			phone.ExpectRequest("ACK")
			if e := l.want(Trying, Progress, Answered); string(e.SDP) != "v=0\r\n" {
				t.Errorf("answer is %q", e.SDP)
			}
			l.loop.do(func() { out.Bye(ReasonQ850(16, "")) })
			phone.Answer(phone.ExpectRequest("BYE"), 200, "OK", siptest.Reply{})
			l.want(Ended)
		})
	}
}

func TestRFC3261WireR10LostAck(t *testing.T) {
	t.Parallel()
	l := startLine(t, func(c *Config) {
		c.T1, c.T2, c.AckTimeout = 20*time.Millisecond, 80*time.Millisecond, 600*time.Millisecond
	})
	phone := l.ua("udp")
	call := phone.NewCall(l.uri())
	call.Invite("v=0\r\n")
	d := l.taken()
	l.loop.do(func() { d.Answer([]byte("v=0\r\n")) })
	for range 3 {
		phone.ExpectStatus(200, "INVITE")
	}
	call.Learn(phone.ExpectStatus(200, "INVITE"))
	bye := phone.ExpectRequest("BYE") // 64·T1 without an ACK
	if !strings.Contains(bye.Get("Reason"), "cause=102") {
		t.Errorf("BYE without cause 102:\n%s", bye.Raw)
	}
	phone.Answer(bye, 200, "OK", siptest.Reply{})
	if e := l.want(Ended); e.Err == nil {
		t.Error("no error at the end")
	}
}

func TestRFC3261WireR2AnswerCrossesCancel(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	phone := l.ua("udp")
	d := l.dial(phone.Addr(), wire.UDP)
	invite := phone.ExpectRequest("INVITE")
	call := phone.Received(invite)
	call.Answer(180, "Ringing", "")
	l.want(Progress)
	l.loop.do(func() { d.Cancel() })
	cancel := phone.ExpectRequest("CANCEL")
	call.Answer(200, "OK", "v=0\r\n") // the engineer was faster
	phone.Answer(cancel, 200, "OK", siptest.Reply{ToTag: call.LocalTag})
	first := phone.Expect(func(m *siptest.Message) bool { return m.Is("ACK") || m.Is("BYE") })
	if !first.Is("ACK") {
		t.Errorf("%s overtook the ACK", first.Method)
	}
	bye := phone.ExpectRequest("BYE")
	phone.Answer(bye, 200, "OK", siptest.Reply{})
	if e := l.want(Failed); e.Status != 487 {
		t.Errorf("failed with %d, %v", e.Status, e.Err)
	}
	call.Answer(200, "OK", "v=0\r\n")
	phone.ExpectRequest("ACK")
	if n := phone.Seen(func(m *siptest.Message) bool { return m.Is("BYE") }); n != 1 {
		t.Errorf("%d BYEs", n)
	}
}

func TestRFC3261WireR7Forks(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	phone := l.ua("udp")
	l.dial(phone.Addr(), wire.UDP)
	invite := phone.ExpectRequest("INVITE")
	a, b := phone.Received(invite), phone.Received(invite)
	a.Answer(180, "Ringing", "")
	b.Answer(180, "Ringing", "")
	b.Answer(200, "OK", "v=0\r\n")
	a.Answer(200, "OK", "v=0\r\n")
	for _, tag := range []string{b.LocalTag, a.LocalTag} {
		phone.Expect(func(m *siptest.Message) bool { return m.Is("ACK") && m.ToTag() == tag })
	}
	bye := phone.ExpectRequest("BYE")
	if bye.ToTag() != a.LocalTag {
		t.Errorf("BYE ends the winner")
	}
	phone.Answer(bye, 200, "OK", siptest.Reply{})
	l.want(Progress, Progress, Answered)
}

func TestRFC3261WireS11SilentThenAnswers(t *testing.T) {
	t.Parallel()
	l := startLine(t, func(c *Config) { c.NoAnswer = 30 * time.Millisecond })
	phone := l.ua("udp")
	l.dial(phone.Addr(), wire.UDP)
	call := phone.Received(phone.ExpectRequest("INVITE"))
	l.want(Failed)
	call.Answer(180, "Ringing", "")
	phone.ExpectRequest("CANCEL")
	call.Answer(200, "OK", "v=0\r\n")
	phone.ExpectRequest("ACK")
	phone.Answer(phone.ExpectRequest("BYE"), 200, "OK", siptest.Reply{})
}

// TestRFC3261WireR1OneWinner lets CANCEL and our 200 race: 487 or 200, never both.
func TestRFC3261WireR1OneWinner(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	phone := l.ua("udp")
	won := map[int]int{}
	for range 100 {
		call := phone.NewCall(l.uri())
		call.Invite("v=0\r\n")
		d := l.taken()
		go l.loop.Post(func() { d.Answer([]byte("v=0\r\n")) })
		call.Cancel()
		mine := func(m *siptest.Message) bool { return m.CallID() == call.CallID }
		phone.Expect(func(m *siptest.Message) bool { return mine(m) && m.Answers(200, "CANCEL") })
		final := phone.Expect(func(m *siptest.Message) bool {
			return mine(m) && (m.Answers(200, "INVITE") || m.Answers(487, "INVITE"))
		})
		won[final.Status]++
		call.Learn(final).Ack(final)
		if final.Status == 487 {
			l.want(Cancelled)
			continue
		}
		l.want(Confirmed)
		call.Bye()
		phone.Expect(func(m *siptest.Message) bool { return mine(m) && m.Answers(200, "BYE") })
		l.want(Ended)
		if phone.Seen(func(m *siptest.Message) bool { return mine(m) && m.Answers(487, "INVITE") }) != 0 {
			t.Fatal("487 and 200 to one INVITE")
		}
	}
	t.Logf("winners: %v", won)
}

// TestRFC3261LossBothRoles connects two of our own stacks by a line that loses the
// first or second transmission of each message.
func TestRFC3261LossBothRoles(t *testing.T) {
	t.Parallel()
	rules := map[string]siptest.Rule{
		"INVITE": siptest.DropNth("INVITE", 0, 1), "180": siptest.DropNth("INVITE", 180, 1),
		"200": siptest.DropNth("INVITE", 200, 1, 2), "ACK": siptest.DropNth("ACK", 0, 1, 2),
		"BYE": siptest.DropNth("BYE", 0, 1), "200 to BYE": siptest.DropNth("BYE", 200, 1),
		"ACK twice": {Method: "ACK", Do: siptest.Dup}, "200 twice": {Status: 200, Do: siptest.Dup},
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			short := func(c *Config) { c.T1, c.T2 = 30*time.Millisecond, 60*time.Millisecond }
			callee, caller := startLine(t, short), startLine(t, short)
			relay := siptest.StartRelay(t, siptest.RelayConfig{B: callee.addr(wire.UDP), Rules: []siptest.Rule{rule}})
			out := caller.dial(relay.SideA(), wire.UDP)
			in := callee.taken()
			callee.loop.do(func() { in.Progress(180, nil); in.Answer([]byte("v=0\r\n")) })
			for e := caller.want1(); e.Kind != Answered; e = caller.want1() {
				continue
			}
			callee.want(Confirmed)
			caller.loop.do(func() { out.ReInvite([]byte("hold\r\n")) })
			if e := callee.want(Offer); string(e.SDP) != "hold\r\n" {
				t.Errorf("offer is %q", e.SDP)
			}
			callee.loop.do(func() { in.AnswerOffer([]byte("held\r\n")) })
			if e := caller.want(OfferDone); e.Status != 200 || string(e.SDP) != "held\r\n" {
				t.Errorf("offer ends with %d %q %v", e.Status, e.SDP, e.Err)
			}
			caller.loop.do(func() { out.Bye() })
			callee.want(Ended)
			caller.want(Ended)
		})
	}
}

func TestRFC3261OutsideDialogs(t *testing.T) {
	t.Parallel()
	l := startLine(t, nil)
	phone := l.ua("udp")
	call := phone.NewCall(l.uri())
	for method, status := range map[string]int{
		"REFER": 603, "PRACK": 481, "OPTIONS": 405, "MESSAGE": 405, "BYE": 481, "INFO": 481, "UPDATE": 481, "FETCH": 501,
	} {
		call.Request(method, "", "")
		if res := phone.ExpectStatus(status, method); status == 405 && res.Get("Allow") == "" {
			t.Errorf("405 to %s names no methods", method)
		}
	}
	call.RemoteTag = "guess"
	call.Invite("v=0\r\n")
	call.Ack(phone.ExpectStatus(481, "INVITE"))
}

// want1 is the next event whatever it is.
func (l *line) want1() Event {
	l.t.Helper()
	select {
	case e := <-l.events:
		return e
	case <-time.After(patience):
		l.t.Fatal("no event")
		return Event{}
	}
}
