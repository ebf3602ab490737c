package wire

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// logged is an edge whose log the test reads and whose checks may be replaced.
func logged(t *testing.T, ip string, h Handler, change func(*Edge)) (*Edge, *syncBuffer) {
	t.Helper()
	log := &syncBuffer{}
	cfg := Default()
	cfg.Listen = []Listen{{Transport: UDP, Addr: ip + ":0"}}
	e, err := New(cfg, Deps{Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	e.SetHandler(h)
	e.SetAdmission(func(netip.AddrPort) Class { return Peer })
	change(e)
	runEdge(t, e)
	return e, log
}

func TestPanicInAnyStepCostsOneMessage(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusBusyHere)
	e, log := logged(t, "127.0.75.81", h, func(e *Edge) {
		e.check = func(r *Request, ext []string) *StatusError {
			if r.CallID() == "poison" {
				panic("poisoned")
			}
			return validate(r, ext)
		}
	})
	p := newPeer(t, "127.0.75.82:0", e)
	p.send(p.message(INVITE, "poison", "p", 1))
	p.expect("SIP/2.0 500")
	p.send(p.message(ACK, "poison", "p", 1))
	p.send(p.message(ACK, "poison", "stray", 1)) // to no transaction: the check breaks with nothing to answer
	for i := range 50 {
		p.send(p.message(OPTIONS, "poison", fmt.Sprint("o", i), i+2))
		p.expect("SIP/2.0 500")
	}
	p.send(p.message(INVITE, "fine", "f", 1))
	p.expect("SIP/2.0 486")
	p.send(p.message(ACK, "fine", "f", 1))
	if n := strings.Count(log.String(), "handler panicked"); n == 0 || n > 2*quietBurst {
		t.Errorf("%d lines about 52 panics", n)
	}
}

func TestPanicInTheMachineOfSipgo(t *testing.T) {
	t.Parallel()
	e, log := logged(t, "127.0.75.83", newRecorder(), func(*Edge) {})
	p := newPeer(t, "127.0.75.84:0", e)
	tx := &ClientTx{edge: e, req: newRequest(t, e, OPTIONS, p.addr())}
	tx.sip = &sip.ClientTx{} // not made by its constructor
	if tx.receive(nil) {
		t.Error("a broken machine passed a response")
	}
	if !strings.Contains(log.String(), "handler panicked") {
		t.Error("nothing was logged")
	}
}

func TestMailboxSurvivesAndNeverDropsTheLast(t *testing.T) {
	t.Parallel()
	faults := 0
	boxes := newMailboxes(func(string) {
		if recover() != nil {
			faults++
		}
	})
	hold, ran := make(chan struct{}), make(chan string, 2*maxQueued)
	boxes.post("call", func() { <-hold; panic("poisoned") })
	for boxes.post("call", func() { ran <- "input" }) {
		continue
	}
	if !boxes.postLast("call", func() { ran <- "last" }) {
		t.Error("a full mailbox dropped what ends a transaction")
	}
	close(hold)
	for {
		if got := want(t, ran); got == "last" {
			break
		}
	}
	boxes.close()
	if faults != 1 {
		t.Errorf("%d panics were recovered", faults)
	}
	if boxes.postLast("call", func() {}) {
		t.Error("a closed mailbox takes inputs")
	}
}

func TestCancelOfAnotherAddress(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	e := startEdge(t, "127.0.75.85", h, nil)
	p, thief := newPeer(t, "127.0.75.86:0", e), newPeer(t, "127.0.75.87:0", e)
	p.send(p.message(INVITE, "mine", "m", 1))
	invite := want(t, h.requests)
	thief.send(p.message(CANCEL, "mine", "m", 1))
	thief.expect("SIP/2.0 481")
	if len(h.requests) > 0 {
		t.Error("the handler saw somebody else's CANCEL")
	}
	answer(StatusBusyHere)(invite)
	p.expect("SIP/2.0 486")
	p.send(p.message(ACK, "mine", "m", 1))
}

func TestInside(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"SIP/2.0 200 OK\r\n":                                       true,
		"\r\nBYE sip:a@b SIP/2.0\r\n":                              true,
		"ACK sip:a@b SIP/2.0\r\n":                                  true,
		"CANCEL sip:a@b SIP/2.0\r\n":                               true,
		"INVITE sip:a@b SIP/2.0\r\nTo: <sip:a@b>;tag=x\r\n\r\n":    true,
		"INFO sip:a@b SIP/2.0\r\nt : <sip:a@b> ; TAG=x\r\n\r\n":    true,
		"INFO sip:a@b SIP/2.0\r\nt : <sip:a@b>;TAG=x\r\n\r\n":      true,
		"INVITE sip:a@b SIP/2.0\r\nTo: <sip:a@b>\r\n\r\n":          false,
		"OPTIONS sip:a@b SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\n\r\n": false,
		"OPTIONS sip:a@b SIP/2.0\r\n\r\nTo: <sip:a@b>;tag=1":       false,
		"": false,
	} {
		if got := inside([]byte(text)); got != want {
			t.Errorf("inside(%q) = %v", text, got)
		}
	}
}

func TestFloodOfNewRequestsLeavesLiveCallsAlone(t *testing.T) {
	t.Parallel()
	h := newRecorder()
	h.react = answer(StatusOK)
	e := startEdge(t, "127.0.75.88", h, func(c *Config) { c.Rate, c.Burst = 1, 10 })
	p := newPeer(t, "127.0.75.89:0", e)
	for i := range 50 {
		p.send(p.message(OPTIONS, fmt.Sprint("flood", i), fmt.Sprint(i), 1))
	}
	p.send(p.message(BYE, "live", "b", 2))
	for {
		msg := p.read(patience)
		if msg == "" {
			t.Fatal("the BYE was dropped with the flood")
		}
		if strings.Contains(msg, "Call-ID: live") {
			break
		}
	}
	now, at := time.Now(), p.addr()
	for i := 0; e.admitted([]byte("BYE "), Flow{Transport: UDP, Local: at, Remote: at}, now) != Unknown; i++ {
		if i > insideShare*20 {
			t.Fatal("a flood of BYEs is not bounded")
		}
	}
}
