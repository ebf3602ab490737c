package selftest

import (
	"fmt"
	"strings"
	"time"
)

// Times of the dialling side. All of a talk is shorter than listenFor: the answering side must not have given the call
// to the ordinary script before the test hangs up.
const (
	ringFor     = 25 * time.Second        // a mobile network's worst, and no more
	seenFor     = 3500 * time.Millisecond // once the call has come in, its answer is near
	strangerFor = 3 * time.Second         // an engineer may be rung by mistake so long
	settleFor   = 300 * time.Millisecond  // from the answer until the media path is open everywhere
	soundFor    = 2200 * time.Millisecond // the code as sound, and its reply
	keysFor     = 2 * time.Second         // the same with the code as keys
	heardFor    = 4 * time.Second         // from when the code was heard until the reply
	leaveFor    = 1500 * time.Millisecond // what others saw comes in
)

// CallerPhase is how far the dialling side has come.
type CallerPhase uint8

// Phases of the dialling side.
const (
	CallerIdle CallerPhase = iota
	CallerDialling
	CallerPressing
	CallerLeaving
	CallerOver
)

// String names the phase.
func (p CallerPhase) String() string {
	switch p {
	case CallerIdle:
		return "idle"
	case CallerDialling:
		return "dialling"
	case CallerPressing:
		return "pressing"
	case CallerLeaving:
		return "leaving"
	case CallerOver:
		return "over"
	}
	return "invalid"
}

// CallerEventKind says what happened to the dialling side.
type CallerEventKind uint8

// Events of the dialling side.
const (
	CallerBegin    CallerEventKind = iota + 1
	CallerRings                    // 18x
	CallerAnswered                 // 200
	CallerFailed                   // no answer: Status, Cause
	CallerEnded                    // the far end hung up
	CallerDigit                    // Digit was heard
	CallerTime                     // the timer
	CallerSeen                     // the call has come in
	CallerWasHeard                 // the answering side has heard the code
	CallerStranger                 // another call came to the number
	CallerCut                      // the server stops
)

// CallerEvent is one thing that happened to the dialling side.
type CallerEvent struct {
	Kind   CallerEventKind
	Digit  byte
	Status int
	Cause  string
}

// CallerActionKind says what the dialling side does.
type CallerActionKind uint8

// Actions of the dialling side.
const (
	CallerDial   CallerActionKind = iota + 1
	CallerTimer                   // After: CallerTime, in place of the timer that ran
	CallerSound                   // send the code as sound
	CallerKeys                    // send the code as keys
	CallerHangup                  // end the call
	CallerLeft                    // tell that the test is over
	CallerJudge                   // the last action
)

// CallerAction is one thing to do.
type CallerAction struct {
	Kind  CallerActionKind
	After time.Duration
}

// String writes the action as transcripts show it.
func (a CallerAction) String() string {
	switch a.Kind {
	case CallerDial:
		return "dial"
	case CallerTimer:
		return "timer " + a.After.String()
	case CallerSound:
		return "send code as sound"
	case CallerKeys:
		return "send code as keys"
	case CallerHangup:
		return "hang up"
	case CallerLeft:
		return "tell: over"
	case CallerJudge:
		return "judge"
	}
	return "invalid"
}

// Caller is the dialling side of a test.
type Caller struct {
	Phase    CallerPhase
	Reply    string // digits that prove that we are heard and hear
	Heard    string
	Pressed  int // how often the code was sent
	Rang     bool
	Answered bool
	Replied  bool
	Seen     bool
	Stranger bool
	Alone    bool // hung up because of a stranger
	Left     bool // we hung up
	Cut      bool
	Status   int
	Cause    string
}

// Step takes an event.
func (s Caller) Step(e CallerEvent) (Caller, []CallerAction) {
	var acts []CallerAction
	do := func(k CallerActionKind) { acts = append(acts, CallerAction{Kind: k}) }
	timer := func(d time.Duration) { acts = append(acts, CallerAction{CallerTimer, d}) }
	leave := func(hangup bool) {
		if hangup {
			s.Left = true
			do(CallerHangup)
		}
		do(CallerLeft)
		s.Phase = CallerLeaving
		timer(leaveFor)
	}
	over := func() {
		s.Phase = CallerOver
		do(CallerJudge)
	}
	if e.Kind == CallerCut && s.Phase != CallerOver {
		s.Cut = true
		do(CallerLeft)
		over()
		return s, acts
	}
	switch s.Phase {
	case CallerIdle:
		if e.Kind == CallerBegin {
			s.Phase = CallerDialling
			do(CallerDial)
			timer(ringFor)
		}
	case CallerDialling:
		s.dialling(e, timer, leave)
	case CallerPressing:
		if s.pressing(e, do, timer, leave) {
			over()
		}
	case CallerLeaving:
		if e.Kind == CallerTime {
			over()
		}
	case CallerOver:
	}
	return s, acts
}

