package b2bua

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Errors of legs that a script may branch on.
var (
	ErrLegEnded    = errors.New("the leg has ended")
	ErrNotAnswered = errors.New("the leg is not answered")
)

// Leg is one party of a call: a SIP dialog and a media stream.
type Leg struct {
	ID   int    // 0, 1, 2 … within the call
	Name string // "caller", or what Dial said

	call   *Call
	caller bool // the A leg
	dial   Dial
	next   int // index of the next destination of dial

	state  LegState
	dialog *session // the current one
	callID string
	trunk  string // operator of the current dialog, "" for phones
	timer  *time.Timer

	terms  terms
	crypto []sdp.Crypto // our keys of this session; nil = plain
	place  place        // where stream receives

	stream    *media.Stream
	offer     *sdp.Session // the A leg's first offer; nil when it sent none
	sent      *sdp.Session // what we said last
	sentBody  []byte
	origin    sdp.Origin
	agreement sdp.Agreement
	open      *sdp.Session // our re-INVITE's offer, while it is open
	before    *sdp.Session // what we said before it
	early     []byte       // SDP of a B leg's 18x
	rang      bool         // a B leg's 180 came
	settled   bool         // an UPDATE before the answer has settled what the answer would have
	audible   bool         // the unanswered caller was sent 183 with our media
	held      bool         // the far end holds us
	music     bool         // hears hold music because its partner holds us
	recorded  bool         // its voice goes to the recorder
	awaiting  bool         // our offer went out in an answer; theirs comes with the ACK
	oneWay    oneWay
	moves     int // how often the phone has moved while it rang

	outcome    Outcome
	cause      string
	status     int
	q850       int
	dialledAt  time.Time
	ringingAt  time.Time
	answeredAt time.Time
	endedAt    time.Time
}

// session is one dialog of a leg. A leg that is tried over several ways has several, of which only
// the last is current; the others are waited for when the call ends.
type session struct {
	*dialog.Dialog
	leg     *Leg
	trunk   string             // channel to give back, "" when none
	settled bool               // its end has been reported
	dest    *trunk.Destination // of a dialled leg: the way
	permit  *guard.Permit      // to leave through an operator, nil when none is needed

	stuck *time.Timer        // ends the patience with 100 and nothing more
	look  *time.Timer        // asks next whether the way is alive
	unask context.CancelFunc // ends the question that is open
}

func (c *Call) newLeg(name string) *Leg {
	leg := &Leg{ID: len(c.legs), Name: name, call: c, dialledAt: c.engine.now()}
	c.legs = append(c.legs, leg)
	return leg
}

// State returns how far the leg has come.
func (l *Leg) State() LegState { return l.state }

// CallID returns the Call-ID of the leg's current dialog.
func (l *Leg) CallID() string { return l.callID }

// Outcome returns what became of a dialled leg.
func (l *Leg) Outcome() Outcome { return l.outcome }

// Stats returns the quality of the leg's media so far.
func (l *Leg) Stats() media.Stats {
	if l.stream == nil {
		return media.Stats{}
	}
	return l.stream.Stats()
}

// Play plays to the leg, replacing what played, and returns what LegPlayed will name; 0 when the
// leg cannot hear: nobody does before the leg is answered.
func (l *Leg) Play(list media.Playlist) uint64 {
	if l.stream == nil || l.state != StateAnswered {
		return 0
	}
	return uint64(l.stream.Play(list))
}

// StopPlay cuts what plays.
func (l *Leg) StopPlay() {
	if l.stream != nil && l.state != StateEnded {
		l.stream.StopPlay()
	}
}

// SendDigit presses a key towards the leg, the way its operator takes keys.
func (l *Leg) SendDigit(digit byte) {
	switch {
	case l.stream == nil || l.state != StateAnswered:
	case l.terms.info:
		l.dialog.Info(dtmfRelay, fmt.Appendf(nil, "Signal=%c\r\nDuration=%d\r\n", digit, digitLength.Milliseconds()))
	default:
		l.stream.SendDigit(digit, digitLength)
	}
}

// digitLength is how long a regenerated key press lasts; phones send 100 ms and more.
const digitLength = 120 * time.Millisecond

