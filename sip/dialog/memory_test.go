package dialog

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/sip/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is an edge without a network: it writes down what leaves, in order, and
// lets the test answer.
type memory struct {
	mu    sync.Mutex
	start time.Time
	n     int
	log   []string
	out   []*outTx
	fail  error  // of the next Send
	peer  *Stack // who gets what leaves, if anybody
}

type outTx struct {
	net *memory
	req *wire.Request
	to  wire.Flow
	on  func(wire.ClientEvent)
}

func (m *memory) note(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := time.Since(m.start).Round(10 * time.Millisecond).Seconds()
	m.log = append(m.log, strconv.FormatFloat(at, 'f', -1, 64)+" "+fmt.Sprintf(format, args...))
}

// sent returns our requests so far.
func (m *memory) sent() []*outTx {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.out
}

// all returns the ladder without times and cut to the words that models look for.
func (m *memory) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]string, 0, len(m.log))
	for _, l := range m.log {
		_, l, _ = strings.Cut(l, " ")
		if strings.HasPrefix(l, "forget") {
			l = "forget"
		}
		out = append(out, l)
	}
	return out
}

// take returns the ladder so far and begins a new one.
func (m *memory) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	log := m.log
	m.log = nil
	return log
}

func (m *memory) Send(req *wire.Request, to wire.Flow, on func(wire.ClientEvent)) (clientTx, error) {
	if m.fail != nil {
		return nil, m.fail
	}
	if err := req.Add("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"+m.next("b")); err != nil {
		return nil, err
	}
	m.note("%s %d %s%s", req.Method(), req.CSeq(), req.ToTag(), reasonText(req))
	tx := &outTx{net: m, req: req, to: to, on: on}
	m.mu.Lock()
	m.out = append(m.out, tx)
	m.mu.Unlock()
	if m.peer != nil {
		req.Arrived(farFlow())
		in := &inTx{net: m, req: req, key: m.next("z9hG4bK"), back: tx.on}
		go m.peer.request(in)
	}
	return tx, nil
}

func (m *memory) SendAck(req *wire.Request, _ wire.Flow) error {
	m.note("ACK %d %s", req.CSeq(), req.ToTag())
	if m.peer != nil {
		req.Arrived(farFlow())
		go m.peer.HandleAck(req)
	}
	return nil
}

func (m *memory) AdvertisedOn(wire.Flow) (string, int) { return "192.0.2.1", 5060 }
func (m *memory) NewTag() string                       { return m.next("ours") }
func (m *memory) NewCallID() string                    { return m.next("call") }

func (m *memory) next(prefix string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n++
	return prefix + strconv.Itoa(m.n)
}

func reasonText(req *wire.Request) string {
	if r := req.Header("Reason"); r != "" {
		return " " + r
	}
	return ""
}

func (t *outTx) Cancel(...wire.Header) error { t.net.note("CANCEL %d", t.req.CSeq()); return nil }
func (t *outTx) Terminate()                  { t.net.note("forget %d", t.req.CSeq()) }

// answer is what the far end answers to a request of ours.
func (t *outTx) answer(status int, tag string, sdp string) {
	t.on(wire.ClientEvent{Response: t.response(status, tag, sdp)})
}

func (t *outTx) response(status int, tag, sdp string) *wire.Response {
	res := wire.NewResponse(t.req, status, "")
	if tag != "" {
		res.SetToTag(tag)
		_ = res.Add("Contact", "<sip:"+tag+"@198.51.100.9:5080>")
	}
	if sdp != "" {
		res.SetBody(sdpType, []byte(sdp))
	}
	return res
}

// inTx is a request of the far end.
type inTx struct {
	net  *memory
	req  *wire.Request
	key  string
	fail error                  // of Respond
	last *wire.Response         // guarded by net.mu
	done []int                  // finals sent
	back func(wire.ClientEvent) // to a stack that sent it
}

func (t *inTx) Request() *wire.Request { return t.req }
func (t *inTx) Key() string            { return t.key }

// answered is what it was answered with last; timers of the dialog may answer again.
func (t *inTx) answered() *wire.Response {
	t.net.mu.Lock()
	defer t.net.mu.Unlock()
	return t.last
}

func (t *inTx) Respond(res *wire.Response) error {
	if t.fail != nil && res.Status() < 300 && res.Status() >= 200 {
		return t.fail
	}
	if n := len(t.done); n > 0 && (t.done[0] >= 300 || res.Status() < 200 || res.Status() >= 300) {
		return wire.ErrAnswered // the first final stands, only 2xx may be repeated
	}
	if res.Status() >= 200 {
		t.done = append(t.done, res.Status())
	}
	t.net.note("%d %s", res.Status(), res.Method())
	t.net.mu.Lock()
	t.last = res
	t.net.mu.Unlock()
	if t.back != nil {
		go t.back(wire.ClientEvent{Response: res})
	}
	return nil
}

// loop is a call's loop.
type loop struct {
	mu    sync.Mutex
	ended bool // guarded by mu
	work  chan func()
}

func newLoop() *loop {
	l := &loop{work: make(chan func(), 1024)}
	go func() {
		for f := range l.work {
			f()
		}
	}()
	return l
}

func (l *loop) Post(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.work <- f
	}
	return !l.ended
}

// end takes nothing more; what was taken still runs.
func (l *loop) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.ended = true
		close(l.work)
	}
}

// do runs f inside the loop and waits for it.
func (l *loop) do(f func()) {
	done := make(chan struct{})
	l.Post(func() { f(); close(done) })
	<-done
}

