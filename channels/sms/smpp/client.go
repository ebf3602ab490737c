package smpp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

// Deps are what a Client needs of its house.
type Deps struct {
	Log *slog.Logger
	// Receive stores what came in, a deliver_sm or data_sm as it was on the wire;
	// ReadInbound reads it. It is acknowledged when Receive returns nil. One at a
	// time is stored of each bind, and the same may come twice.
	Receive func(ctx context.Context, raw []byte) error
	// Late takes the response to a part that was Unsure. It may be nil; what it
	// can not be told within Config.StoreTimeout, or when too much waits, is lost.
	Late func(ctx context.Context, ref string, r Result)
	// Metrics may be nil.
	Metrics Metrics
	// Dial opens a connection; nil = TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Jitter is in [0, 1); nil = random.
	Jitter func() float64
}

// Client sends and receives by the binds of one account.
type Client struct {
	conf Config
	deps Deps

	submits chan *submission // unbuffered: a bind takes one when it can send it
	up      atomic.Int32     // binds that are bound
	end     chan struct{}    // closed when Run ends
	once    sync.Once
}

// submission is one part on its way through a bind.
type submission struct {
	ref  string
	part int
	pdu  pdu.PDU
	done chan Result // buffered: the bind never waits
	// taken is set by whoever says the outcome: the bind, or a caller that
	// waits no longer.
	taken atomic.Bool
}

// New returns a client that does nothing until Run.
func New(c Config, d Deps) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configure SMPP account %q: %w", c.Name, err)
	}
	if d.Log == nil || d.Receive == nil {
		return nil, errors.New("an SMPP client needs Log and Receive")
	}
	if d.Metrics == nil {
		d.Metrics = noMetrics{}
	}
	if d.Late == nil {
		d.Late = func(context.Context, string, Result) {}
	}
	if d.Dial == nil {
		d.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		}
	}
	if d.Jitter == nil {
		d.Jitter = rand.Float64
	}
	return &Client{conf: c, deps: d, submits: make(chan *submission), end: make(chan struct{})}, nil
}

// Run keeps all binds up until ctx ends, says good-bye, and returns when every
// goroutine of the client has ended. It is called once.
func (c *Client) Run(ctx context.Context) error {
	defer c.once.Do(func() { close(c.end) })
	var wg sync.WaitGroup
	for _, address := range c.conf.Addresses {
		for n := range c.conf.Binds {
			b := newBind(c, address, fmt.Sprintf("%s/%s#%d", c.conf.Name, address, n+1))
			wg.Go(func() { b.run(ctx) })
		}
	}
	wg.Wait()
	return nil
}

// Up is how many binds messages pass through now.
func (c *Client) Up() int { return int(c.up.Load()) }

// Send submits a text part by part and returns what became of each. A part that
// is refused or unsure ends it, so that the rest is NotSent. Throttled parts are
// sent again until ctx ends.
//
// The error is ErrUnsure when a part may have been sent (also when ctx ends amid
// one), a *RefusedError when the centre says no, ErrNotSent when ctx ended
// before; any other is a fault of the message.
func (c *Client) Send(ctx context.Context, m Message) (Sent, error) {
	pdus, coding, err := c.conf.pdus(m)
	if err != nil {
		return Sent{}, err
	}
	sent := Sent{Reference: m.reference(), Coding: coding, Parts: make([]Result, len(pdus))}
	for i := range pdus {
		sent.Parts[i].Part = i + 1
	}
	for i, p := range pdus {
		if len(m.Only) > 0 && !slices.Contains(m.Only, i+1) {
			continue
		}
		r, err := c.submit(ctx, m.Ref, i+1, p)
		sent.Parts[i] = r
		if err != nil {
			return sent, fmt.Errorf("send part %d of %d of message %s: %w", i+1, len(pdus), m.Ref, err)
		}
	}
	return sent, nil
}

// submit sends one part, again while the centre is busy.
func (c *Client) submit(ctx context.Context, ref string, part int, p pdu.PDU) (Result, error) {
	last := Result{Part: part}
	for {
		s := &submission{ref: ref, part: part, pdu: p, done: make(chan Result, 1)}
		select {
		case c.submits <- s:
		case <-ctx.Done():
			return c.notSent(last, context.Cause(ctx))
		case <-c.end:
			return c.notSent(last, errors.New("the client has ended"))
		}
		r := s.wait(ctx)
		switch {
		case r.Outcome == Accepted:
			return r, nil
		case r.Outcome == Refused && r.Status.Busy():
			last = r // it was not taken: the next try waits until the pace allows it
		case r.Outcome == Refused:
			return r, &RefusedError{r.Status}
		case r.Outcome == Unsure:
			return r, ErrUnsure
		default:
			return c.notSent(last, errors.New("the link has ended"))
		}
	}
}

// notSent says why a part has not left: the centre was busy to the end, or
// nothing has taken it.
func (c *Client) notSent(last Result, cause error) (Result, error) {
	if last.Outcome == Refused {
		return last, fmt.Errorf("%w, up to the end: %w", &RefusedError{last.Status}, cause)
	}
	return last, fmt.Errorf("%w (%d of %d binds are up): %w", ErrNotSent, c.Up(), len(c.conf.Addresses)*c.conf.Binds, cause)
}

// wait returns the outcome. A caller that goes before it comes has Unsure, and
// what comes goes to Deps.Late.
func (s *submission) wait(ctx context.Context) Result {
	select {
	case r := <-s.done:
		return r
	case <-ctx.Done():
	}
	if s.taken.CompareAndSwap(false, true) {
		return Result{Part: s.part, Outcome: Unsure}
	}
	return <-s.done
}

// resolve tells the outcome to the caller, or that he has gone.
func (s *submission) resolve(r Result) (told bool) {
	if !s.taken.CompareAndSwap(false, true) {
		return false
	}
	r.Part = s.part
	s.done <- r
	return true
}
