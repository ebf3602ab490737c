package b2bua

import (
	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/wire"
)

// oneWay is what is known of sound that flows in one direction only: an answered leg that ought to send and sends nothing.
type oneWay struct {
	asked bool // a re-INVITE was tried
	quiet bool // nothing has come since
}

// unheard is an answered leg that has sent nothing for Config.OneWay: it is asked once to send anew, because some gateways
// lose the address of the first offer. The RTP timeout decides over the leg itself. Held legs, and such as only listen,
// are no concern of it.
func (l *Leg) unheard(why string) {
	if l.state != StateAnswered || l.oneWay.asked {
		return
	}
	c := l.call
	l.oneWay = oneWay{asked: true, quiet: true}
	c.Note(why + ", asked again by re-INVITE")
	c.engine.metrics.oneWay()
	c.engine.log.Warn("one-way audio: nothing is heard of an answered leg", "call_id", c.info.CallID, "leg", l.Name, "trunk", l.trunk)
	c.emit(Event{Kind: LegSilent, Leg: l})
	l.reoffer()
}

// heardAgain is sound of a leg that was silent.
func (l *Leg) heardAgain() {
	if l.oneWay.quiet {
		l.oneWay.quiet = false
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
