package dialog

import "github.com/butlerspb/vahta/sip/wire"

// edge is what a dialog needs of the SIP edge; tests put a network in memory
// behind it.
type edge interface {
	Send(req *wire.Request, to wire.Flow, on func(wire.ClientEvent)) (clientTx, error)
	SendAck(req *wire.Request, to wire.Flow) error
	AdvertisedOn(f wire.Flow) (host string, port int)
	NewTag() string
	NewCallID() string
}

// clientTx is an INVITE of ours in flight.
type clientTx interface {
	Cancel(headers ...wire.Header) error
	Terminate()
}

// serverTx is a request of the far end that waits for our answer.
type serverTx interface {
	Request() *wire.Request
	Respond(res *wire.Response) error
	Key() string
}

// wired makes the real edge fit: it only names the transaction by interface.
type wired struct{ *wire.Edge }

func (w wired) Send(req *wire.Request, to wire.Flow, on func(wire.ClientEvent)) (clientTx, error) {
	tx, err := w.Edge.Send(req, to, on)
	if err != nil {
		return nil, err
	}
	return tx, nil
}
