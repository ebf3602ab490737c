package wire

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// parkTime is how long a CANCEL waits for its INVITE: longer than any
// reordering in a network, shorter than a retransmission that would matter.
const parkTime = 500 * time.Millisecond

// deliver takes a parsed message from a socket's read loop into the mailbox of
// its Call-ID. It must not block.
func (e *Edge) deliver(msg sip.Message, l *link, at time.Time) {
	defer e.guard("", nil) // sipgo's loop that reads a connection would not survive a panic
	var ok bool
	switch m := msg.(type) {
	case *sip.Request:
		req := wrapRequest(m, l.flow, at)
		e.metrics.received(l.flow.Transport, true)
		ok = e.boxes.post(req.CallID(), func() { e.request(req, l) })
	case *sip.Response:
		res := wrapResponse(m, l.flow, at)
		e.metrics.received(l.flow.Transport, false)
		ok = e.boxes.post(res.CallID(), func() { e.response(res) })
	}
	if !ok {
		e.metrics.refuse(faultOverload)
	}
}

// request runs in the mailbox.
func (e *Edge) request(req *Request, l *link) {
	key, ok := serverKey(req, req.sip.Method)
	if !ok {
		e.metrics.refuse(faultHeaderSyntax)
		return
	}
	if req.sip.Method == sip.ACK {
		e.acknowledge(req, key)
		return
	}
	if tx := e.table.findServer(key); tx != nil {
		tx.again(req.sip)
		return
	}
	tx := e.newServer(req, key, l)
	defer e.guard(req.CallID(), tx)
	if _, probe := e.probes.Load(req.CallID()); probe && req.sip.Method == sip.OPTIONS {
		tx.fail(&StatusError{Status: StatusOK})
		return
	}
	if fault := e.check(req, e.cfg.Extensions); fault != nil {
		e.metrics.refuseStatus(fault.Status)
		tx.fail(fault)
		return
	}
	switch req.Method() {
	case CANCEL:
		e.cancel(tx)
	case INVITE:
		e.invite(tx)
	default:
		e.handle(tx)
	}
}

// newServer makes the transaction and its way back: by UDP to the source, with
// the port of Via unless rport was asked for (RFC 3261 section 18.2.2, 3581).
func (e *Edge) newServer(req *Request, key string, l *link) *ServerTx {
	if back := backPort(req, l); back != l.flow.Remote.Port() {
		other := *l
		other.flow.Remote = netip.AddrPortFrom(l.flow.Remote.Addr(), back)
		l = &other
	}
	if via := req.data.Via(); l.flow.Transport == TCP {
		l.back = netip.AddrPortFrom(l.flow.Remote.Addr(), defaultPort)
		if via.Port > 0 && via.Port < 1<<16 {
			l.back = netip.AddrPortFrom(l.flow.Remote.Addr(), uint16(via.Port))
		}
	}
	req.sip.SetTransport(strings.ToUpper(string(l.flow.Transport)))
	tx := &ServerTx{edge: e, req: req, key: key, born: req.at, back: l}
	tx.sip = sip.NewServerTx(key, req.sip, l, e.sipLog)
	tx.sip.OnTerminate(func(string, error) { e.table.dropServer(tx) })
	e.table.addServer(tx)
	if err := tx.sip.Init(); err != nil {
		e.log.Warn("transaction not begun", "call_id", req.CallID(), "err", err)
	}
	return tx
}

func backPort(req *Request, l *link) uint16 {
	via := req.data.Via()
	if l.flow.Transport != UDP || via.Params.Has("rport") {
		return l.flow.Remote.Port()
	}
	if via.Port > 0 && via.Port < 1<<16 {
		return uint16(via.Port)
	}
	return defaultPort
}

// serverKey is RFC 3261 section 17.2.3 and the Call-ID: peers whose branches are
// not unique (RFC 4475 reuses one) do not mix up their calls, and a transaction
// never leaves its mailbox. RFC 2543 clients that send no From tag, without which
// sipgo makes no key, get one of their own.
func serverKey(req *Request, as sip.RequestMethod) (string, bool) {
	via, cseq := req.data.Via(), req.data.CSeq()
	if via == nil || cseq == nil {
		return "", false
	}
	was := cseq.MethodName
	cseq.MethodName = as
	defer func() { cseq.MethodName = was }()
	if key, err := sip.ServerTxKeyMake(req.sip); err == nil {
		return key + sip.TxSeperator + req.CallID(), true
	}
	if as == sip.ACK {
		as = sip.INVITE
	}
	return strings.Join([]string{req.CallID(), string(as), via.Value(), req.Header("From"), strconv.FormatUint(uint64(cseq.SeqNo), 10)}, "|"), true
}

// acknowledge gives an ACK to the INVITE it ends, or to the handler.
func (e *Edge) acknowledge(req *Request, key string) {
	if tx := e.table.findServer(key); tx != nil && tx.ack(req.sip) {
		return
	}
	if fault := e.check(req, nil); fault != nil {
		e.metrics.refuseStatus(fault.Status)
		return
	}
	defer e.guard(req.CallID(), nil)
	e.handler.HandleAck(req)
}

// invite hands an INVITE up, unless its CANCEL has come before it.
func (e *Edge) invite(tx *ServerTx) {
	if p := e.table.unpark(tx.key); p != nil {
		p.cancel.fail(&StatusError{Status: StatusOK})
		tx.fail(&StatusError{Status: StatusRequestTerminated})
		return
	}
	e.handle(tx)
	tx.trying()
}

// cancel finds the INVITE by branch and sent-by, or parks the CANCEL.
func (e *Edge) cancel(tx *ServerTx) {
	inviteKey, _ := serverKey(tx.req, sip.INVITE)
	if invite := e.table.findServer(inviteKey); invite != nil {
		if invite.req.flow.Remote.Addr() != tx.req.flow.Remote.Addr() {
			tx.fail(&StatusError{Status: StatusNoTransaction}) // somebody else's CANCEL
			return
		}
		tx.cancels = invite
		e.handle(tx)
		return
	}
	callID := tx.req.CallID()
	p := &parked{cancel: tx}
	p.timer = time.AfterFunc(parkTime, func() {
		e.boxes.postLast(callID, func() {
			if e.table.unpark(inviteKey) != nil {
				tx.fail(&StatusError{Status: StatusNoTransaction})
			}
		})
	})
	e.table.park(inviteKey, p)
}

func (e *Edge) handle(tx *ServerTx) {
	defer e.guard(tx.req.CallID(), tx)
	e.handler.HandleRequest(tx)
}

// response runs in the mailbox.
func (e *Edge) response(res *Response) {
	via := res.data.Via()
	if via == nil || !e.ours(via) {
		e.metrics.refuse(faultAddress) // RFC 3261 section 18.1.2: not sent by us
		return
	}
	key, err := sip.ClientTxKeyMake(res.sip)
	if err != nil {
		e.metrics.refuse(faultHeaderSyntax)
		return
	}
	if tx := e.table.findClient(key); tx != nil {
		tx.feed(res)
		return
	}
	e.stray(res)
}

func (e *Edge) stray(res *Response) {
	defer e.guard(res.CallID(), nil)
	e.handler.HandleStray(res)
}