// bench is one dialog with a network in memory and an owner who writes down what
// he hears.
type bench struct {
	t    *testing.T
	net  *memory
	st   *Stack
	loop *loop
	d    *Dialog
	in   *inTx   // UAS: the INVITE
	seq  uint32  // far end's CSeq
	evs  []Event // owned by loop
}

func newBench(t *testing.T, change ...func(*Config)) *bench {
	t.Helper()
	cfg := Default()
	for _, f := range change {
		f(&cfg)
	}
	b := &bench{t: t, net: &memory{start: time.Now()}, loop: newLoop(), seq: 100}
	b.st = newStack(b.net, cfg, Deps{})
	t.Cleanup(b.loop.end)
	return b
}

func (b *bench) hear(e Event) {
	b.evs = append(b.evs, e)
	text := e.Kind.String()
	if e.Status != 0 {
		text += " " + strconv.Itoa(e.Status)
	}
	if e.Q850 != 0 {
		text += " q850=" + strconv.Itoa(e.Q850)
	}
	if e.SDP != nil {
		text += " sdp=" + string(e.SDP)
	}
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	b.net.note("owner: %s", text)
}

func farFlow() wire.Flow {
	return wire.Flow{Transport: wire.UDP, Remote: netip.MustParseAddrPort("198.51.100.9:5060")}
}

// dial makes the dialog a UAC.
func (b *bench) dial(sdp string) *outTx {
	b.t.Helper()
	return b.dialWith(func(o *Outgoing) { o.SDP = []byte(sdp) })
}

// dialWith is dial with whatever else is to be said.
func (b *bench) dialWith(change func(*Outgoing)) *outTx {
	b.t.Helper()
	b.loop.do(func() {
		o := Outgoing{
			URI:  wire.URI{Scheme: "sip", User: "bob", Host: "198.51.100.9"},
			From: wire.NameAddr{URI: wire.URI{Scheme: "sip", User: "vahta", Host: "192.0.2.1"}},
			To:   wire.NameAddr{URI: wire.URI{Scheme: "sip", User: "bob", Host: "198.51.100.9"}},
			Flow: farFlow(), Contact: "vahta", SDP: []byte("offer"),
		}
		change(&o)
		d, err := b.st.Invite(o, b.loop, b.hear)
		if err != nil {
			b.t.Error(err)
		}
		b.d = d
	})
	return b.net.sent()[0]
}

// invite makes the dialog a UAS; the call is accepted by the loop.
func (b *bench) invite(sdp string) {
	b.t.Helper()
	b.st.OnInvite(func(in *Incoming) { b.d = in.Accept(b.loop, b.hear) })
	b.in = b.request(wire.INVITE, "", sdp)
	b.in.req.Remove("Contact")
	_ = b.in.req.Add("Contact", "<sip:alice@198.51.100.9:5070>")
	_ = b.in.req.Add("Record-Route", "<sip:198.51.100.8;lr>")
	b.st.request(b.in)
}

// request builds the far end's next request; toTag "" starts a dialog.
func (b *bench) request(m wire.Method, toTag, sdp string) *inTx {
	b.t.Helper()
	b.seq++
	req := wire.NewRequest(m, wire.URI{Scheme: "sip", User: "hotline", Host: "192.0.2.1"})
	callID, from, to := "call-in", "<sip:alice@example.com>;tag=far", "<sip:hotline@example.com>"
	if b.d != nil && b.d.s.Role == UAC {
		id := b.d.ID()
		callID, from, to = id.CallID, "<sip:bob@198.51.100.9>;tag="+id.RemoteTag, "<sip:vahta@192.0.2.1>"
	}
	if toTag != "" {
		to += ";tag=" + toTag
	}
	key := b.net.next("z9hG4bKfar")
	for _, h := range []wire.Header{
		{Name: "Via", Value: "SIP/2.0/UDP 198.51.100.9:5060;branch=" + key},
		{Name: "From", Value: from},
		{Name: "To", Value: to},
		{Name: "Call-ID", Value: callID},
		{Name: "CSeq", Value: cseqValue(b.seq, m)},
		{Name: "Contact", Value: "<sip:moved@198.51.100.9:5090>"},
	} {
		if err := req.Add(h.Name, h.Value); err != nil {
			b.t.Fatal(err)
		}
	}
	if sdp != "" {
		req.SetBody(sdpType, []byte(sdp))
	}
	req.Arrived(farFlow())
	return &inTx{net: b.net, req: req, key: key}
}

// inside delivers a request within the dialog.
func (b *bench) inside(m wire.Method, sdp string) *inTx {
	tx := b.request(m, b.d.ID().LocalTag, sdp)
	b.st.request(tx)
	return tx
}

// ack delivers the ACK to our 200 of that request.
func (b *bench) ack(of *inTx, sdp string) {
	req := b.request(wire.ACK, b.d.ID().LocalTag, sdp)
	_ = req.req.Set("CSeq", cseqValue(of.req.CSeq(), wire.ACK))
	b.st.HandleAck(req.req)
}

// want compares everything that left and everything the owner heard.
func (b *bench) want(lines ...string) {
	b.t.Helper()
	got := b.net.take()
	if diff := cmp.Diff(lines, got); diff != "" {
		b.t.Errorf("ladder differs (-want +got):\n%s\ngot:\n%s", diff, strings.Join(got, "\n"))
	}
}

// left is what the stack still knows.
func (b *bench) left() int {
	b.st.mu.Lock()
	defer b.st.mu.Unlock()
	return len(b.st.dialogs) + len(b.st.callers) + len(b.st.invites)
}
