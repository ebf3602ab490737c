package b2bua

import (
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/wire"
)

// ErrNoEarlyMedia says that a leg plays nothing before its answer, or that its partner cannot be let hear it.
var ErrNoEarlyMedia = errors.New("no early media")

// Early reports whether the far end of a ringing leg plays something to us: an announcement, or ringing of its own. It
// is never an answer.
func (l *Leg) Early() bool { return l.state == StateRinging && l.early != nil }

// BridgeEarly lets the unanswered caller hear what a ringing leg plays (183 Session Progress, RFC 3960). It is for calls
// that an engineer places: he wants to hear the announcement of the network. A caller of the hotline gets his own ringing
// instead, so nobody calls this for him. P-Early-Media (RFC 5009) is ignored: we decide who hears what.
//
// When the leg goes on to another way the caller hears ringing made here until something else plays; [Call.Bridge] ends
// it. On an error nothing has changed.
func (c *Call) BridgeEarly(a, b *Leg) error {
	switch {
	case !a.caller || b.caller:
		return fmt.Errorf("let leg %q hear leg %q early: only the caller hears what a dialled leg plays: %w", a.Name, b.Name, ErrNoEarlyMedia)
	case a.state != StateSetup && a.state != StateRinging:
		return fmt.Errorf("let leg %q hear leg %q early: it is %s: %w", a.Name, b.Name, a.state, ErrNoEarlyMedia)
	case !b.Early():
		return fmt.Errorf("let leg %q hear leg %q early: %w", a.Name, b.Name, ErrNoEarlyMedia)
	}
	agreement, err := b.conclude(b.early)
	if err != nil {
		return fmt.Errorf("let leg %q hear leg %q early: %w", a.Name, b.Name, err)
	}
	if err := a.progressWithMedia(); err != nil {
		return fmt.Errorf("let leg %q hear leg %q early: %w", a.Name, b.Name, err)
	}
	b.apply(agreement)
	if c.early == [2]*Leg{a, b} {
		return nil // a further description of the same far end
	}
	c.endEarly()
	a.stream.StopPlay()
	b.stream.Play(quiet) // opens the way through his NAT; he must not hear the engineer before he answers
	media.Connect(b.stream, a.stream, media.ConnectOptions{KeepDigits: true})
	c.early = [2]*Leg{a, b}
	return nil
}

// quiet is what a far end hears of us before its answer.
var quiet = media.Looping(media.SilenceAudio(time.Second)) //nolint:gochecknoglobals // never changed

// progressWithMedia sends the caller 183 with our description, once.
func (l *Leg) progressWithMedia() error {
	if l.audible {
		return nil
	}
	if l.offer == nil { // ours would be an offer, which an unreliable 183 cannot make (RFC 3261 §13.2.1)
		return fmt.Errorf("the caller sent no offer: %w", ErrNoEarlyMedia)
	}
	if err := l.describe(); err != nil {
		return err
	}
	l.audible = true
	if l.state == StateSetup {
		l.state, l.ringingAt = StateRinging, l.call.engine.now()
	}
	l.progress(wire.StatusSessionProgress, l.sentBody)
	return nil
}

// endEarly ends what BridgeEarly began, on whichever side it ended.
func (c *Call) endEarly() {
	a, b := c.early[0], c.early[1]
	if a == nil {
		return
	}
	c.early = [2]*Leg{}
	for _, leg := range [...]*Leg{a, b} {
		if leg.stream == nil {
			return
		}
	}
	media.Disconnect(a.stream, b.stream)
	b.stream.StopPlay()
}

// leaveEarly is the end of what the caller heard of a leg that failed, or goes on to another way: from here on he hears
// ringing made here, because his phone plays what we send and not its own.
func (c *Call) leaveEarly(b *Leg) {
	a := c.early[0]
	if c.early[1] != b {
		return
	}
	c.endEarly()
	if a.state == StateRinging && a.stream != nil {
		a.stream.Play(media.Looping(media.Ringback()))
	}
}

// progressed takes an 18x. An 18x is never an answer, whatever it plays.
func (l *Leg) progressed(ev dialog.Event) {
	c := l.call
	if l.state == StateAnswered {
		return
	}
	kind := LegRinging
	if len(ev.SDP) > 0 {
		l.early = ev.SDP
		kind = LegEarly
	}
	if ev.Status == wire.StatusRinging {
		l.rang = true
	}
	if ev.Q850 != 0 { // an announcement's reason, RFC 3326 §2 allows it in any message
		l.q850 = ev.Q850
	}
	if l.state == StateSetup {
		l.state, l.ringingAt = StateRinging, c.engine.now()
		c.engine.metrics.ringing(l)
	}
	c.emit(Event{Kind: kind, Leg: l, Status: ev.Status, Q850: ev.Q850})
}

// unanswered is what became of a leg whose ring time is over. Media without ringing was an announcement in place of an
// answer, most often "the subscriber is not available"; the network's own cause, when it told one, decides.
func (l *Leg) unanswered() (Outcome, string) {
	if l.rang || l.early == nil {
		return OutcomeNoAnswer, CauseNoAnswer
	}
	if outcomeOfQ850(l.q850) == OutcomeUnreachable {
		return OutcomeUnreachable, CauseAnnouncement
	}
	return OutcomeNoAnswer, CauseAnnouncement
}
