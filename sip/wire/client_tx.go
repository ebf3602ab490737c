package wire

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Errors of a ClientEvent.
var (
	// ErrTimeout: no final answer within 64*T1 (Timer B or F, or after a CANCEL).
	ErrTimeout = errors.New("no answer in time")
	// ErrUnreachable: the network said so, by ICMP, a refused or a lost connection.
	ErrUnreachable = errors.New("destination is unreachable")
	// ErrTransport: the message could not be sent for another reason.
	ErrTransport = errors.New("message could not be sent")
)

// ClientEvent is a response, or the reason why no further one will come.
type ClientEvent struct {
	Response *Response
	Err      error
}

// ClientTx is a request of ours. Its events come in order in the mailbox of its
// Call-ID: provisional responses, then the final one or an error. An INVITE goes
// on to deliver every 2xx for 64*T1 (retransmitted ones and those of other
// branches of a fork, RFC 6026); a response of 300 and above is acknowledged
// here.
type ClientTx struct {
	// set when made
	edge *Edge
	req  *Request
	key  string
	link *link
	on   func(ClientEvent)

	// guarded by mu
	mu     sync.Mutex
	sip    *sip.ClientTx
	heard  bool // some response came
	final  int
	over   bool // no further events
	cancel []Header
	wanted bool // CANCEL wanted
	sent   bool // CANCEL sent
	timer  *time.Timer

	forgotten atomic.Bool // over because of Terminate
}

// Request returns the request as sent; it must not be changed.
func (c *ClientTx) Request() *Request { return c.req }

// start sends the request. It holds the lock so that an answer that is faster
// than the arming of the timers waits for it: sipgo arms Timer B after sending
// and would otherwise end an answered INVITE with it.
func (c *ClientTx) start(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	c.link = l
	c.sip = sip.NewClientTx(c.key, c.req.sip, l, c.edge.sipLog)
	err := c.sip.Init()
	if errors.Is(err, errBig) { // nothing was written
		c.sip.Terminate()
		c.sip, c.link = nil, nil
		if c.edge.sendBig(c, l) {
			return
		}
		l.limit, c.link = 0, l
		c.sip = sip.NewClientTx(c.key, c.req.sip, l, c.edge.sipLog)
		err = c.sip.Init()
	}
	c.sip.OnTerminate(func(_ string, err error) { c.ended(err) })
	if err != nil {
		c.sip.Terminate()
		c.fault(errors.Join(classify(err), err))
	}
}

// unreachable ends a request that has not been answered at all.
func (c *ClientTx) unreachable(err error) {
	c.mu.Lock()
	silent := !c.heard && !c.over
	c.mu.Unlock()
	if silent {
		c.fail(err)
	}
}

// uses tells whether the request went out by a connection and waits for it.
func (c *ClientTx) uses(out writer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link != nil && c.link.out == out && !c.over && c.final == 0
}

// fault ends the transaction without an answer, as an input of its mailbox.
func (c *ClientTx) fault(err error) {
	if !c.edge.boxes.postLast(c.req.CallID(), func() { c.fail(err) }) {
		c.edge.table.dropClient(c) // the edge ends: nobody listens
	}
}

// fail delivers the error unless a final answer has come. It runs in the mailbox.
func (c *ClientTx) fail(err error) {
	c.mu.Lock()
	if c.over || c.final != 0 {
		c.mu.Unlock()
		return
	}
	c.over = true
	c.stop()
	tx := c.sip
	c.mu.Unlock()
	c.edge.table.dropClient(c)
	if tx != nil {
		tx.Terminate()
	}
	c.deliver(ClientEvent{Err: err})
}

// ended is called by sipgo, sometimes with its machine locked.
func (c *ClientTx) ended(err error) {
	switch {
	case errors.Is(err, sip.ErrTransactionTimeout):
		c.fault(fmt.Errorf("%s: %w", c.req.Method(), ErrTimeout))
	case errors.Is(err, sip.ErrTransactionTransport):
		c.fault(errors.Join(classify(err), err))
	case !c.forgotten.Load():
		c.edge.table.dropClient(c)
	}
}

// feed takes a response in the mailbox.
func (c *ClientTx) feed(res *Response) {
	status := res.Status()
	c.mu.Lock()
	if c.over {
		c.mu.Unlock()
		c.late(res)
		return
	}
	pass, stray := c.step(res)
	cancel := c.wanted && !c.sent && c.heard && c.final == 0
	if cancel {
		c.sent = true
	}
	headers := c.cancel
	c.mu.Unlock()
	if pass {
		c.deliver(ClientEvent{Response: res})
	}
	if stray {
		c.edge.stray(res)
	}
	if cancel && status < 200 {
		c.sendCancel(headers)
	}
}

// step moves sipgo's machine and tells whether the response is to be delivered,
// or is a 2xx that nobody waits for: a fork that answers behind a refusal.
func (c *ClientTx) step(res *Response) (pass, stray bool) {
	status, invite := res.Status(), c.req.sip.Method == sip.INVITE
	switch {
	case c.final == 0:
		c.heard = true
		if status >= 200 {
			c.final = status
			c.stop()
		}
		return c.receive(res.sip), false
	case invite && is2xx(c.final) && is2xx(status):
		return true, false // retransmitted, or another branch of a fork
	case invite && is2xx(status):
		return false, true
	case invite && c.final >= 300 && status >= 300:
		c.ackFailure(res) // its ACK was lost; sipgo would hold its machine for T2 before repeating it
	}
	return false, false
}

// receive passes a response through sipgo's machine. The machine hands it over
// on an unbuffered channel while it is locked, so it runs beside us.
func (c *ClientTx) receive(m *sip.Response) (passed bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer c.edge.guard(c.req.CallID(), nil)
		c.sip.Receive(m)
	}()
	for {
		select {
		case <-c.sip.Responses():
			passed = true
		case <-done:
			return passed
		}
	}
}

