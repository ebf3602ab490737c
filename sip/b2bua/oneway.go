package b2bua

import (
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/wire"
)

// oneWay is the watch for sound that flows in one direction only: an answered leg that ought to send and sends nothing.
type oneWay struct {
	timer *time.Timer
	heard bool // RTP has come from the far end
	asked bool // a re-INVITE was tried
}

// watchSound waits Config.OneWay for the first RTP of an answered leg.
func (l *Leg) watchSound() {
	after := l.call.engine.cfg.OneWay
	if after <= 0 || l.oneWay.heard || l.oneWay.asked || l.oneWay.timer != nil {
		return
	}
	l.oneWay.timer = time.AfterFunc(after, func() { l.call.loop.Post(l.noSound) })
}

// noSound is an answered leg of which nothing was heard: it is asked once to send anew, because some gateways lose the
// address of the first offer. The RTP timeout decides over the leg itself.
func (l *Leg) noSound() {
	l.oneWay.timer = nil
	if l.state != StateAnswered || l.oneWay.heard || l.oneWay.asked || !l.agreement.Direction.Receives() || l.held {
		return
	}
	c := l.call
	l.oneWay.asked = true
	c.Note("no sound from " + l.Name + " within " + c.engine.cfg.OneWay.String() + " of the answer, asked again by re-INVITE")
	c.engine.metrics.oneWay()
	c.engine.log.Warn("one-way audio: nothing is heard of an answered leg", "call_id", c.info.CallID, "leg", l.Name, "trunk", l.trunk)
	c.trace.add(c.engine.now(), entry{leg: int16(l.ID), dir: Internal, text: "no sound"})
	l.reoffer()
}

// soundCame is the first RTP of the far end.
func (l *Leg) soundCame() {
	l.oneWay.heard = true
	if l.oneWay.timer != nil {
		l.oneWay.timer.Stop()
		l.oneWay.timer = nil
	}
	if l.oneWay.asked {
		l.call.Note("sound from " + l.Name + " came after that")
	}
}

// reoffer sends a re-INVITE with what we can do now; OfferDone follows. One is open at a time.
func (l *Leg) reoffer() {
	if l.open != nil {
		return
	}
	l.before = l.sent
	body := l.say(sdp.Reoffer(l.sent, l.local()))
	l.open = l.sent
	l.call.trace.request(l.call.engine.now(), l, Outward, wire.INVITE)
	l.dialog.ReInvite(body)
}

// reoffered takes the outcome of our re-INVITE. A refusal leaves everything as it was (RFC 3261 §14.1); 491 was tried
// again by the dialog already.
func (l *Leg) reoffered(ev dialog.Event) {
	if l.open == nil {
		return
	}
	before := l.before
	l.open, l.before = nil, nil
	if ev.Status > 0 {
		l.call.trace.response(l.call.engine.now(), l, Inward, ev.Status, ev.Reason)
	}
	if ev.Err != nil || ev.Status >= 300 || l.state != StateAnswered {
		l.sent = before
		return
	}
	agreement, err := l.conclude(ev.SDP)
	if err != nil {
		l.sent = before
		l.call.Note("the answer of " + l.Name + " to our re-INVITE cannot be used: " + err.Error())
		return
	}
	l.apply(agreement)
}
