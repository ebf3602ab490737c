package wire

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
)

// tape is a writer that keeps what was sent, with the time.
type tape struct {
	mu    sync.Mutex
	start time.Time
	lines []string
}

func (w *tape) write(data []byte, _ netip.AddrPort) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	first, _, _ := strings.Cut(string(data), " sip:")
	if strings.HasPrefix(first, "SIP/2.0") {
		first = first[8:11]
	}
	w.lines = append(w.lines, time.Since(w.start).String()+" "+first)
	return nil
}

func (w *tape) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, ", ")
}

// bubble is an edge without sockets, for timers.
func bubble(t *testing.T, h Handler) (*Edge, *link, *tape) {
	t.Helper()
	cfg := Default()
	cfg.Listen = []Listen{{Transport: UDP, Addr: "192.0.2.1:5060"}}
	e, err := New(cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	e.SetHandler(h)
	e.udp[0].bound, e.udp[0].host, e.udp[0].port = netip.MustParseAddrPort("192.0.2.1:5060"), "192.0.2.1", 5060
	w := &tape{start: time.Now()}
	return e, &link{edge: e, out: w, flow: Flow{Transport: UDP, Remote: netip.MustParseAddrPort("192.0.2.9:5070")}}, w
}

// begin sends a request of ours by the tape.
func begin(t *testing.T, e *Edge, l *link, m Method, on func(ClientEvent)) *ClientTx {
	t.Helper()
	req := newRequest(t, e, m, l.flow.Remote)
	to := l.flow
	if _, err := e.prepare(req, &to, e.NewBranch()); err != nil {
		t.Fatal(err)
	}
	tx := e.newClient(req, on)
	tx.start(l)
	return tx
}

// reply feeds a response to a request of ours.
func reply(e *Edge, tx *ClientTx, status int) {
	m := sip.NewResponseFromRequest(tx.req.sip, status, StatusText(status), nil)
	e.deliver(m, tx.link, time.Now())
}

func TestRFC3261TimerB(t *testing.T) {
	t.Parallel()
	for _, method := range []Method{INVITE, OPTIONS} {
		synctest.Test(t, func(t *testing.T) {
			e, l, w := bubble(t, newRecorder())
			events := make(chan ClientEvent, 4)
			begin(t, e, l, method, func(ev ClientEvent) { events <- ev })
			ev := <-events
			if after := time.Since(w.start); !isErr(ev.Err, ErrTimeout) || after != 32*time.Second {
				t.Errorf("%s: %v after %v", method, ev.Err, after)
			}
			if !strings.HasPrefix(w.String(), "0s "+method+", 500ms "+method+", 1.5s "+method) {
				t.Errorf("sent %s", w)
			}
			synctest.Wait()
			if _, n := e.table.size(); n != 0 {
				t.Errorf("%d transactions are left", n)
			}
		})
	}
}

func TestRFC3261CancelThatIsIgnoredEndsTheInvite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, l, w := bubble(t, newRecorder())
		events := make(chan ClientEvent, 4)
		tx := begin(t, e, l, INVITE, func(ev ClientEvent) { events <- ev })
		reply(e, tx, 180)
		if ev := <-events; ev.Response.Status() != 180 {
			t.Errorf("got %+v", ev)
		}
		<-time.After(time.Minute) // ringing is not bounded by Timer B
		if err := tx.Cancel(); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if ev := <-events; !isErr(ev.Err, ErrTimeout) || time.Since(start) != 32*time.Second {
			t.Errorf("got %+v after %v", ev, time.Since(start))
		}
		if !strings.HasPrefix(w.String(), "0s INVITE, 1m0s CANCEL, 1m0.5s CANCEL") {
			t.Errorf("sent %s", w)
		}
		<-time.After(time.Minute)
		synctest.Wait()
		if _, n := e.table.size(); n != 0 {
			t.Errorf("%d transactions are left", n)
		}
	})
}

func TestRFC3261ParkedCancelIsAnsweredAfterHalfASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		e, l, w := bubble(t, h)
		msg := requestText(CANCEL, "192.0.2.9:5070", "UDP", "192.0.2.1", "c", "b", 1)
		m, err := e.parser.ParseSIP([]byte(msg))
		if err != nil {
			t.Fatal(err)
		}
		e.deliver(m, l, time.Now())
		<-time.After(time.Minute)
		synctest.Wait()
		if w.String() != "500ms 481" {
			t.Errorf("sent %s", w)
		}
		if n, _ := e.table.size(); n != 0 || len(h.requests) != 0 {
			t.Errorf("%d transactions are left, the handler saw %d", n, len(h.requests))
		}
	})
}

func TestRFC3261TransactionsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newRecorder()
		h.react = answer(StatusOK)
		e, l, _ := bubble(t, h)
		for _, method := range []Method{INVITE, OPTIONS, BYE} {
			m, err := e.parser.ParseSIP([]byte(requestText(method, "192.0.2.9:5070", "UDP", "192.0.2.1", "c"+method, "b"+method, 1)))
			if err != nil {
				t.Fatal(err)
			}
			e.deliver(m, l, time.Now())
			tx := begin(t, e, l, method, nil)
			reply(e, tx, 200)
		}
		<-time.After(time.Minute)
		synctest.Wait()
		if server, client := e.table.size(); server != 0 || client != 0 {
			t.Errorf("%d server and %d client transactions are left", server, client)
		}
		if e.boxes.len() != 0 {
			t.Errorf("%d mailboxes are left", e.boxes.len())
		}
	})
}