// ackFailure acknowledges a final answer of 300 and above (section 17.1.1.3).
func (c *ClientTx) ackFailure(res *Response) {
	ack := c.derive(sip.ACK)
	if to := res.data.To(); to != nil {
		ack.AppendHeader(sip.HeaderClone(to))
	}
	ack.SetBody(nil)
	if err := c.link.WriteMsg(ack); err != nil {
		c.edge.log.Warn("ACK not sent", "call_id", c.req.CallID(), "err", err)
	}
}

// derive begins an ACK or CANCEL from the INVITE as it was sent: the same
// Request-URI, top Via, Route, From, Call-ID and CSeq number (section 9.1).
func (c *ClientTx) derive(m sip.RequestMethod) *sip.Request {
	out := sip.NewRequest(m, c.req.sip.Recipient)
	top := true
	for _, h := range c.req.data.Headers() {
		switch h := h.(type) {
		case *sip.ViaHeader:
			if top {
				out.AppendHeader(sip.HeaderClone(h))
			}
			top = false
		case *sip.CSeqHeader:
			out.AppendHeader(&sip.CSeqHeader{SeqNo: h.SeqNo, MethodName: m})
		case *sip.FromHeader, *sip.CallIDHeader:
			out.AppendHeader(sip.HeaderClone(h))
		case *sip.ToHeader:
			if m == sip.CANCEL {
				out.AppendHeader(sip.HeaderClone(h))
			}
		default:
			if h.Name() == "Route" {
				out.AppendHeader(sip.HeaderClone(h))
			}
		}
	}
	mf := sip.MaxForwardsHeader(maxForwards)
	out.AppendHeader(&mf)
	return out
}

// late treats a response after Terminate: a 1xx means that the other side does
// ring, so it is cancelled; a 2xx goes to the dialog layer's sweep; the rest is
// acknowledged.
func (c *ClientTx) late(res *Response) {
	if c.req.sip.Method != sip.INVITE {
		return
	}
	switch status := res.Status(); {
	case status < 200:
		c.mu.Lock()
		first := c.forgotten.Load() && !c.sent && c.link != nil
		c.sent = c.sent || first
		headers := c.cancel
		c.mu.Unlock()
		if first {
			c.sendCancel(headers)
		}
	case is2xx(status):
		c.edge.stray(res)
	default:
		if c.link != nil {
			c.ackFailure(res)
		}
	}
}

// Cancel asks for a CANCEL with the extra headers (Reason). It is sent as soon
// as a provisional response has come (section 9.1), at once if one has; after a
// final answer nothing is sent. If no final answer follows within 64*T1, the
// transaction ends with ErrTimeout.
func (c *ClientTx) Cancel(headers ...Header) error {
	if c.req.sip.Method != sip.INVITE {
		return fmt.Errorf("cancel %s: only an INVITE can be cancelled", c.req.Method())
	}
	for _, h := range headers {
		if _, err := makeHeader(h.Name, h.Value); err != nil {
			return fmt.Errorf("cancel INVITE: %w", err)
		}
	}
	c.mu.Lock()
	if c.over || c.final != 0 || c.wanted {
		c.mu.Unlock()
		return nil
	}
	c.wanted, c.cancel = true, headers
	now := c.heard
	c.sent = now
	c.mu.Unlock()
	if now {
		c.sendCancel(headers)
	}
	return nil
}

// sendCancel sends the CANCEL in a transaction of its own.
func (c *ClientTx) sendCancel(headers []Header) {
	m := c.derive(sip.CANCEL)
	req := &Request{sip: m, uri: c.req.uri, message: message{data: &m.MessageData, flow: c.link.flow}}
	for _, h := range headers {
		if err := req.Add(h.Name, h.Value); err != nil {
			continue // judged in Cancel
		}
	}
	m.SetBody(nil)
	tx := c.edge.newClient(req, nil)
	tx.start(c.link)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.final != 0 {
		return
	}
	c.timer = time.AfterFunc(sip.Timer_B, func() {
		c.fault(fmt.Errorf("INVITE after CANCEL: %w", ErrTimeout))
	})
}

// Terminate forgets the transaction: nothing is delivered any more. For 64*T1
// a late provisional response is still answered with CANCEL, a late failure with
// ACK, and a late 2xx goes to Handler.HandleStray, so that no phone is left
// ringing or connected.
func (c *ClientTx) Terminate() {
	c.mu.Lock()
	if c.over {
		c.mu.Unlock()
		return
	}
	c.over = true
	c.forgotten.Store(true)
	c.stop()
	tx := c.sip
	linger := tx != nil && c.req.sip.Method == sip.INVITE
	if linger {
		c.timer = time.AfterFunc(sip.Timer_B, func() { c.edge.table.dropClient(c) })
	}
	c.mu.Unlock()
	if tx != nil {
		tx.Terminate()
	}
	if !linger {
		c.edge.table.dropClient(c)
	}
}

// stop stops the timer after CANCEL.
func (c *ClientTx) stop() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

// deliver runs the callback; a panic in it is recovered.
func (c *ClientTx) deliver(ev ClientEvent) {
	if c.on == nil {
		return
	}
	defer c.edge.guard(c.req.CallID(), nil)
	c.on(ev)
}

// classify turns what the operating system said into an error of this package.
func classify(err error) error {
	for _, gone := range []error{
		syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ECONNRESET,
		syscall.EPIPE, syscall.ETIMEDOUT, net.ErrClosed, ErrUnreachable,
	} {
		if errors.Is(err, gone) {
			return ErrUnreachable
		}
	}
	return ErrTransport
}
