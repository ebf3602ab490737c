package dialog

import (
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// Outgoing is an INVITE to send.
type Outgoing struct {
	URI      wire.URI      // Request-URI
	Flow     wire.Flow     // where it goes
	From, To wire.NameAddr // a tag is added to From
	Contact  string        // user part of our Contact
	Headers  []wire.Header // further headers
	SDP      []byte        // nil: the far end offers in its 2xx
	NoAnswer time.Duration // no 1xx within: give up with ErrSilent; 0 means Config.NoAnswer
	Auth     Authorizer    // answers a 401 or 407 to the INVITE; nil: a challenge is a refusal
	Routes   []string      // preloaded route set (RFC 3261 §8.1.2); Flow leads to its first hop
	Reliable Reliability
	Timer    SessionTimer // zero means Config's
}

// Invite sends an INVITE. It is called inside exec, where every event then
// arrives; on error nothing was sent and no event follows.
func (st *Stack) Invite(o Outgoing, exec Executor, on func(Event)) (*Dialog, error) {
	d := &Dialog{st: st, on: on, noAnswer: o.NoAnswer, reliable: o.Reliable, policy: o.Timer.or(st.cfg.SessionTimer)}
	d.try = &attempt{out: o}
	d.box.fault = func(v any) { st.broke(d, v) }
	if d.noAnswer <= 0 {
		d.noAnswer = st.cfg.NoAnswer
	}
	d.box.own(exec)
	tag := st.edge.NewTag()
	d.s = State{
		Role: UAC, CallID: st.edge.NewCallID(), LocalTag: tag,
		Local: o.From.WithTag(tag).String(), Remote: o.To.WithTag("").String(),
		Contact: contact(st.edge, o.Flow, o.Contact),
		Flow:    o.Flow, LateOffer: len(o.SDP) == 0, LocalSDP: o.SDP,
	}
	req, err := d.initial()
	if err != nil {
		return nil, fmt.Errorf("build INVITE to %s: %w", o.URI.Host, err)
	}
	st.add(d)
	in := input{owner: true, req: req}
	d.stepUAC(UACDial, in)
	if d.invite == nil {
		err := d.sendErr
		d.last, d.s.UAC = true, UACTerminated
		d.close()
		return nil, fmt.Errorf("send INVITE to %s: %w", o.Flow.Remote, err)
	}
	return d, nil
}

func (d *Dialog) sendInvite(in *input) {
	cseq := d.s.InviteCSeq
	tx, err := d.st.edge.Send(in.req, d.s.Flow, func(ev wire.ClientEvent) {
		d.box.post(func() { d.inviteEvent(cseq, ev) })
	})
	if err != nil {
		d.sendErr = err
		return
	}
	d.invite = tx
}

// inviteEvent takes whatever the transaction of the INVITE with that number, or a
// stray response, brings.
func (d *Dialog) inviteEvent(cseq uint32, ev wire.ClientEvent) {
	r := ev.Response
	if cseq != d.s.InviteCSeq { // of one that was sent again since: only a late 2xx of it matters
		if r != nil && r.Status()/100 == 2 {
			d.sweep(r)
		}
		return
	}
	if r == nil {
		d.stepUAC(UACLost, input{err: ev.Err})
		return
	}
	in := input{resp: r, status: r.Status(), reason: r.Reason()}
	switch {
	case in.status == wire.StatusTrying:
		d.stepUAC(UACTrying, in)
	case in.status < 200:
		d.ringing(in)
	case in.status < 300:
		meaning := d.success(r)
		if d.pending() {
			d.crown(r)
		}
		d.stepUAC(meaning, in)
	default:
		d.stepUAC(d.refused(&in), in)
	}
}

// ringing takes a 18x, unless it is a reliable one out of its turn. Until there is
// a winner requests go to whoever sent the last.
func (d *Dialog) ringing(in input) {
	r := in.resp
	tag := r.ToTag()
	if tag == "" || d.won || !d.pending() && d.s.UAC != UACCancelling {
		d.stepUAC(UACRinging, in)
		return
	}
	f := d.fork(tag)
	rseq, reliably := reliableSeq(r)
	var turn []Action
	if reliably {
		if f == nil {
			return
		}
		if f.rseq, turn = f.rseq.Step(rseq); len(turn) == 0 {
			return
		}
	}
	sdp := description(r)
	if d.pending() {
		d.adopt(r)
		if !d.s.LateOffer && sdp != nil {
			d.stepOffer(OfferEarlyAnswer, input{})
		}
	}
	offers := reliably && sdp != nil && d.s.LateOffer && d.s.Offer == OfferOurs
	if !offers {
		d.do(turn, &in, UACRinging)
	}
	d.stepUAC(UACRinging, in)
	switch {
	case !offers:
	case d.pending():
		d.earlyOffer = r
		d.stepOffer(OfferEarlyOffer, in)
	default: // the owner gave up when he heard of it
		d.do(turn, &in, UACRinging)
	}
}

// pending says whether our INVITE still waits for its outcome, wanted.
func (d *Dialog) pending() bool { return d.s.UAC == UACCalling || d.s.UAC == UACProceeding }

// maxForks bounds what a peer can make us remember of one INVITE.
const maxForks = 64

// adopt makes the response's sender the remote side of the dialog (§12.1.2).
func (d *Dialog) adopt(r *wire.Response) {
	s := d.s.forked(r) // field by field: the stack reads the others at any time
	d.s.RemoteTag, d.s.Remote, d.s.Target, d.s.Routes = s.RemoteTag, s.Remote, s.Target, s.Routes
}

// success says what a 2xx means now.
func (d *Dialog) success(r *wire.Response) UACEvent {
	answered := d.earlyOffer != nil && d.earlyOffer.ToTag() == r.ToTag() // by our PRACK
	switch {
	case d.won && r.ToTag() == d.s.RemoteTag:
		return UACAnswerAgain
	case d.won:
		return UACFork
	case d.pending() && d.s.LateOffer && !answered && description(r) != nil:
		return UACAnswerOffer
	}
	return UACAnswer
}

// crown makes the sender of the first 2xx that is wanted the far end for good.
func (d *Dialog) crown(r *wire.Response) {
	d.won, d.try = true, nil
	d.adopt(r)
	d.concluded(r)
	d.stepOffer(OfferOpen, input{})
}

// ack acknowledges the 2xx of a dialog's INVITE with that number. To a 2xx that
// is repeated the very same ACK goes again: some peers take one with another
// branch for a new request.
func (d *Dialog) ack(s *State, cseq uint32, sdp []byte) {
	mine := s == &d.s // not a fork's that is swept
	if mine && d.acked != nil && d.acked.CSeq() == cseq {
		d.sendAck(d.acked, s)
		return
	}
	var credentials []wire.Header
	if cseq == s.InviteCSeq && s.Role == UAC { // those of the INVITE (§13.2.2.4); no other request within the dialog has any
		credentials = d.credentials
	}
	req, err := s.request(wire.ACK, cseq, credentials)
	if err != nil {
		d.unsent("ACK", err)
		return
	}
	if len(sdp) > 0 {
		req.SetBody(sdpType, sdp)
	}
	if mine {
		d.acked = req
	}
	d.sendAck(req, s)
}

func (d *Dialog) sendAck(req *wire.Request, s *State) {
	if err := d.st.edge.SendAck(req, s.hop()); err != nil {
		d.unsent("ACK", err)
	}
}

// sweep ends what a 2xx that nobody wants has begun: ACK, then BYE, on the
// dialog of its own tag. A repetition gets its ACK again and no second BYE.
func (d *Dialog) sweep(r *wire.Response) {
	fork := d.s.forked(r)
	d.ack(&fork, r.CSeq(), nil)
	if slices.Contains(d.swept, fork.RemoteTag) || len(d.swept) == maxForks {
		return
	}
	d.swept = append(d.swept, fork.RemoteTag)
	d.st.metrics.swept()
	fork.LocalCSeq = d.s.InviteCSeq
	if f := d.fork(fork.RemoteTag); f != nil {
		fork.LocalCSeq = max(fork.LocalCSeq, f.cseq)
	}
	headers := d.parting
	if len(headers) == 0 {
		headers = []wire.Header{ReasonSIP(wire.StatusOK, "Call completed elsewhere")}
	}
	req, err := fork.request(wire.BYE, fork.nextCSeq(), headers)
	if err == nil {
		_, err = d.st.edge.Send(req, fork.hop(), func(wire.ClientEvent) {})
	}
	if err != nil {
		d.unsent("BYE", err)
	}
}

// stray takes a response that no transaction wanted.
func (d *Dialog) stray(r *wire.Response) {
	if r.CSeq() <= d.s.InviteCSeq {
		d.inviteEvent(r.CSeq(), wire.ClientEvent{Response: r})
		return
	}
	if r.Status()/100 == 2 && r.ToTag() == d.s.RemoteTag { // a re-INVITE's 2xx again
		d.ack(&d.s, r.CSeq(), nil)
	}
}
