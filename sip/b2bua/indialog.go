package b2bua

import (
	"bytes"
	"strings"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/wire"
)

// inDialog takes what the far end of either kind of leg sends within its dialog. It is always
// answered here, bridged or not: the other leg has its own dialog and media.
func (l *Leg) inDialog(ev dialog.Event) {
	switch ev.Kind {
	case dialog.Offer:
		l.offered(ev)
	case dialog.LateAnswer:
		l.concludeLate(ev.SDP)
	case dialog.Refreshed:
		l.refreshed(ev.SDP)
	case dialog.OfferDone:
		l.reoffered(ev)
	case dialog.Info:
		if digit, ok := infoDigit(ev.Req.ContentType(), ev.Req.Body()); ok && l.stream != nil {
			l.stream.InfoDigit(digit)
		}
	case dialog.Trying, dialog.Progress, dialog.Answered, dialog.Confirmed, dialog.Failed, dialog.Cancelled,
		dialog.Ended, dialog.OfferGone, dialog.InfoDone: // handled by the callers, or nothing to do
	}
}

// offered answers a re-INVITE or UPDATE: hold, resume, a moved address, a session refresh, or a
// request for our offer. What has no audio (T.38 alone) gets 488 and the sound goes on.
func (l *Leg) offered(ev dialog.Event) {
	c := l.call
	c.trace.request(c.engine.now(), l, Inward, methodOf(ev))
	if l.state == StateEnded || l.stream == nil {
		l.refuseOffer(wire.StatusRequestPending)
		return
	}
	if len(ev.SDP) == 0 {
		l.awaiting = true
		l.acceptOffer(l.say(sdp.Reoffer(l.sent, l.local())))
		return
	}
	offer, err := sdp.Parse(ev.SDP)
	if err != nil {
		l.refuseOffer(wire.StatusBadRequest)
		return
	}
	local := l.local()
	if l.agreement.Rekeyed(offer) {
		local.Crypto = l.terms.keys()
	}
	answer, agreement, err := sdp.Answer(offer, local)
	if err != nil { // nothing has changed, our keys neither
		l.refuseOffer(wire.StatusNotAcceptableHere)
		return
	}
	l.crypto = local.Crypto
	l.acceptOffer(l.say(answer))
	l.apply(agreement)
	l.settled = l.state != StateAnswered // an UPDATE before the answer, RFC 3311 §5.1
}

func (l *Leg) acceptOffer(body []byte) {
	l.call.trace.response(l.call.engine.now(), l, Outward, wire.StatusOK, "OK")
	l.dialog.AnswerOffer(body)
}

func (l *Leg) refuseOffer(status int) {
	l.call.trace.response(l.call.engine.now(), l, Outward, status, wire.StatusText(status))
	l.dialog.RefuseOffer(status)
}

// concludeLate reads the answer to an offer of ours that went out in a 200.
func (l *Leg) concludeLate(body []byte) {
	if !l.awaiting || l.stream == nil || l.state == StateEnded {
		return
	}
	l.awaiting = false
	agreement, err := l.conclude(body)
	if err != nil {
		l.call.Note("no common media with " + l.Name + ": " + err.Error())
		l.sendBye(CauseNoMedia)
		l.gone(CauseNoMedia)
		return
	}
	l.apply(agreement)
}

// refreshed reads a description that came with the dialog's own refresh of the session (RFC 4028) and differs from the one
// before: the far end has moved.
func (l *Leg) refreshed(body []byte) {
	if l.state != StateAnswered || l.stream == nil {
		return
	}
	agreement, err := l.conclude(body)
	if err != nil {
		l.call.Note("the refreshed session of " + l.Name + " cannot be used: " + err.Error())
		return
	}
	l.apply(agreement)
}

func methodOf(ev dialog.Event) string {
	if ev.Req != nil {
		return ev.Req.Method()
	}
	return wire.INVITE
}

// dtmfRelay is the body of SIP INFO by which we press keys.
const dtmfRelay = "application/dtmf-relay"

// infoDigit reads a key from the body of a SIP INFO: application/dtmf-relay ("Signal=5" lines) or
// application/dtmf (the key alone).
func infoDigit(contentType string, body []byte) (byte, bool) {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case dtmfRelay:
		for line := range bytes.Lines(body) {
			name, value, ok := bytes.Cut(line, []byte("="))
			if ok && bytes.EqualFold(bytes.TrimSpace(name), []byte("signal")) {
				return key(value)
			}
		}
	case "application/dtmf":
		return key(body)
	}
	return 0, false
}

// key reads one key: 0-9 * # A-D, or the event numbers 10 and 11 that some phones send for * and #.
func key(text []byte) (byte, bool) {
	text = bytes.ToUpper(bytes.TrimSpace(text))
	switch string(text) {
	case "10":
		return '*', true
	case "11":
		return '#', true
	}
	if len(text) != 1 || strings.IndexByte("0123456789*#ABCD", text[0]) < 0 {
		return 0, false
	}
	return text[0], true
}
