package smpp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// centre is a message centre in the test's own process. It answers binds,
// enquire_link and unbind; what else comes goes to behave.
type centre struct {
	behave func(l *link, p pdu.PDU)

	mu     sync.Mutex
	links  []*link
	refuse error // of connections
	dials  int
	heard  []pdu.PDU
	ids    int
	wg     sync.WaitGroup
}

// link is one connection to the centre.
type link struct {
	of   *centre
	to   string
	conn net.Conn
	mute bool // it neither answers nor hangs up; set in behave
	seq  uint32
	turn chan struct{} // to write; a mutex would stop the clock of the bubble
}

func (c *centre) dial(_ context.Context, address string) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dials++
	if c.refuse != nil {
		return nil, c.refuse
	}
	theirs, ours := net.Pipe()
	l := &link{of: c, to: address, conn: ours, seq: 1000, turn: make(chan struct{}, 1)}
	c.links = append(c.links, l)
	c.wg.Go(l.serve)
	return theirs, nil
}

func (c *centre) refuseWith(err error) {
	c.mu.Lock()
	c.refuse = err
	c.mu.Unlock()
}

// changes makes it behave otherwise.
func (c *centre) changes(behave func(*link, pdu.PDU)) {
	c.mu.Lock()
	c.behave = behave
	c.mu.Unlock()
}

func (c *centre) dialled() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dials
}

// last is the newest connection.
func (c *centre) last() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.links[len(c.links)-1]
}

func (c *centre) commands() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, p := range c.heard {
		out = append(out, p.Command.String())
	}
	return out
}

func (c *centre) nextID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids++
	return "id" + strconv.Itoa(c.ids)
}

func (l *link) serve() {
	defer l.conn.Close()
	for {
		p, _, err := pdu.Read(l.conn)
		if err != nil {
			return
		}
		l.of.mu.Lock()
		l.of.heard = append(l.of.heard, p)
		behave := l.of.behave
		l.of.mu.Unlock()
		if l.mute {
			continue
		}
		switch c := p.Command; {
		case c == pdu.BindTransceiver, c == pdu.EnquireLink:
			l.send(p.Answer(pdu.OK))
		case c == pdu.Unbind:
			l.send(p.Answer(pdu.OK))
			return
		case behave != nil:
			behave(l, p)
		case c == pdu.SubmitSM:
			l.accept(p)
		}
	}
}

func (l *link) accept(p pdu.PDU) {
	r := p.Answer(pdu.OK)
	r.Body = &pdu.MessageResp{ID: l.of.nextID()}
	l.send(r)
}

// send writes without waiting: over a pipe a write ends when it is read.
func (l *link) send(p pdu.PDU) {
	b, err := p.Append(nil)
	if err != nil {
		panic(err)
	}
	l.of.wg.Go(func() {
		l.turn <- struct{}{}
		defer func() { <-l.turn }()
		_, _ = l.conn.Write(b)
	})
}

// deliver sends a message as the subscriber 79001234567.
func (l *link) deliver(m pdu.Message) {
	l.seq++
	m.From = pdu.Address{TON: 1, NPI: 1, Number: "79001234567"}
	l.send(pdu.PDU{Command: pdu.DeliverSM, Sequence: l.seq, Body: &m})
}

// rig is a client that runs against a centre.
type rig struct {
	*Client
	centre *centre
	stop   context.CancelFunc
	ended  chan error

	mu     sync.Mutex
	stored [][]byte
	fail   error         // of Receive
	gate   chan struct{} // Receive waits for it; nil = it does not
	late   []lateResult
	counts map[string]int
	states []State
}

// figures is what the client tells of itself.
type figures struct{ *rig }

func (f figures) State(_ string, s State) {
	f.mu.Lock()
	f.states = append(f.states, s)
	f.mu.Unlock()
}

func (f figures) Submitted(_ string, o Outcome, _ pdu.Status, _ time.Duration) { f.count(o.String()) }
func (f figures) Strange(_, what string)                                       { f.count(what) }
func (f figures) Rate(string, float64)                                         {}

func (f figures) Received(_ string, stored bool) {
	if stored {
		f.count("stored")
	}
}

func (r *rig) count(what string) {
	r.mu.Lock()
	r.counts[what]++
	r.mu.Unlock()
}

func (r *rig) counted(what string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[what]
}

func (r *rig) receive(_ context.Context, raw []byte) error {
	if r.gate != nil {
		<-r.gate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	r.stored = append(r.stored, raw)
	return nil
}

// lateResult is what Deps.Late was told.
type lateResult struct {
	ref string
	Result
}

var errFull = errors.New("the disk is full")

func start(t *testing.T, conf Config, c *centre) *rig {
	t.Helper()
	return startWith(t, conf, c, c.dial)
}

func startWith(t *testing.T, conf Config, c *centre, dial func(context.Context, string) (net.Conn, error)) *rig {
	t.Helper()
	r := &rig{centre: c, ended: make(chan error, 1), counts: map[string]int{}}
	client, err := New(conf, Deps{
		Log: slog.New(slog.DiscardHandler), Receive: r.receive, Dial: dial, Metrics: figures{r}, Jitter: func() float64 { return 1 },
		Late: func(_ context.Context, ref string, res Result) {
			r.mu.Lock()
			r.late = append(r.late, lateResult{ref, res})
			r.mu.Unlock()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Client = client
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() { r.ended <- client.Run(ctx) }()
	return r
}

// end stops the client and waits for all of it and of the centre.
func (r *rig) end(t *testing.T) {
	t.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	r.centre.wg.Wait()
	if n := r.Up(); n != 0 {
		t.Errorf("%d binds are up after the end", n)
	}
}
