package dialog

import (
	"fmt"
	"log/slog"

	"github.com/butlerspb/vahta/sip/wire"
)

// do performs the actions of one step in their order.
func (d *Dialog) do(actions []Action, in *input, ev fmt.Stringer) {
	for _, a := range actions {
		switch a {
		case Illegal:
			d.st.metrics.illegal()
			d.st.log.Debug("event without meaning", slog.String("call_id", d.s.CallID), slog.String("event", ev.String()))
		case SendInvite, SendAgain, ArmSilence, StopSilence, SendCancel, ArmCancel, StopCancel, Forget, SendAck, SweepAnswer:
			d.doUAC(a, in)
		case SendProgress, SendOK, ResendOK, ArmResend, ArmAck, StopAck, SendRefusal, SendTerminated:
			d.doUAS(a, in)
		case SendBye:
			d.bye(d.parting)
		case SendByeNoAck:
			d.st.metrics.unacked()
			d.bye([]wire.Header{ReasonQ850(causeAck, "no ACK")})
		case AnswerBye:
			d.reply(in.tx, wire.StatusOK)
			d.stepOffer(OfferClose, input{})
		case TellTrying, TellProgress, TellAnswered, TellConfirmed, TellUnconfirmed, TellFailed, TellCancelled, TellEnded:
			d.doTell(a, in)
		case SendPrack:
			d.prack(in.resp, nil)
		case SendReliable, ResendReliable, QueueReliable, NextReliable, ArmReliable, ArmPrack, StopPrack,
			AcceptPrack, HoldAnswer, ReleaseAnswer, RefuseUnacked:
			d.doReliable(a, in)
		case ArmSession, StopSession, SendRefresh, SendExpired:
			d.doSession(a)
		case SendOffer, ArmGlare, StopGlare, TellEarlyOffer, SendPrackAnswer, TellOffer, TellOfferDone, TellOfferBusy, TellOfferGone,
			SendAnswer, RefuseOffer, CancelOffer, Reply491, Reply500, Reply481:
			d.doOffer(a, in)
		case actionCount:
		}
	}
}

func (d *Dialog) doUAC(a Action, in *input) {
	switch a { //nolint:exhaustive // the group is chosen by do
	case SendInvite:
		d.sendInvite(in)
	case SendAgain:
		d.sendAgain(in)
	case ArmSilence:
		d.silence.start(&d.box, d.noAnswer, func() { d.stepUAC(UACSilent, input{err: ErrSilent}) })
	case StopSilence:
		d.silence.stop()
	case SendCancel:
		if err := d.invite.Cancel(d.parting...); err != nil {
			d.unsent("CANCEL", err)
		}
	case ArmCancel:
		d.cancel.start(&d.box, d.st.cfg.AckTimeout, func() {
			d.stepUAC(UACCancelTimeout, input{err: ErrCancelled})
		})
	case StopCancel:
		d.cancel.stop()
	case Forget:
		d.invite.Terminate()
	case SendAck:
		d.ack(&d.s, d.s.InviteCSeq, d.ackSDP)
	case SweepAnswer:
		d.sweep(in.resp)
	}
}

func (d *Dialog) doUAS(a Action, in *input) {
	switch a { //nolint:exhaustive // the group is chosen by do
	case SendProgress:
		d.progress(in)
	case SendOK:
		d.sendOK(d.tx, in)
	case ResendOK:
		d.resendOK()
	case ArmResend:
		d.armResend()
	case ArmAck:
		d.ackTimer.start(&d.box, d.st.cfg.AckTimeout, d.noAck)
	case StopAck:
		d.resend.stop()
		d.ackTimer.stop()
		d.ok = nil
	case SendRefusal:
		d.final(d.tx, d.s.respond(d.tx.Request(), in.status, in.reason, in.headers))
	case SendTerminated:
		d.final(d.tx, d.s.respond(d.tx.Request(), wire.StatusRequestTerminated, "", nil))
	}
}

func (d *Dialog) doTell(a Action, in *input) {
	if a == TellTrying {
		if d.trying { // the second INVITE's: nothing new for the owner
			return
		}
		d.trying = true
	}
	e := Event{Req: in.req, Resp: in.resp, Err: in.err, Status: in.status, Reason: in.reason, Tag: d.s.RemoteTag}
	switch a { //nolint:exhaustive // the group is chosen by do
	case TellTrying:
		e.Kind = Trying
	case TellProgress:
		e.Kind = Progress
	case TellAnswered:
		e.Kind = Answered
	case TellConfirmed:
		e.Kind = Confirmed
	case TellUnconfirmed:
		e.Kind, e.Err = Confirmed, ErrNoAck
	case TellFailed:
		e.Kind = Failed
	case TellCancelled:
		e.Kind = Cancelled
	case TellEnded:
		e.Kind = Ended
	}
	if in.resp != nil {
		e.Tag = in.resp.ToTag()
		e.fromResponse()
	}
	if in.req != nil {
		e.Q850, e.Reason = parseReason(in.req.Headers("Reason"))
	}
	if e.Kind == Failed && e.Status < 300 && (in.resp != nil || in.req != nil) { // a 2xx or BYE that came in between
		e.Status, e.Reason, e.SDP = wire.StatusRequestTerminated, "", nil
	}
	d.tell(e, in)
}

// fromResponse adds what a response says besides its status.
func (e *Event) fromResponse() {
	e.SDP = description(e.Resp)
	q850, text := parseReason(e.Resp.Headers("Reason"))
	e.Q850 = q850
	if text != "" {
		e.Reason = text
	}
}

// unsent notes that a message of ours could not leave; its timers do the rest.
func (d *Dialog) unsent(what string, err error) {
	d.st.log.Warn("message not sent", slog.String("call_id", d.s.CallID), slog.String("message", what), slog.Any("err", err))
}
