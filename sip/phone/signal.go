package phone

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/wire"
)

// ringing is called for each new INVITE, in the mailbox of its Call-ID.
func (p *Phone) ringing(in *dialog.Incoming) {
	p.mu.Lock()
	answer := p.answer
	p.mu.Unlock()
	s := p.newSession(answer.Talk)
	s.incoming, s.answer, s.in, s.request, s.callID = true, answer, in, in.Request(), in.Request().CallID()
	if !p.add(s) {
		in.Reject(wire.StatusServiceUnavailable, "")
		return
	}
	s.loop.Post(s.ring)
}

// ring begins the script of a received call.
func (s *Session) ring() {
	s.in.Policy(s.answer.Reliable, s.answer.Timer)
	s.d = s.in.Accept(s.loop, s.on)
	s.note(Event{Kind: Invited})
	if err := s.openMedia(); err != nil {
		s.d.Reject(wire.StatusServiceUnavailable, "")
		return
	}
	a := s.answer
	if a.Ring > 0 || a.Forever {
		s.ringBack()
	}
	switch {
	case a.Forever:
	case a.Ring > 0:
		s.after(a.Ring, s.final)
	default:
		s.final()
	}
}

// ringBack sends 180, or 183 with SDP for early audio.
func (s *Session) ringBack() {
	status, kind := wire.StatusRinging, Rang
	var body []byte
	if s.answer.Early && len(s.request.Body()) > 0 {
		status, kind = wire.StatusSessionProgress, EarlyMedia
		var ok bool
		if body, ok = s.answerOffer(s.request.Body()); !ok {
			return
		}
	}
	s.d.Progress(status, body)
	s.note(Event{Kind: kind, Status: status, Ours: true})
	if kind == EarlyMedia {
		s.speak()
	}
}

// final gives the answer of the script.
func (s *Session) final() {
	if s.answer.accepts() {
		s.pickUp()
		return
	}
	if s.answered || s.over {
		return
	}
	s.answered = true
	s.note(Event{Kind: Refused, Status: s.answer.Status, Reason: s.answer.Reason, Ours: true})
	s.d.Reject(s.answer.Status, s.answer.Reason, wireHeaders(s.answer.Headers)...)
}

// pickUp answers 200.
func (s *Session) pickUp() {
	if s.answered || s.over || s.d == nil {
		return
	}
	var body []byte
	switch offer := s.request.Body(); {
	case len(offer) == 0: // late offer: ours goes in the 200
		body = s.newOffer()
	case s.deal.ours != nil: // answered in the 183 already
		body = s.deal.ours.Marshal()
	default:
		var ok bool
		if body, ok = s.answerOffer(offer); !ok {
			return
		}
	}
	s.answered = true
	s.d.Answer(body, wireHeaders(s.answer.Headers)...)
	s.note(Event{Kind: Answered, Status: wire.StatusOK, Ours: true})
	s.up = true
	s.speak()
}

// answerOffer answers the offer of the initial INVITE, or refuses the call.
func (s *Session) answerOffer(offer []byte) ([]byte, bool) {
	body, err := s.agree(offer)
	if err != nil {
		s.answered = true
		s.note(Event{Kind: Refused, Status: wire.StatusNotAcceptableHere, Ours: true, Err: err})
		s.d.Reject(wire.StatusNotAcceptableHere, "")
		return nil, false
	}
	return body, true
}

// invite places the call.
func (s *Session) invite(out dialog.Outgoing) error {
	d, err := s.phone.stack.Invite(out, s.loop, s.on)
	if err != nil {
		s.note(Event{Kind: Refused, Err: err})
		s.end(Event{})
		return err
	}
	s.d = d
	s.mu.Lock()
	s.callID = d.ID().CallID
	s.mu.Unlock()
	s.note(Event{Kind: Invited, Ours: true})
	if s.options.CancelAfter > 0 {
		s.after(s.options.CancelAfter, s.giveUp)
	}
	if s.options.NoAnswer > 0 {
		s.after(s.options.NoAnswer, func() {
			if !s.up {
				s.giveUp()
			}
		})
	}
	return nil
}

