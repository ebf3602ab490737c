package b2bua

import (
	"errors"
	"fmt"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/wire"
)

// Ring lets the caller hear true ringing: 180 without media.
func (l *Leg) Ring() {
	if !l.caller || l.state != StateSetup {
		return
	}
	l.state, l.ringingAt = StateRinging, l.call.engine.now()
	l.progress(wire.StatusRinging, nil)
}

func (l *Leg) progress(status int, body []byte) {
	l.call.trace.response(l.call.engine.now(), l, Outward, status, wire.StatusText(status))
	l.dialog.Progress(status, body)
}

// Reject refuses the unanswered caller; an empty reason is the standard text.
func (l *Leg) Reject(status int, reason string) {
	if !l.caller || l.state == StateEnded || l.state == StateAnswered {
		return
	}
	c := l.call
	if reason == "" {
		reason = wire.StatusText(status)
	}
	var more []wire.Header
	if status == wire.StatusServiceUnavailable {
		more = append(more, c.engine.retryAfter)
	}
	c.trace.response(c.engine.now(), l, Outward, status, reason)
	l.dialog.Reject(status, reason, more...)
	l.status = status
	l.finish(outcomeOf(status, 0, nil), CauseRejected)
	c.emit(Event{Kind: LegEnded, Leg: l, Status: status, Cause: l.cause})
}

// Answer answers the caller with our media. It does nothing when he is answered already.
func (l *Leg) Answer() error {
	switch {
	case l.state == StateAnswered:
		return nil
	case l.state == StateEnded:
		return fmt.Errorf("answer leg %q: %w", l.Name, ErrLegEnded)
	case !l.caller:
		return fmt.Errorf("answer leg %q: only the caller's leg is answered by us", l.Name)
	}
	if err := l.describe(); err != nil {
		return err
	}
	c := l.call
	c.trace.response(c.engine.now(), l, Outward, wire.StatusOK, "OK")
	l.dialog.Answer(l.sentBody)
	l.state, l.answeredAt = StateAnswered, c.engine.now()
	l.watch()
	c.attachRecorder()
	c.engine.metrics.answered(l)
	c.emit(Event{Kind: LegAnswered, Leg: l, Status: wire.StatusOK})
	return nil
}

// describe prepares the caller's media and what we say of it: the answer to his offer, or our own
// offer when he sent none.
func (l *Leg) describe() error {
	if l.sentBody != nil {
		return nil
	}
	if err := l.openStream(); err != nil {
		return err
	}
	if l.offer == nil {
		l.awaiting = true
		l.say(sdp.Offer(l.local()))
		return nil
	}
	answer, agreement, err := sdp.Answer(l.offer, l.local())
	if err != nil {
		return fmt.Errorf("answer the caller's offer: %w", err)
	}
	l.say(answer)
	l.apply(agreement)
	return nil
}

// prepare opens the caller's media after the first turn of the script, off the path to the first
// engineer. Without a port there is no call.
func (l *Leg) prepare() {
	if l.state == StateEnded {
		return
	}
	if err := l.describe(); err != nil {
		l.call.engine.log.Error("caller refused: no media", "call_id", l.call.info.ID, "err", err)
		l.call.Note(err.Error())
		l.call.End(CausePorts)
	}
}

// callerEvent takes an event of the caller's dialog.
func (l *Leg) callerEvent(s *session, ev dialog.Event) {
	c := l.call
	if ev.Kind.Last() {
		defer s.settle()
	}
	switch ev.Kind {
	case dialog.Cancelled:
		c.trace.request(c.engine.now(), l, Inward, wire.CANCEL)
		l.gone(CauseCallerGone)
	case dialog.Ended:
		if l.state == StateEnded { // we hung up, or both did at once
			return
		}
		l.partedBy(ev)
	case dialog.Failed:
		l.gone(CauseDialogFailed)
	case dialog.Confirmed:
		c.trace.request(c.engine.now(), l, Inward, wire.ACK)
	case dialog.Trying, dialog.Progress, dialog.Answered, dialog.Offer, dialog.OfferDone, dialog.OfferGone,
		dialog.LateAnswer, dialog.Info, dialog.InfoDone, dialog.Refreshed:
		l.inDialog(ev)
	}
}

// partedBy is the end of an answered dialog that we did not ask for: BYE, or the dialog gave up by itself.
func (l *Leg) partedBy(ev dialog.Event) {
	c := l.call
	l.q850 = ev.Q850
	cause := endCause(ev)
	switch {
	case ev.Req != nil:
		c.trace.request(c.engine.now(), l, Inward, wire.BYE)
	case cause == CauseExpired:
		c.Note("the session with " + l.Name + " was not refreshed in time")
		fallthrough
	default:
		c.trace.request(c.engine.now(), l, Outward, wire.BYE)
	}
	l.gone(cause)
}

// endCause says why a dialog ended without us hanging up.
func endCause(ev dialog.Event) string {
	switch {
	case ev.Err == nil:
		return CauseNormal
	case errors.Is(ev.Err, dialog.ErrNoAck):
		return CauseNoAck
	case errors.Is(ev.Err, dialog.ErrSessionExpired):
		return CauseExpired
	}
	return CauseDialogFailed
}
