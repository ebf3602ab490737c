package phone

import (
	"context"
	"time"
)

// Session is one call of a phone.
type Session struct {
	log *eventLog
}

// CallID is the Call-ID of the call.
func (s *Session) CallID() string { return "" }

// Incoming tells whether the call came in.
func (s *Session) Incoming() bool { return false }

// Header is a header of the INVITE, sent or received; "" if absent.
func (s *Session) Header(name string) string { return "" }

// Events is the log so far.
func (s *Session) Events() []Event { return s.log.all() }

// Wait returns the first event of that kind, be it past or yet to come. It
// gives up with ErrEnded when the call ends without one.
func (s *Session) Wait(ctx context.Context, kind Kind) (Event, error) {
	return s.WaitFor(ctx, 0, func(e Event) bool { return e.Kind == kind })
}

// WaitFor is Wait for the first event from position from on that match accepts.
func (s *Session) WaitFor(ctx context.Context, from int, match func(Event) bool) (Event, error) {
	return s.log.wait(ctx, from, match)
}

// Done is closed when the call has ended.
func (s *Session) Done() <-chan struct{} { return nil }

// Press presses the keys one after another.
func (s *Session) Press(digits string, by DTMF) {}

// Hangup ends the call as its state demands: CANCEL, a refusal or BYE.
func (s *Session) Hangup() {}

// Hold puts the far end on hold by re-INVITE; Resume takes it back.
func (s *Session) Hold() {}

// Resume ends Hold.
func (s *Session) Resume() {}

// Info sends an INFO request with that body.
func (s *Session) Info(contentType string, body []byte) {}

// SetTone changes what the phone talks: a tone in hertz, 0 = silence.
func (s *Session) SetTone(hz float64) {}

// Digits are the keys the far end has pressed so far.
func (s *Session) Digits() string { return "" }

// Heard tells whether a tone of that frequency was received for at least min.
func (s *Session) Heard(hz float64, min time.Duration) bool { return false }

// WaitHeard waits until Heard is true.
func (s *Session) WaitHeard(ctx context.Context, hz float64, min time.Duration) error { return nil }

// Received is the audio received so far, 8 kHz linear.
func (s *Session) Received() []int16 { return nil }

// WriteWAV writes the received audio to a file.
func (s *Session) WriteWAV(path string) error { return nil }

// Trace is the SIP ladder of the call as text.
func (s *Session) Trace() string { return "" }