// Hangup ends the leg: BYE when it is answered, CANCEL when it rings, a refusal when it is the
// unanswered caller. The cause chooses Reason header and status. LegEnded or LegFailed follows.
func (l *Leg) Hangup(cause string) { l.end(cause) }

// end is Hangup and the end of the call in one.
func (l *Leg) end(cause string) {
	switch l.state {
	case StateEnded:
		return
	case StateAnswered:
		l.sendBye(cause)
		l.finish(OutcomeAnswered, cause)
		l.call.emit(Event{Kind: LegEnded, Leg: l, Cause: cause})
	case StateSetup, StateRinging:
		if l.caller {
			l.Reject(refusalOf(cause), "")
			return
		}
		l.giveUp(OutcomeCancelled, cause)
	}
}

// sendBye hangs up an answered dialog.
func (l *Leg) sendBye(cause string) {
	l.call.trace.request(l.call.engine.now(), l, Outward, wire.BYE)
	l.dialog.Bye(reasonOf(cause))
}

// finish puts the leg into its last state and gives back what it held.
func (l *Leg) finish(outcome Outcome, cause string) {
	c := l.call
	l.state, l.outcome, l.cause, l.endedAt = StateEnded, outcome, cause, c.engine.now()
	l.stopTimer()
	c.leaveEarly(l)
	if c.early[0] == l {
		c.endEarly()
	}
	if c.bridged[0] == l || c.bridged[1] == l {
		c.Unbridge()
	}
	if l.stream != nil {
		l.stream.Close()
		if l.answeredAt.IsZero() { // no figures to keep
			l.stream = nil
		}
		l.tellServed()
	}
	l.offer, l.sent, l.sentBody, l.early, l.open, l.before = nil, nil, nil, nil, nil, nil
	if l.dialog != nil {
		l.dialog.release()
		l.dialog.unwatch()
	}
	if !l.caller {
		c.engine.metrics.attempt(l)
	}
	c.checkIdle()
}

// release gives the operator's channel back, once.
func (s *session) release() {
	s.permit.End()
	if s.trunk != "" {
		s.leg.call.engine.trunks.Release(s.trunk)
		s.trunk = ""
	}
}

// track counts a new dialog of the leg; settle takes it off when its end is reported.
func (l *Leg) track(s *session) {
	l.dialog = s
	l.callID = s.ID().CallID
	l.call.settling++
}

func (s *session) settle() {
	if s.settled {
		return
	}
	s.settled = true
	s.release()
	s.leg.call.settling--
	s.leg.call.settle()
}

func (l *Leg) stopTimer() {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
}

// agree begins a new session under a peer's policy, with keys of its own.
func (l *Leg) agree(t terms, p place) {
	l.terms, l.crypto = t, t.keys()
	l.origin = sdp.Origin{ID: l.call.engine.sessionID(), Version: 1}
	l.sent, l.sentBody, l.early, l.rang, l.settled = nil, nil, nil, false, false
	if l.place != p && l.stream != nil { // the next way leaves by another address of ours
		l.stream.Close()
		l.stream = nil
	}
	l.place = p
}

// openStream makes the leg's media stream if it has none.
func (l *Leg) openStream() error {
	if l.stream != nil {
		return nil
	}
	c := l.call
	family := media.IPv4
	if l.place.ipv6 {
		family = media.IPv6
	}
	stream, err := c.engine.pool.NewStream(media.StreamConfig{
		Name: l.Name, Family: family, Addr: l.place.addr,
		OnEvent: func(ev media.Event) {
			switch ev.Kind {
			case media.Digit, media.PlayDone, media.Silence, media.RecordFailed, media.FirstPacket, media.Quiet, media.Resumed,
				media.Undecryptable:
				c.loop.Post(func() { l.heard(ev) })
			case media.SocketFailed: // RTP timeout decides
			}
		},
	})
	if err != nil {
		return fmt.Errorf("open media of leg %q: %w", l.Name, err)
	}
	l.stream = stream
	return nil
}

// local is our side of every offer and answer of this leg.
func (l *Leg) local() sdp.Local {
	return sdp.Local{
		Addr: l.stream.Local(), Codecs: l.terms.codecs, PTime: packetTime, Origin: l.origin,
		Security: l.terms.security, Crypto: l.crypto,
	}
}

