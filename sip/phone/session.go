package phone

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/wire"
)

// Session is one call of a phone.
type Session struct {
	// set when it is made
	phone    *Phone
	loop     *loop
	log      *eventLog
	start    time.Time
	done     chan struct{}
	talk     Talk
	incoming bool
	answer   Answer           // of a received call
	options  Options          // of a placed call
	request  *wire.Request    // of a received call
	in       *dialog.Incoming // of a received call
	sound    sound

	mu     sync.Mutex
	callID string // guarded by mu
	digits []byte // guarded by mu

	// owned by the loop
	d        *dialog.Dialog
	over     bool
	up       bool // answered
	begun    bool // the talk has begun
	spoken   bool // the far end has said something
	answered bool // a received call: our final answer is out
	deal     negotiation
	timers   []*time.Timer
	presses  []press
	pressing bool
	sent     Kind // what our open re-INVITE is for
}

// negotiation is what offer and answer have come to.
type negotiation struct {
	local sdp.Local
	ours  *sdp.Session // our last description
	open  *sdp.Session // our offer that waits for its answer
	held  bool         // the far end holds us
	now   sdp.Agreement
}

func (p *Phone) newSession(talk Talk) *Session {
	return &Session{phone: p, loop: newLoop(), log: newEventLog(), start: time.Now(), done: make(chan struct{}), talk: talk}
}

// CallID is the Call-ID of the call.
func (s *Session) CallID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.callID
}

// Incoming tells whether the call came in.
func (s *Session) Incoming() bool { return s.incoming }

// Request is the INVITE that came in; nil for a call that the phone placed. It
// must not be changed.
func (s *Session) Request() *wire.Request { return s.request }

// Header is a header of the INVITE that came in; "" if absent.
func (s *Session) Header(name string) string {
	if s.request == nil {
		return ""
	}
	return s.request.Header(name)
}

// Events is the log so far.
func (s *Session) Events() []Event { return s.log.all() }

// Wait returns the first event of that kind, be it past or yet to come. It
// gives up with ErrEnded when the call ends without one.
func (s *Session) Wait(ctx context.Context, kind Kind) (Event, error) {
	e, err := s.WaitFor(ctx, 0, func(e Event) bool { return e.Kind == kind })
	if err != nil {
		return e, fmt.Errorf("wait for %s: %w", kind, err)
	}
	return e, nil
}

// WaitFor is Wait for the first event from position from on that match accepts.
func (s *Session) WaitFor(ctx context.Context, from int, match func(Event) bool) (Event, error) {
	return s.log.wait(ctx, from, match)
}

// Follow calls f for each event in order, past and to come, until the call has
// ended or ctx ends.
func (s *Session) Follow(ctx context.Context, f func(Event)) error {
	for from := 0; ; from++ {
		e, err := s.WaitFor(ctx, from, func(Event) bool { return true })
		if err != nil {
			return err
		}
		f(e)
		if e.Kind == Ended {
			return nil
		}
	}
}

// Done is closed when the call has ended and its audio is complete.
func (s *Session) Done() <-chan struct{} { return s.done }

// Press presses the keys one after another.
func (s *Session) Press(digits string, by DTMF) {
	s.loop.Post(func() { s.press(digits, by, nil) })
}

// Hangup ends the call as its state demands: CANCEL, a refusal or BYE.
func (s *Session) Hangup() { s.loop.Post(s.hangup) }

// Hold puts the far end on hold by re-INVITE; Holding or OfferFailed follows.
func (s *Session) Hold() { s.loop.Post(func() { s.reoffer(sdp.SendOnly, Holding) }) }

// Resume ends Hold; Unholding or OfferFailed follows.
func (s *Session) Resume() { s.loop.Post(func() { s.reoffer(sdp.SendRecv, Unholding) }) }

// Refresh re-INVITEs without any change; Refreshed or OfferFailed follows.
func (s *Session) Refresh() {
	s.loop.Post(func() { s.reoffer(s.deal.local.Direction, Refreshed) })
}

// Info sends an INFO request with that body.
func (s *Session) Info(contentType string, body []byte) {
	s.loop.Post(func() {
		if s.d != nil {
			s.d.Info(contentType, body)
		}
	})
}

// SetTone changes what the phone talks: a tone in hertz, 0 = silence.
func (s *Session) SetTone(hz float64) {
	s.loop.Post(func() {
		s.talk.Tone = hz
		s.speak()
	})
}

// Digits are the keys the far end has pressed so far.
func (s *Session) Digits() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.digits)
}

// Trace is the call as text, step by step, with the side that did it.
func (s *Session) Trace() string {
	var b strings.Builder
	way := "to"
	if s.incoming {
		way = "at"
	}
	fmt.Fprintf(&b, "call %s %s phone %s\n", s.CallID(), way, s.phone.cfg.Name)
	for _, e := range s.Events() {
		b.WriteString(e.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// note writes an event into the log. Only the loop calls it.
func (s *Session) note(e Event) {
	e.At = time.Since(s.start)
	s.log.add(e)
	if s.options.CancelOn != 0 && e.Kind == s.options.CancelOn {
		s.giveUp()
	}
}

// after runs f in the loop once d has passed, unless the call ends before.
func (s *Session) after(d time.Duration, f func()) {
	s.timers = append(s.timers, time.AfterFunc(d, func() {
		s.loop.Post(func() {
			if !s.over {
				f()
			}
		})
	}))
}

// end is the last step of a session.
func (s *Session) end(e Event) {
	if s.over {
		return
	}
	s.over = true
	for _, t := range s.timers {
		t.Stop()
	}
	s.closeMedia()
	e.Kind = Ended
	s.note(e)
	s.loop.close()
	close(s.done)
}