// giveUp cancels a placed call, whatever has become of it meanwhile. A far end
// that has not said a word is not waited for: should it answer late, the dialog
// room cancels or hangs up by itself.
func (s *Session) giveUp() {
	if s.over || s.d == nil {
		return
	}
	s.note(Event{Kind: Cancelling, Ours: true})
	s.d.Cancel()
	s.after(deafEar, func() {
		if !s.spoken {
			s.end(Event{Reason: "no answer of any kind", Ours: true})
		}
	})
}

// hangup ends the call as its state demands.
func (s *Session) hangup() {
	switch {
	case s.over:
	case s.d == nil:
		s.end(Event{Reason: "hung up before it began", Ours: true})
	case s.up:
		s.note(Event{Kind: HungUp, Ours: true})
		s.d.Bye()
	case s.incoming:
		s.d.Bye()
	default:
		s.giveUp()
	}
}

// on receives the dialog's events, inside the loop.
func (s *Session) on(e dialog.Event) {
	s.spoken = true
	switch e.Kind {
	case dialog.Trying:
		s.note(Event{Kind: Trying, Status: e.Status})
	case dialog.Progress:
		s.progress(e)
	case dialog.Answered:
		s.accepted(e)
	case dialog.Confirmed:
		s.note(Event{Kind: Confirmed, Err: e.Err})
		s.begin()
	case dialog.LateAnswer:
		s.conclude(e.SDP)
	case dialog.Offer:
		s.offered(e)
	case dialog.OfferDone:
		s.offerDone(e)
	case dialog.Info:
		s.note(Event{Kind: InfoIn})
		if digit, ok := infoDigit(e.Req); ok {
			s.sound.stream.InfoDigit(digit)
		}
	case dialog.Failed:
		s.note(Event{Kind: Refused, Status: e.Status, Reason: e.Reason, Err: e.Err})
		s.end(Event{Status: e.Status, Reason: e.Reason, Err: e.Err})
	case dialog.Cancelled:
		s.note(Event{Kind: Cancelled, Reason: e.Reason, Received: received(e.Req)})
		s.end(Event{Status: wire.StatusRequestTerminated, Reason: e.Reason, Received: received(e.Req)})
	case dialog.Ended:
		s.end(Event{Status: e.Status, Reason: e.Reason, Err: e.Err, Ours: e.Req == nil, Received: received(e.Req)})
	case dialog.Refreshed:
		s.conclude(e.SDP)
	case dialog.OfferGone, dialog.InfoDone:
	}
}

// received is when the request was read from the socket; zero for none.
func received(req *wire.Request) time.Time {
	if req == nil {
		return time.Time{}
	}
	return req.ReceivedAt()
}

func (s *Session) progress(e dialog.Event) {
	kind := Rang
	if len(e.SDP) > 0 && s.conclude(e.SDP) {
		kind = EarlyMedia
		s.speak()
	}
	s.note(Event{Kind: kind, Status: e.Status, Reason: e.Reason})
}

// accepted: the far end has picked up.
func (s *Session) accepted(e dialog.Event) {
	s.note(Event{Kind: Answered, Status: e.Status, Reason: e.Reason})
	switch {
	case s.options.LateOffer && len(e.SDP) > 0: // else it came in a reliable 18x, and is agreed on
		body, err := s.agree(e.SDP)
		if err != nil {
			s.note(Event{Kind: OfferFailed, Err: err})
			s.d.Bye()
			return
		}
		s.d.AnswerOffer(body)
	case !s.options.LateOffer && len(e.SDP) > 0 && !s.conclude(e.SDP):
		s.d.Bye()
		return
	}
	s.begin()
}

// begin starts the talk. A callee begins when it knows that its 200 has
// arrived, by ACK or by audio: keys pressed before nobody would hear.
func (s *Session) begin() {
	if s.begun {
		return
	}
	s.begun, s.up = true, true
	s.speak()
	s.pressKeys(s.talk.Keys)
	if s.talk.For > 0 {
		s.after(s.talk.For, s.hangup)
	}
	if s.talk.HoldAfter > 0 {
		s.after(s.talk.HoldAfter, func() { s.reoffer(sdp.SendOnly, Holding) })
		if s.talk.HoldFor > 0 {
			s.after(s.talk.HoldAfter+s.talk.HoldFor, func() { s.reoffer(sdp.SendRecv, Unholding) })
		}
	}
}

