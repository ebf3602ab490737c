package wire

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRFC3581RportIsFilledIn(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.75.1", h, nil)
	p := newPeer(t, "127.0.75.2:0", e)
	p.send(p.message(OPTIONS, "one", "1", 1))
	got := p.expect("SIP/2.0 200")
	if !strings.Contains(got, fmt.Sprintf("rport=%d", p.addr().Port())) || !strings.Contains(got, ";tag=") {
		t.Errorf("rport or tag is missing: %q", got)
	}
	p.send(p.message(OPTIONS, "one", "1", 1))
	if again := p.expect("SIP/2.0 200"); again != got {
		t.Errorf("retransmission got another answer: %q", again)
	}
	want(t, h.requests)
	if len(h.requests) > 0 {
		t.Error("a retransmission reached the handler")
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.75.3", h, nil)
	e.SetAdmission(func(netip.AddrPort) Class { return Unknown })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := e.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	if len(h.requests) > 0 {
		t.Error("our own probe reached the handler")
	}
}

func TestRFC3261InviteCancelPairsLeaveNoGhost(t *testing.T) {
	t.Parallel()
	const pairs = 2000
	h := newRecorder()
	h.react = func(tx *ServerTx) {
		if tx.Request().Method() == CANCEL {
			_ = tx.Respond(NewResponse(tx.Request(), StatusOK, ""))
			_ = tx.Cancels().Respond(NewResponse(tx.Cancels().Request(), StatusRequestTerminated, ""))
		}
	}
	e := startEdge(t, "127.0.75.5", h, nil)
	p := newPeer(t, "127.0.75.6:0", e)
	seen := make(map[string]string, pairs)
	for i := range pairs {
		id := fmt.Sprintf("pair%d", i)
		p.send(p.message(INVITE, id, id, 1))
		p.send(p.message(CANCEL, id, id, 1))
		if i%50 == 49 { // as fast as the reader of the test can follow
			for range 100 {
				tx := want(t, h.requests)
				seen[tx.Request().CallID()] += tx.Request().Method() + " "
			}
		}
	}
	for id, order := range seen {
		if order != "INVITE CANCEL " {
			t.Errorf("call %s saw %q", id, order)
		}
	}
	if len(seen) != pairs {
		t.Errorf("%d of %d calls were seen", len(seen), pairs)
	}
}

func TestRFC3261CancelThatOvertakesItsInvite(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.75.7", h, nil)
	p := newPeer(t, "127.0.75.8:0", e)
	p.send(p.message(CANCEL, "early", "e", 1))
	p.send(p.message(INVITE, "early", "e", 1))
	got := []string{p.read(patience), p.read(patience)}
	if !strings.HasPrefix(got[0], "SIP/2.0 200") || !strings.HasPrefix(got[1], "SIP/2.0 487") {
		t.Errorf("got %q", got)
	}
	p.send(p.message(ACK, "early", "e", 1))
	p.send(p.message(CANCEL, "early", "e", 1))
	if again := p.expect("SIP/2.0 200"); again != got[0] {
		t.Errorf("the retransmitted CANCEL got %q", again)
	}
	if len(h.requests) > 0 || len(h.acks) > 0 {
		t.Error("the handler saw the call")
	}
	p.send(p.message(CANCEL, "never", "n", 1))
	p.expect("SIP/2.0 481")
}

func TestInfoKeepsOrder(t *testing.T) {
	t.Parallel()
	const digits = 1000
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.75.9", h, nil)
	p := newPeer(t, "127.0.75.10:0", e)
	for i := range digits {
		p.send(p.message(INFO, "dtmf", fmt.Sprint("i", i), i+1))
		if i%100 != 99 {
			continue
		}
		for j := range 100 {
			if got := want(t, h.requests).Request().CSeq(); got != uint32(i-99+j+1) {
				t.Fatalf("CSeq %d came after %d", got, i-99+j)
			}
		}
	}
}

func TestICMPFailsExactlyTheTransactionConcerned(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.75.11", h, nil)
	alive := newPeer(t, "127.0.75.12:0", e)
	closed := newPeer(t, "127.0.75.13:0", e)
	to := closed.addr()
	_ = closed.Close()

	good, bad := make(chan ClientEvent, 8), make(chan ClientEvent, 8)
	start := time.Now()
	if _, err := e.Send(newRequest(t, e, INVITE, alive.addr()), Flow{Transport: UDP, Remote: alive.addr()}, func(ev ClientEvent) { good <- ev }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := e.Send(newRequest(t, e, INVITE, to), Flow{Transport: UDP, Remote: to}, func(ev ClientEvent) { bad <- ev }); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if ev := want(t, bad); !isErr(ev.Err, ErrUnreachable) {
			t.Errorf("got %v", ev.Err)
		}
	}
	t.Logf("closed port known after %v", time.Since(start))
	invite := alive.expect("INVITE ")
	alive.send(respondTo(invite, "200 OK", "b"))
	if ev := want(t, good); ev.Err != nil || ev.Response.Status() != 200 {
		t.Errorf("the other destination got %+v", ev)
	}
}

func isErr(err, target error) bool {
	return err != nil && strings.Contains(err.Error(), target.Error())
}

// respondTo answers a request of the edge.
func respondTo(req, status, tag string, extra ...string) string {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + status + "\r\n")
	for _, line := range strings.Split(req, "\r\n")[1:] {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "Via", "From", "Call-ID", "CSeq":
			b.WriteString(line + "\r\n")
		case "To":
			if !strings.Contains(line, "tag=") && tag != "" {
				line += ";tag=" + tag
			}
			b.WriteString(line + "\r\n")
		}
	}
	for _, x := range extra {
		b.WriteString(x + "\r\n")
	}
	return b.String() + "Contact: <sip:engineer@127.0.0.1>\r\nContent-Length: 0\r\n\r\n"
}

