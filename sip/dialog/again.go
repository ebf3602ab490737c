package dialog

import (
	"fmt"
	"strings"

	"github.com/butlerspb/vahta/sip/wire"
)

// attempt is what our INVITE is made of while another one may have to leave.
type attempt struct {
	out        Outgoing
	challenges int // answered so far
}

// timerHeaders are what our INVITE says of session timers and of reliable
// provisional responses.
func (d *Dialog) timerHeaders() []wire.Header {
	h := make([]wire.Header, 0, 5)
	supported := ""
	if d.reliable != ReliableOff {
		supported = tag100rel
	}
	if d.reliable == ReliableRequire {
		h = append(h, wire.Header{Name: "Require", Value: tag100rel})
	}
	if !d.policy.Off {
		e := SessionExpires{Interval: d.asks(), Refresher: refresherUAC}
		h = append(h, wire.Header{Name: "Session-Expires", Value: e.String()})
		if least := max(d.s.MinSE, d.policy.MinSE); least > shortestMinSE {
			h = append(h, wire.Header{Name: "Min-SE", Value: seconds(least)})
		}
		if supported != "" {
			supported += ", "
		}
		supported += tagTimer
	}
	if supported != "" {
		h = append(h, wire.Header{Name: "Supported", Value: supported})
	}
	return h
}

// initial builds our INVITE, the first or the next, with a number of its own; the
// dialog stands again where it stood before anybody answered.
func (d *Dialog) initial() (*wire.Request, error) {
	o := &d.try.out
	s := &d.s
	s.InviteCSeq = s.nextCSeq()
	s.RemoteTag, s.Remote = "", o.To.WithTag("").String()
	s.Target, s.Routes, s.Offer = o.URI, o.Routes, OfferOurs
	d.forks, d.earlyOffer = nil, nil
	return s.initial(o, append(d.timerHeaders(), d.credentials...))
}

// refused says what a final answer of 300 and more to our INVITE means: the end,
// or another INVITE, which it then makes.
func (d *Dialog) refused(in *input) UACEvent {
	if !d.pending() || d.try == nil {
		return UACRefused
	}
	var more bool
	switch in.status {
	case wire.StatusUnauthorized, wire.StatusProxyAuthRequired:
		more, in.err = d.try.answer(d, in.resp)
	case wire.StatusSessionIntervalTooSmall:
		more = d.raise(in.resp)
	default:
	}
	if !more {
		return UACRefused
	}
	req, err := d.initial()
	if err != nil {
		in.err = fmt.Errorf("build INVITE again: %w", err)
		return UACRefused
	}
	in.req = req
	return UACAgain
}

// answer makes the credentials that a challenge asks for: once, and once more when
// only the nonce was stale (RFC 7616 §3.3). Whoever asks again does not want ours.
func (a *attempt) answer(d *Dialog, r *wire.Response) (bool, error) {
	if a.out.Auth == nil || a.challenges > 1 || a.challenges == 1 && !stale(r) {
		return false, nil
	}
	a.challenges++
	uri, _ := (&State{Target: a.out.URI, Routes: a.out.Routes}).routing()
	h, err := a.out.Auth.Authorize(wire.INVITE, uri, a.out.SDP, r)
	if err != nil {
		return false, fmt.Errorf("answer the challenge of %d: %w", r.Status(), err)
	}
	d.credentials = []wire.Header{h}
	return true, nil
}

// stale says whether a challenge only wants a newer nonce.
func stale(r *wire.Response) bool {
	name := "WWW-Authenticate"
	if r.Status() == wire.StatusProxyAuthRequired {
		name = "Proxy-Authenticate"
	}
	for _, value := range r.Headers(name) {
		quoted := false
		for one := range strings.FieldsFuncSeq(value, func(c rune) bool {
			quoted = quoted != (c == '"')
			return c == ',' && !quoted
		}) {
			k, v, _ := strings.Cut(one, "=")
			words := strings.Fields(k) // the first parameter follows the scheme
			if len(words) > 0 && strings.EqualFold(words[len(words)-1], "stale") &&
				strings.EqualFold(strings.Trim(v, "\" \t"), "true") {
				return true
			}
		}
	}
	return false
}

// sendAgain sends the INVITE once more. If it cannot leave, the answered one stays
// the one that a CANCEL is for, to no effect.
func (d *Dialog) sendAgain(in *input) {
	d.sendErr = nil
	d.sendInvite(in)
	if err := d.sendErr; err != nil {
		cseq := d.s.InviteCSeq
		d.box.post(func() { d.inviteEvent(cseq, wire.ClientEvent{Err: err}) })
	}
}
