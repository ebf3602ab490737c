package wire

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// ErrAnswered is returned by ServerTx.Respond after a final answer: the first
// one stands. Further 2xx to an INVITE are sent, since their retransmission is
// the dialog's duty (RFC 6026).
var ErrAnswered = errors.New("request has its final answer already")

// ServerTx is a request that waits for its answer. It absorbs retransmissions
// and repeats answers as RFC 3261 section 17.2 says.
type ServerTx struct {
	// set when made
	edge    *Edge
	req     *Request
	key     string
	sip     *sip.ServerTx
	cancels *ServerTx
	born    time.Time
	back    *link

	// guarded by mu
	mu      sync.Mutex
	tag     string
	started bool // some answer was sent
	final   int
	acked   bool
	last    *Response // to a CANCEL
}

// Request returns the request.
func (t *ServerTx) Request() *Request { return t.req }

// Cancels returns, for a CANCEL, the INVITE that it cancels; else nil.
func (t *ServerTx) Cancels() *ServerTx { return t.cancels }

// Key returns what identifies the transaction (RFC 3261 section 17.2.3).
func (t *ServerTx) Key() string { return t.key }

// Respond sends an answer; any goroutine may call it. The answer must not be
// changed afterwards. An answer without a To tag gets the transaction's own,
// which stays the same over all its answers.
func (t *ServerTx) Respond(res *Response) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.respond(res)
}

// Drop ends a transaction other than an INVITE's without an answer; a retransmission is a new request.
func (t *ServerTx) Drop() { t.sip.Terminate() }

func (t *ServerTx) respond(res *Response) error {
	status := res.Status()
	if repeated := t.invite() && is2xx(t.final) && is2xx(status); t.final != 0 && !repeated {
		return fmt.Errorf("answer %s with %d: %w (%d)", t.req.Method(), status, ErrAnswered, t.final)
	}
	t.fixTag(res)
	if status >= 200 {
		t.final = status
	}
	t.started = true
	if t.req.sip.Method == sip.REGISTER && is2xx(status) {
		t.registered()
	}
	if err := t.sip.Respond(res.sip); err != nil && !errors.Is(err, sip.ErrTransactionTerminated) {
		return fmt.Errorf("answer %s with %d: %w", t.req.Method(), status, errors.Join(classify(err), err))
	}
	t.edge.metrics.sentResponse(status)
	if t.req.sip.Method == sip.CANCEL {
		t.keepCancel(res)
	}
	return nil
}

// registered makes the source of a REGISTER one that is known, before it hears of it: what it sends next may be an answer
// to our INVITE.
func (t *ServerTx) registered() {
	t.edge.guests.registered(t.req.flow.Remote.Addr(), time.Now())
	if c, ok := t.back.out.(*streamConn); ok {
		c.welcome()
	}
}

// keepCancel keeps the answer to a CANCEL for its retransmissions: sipgo sends
// it past its machine, which therefore neither repeats it nor ever ends.
func (t *ServerTx) keepCancel(res *Response) {
	t.last = res
	if t.req.flow.Transport != UDP {
		t.sip.Terminate()
		return
	}
	time.AfterFunc(sip.Timer_J, t.sip.Terminate)
}

func (t *ServerTx) fixTag(res *Response) {
	if res.Status() == StatusTrying {
		return
	}
	if res.ToTag() == "" {
		if t.tag == "" {
			t.tag = t.edge.NewTag()
		}
		res.SetToTag(t.tag)
	}
}

// trying sends 100 unless somebody has answered already. sipgo's own 100 after
// 200 ms is never needed then; its timer could overwrite a final answer that is
// sent at the same moment.
func (t *ServerTx) trying() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.started {
		_ = t.respond(NewResponse(t.req, StatusTrying, "")) // a lost 100 is repeated on retransmission
	}
}

// fail answers with a status unless there is a final answer.
func (t *ServerTx) fail(e *StatusError) {
	if err := t.Respond(e.Response(t.req)); err != nil && !errors.Is(err, ErrAnswered) {
		t.edge.log.Warn("request not refused", "call_id", t.req.CallID(), "err", err)
	}
}

func (t *ServerTx) invite() bool { return t.req.sip.Method == sip.INVITE }

// again feeds a retransmission of the request.
func (t *ServerTx) again(m *sip.Request) {
	if m.Method == sip.CANCEL {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.last != nil {
			_ = t.sip.Respond(t.last.sip) // the next retransmission repeats it
		}
		return
	}
	if err := t.sip.Receive(m); err != nil {
		t.edge.log.Warn("retransmission not understood", "call_id", t.req.CallID(), "err", err)
	}
}

// ack feeds an ACK and tells whether the transaction consumed it: it does so
// for finals of 300 and above.
func (t *ServerTx) ack(m *sip.Request) bool {
	t.mu.Lock()
	if is2xx(t.final) {
		t.mu.Unlock()
		return false
	}
	first := t.final != 0 && !t.acked
	t.acked = t.acked || first
	t.mu.Unlock()
	if !first {
		return true
	}
	_ = t.sip.Receive(m) // only an unexpected method fails
	select {             // sipgo hands ACKs over by a goroutine that would live as long as the transaction
	case <-t.sip.Acks():
	case <-t.sip.Done():
	}
	return true
}

func is2xx(status int) bool { return status/100 == 2 }
