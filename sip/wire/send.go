package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// maxForwards is what requests of ours begin with (RFC 3261 section 8.1.1.6).
const maxForwards = 70

// Send starts a client transaction to a flow. It adds Via (with a new branch
// and the listener's address), Max-Forwards, User-Agent and Content-Length where
// missing; From, To, Call-ID and CSeq must be there. on gets the events, in
// order, in the mailbox of the Call-ID; it may be nil. An error means that the
// request cannot be sent at all; trouble of the network comes as an event.
func (e *Edge) Send(req *Request, to Flow, on func(ClientEvent)) (*ClientTx, error) {
	req.remove("Via")
	s, err := e.prepare(req, &to, e.NewBranch())
	if err != nil {
		return nil, err
	}
	tx := e.newClient(req, on)
	e.metrics.sentRequest(req.Method())
	switch sock := s.(type) {
	case *udpSocket:
		tx.start(&link{edge: e, out: sock, flow: to, limit: e.udpLimit(to)})
	case *streamSocket:
		e.sendByStream(sock, to, tx)
	}
	return tx, nil
}

// sendByStream starts a transaction by the connection that is open, or opens one.
func (e *Edge) sendByStream(sock *streamSocket, to Flow, tx *ClientTx) {
	if c := e.connection(to); c != nil {
		tx.start(&link{edge: e, out: c, flow: c.flow})
		return
	}
	peer, may := to.again()
	if !may {
		tx.fault(fmt.Errorf("%w: the connection to %s is gone", ErrUnreachable, to.Remote))
		return
	}
	e.connect(sock, peer, tx, func(err error) { tx.fault(fmt.Errorf("%w: %w", ErrUnreachable, err)) })
}

// connect opens a connection and starts the transaction on it; failed hears why there is none.
func (e *Edge) connect(sock *streamSocket, to peerKey, tx *ClientTx, failed func(error)) {
	ok := sock.spawn(func(ctx context.Context) {
		begun := false
		defer func() {
			if !begun { // a panic: whoever sent the request hears of it
				tx.fault(ErrTransport)
			}
		}()
		c, err := sock.dial(ctx, to)
		begun = true
		if err != nil {
			failed(err)
			return
		}
		tx.start(&link{edge: e, out: c, flow: c.flow})
	})
	if !ok {
		tx.fault(fmt.Errorf("%w: too many connections are being opened", ErrTransport))
	}
}

// SendAck sends an ACK to a 2xx: a request without a transaction. It gets a
// branch of its own unless it carries a Via (a repeated ACK).
func (e *Edge) SendAck(req *Request, to Flow) error {
	s, err := e.prepare(req, &to, e.NewBranch())
	if err != nil {
		return err
	}
	e.metrics.sentRequest(ACK)
	sock, ok := s.(*streamSocket)
	if !ok {
		return (&link{edge: e, out: s.(*udpSocket), flow: to}).WriteMsg(req.sip) //nolint:forcetypeassert // there are two kinds of sockets
	}
	if c := e.connection(to); c != nil {
		return (&link{edge: e, out: c, flow: c.flow}).WriteMsg(req.sip)
	}
	peer, may := to.again()
	if !may {
		return fmt.Errorf("send ACK: %w: the connection to %s is gone", ErrUnreachable, to.Remote)
	}
	if !sock.spawn(func(ctx context.Context) { e.ackByDialling(ctx, sock, peer, req) }) {
		return fmt.Errorf("send ACK: %w: too many connections are being opened", ErrTransport)
	}
	return nil
}

func (e *Edge) ackByDialling(ctx context.Context, sock *streamSocket, to peerKey, req *Request) {
	c, err := sock.dial(ctx, to)
	if err == nil {
		err = (&link{edge: e, out: c, flow: c.flow}).WriteMsg(req.sip)
	}
	if err != nil {
		e.log.Warn("ACK not sent", "call_id", req.CallID(), "err", err)
	}
}

func (e *Edge) newClient(req *Request, on func(ClientEvent)) *ClientTx {
	key, _ := sip.ClientTxKeyMake(req.sip) // Via and CSeq are ours
	tx := &ClientTx{edge: e, req: req, key: key, on: on}
	e.table.addClient(tx)
	return tx
}

// prepare completes a request and finds the listener it leaves by.
func (e *Edge) prepare(req *Request, to *Flow, branch string) (socket, error) {
	s := e.listener(*to)
	if s == nil {
		return nil, fmt.Errorf("send %s: no listener for transport %q that can reach %s", req.Method(), to.Transport, to.Remote)
	}
	to.Local = s.address()
	if !to.Remote.IsValid() || to.Remote.Port() == 0 {
		return nil, fmt.Errorf("send %s: no destination address", req.Method())
	}
	if err := req.requestLine(); err != nil {
		return nil, err
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		if req.Header(name) == "" {
			return nil, fmt.Errorf("send %s: header %s is missing", req.Method(), name)
		}
	}
	if req.data.Via() == nil {
		via := &sip.ViaHeader{
			ProtocolName: "SIP", ProtocolVersion: "2.0",
			Params: sip.HeaderParams{{K: "branch", V: branch}, {K: "rport"}},
		}
		leaveBy(via, to.Transport, s)
		req.data.PrependHeader(via)
	}
	if req.data.MaxForwards() == nil {
		mf := sip.MaxForwardsHeader(maxForwards)
		req.data.AppendHeader(&mf)
	}
	if e.cfg.UserAgent != "" && req.Header("User-Agent") == "" {
		req.data.AppendHeader(sip.NewHeader("User-Agent", e.cfg.UserAgent))
	}
	if req.data.ContentLength() == nil {
		req.data.SetBody(req.data.Body())
	}
	req.sip.SetTransport(strings.ToUpper(string(to.Transport)))
	req.flow = *to
	return s, nil
}

// leaveBy writes a transport and the address of its listener into a Via.
func leaveBy(via *sip.ViaHeader, t Transport, s socket) {
	host, port := s.advertised()
	via.Transport, via.Host, via.Port = strings.ToUpper(string(t)), host, int(port)
}

// requestLine gives the method and URI to sipgo, after the same check that
// headers get.
func (r *Request) requestLine() error {
	text := r.uri.String()
	if strings.ContainsFunc(text, notURIChar) {
		return fmt.Errorf("send %s: the Request-URI holds a character that would break the request line", r.Method())
	}
	if !isToken(r.Method()) {
		return errors.New("send request: the method is not a token")
	}
	if err := sip.ParseUri(text, &r.sip.Recipient); err != nil {
		return fmt.Errorf("send %s: Request-URI: %w", r.Method(), err)
	}
	return nil
}