// dialling is the phase before the answer.
func (s *Caller) dialling(e CallerEvent, timer func(time.Duration), leave func(hangup bool)) {
	switch e.Kind {
	case CallerRings:
		s.Rang = true
	case CallerAnswered:
		s.Answered, s.Phase = true, CallerPressing
		timer(settleFor)
	case CallerSeen, CallerWasHeard:
		if !s.Seen {
			s.Seen = true
			timer(seenFor)
		}
	case CallerStranger:
		if !s.Seen && !s.Stranger {
			s.Stranger = true
			timer(strangerFor)
		}
	case CallerFailed, CallerEnded:
		s.Status, s.Cause = e.Status, e.Cause
		leave(false)
	case CallerTime:
		s.Alone = s.Stranger && !s.Seen
		leave(true)
	case CallerBegin, CallerDigit, CallerCut:
	}
}

// pressing is the phase after the answer; true when the reply has come.
func (s *Caller) pressing(e CallerEvent, do func(CallerActionKind), timer func(time.Duration), leave func(hangup bool)) bool {
	switch e.Kind {
	case CallerDigit:
		s.Heard += string(e.Digit)
		if s.Replied = strings.HasSuffix(s.Heard, s.Reply); s.Replied {
			do(CallerHangup)
			do(CallerLeft)
		}
		return s.Replied
	case CallerTime:
		if s.press(do, timer) {
			leave(true)
		}
	case CallerWasHeard:
		s.Pressed = presses
		timer(heardFor)
	case CallerFailed, CallerEnded:
		s.Cause = e.Cause
		leave(false)
	case CallerBegin, CallerRings, CallerAnswered, CallerSeen, CallerStranger, CallerCut:
	}
	return false
}

// press sends the code the next way; true when there is none left.
func (s *Caller) press(do func(CallerActionKind), timer func(time.Duration)) bool {
	s.Pressed++
	switch s.Pressed {
	case 1:
		do(CallerSound)
		timer(soundFor)
	case 2:
		do(CallerKeys)
		timer(keysFor)
	default:
		return true
	}
	return false
}

// presses is how often the code is sent.
const presses = 2

// judge says what became of a test: by what the dialling side knows, what the answering side saw (nil = nothing), and
// whether a stranger hung up together with the test (his caller's number).
func judge(s Caller, l Line, number string, seen *Sighting, stranger string, strangerLeft bool) (Result, string) {
	switch {
	case s.Cut:
		return Cut, "the server stopped in the middle of the test"
	case s.Replied && seen != nil && seen.DID != number:
		return Elsewhere, fmt.Sprintf("the call came to %s in place of %s; ask the operator where the number leads", orNone(seen.DID), number)
	case s.Replied && seen != nil && seen.Trunk != l.Trunk:
		return Elsewhere, fmt.Sprintf("the call came by %s in place of %s; ask the operator where the number leads", seen.Trunk, l.Trunk)
	case s.Replied:
		return OK, ""
	case seen != nil && !s.Answered:
		return Unanswered, "the call came and was answered, and the answer did not get back: " + reached(s)
	case seen != nil && !seen.Heard:
		return OneWay, "the call stood, and what was sent by the calling side was not heard at the called one; check NAT, firewall and codecs of this operator"
	case seen != nil:
		return OneWay, "the call stood, and the called side was not heard at the calling one; check NAT, firewall and codecs of this operator"
	case s.Stranger && strangerLeft:
		return Unrecognised, fmt.Sprintf("the call came with the caller %s; write it as self_test.caller of this operator", orNone(stranger))
	case s.Alone:
		return Skipped, "a caller came to the number at the same moment; the test made room"
	case s.Answered:
		return NotBack, "somebody else answered: no call came in; ask the operator where the number leads"
	case s.Rang || takenIn(s.Status):
		return NotBack, "no call came in; " + reached(s)
	}
	return NoWayOut, "the operator did not take the call: " + reached(s)
}

// takenIn reports whether a refusal speaks of the number and not of us: the way out is good then.
func takenIn(status int) bool {
	switch status {
	case 404, 410, 480, 484, 486, 487, 600, 604:
		return true
	}
	return false
}

// reached is how far the dialling side came, in words.
func reached(s Caller) string {
	text := "it said nothing"
	switch {
	case s.Status > 0:
		text = fmt.Sprintf("it refused with %d", s.Status)
	case s.Rang:
		text = "it rang"
	}
	if s.Cause != "" {
		text += " (" + s.Cause + ")"
	}
	return text
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
