package hotline

import (
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
)

// EventKind says what happened.
type EventKind uint8

// The kinds of events.
const (
	EvStart         EventKind = iota + 1 // a caller's INVITE: Caller
	EvCallBack                           // an engineer is to call a client: Person, Name, Devices, Ticket, Caller
	EvRecall                             // the client whose call was cut is to be rung: Caller
	EvPlan                               // Plan, Rest
	EvTicket                             // the commit is done: Ticket
	EvTicketFailed                       // the commit has failed for now
	EvGranted                            // Attempt may ring Person
	EvDenied                             // nobody is free for Attempt: Rest, Resting
	EvRinging                            // Attempt's phone rings
	EvAnswered                           // Attempt's 200 (the client's, too)
	EvFailed                             // Attempt ended unanswered: Outcome, Cause, Status, Q850
	EvEnded                              // Attempt hung up
	EvDigit                              // Attempt (0: the caller) pressed Digit
	EvPlayed                             // what Attempt (0: the caller) heard has ended
	EvTimer                              // Timer
	EvWon                                // Attempt's accept key counts
	EvBridged                            // Attempt talks with the caller, or with the client he calls back
	EvNotBridged                         // it could not be joined: Cause
	EvLost                               // somebody else's came first
	EvCallerGone                         // CANCEL or BYE
	EvCallerHeld                         // hold
	EvCallerResumed                      // resume
	EvSomebodyFree                       // an engineer has hung up elsewhere
	EvQueue                              // Position, Expected
	EvCut                                // the call ended without its script: a limit, a fault, a stop of the node: Cause
)

// String returns the name of the kind.
func (k EventKind) String() string {
	if names := [...]string{
		"invalid", "start", "callback", "recall", "plan", "ticket", "ticket_failed", "granted", "denied", "ringing", "answered", "failed",
		"ended", "digit", "played", "timer", "won", "bridged", "not_bridged", "lost", "caller_gone", "caller_held", "caller_resumed", "free", "queue", "cut",
	}; int(k) < len(names) {
		return names[k]
	}
	return "invalid"
}

// TimerKind names a timer of the script.
type TimerKind uint8

// The timers.
const (
	TimerTicket   TimerKind = iota + 1 // the commit may be waited for no longer
	TimerAnswer                        // true ringing ends
	TimerProgress                      // tell the caller how it goes
	TimerAsk                           // an engineer has pressed nothing
	TimerRound                         // the next round may begin
	TimerRetry                         // look again whether somebody is free
	TimerMaxWait                       // the queue has lasted too long
	TimerSay                           // a last sentence takes too long
)

// String returns the name of the timer.
func (k TimerKind) String() string {
	if names := [...]string{"invalid", "ticket", "answer", "progress", "ask", "round", "retry", "max_wait", "say"}; int(k) < len(names) {
		return names[k]
	}
	return "invalid"
}

// Timer is a timer of the script, and of which attempt (0: of the call).
type Timer struct {
	Kind    TimerKind
	Attempt int
}

// Event is one thing that happened. Which fields are set stands with its kind.
type Event struct {
	Kind     EventKind
	Attempt  int
	Caller   string
	Person   string
	Name     string
	Devices  []oncall.Device
	Plan     *dispatch.Plan
	Ticket   Ticket
	Outcome  dispatch.AttemptOutcome
	Cause    string
	Status   int
	Q850     int
	Digit    byte
	Timer    Timer
	Position int
	Expected time.Duration
	Rest     time.Duration // until the first of those may be rung whose phones have just failed; 0 = there are none
	Resting  bool          // they all rest, nobody of them talks
}