// newOffer describes what the phone can do.
func (s *Session) newOffer() []byte {
	s.deal.open = sdp.Offer(s.deal.local)
	s.deal.ours = s.deal.open
	return s.deal.open.Marshal()
}

// agree answers an offer of the far end and puts the outcome into force.
func (s *Session) agree(offer []byte) ([]byte, error) {
	theirs, err := sdp.Parse(offer)
	if err != nil {
		return nil, fmt.Errorf("read the offer: %w", err)
	}
	if s.deal.now.Rekeyed(theirs) {
		s.deal.local.Crypto = s.talk.keys()
	}
	ours, agreement, err := sdp.Answer(theirs, s.deal.local)
	if err != nil {
		return nil, err
	}
	s.deal.ours = ours
	s.apply(agreement)
	return ours.Marshal(), nil
}

// conclude reads the answer to our open offer and puts it into force.
func (s *Session) conclude(answer []byte) bool {
	if s.deal.open == nil {
		return true // it repeats what came in a 18x
	}
	theirs, err := sdp.Parse(answer)
	if err == nil {
		var agreement sdp.Agreement
		if agreement, err = sdp.Conclude(s.deal.open, theirs, s.deal.local); err == nil {
			s.deal.open = nil
			s.apply(agreement)
			return true
		}
	}
	s.note(Event{Kind: OfferFailed, Err: err})
	return false
}

// apply puts an agreement into force and notes holds.
func (s *Session) apply(a sdp.Agreement) {
	s.deal.now = a
	s.sound.stream.Apply(a)
	if a.Held == s.deal.held {
		return
	}
	s.deal.held = a.Held
	if a.Held {
		s.note(Event{Kind: Held})
	} else {
		s.note(Event{Kind: Resumed})
	}
}

// offered answers a re-INVITE or UPDATE of the far end.
func (s *Session) offered(e dialog.Event) {
	s.deal.local.Origin.Version++
	if len(e.SDP) == 0 {
		s.deal.open = sdp.Reoffer(s.deal.ours, s.deal.local)
		s.deal.ours = s.deal.open
		s.d.AnswerOffer(s.deal.open.Marshal())
		s.note(Event{Kind: Offered})
		return
	}
	body, err := s.agree(e.SDP)
	if err != nil {
		s.d.RefuseOffer(wire.StatusNotAcceptableHere)
		s.note(Event{Kind: OfferFailed, Err: err})
		return
	}
	s.d.AnswerOffer(body)
	s.note(Event{Kind: Offered})
}

// reoffer sends a re-INVITE; done is what to note when it is agreed to.
func (s *Session) reoffer(direction sdp.Direction, done Kind) {
	if !s.up || s.over {
		return
	}
	s.deal.local.Direction = direction
	s.deal.local.Origin.Version++
	s.deal.open = sdp.Reoffer(s.deal.ours, s.deal.local)
	s.sent = done
	s.d.ReInvite(s.deal.open.Marshal())
}

func (s *Session) offerDone(e dialog.Event) {
	if e.Err != nil || e.Status >= 300 {
		s.deal.open = nil
		s.note(Event{Kind: OfferFailed, Status: e.Status, Reason: e.Reason, Err: e.Err})
		return
	}
	ours := s.deal.open
	if s.conclude(e.SDP) {
		s.deal.ours = ours
		s.note(Event{Kind: s.sent, Status: e.Status})
	}
}

func wireHeaders(hs []Header) []wire.Header {
	out := make([]wire.Header, len(hs))
	for i, h := range hs {
		out[i] = wire.Header{Name: h.Name, Value: h.Value}
	}
	return out
}

// sessionID is the number in o=; below 2^31, which some peers cannot exceed.
func sessionID() uint64 { return uint64(rand.Uint32N(1 << 31)) } //nolint:gosec // a number, not a secret
