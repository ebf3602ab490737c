package b2bua

// EventKind says what happened to a call.
type EventKind uint8

// Kinds of events. Leg is set for all but CallEnded; CallerGone carries the A leg.
const (
	LegTrying  EventKind = iota + 1 // the dialled way answered 100: it is alive
	LegRinging                      // 18x without media
	LegEarly                        // 18x with media: an announcement, never an answer
	LegAnswered
	LegFailed  // a B leg ended before it was answered: Outcome, Status, Q850, Err
	LegEnded   // an answered leg ended: Cause
	LegDigit   // Digit was pressed, once whichever way it came
	LegPlayed  // what Play started has ended by itself: Play
	LegHeld    // the far end put us on hold
	LegResumed // the far end took us back
	LegSilent  // an answered leg sends nothing: it was asked to send anew, once
	MediaLost  // no RTP for the time allowed; the leg is ended next
	CallerGone // the caller cancelled or hung up: Cause
	CallEnded  // last event of every call: Cause
)

// String names the kind as the trace shows it.
func (k EventKind) String() string {
	switch k {
	case LegTrying:
		return "trying"
	case LegRinging:
		return "ringing"
	case LegEarly:
		return "early media"
	case LegAnswered:
		return "answered"
	case LegFailed:
		return "failed"
	case LegEnded:
		return "ended"
	case LegDigit:
		return "digit"
	case LegPlayed:
		return "played"
	case LegHeld:
		return "held"
	case LegResumed:
		return "resumed"
	case LegSilent:
		return "no sound"
	case MediaLost:
		return "media lost"
	case CallerGone:
		return "caller gone"
	case CallEnded:
		return "call ended"
	}
	return "invalid"
}

// Event is one thing that happened to a call or leg.
type Event struct {
	Kind    EventKind
	Leg     *Leg
	Outcome Outcome // of LegFailed
	Status  int     // final SIP status, 0 when there was none
	Cause   string  // one of the Cause constants
	Q850    int     // cause of the Reason header, 0 when there was none
	Digit   byte    // of LegDigit
	Play    uint64  // of LegPlayed: what Leg.Play returned
	Err     error   // why there was no status
}

// Outcome is what became of an attempt to reach somebody.
type Outcome uint8

// Outcomes of attempts.
const (
	OutcomeNone        Outcome = iota // the attempt still runs
	OutcomeAnswered                   // 200
	OutcomeBusy                       // the person talks
	OutcomeDeclined                   // the person refused
	OutcomeUnreachable                // phone off, number or address leads nowhere
	OutcomeNoAnswer                   // it rang and nobody took it
	OutcomeSilent                     // the phone or trunk said nothing at SIP level
	OutcomeFailed                     // the network or we failed
	OutcomeCancelled                  // we stopped ringing
)

// String names the outcome as metrics and reports show it.
func (o Outcome) String() string {
	switch o {
	case OutcomeNone:
		return "none"
	case OutcomeAnswered:
		return "answered"
	case OutcomeBusy:
		return "busy"
	case OutcomeDeclined:
		return "declined"
	case OutcomeUnreachable:
		return "unreachable"
	case OutcomeNoAnswer:
		return "no_answer"
	case OutcomeSilent:
		return "silent"
	case OutcomeFailed:
		return "failed"
	case OutcomeCancelled:
		return "cancelled"
	}
	return "invalid"
}

// LegState is how far a leg has come.
type LegState uint8

// States of a leg.
const (
	StateSetup    LegState = iota // INVITE under way, nothing rings
	StateRinging                  // it rings, at them (B) or audibly to the caller (A)
	StateAnswered                 // 200
	StateEnded
)

// String names the state.
func (s LegState) String() string {
	switch s {
	case StateSetup:
		return "setup"
	case StateRinging:
		return "ringing"
	case StateAnswered:
		return "answered"
	case StateEnded:
		return "ended"
	}
	return "invalid"
}