// packetTime is what we offer in ms: 20 ms packets, the field's default (RFC 3551 §4.2).
const packetTime = 20

// say writes a description we are about to send. The version grows by one if it differs from the
// last (RFC 3264 §8) and stays if it does not, as a session refresh demands.
func (l *Leg) say(s *sdp.Session) []byte {
	s.Origin.Version = l.origin.Version
	body := s.Marshal()
	if l.sentBody != nil && !bytes.Equal(body, l.sentBody) {
		l.origin.Version++
		s.Origin.Version = l.origin.Version
		body = s.Marshal()
	}
	l.sent, l.sentBody = s, body
	return body
}

// apply puts an agreement into force and tells of hold and resume.
func (l *Leg) apply(agreement sdp.Agreement) {
	l.agreement = agreement
	l.stream.Signalling(l.dialog.State().Flow.Remote.Addr())
	l.stream.Apply(agreement)
	if agreement.Held == l.held {
		return
	}
	l.held = agreement.Held
	kind := LegResumed
	if l.held {
		kind = LegHeld
	}
	l.call.emit(Event{Kind: kind, Leg: l})
	l.call.holdMusic()
}

// watch arms the RTP timeout of an answered leg.
func (l *Leg) watch() {
	cfg := &l.call.engine.cfg
	l.stream.RTPTimeout(cfg.FirstRTP, cfg.SteadyRTP)
	l.stream.QuietAfter(cfg.OneWay)
}

// heard takes an event of the leg's media.
func (l *Leg) heard(ev media.Event) {
	c := l.call
	if l.state == StateEnded {
		return
	}
	switch ev.Kind {
	case media.Digit:
		c.emit(Event{Kind: LegDigit, Leg: l, Digit: ev.Digit})
		if other := c.other(l); other != nil && ev.Via != media.ViaInband { // tones pass as sound
			other.SendDigit(ev.Digit)
		}
	case media.PlayDone:
		c.emit(Event{Kind: LegPlayed, Leg: l, Play: uint64(ev.Play)})
	case media.Silence:
		l.dialog.MediaFlows(false)
		l.lostMedia()
	case media.RecordFailed:
		c.Note("recording failed: " + ev.Err.Error())
		c.engine.log.Error("recording failed, the call goes on", "call_id", c.info.ID, "leg", l.Name, "err", ev.Err)
	case media.FirstPacket:
		l.dialog.MediaFlows(true)
		l.heardAgain()
		c.trace.add(c.engine.now(), entry{leg: int16(l.ID), dir: Inward, text: "RTP"})
	case media.Quiet:
		l.unheard("no sound from " + l.Name + " for " + c.engine.cfg.OneWay.String())
	case media.Undecryptable:
		l.unheard("the sound from " + l.Name + " cannot be decrypted")
	case media.Resumed:
		l.heardAgain()
	case media.SocketFailed:
	}
}

// lostMedia is the RTP timeout. The caller's leg and bridged legs end with it; a leg that only
// listens to a prompt is left to its script.
func (l *Leg) lostMedia() {
	c := l.call
	c.emit(Event{Kind: MediaLost, Leg: l, Cause: CauseMediaLost})
	if !l.caller && c.other(l) == nil {
		return
	}
	c.Note("no sound from " + l.Name + ", leg ended by the RTP timeout")
	if l.state == StateAnswered {
		l.sendBye(CauseMediaLost)
	}
	l.gone(CauseMediaLost)
}

// gone ends the leg because its far end has left; a bridged partner is hung up with it.
func (l *Leg) gone(cause string) {
	if l.state == StateEnded {
		return
	}
	c := l.call
	other := c.other(l)
	l.finish(OutcomeAnswered, cause)
	kind := LegEnded
	if l.caller {
		kind = CallerGone
	}
	c.emit(Event{Kind: kind, Leg: l, Cause: cause, Q850: l.q850})
	if other != nil {
		other.end(partnerCause(l, cause))
	}
}

// partnerCause is why the partner of a leg that has gone is hung up.
func partnerCause(gone *Leg, cause string) string {
	if gone.caller && cause == CauseNormal {
		return CauseCallerGone
	}
	return cause
}
