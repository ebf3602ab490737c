package dialog

import "github.com/butlerspb/vahta/sip/wire"

// Incoming is an INVITE that nobody has taken yet; the edge sends 100 when nothing
// else was sent. What happens to it meanwhile waits for the owner.
type Incoming struct {
	d   *Dialog
	req *wire.Request

	taken  bool // Accept or Reject was called
	strict bool // the leg's sessions may not be as brief as all others'
}

// Request returns the INVITE.
func (in *Incoming) Request() *wire.Request { return in.req }

// Flow returns where the INVITE came from.
func (in *Incoming) Flow() wire.Flow { return in.req.Flow() }

// Policy says how provisional responses and session timers are used on this leg;
// call it before Accept. A zero timer is Config's.
func (in *Incoming) Policy(r Reliability, t SessionTimer) {
	in.strict = t.MinSE > in.d.policy.MinSE
	in.d.reliable, in.d.policy = r, t.or(in.d.st.cfg.SessionTimer)
}

// Profile names the client profile by which a TLS connection to the caller is
// opened when its own is gone; call it before Accept.
func (in *Incoming) Profile(name string) {
	if in.d.s.Flow.Accepted {
		in.d.s.Flow.Profile = name
	}
}

// TooBrief says whether the leg's policy makes sessions longer than the INVITE
// asks for, and gives the header of the 422 that it then deserves; Accept sends
// that by itself.
func (in *Incoming) TooBrief(t SessionTimer) (wire.Header, bool) {
	t = t.or(in.d.st.cfg.SessionTimer)
	return t.minHeader(), in.req.Header("Session-Expires") != "" && t.tooBrief(askedBy(in.req))
}

// Accept takes the call: from here on everything happens inside exec. If the
// caller has gone meanwhile, Cancelled is the first event.
func (in *Incoming) Accept(exec Executor, on func(Event)) *Dialog {
	in.taken = true
	in.d.on = on
	in.d.box.own(exec)
	if d := in.d; in.strict && d.policy.tooBrief(askedBy(in.req)) {
		d.box.post(func() {
			d.stepUAS(UASReject, input{status: wire.StatusSessionIntervalTooSmall, headers: []wire.Header{d.policy.minHeader()}})
		})
	}
	return in.d
}

// Reject refuses the call at once; nobody hears of it any more.
func (in *Incoming) Reject(status int, reason string, h ...wire.Header) {
	in.taken = true
	d := in.d
	d.box.own(nil)
	d.box.post(func() {
		d.stepUAS(UASReject, input{status: status, reason: reason, headers: h})
	})
}

// hand gives a new call to who takes new calls. A panic there goes on to the edge, which counts it; the call is refused
// before, so that the dialog does not stay for ever. Whoever returns may still take it, in a loop of his own.
func (st *Stack) hand(in *Incoming) {
	returned := false
	defer func() {
		if !returned && !in.taken {
			in.Reject(wire.StatusServerError, "")
		}
	}()
	st.invited(in)
	returned = true
}
