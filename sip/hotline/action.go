package hotline

import (
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// ActionKind says what the shell has to do.
type ActionKind uint8

// The kinds of actions.
const (
	ActAskPlan     ActionKind = iota + 1 // answer with EvPlan
	ActOpenTicket                        // answer with EvTicket or EvTicketFailed
	ActRing                              // 180 to the caller
	ActAnswer                            // 200 to the caller
	ActSay                               // Say, then Then, to Attempt (0: the caller); EvPlayed unless Then sounds
	ActClaim                             // one of People for Attempt; answer with EvGranted or EvDenied
	ActAccept                            // does the accept key of the claim count? EvWon or EvLost
	ActRelease                           // the claim
	ActDial                              // Device for RingTime, as leg Attempt
	ActDialClient                        // the client's number, as leg Attempt, for RingTime (0: as long as a call-back)
	ActAdopt                             // leg Attempt is the caller's from now on
	ActRecalled                          // tell who asked for the recall: Recall
	ActHangup                            // CANCEL or BYE, with Cause
	ActBridge                            // join Attempt with the caller (or with Client)
	ActTry                               // record how Attempt went: Outcome …
	ActAccepted                          // record who accepted, at which moment
	ActAcknowledge                       // record who took the ticket after the caller left
	ActQueue                             // wait in the queue; EvQueue on every change, EvSomebodyFree
	ActLeaveQueue                        // no longer
	ActTimer                             // start or restart Timer: After
	ActStopTimer                         // Timer
	ActNote                              // write Note into the ticket's log, now
	ActOutcome                           // record the Result, once
	ActEnd                               // end the call with all its legs, with Cause
)

// String returns the name of the kind.
func (k ActionKind) String() string {
	if names := [...]string{
		"invalid", "plan", "open_ticket", "ring", "answer", "say", "claim", "accept", "release", "dial", "dial_client", "adopt", "recalled", "hangup",
		"bridge", "try", "accepted", "acknowledge", "queue", "leave_queue", "timer", "stop_timer", "note", "outcome", "end",
	}; int(k) < len(names) {
		return names[k]
	}
	return "invalid"
}

// Then is what is heard after the sentences.
type Then uint8

// What is heard afterwards.
const (
	ThenNothing Then = iota
	ThenMusic
	ThenRingback
)

// String returns the name of the sound.
func (t Then) String() string {
	switch t {
	case ThenNothing:
		return "nothing"
	case ThenMusic:
		return "music"
	case ThenRingback:
		return "ringback"
	}
	return "invalid"
}

// Action is one thing to do. Which fields are set stands with its kind.
type Action struct {
	Kind     ActionKind
	Attempt  int
	Claim    int
	Client   int
	Person   string
	People   []string
	Track    string
	Device   oncall.Device
	RingTime time.Duration
	Say      []prompt.Sentence
	Then     Then
	Timer    Timer
	After    time.Duration
	Outcome  dispatch.AttemptOutcome
	Cause    string
	Status   int
	Q850     int
	Since    time.Time
	Result   dispatch.CallResult
	Recall   dispatch.Result
	Note     dispatch.ScriptNote
}

// String returns the action as a line of a transcript.
func (a Action) String() string {
	var b strings.Builder
	b.WriteString(a.Kind.String())
	add := func(format string, args ...any) { fmt.Fprintf(&b, " "+format, args...) }
	if a.Timer.Kind != 0 {
		add("%s", a.Timer.Kind)
		a.Attempt = a.Timer.Attempt
	}
	if a.Attempt != 0 {
		add("#%d", a.Attempt)
	}
	if a.Claim != 0 {
		add("claim=%d", a.Claim)
	}
	if a.Client != 0 {
		add("client=#%d", a.Client)
	}
	if a.Person != "" {
		add("%s", a.Person)
	}
	if len(a.People) > 0 {
		add("%s", strings.Join(a.People, ","))
	}
	if addr := a.Device.Address(); addr != "" {
		add("%s", addr)
	}
	for _, d := range []time.Duration{a.RingTime, a.After} {
		if d != 0 {
			add("%s", d)
		}
	}
	for _, s := range a.Say {
		add("%s", s.Key)
	}
	if a.Kind == ActSay {
		add("then=%s", a.Then)
	}
	for _, s := range []string{string(a.Note), string(a.Outcome), string(a.Result), string(a.Recall), a.Cause} {
		if s != "" {
			add("%s", s)
		}
	}
	return b.String()
}
