package dialog

import (
	"errors"
	"log/slog"

	"github.com/butlerspb/vahta/sip/wire"
)

// accept makes the dialog of an INVITE (RFC 3261 §12.1.1).
func (st *Stack) accept(tx serverTx) *Dialog {
	req := tx.Request()
	tag := st.edge.NewTag()
	d := &Dialog{st: st, tx: tx, txKey: tx.Key()}
	d.box.fault = func(v any) { st.broke(d, v) }
	d.s = State{
		Role: UAS, CallID: req.CallID(), LocalTag: tag, RemoteTag: req.FromTag(),
		Local: req.To().WithTag(tag).String(), Remote: req.Header("From"),
		RemoteCSeq: req.CSeq(), PeerInvite: req.CSeq(),
		Routes: req.RecordRoute(), Flow: req.Flow(), Offer: OfferTheirs,
		Contact:   contact(st.edge, req.Flow(), req.URI().User),
		LateOffer: description(req) == nil,
	}
	d.s.Target = req.From().URI // only if it sends no usable Contact
	d.s.refresh(req.Contact())
	d.s.RemoteSDP = description(req)
	d.policy = st.cfg.SessionTimer
	d.learn(req)
	return d
}

func (d *Dialog) progress(in *input) {
	if d.rel != nil && d.rel.state == ReliableHeld { // he has answered: ringing that was late by a moment
		return
	}
	switch d.delivery(len(in.sdp) > 0) {
	case reliable:
		if d.rel == nil {
			d.rel = &sender{}
		}
		d.stepReliable(sendEvent(in.sdp), *in)
		return
	case withheld:
		d.st.log.Debug("ringing withheld: it would have to carry an offer", slog.String("call_id", d.s.CallID))
		return
	case plain:
	}
	res := d.s.respond(d.tx.Request(), in.status, in.reason, in.headers)
	if len(in.sdp) > 0 {
		d.describe(res, in.sdp)
		if !d.s.LateOffer {
			d.stepOffer(OfferEarlyAnswer, input{})
		}
	}
	d.final(d.tx, res)
}

// final sends an answer after which nothing depends on its arrival.
func (d *Dialog) final(tx serverTx, res *wire.Response) {
	if err := tx.Respond(res); err != nil {
		d.unsent("answer", err)
	}
}

// sendOK sends the 200 that armResend repeats. When the transaction refuses it,
// a CANCEL was first.
func (d *Dialog) sendOK(tx serverTx, in *input) {
	res := d.s.respond(tx.Request(), wire.StatusOK, "", in.headers)
	agreed := tx == d.tx && d.agreed
	if len(in.sdp) > 0 && !agreed {
		d.describe(res, in.sdp)
	}
	method := tx.Request().Method()
	inForce := func() {}
	if method == wire.INVITE || method == wire.UPDATE && d.answered() {
		_ = res.Add("Supported", supported) // a constant
		inForce = d.granted(tx.Request(), res, tx == d.tx)
	}
	if method == wire.INVITE {
		d.wantLate = description(tx.Request()) == nil && !agreed
		if d.ok != nil {
			d.ok.tx, d.ok.res = tx, res
		}
	}
	err := tx.Respond(res)
	refused := errors.Is(err, wire.ErrAnswered)
	if err != nil && !refused { // like a lost one: it is repeated
		d.unsent("200", err)
	}
	if !refused {
		inForce()
	}
	switch {
	case tx != d.tx:
	case refused:
		d.stepUAS(UASAnswerFailed, input{owner: in.owner, err: err})
	default:
		d.st.answered(d)
		d.stepOffer(OfferOpen, input{})
	}
}

// describe puts our description into a message and remembers it as the one in
// force.
func (d *Dialog) describe(res *wire.Response, sdp []byte) {
	res.SetBody(sdpType, sdp)
	d.s.LocalSDP = sdp
}

func (d *Dialog) resendOK() {
	if d.ok == nil || d.ok.res == nil {
		return
	}
	d.final(d.ok.tx, d.ok.res)
}

// armResend starts the timer of the 200 at T1 and doubles it up to T2.
func (d *Dialog) armResend() {
	if d.ok == nil {
		d.ok = &keptAnswer{interval: d.st.cfg.T1}
	} else {
		d.ok.interval = min(2*d.ok.interval, d.st.cfg.T2)
	}
	d.resend.start(&d.box, d.ok.interval, func() {
		if d.s.Offer == OfferUnacked {
			d.resendOK()
			d.armResend()
			return
		}
		d.stepUAS(UASResend, input{})
	})
}

// noAck is 64·T1 after a 200.
func (d *Dialog) noAck() {
	switch {
	case d.s.Offer == OfferUnacked: // of a re-INVITE: the session is not agreed (§14.2)
		d.stepOffer(OfferAck, input{})
		if !d.keep() {
			d.parting = []wire.Header{ReasonQ850(causeAck, "no ACK")}
			d.dialogLost(ErrNoAck)
		}
	case d.keep():
		d.stepUAS(UASAckTimeoutMedia, input{})
	default:
		d.stepUAS(UASAckTimeout, input{err: ErrNoAck})
	}
}

func (d *Dialog) keep() bool { return d.media && d.st.cfg.KeepWithoutAck }

// ackReceived takes an ACK to one of our 200s.
func (d *Dialog) ackReceived(req *wire.Request) {
	if d.closed || req.FromTag() != d.s.RemoteTag || req.CSeq() != d.s.PeerInvite || !d.admits(req) {
		return
	}
	d.s.follow(req.Flow())
	late := d.wantLate && d.ok != nil
	if d.s.Offer == OfferUnacked {
		d.stepOffer(OfferAck, input{req: req})
	} else if d.s.Role == UAS {
		d.stepUAS(UASAck, input{req: req})
	}
	if late && !d.closed {
		d.wantLate = false
		d.tell(Event{Kind: LateAnswer, SDP: description(req), Req: req}, &input{})
	}
}
