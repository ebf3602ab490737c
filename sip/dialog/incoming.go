package dialog

import "github.com/butlerspb/vahta/sip/wire"

// Incoming is an INVITE that nobody has taken yet; the edge sends 100 when nothing
// else was sent. What happens to it meanwhile waits for the owner.
type Incoming struct {
	d   *Dialog
	req *wire.Request
}

// Request returns the INVITE.
func (in *Incoming) Request() *wire.Request { return in.req }

// Flow returns where the INVITE came from.
func (in *Incoming) Flow() wire.Flow { return in.req.Flow() }

// Accept takes the call: from here on everything happens inside exec. If the
// caller has gone meanwhile, Cancelled is the first event.
func (in *Incoming) Accept(exec Executor, on func(Event)) *Dialog {
	in.d.on = on
	in.d.box.own(exec)
	return in.d
}

// Reject refuses the call at once; nobody hears of it any more.
func (in *Incoming) Reject(status int, reason string, h ...wire.Header) {
	d := in.d
	d.box.own(nil)
	d.box.post(func() {
		d.stepUAS(UASReject, input{status: status, reason: reason, headers: h})
	})
}