func TestUnknownSourceHearsNothing(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.75.15", h, nil)
	known := newPeer(t, "127.0.75.16:0", e)
	stranger := newPeer(t, "127.0.75.17:0", e)
	e.SetAdmission(func(from netip.AddrPort) Class {
		if from.Addr() == known.addr().Addr() {
			return Peer
		}
		return Unknown
	})
	stranger.send(stranger.message(OPTIONS, "s", "s", 1))
	stranger.send("rubbish\r\n\r\n")
	known.send(known.message(OPTIONS, "k", "k", 1))
	known.expect("SIP/2.0 200") // the stranger's datagrams were read before
	if got := stranger.read(50 * time.Millisecond); got != "" {
		t.Errorf("the stranger heard %q", got)
	}
	if got := want(t, h.requests).Request().CallID(); got != "k" {
		t.Errorf("the handler saw %q", got)
	}
}

func TestPanicCostsOneCall(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = func(tx *ServerTx) {
		if tx.Request().CallID() == "poison" {
			panic("poisoned")
		}
		_ = tx.Respond(NewResponse(tx.Request(), StatusBusyHere, ""))
	}
	var log syncBuffer
	cfg := Default()
	cfg.Listen = []Listen{{Transport: UDP, Addr: "127.0.75.19:0"}}
	e, err := New(cfg, Deps{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	e.SetHandler(h)
	e.SetAdmission(func(netip.AddrPort) Class { return Peer })
	runEdge(t, e)
	p := newPeer(t, "127.0.75.20:0", e)
	p.send(p.message(INVITE, "poison", "p", 1))
	p.expect("SIP/2.0 500")
	p.send(p.message(ACK, "poison", "p", 1))
	p.send(p.message(INVITE, "fine", "f", 1))
	p.expect("SIP/2.0 486")
	p.send(p.message(ACK, "fine", "f", 1))
	if n := strings.Count(log.String(), "handler panicked"); n != 1 {
		t.Errorf("%d lines about the panic, want 1", n)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
