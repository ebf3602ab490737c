package wire

import "errors"

// Errors of a ClientEvent.
var (
	// ErrTimeout: Timer B or F expired.
	ErrTimeout = errors.New("no answer within 64*T1")
	// ErrUnreachable: ICMP, refused or lost connection.
	ErrUnreachable = errors.New("destination is unreachable")
	// ErrTransport: the message could not be sent.
	ErrTransport = errors.New("message could not be sent")
)

// ServerTx is a request that waits for its answer.
type ServerTx struct{}

// Request returns the request.
func (t *ServerTx) Request() *Request { return nil }

// Respond sends an answer.
func (t *ServerTx) Respond(res *Response) error { return nil }

// Cancels returns the INVITE that a CANCEL cancels.
func (t *ServerTx) Cancels() *ServerTx { return nil }

// Key returns the transaction's key.
func (t *ServerTx) Key() string { return "" }

// ClientTx is a request that we have sent.
type ClientTx struct{}

// Request returns the request as sent.
func (t *ClientTx) Request() *Request { return nil }

// Cancel sends a CANCEL.
func (t *ClientTx) Cancel(headers ...Header) error { return nil }

// Terminate forgets the transaction.
func (t *ClientTx) Terminate() {}

// ClientEvent is a response or the transaction's end without one.
type ClientEvent struct {
	Response *Response
	Err      error
}
