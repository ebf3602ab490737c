package selftest

import (
	"slices"
	"strings"
	"time"
)

// Times of the answering side.
const (
	listenFor = 6 * time.Second // the code must have come; longer than the dialling side's talk
	replyFor  = 2 * time.Second // the reply is out, and the test should hang up
	askFor    = time.Second     // until the dialling side has told that it has hung up
)

// AnswererPhase is how far the answering side has come.
type AnswererPhase uint8

// Phases of the answering side.
const (
	AnswererIdle AnswererPhase = iota
	AnswererListening
	AnswererReplying
	AnswererAsking
	AnswererOver
)

// String names the phase.
func (p AnswererPhase) String() string {
	switch p {
	case AnswererIdle:
		return "idle"
	case AnswererListening:
		return "listening"
	case AnswererReplying:
		return "replying"
	case AnswererAsking:
		return "asking"
	case AnswererOver:
		return "over"
	}
	return "invalid"
}

// AnswererEventKind says what happened to the answering side.
type AnswererEventKind uint8

// Events of the answering side.
const (
	AnswererBegin AnswererEventKind = iota + 1
	AnswererDigit                   // Digit was heard
	AnswererTime                    // the timer
	AnswererGone                    // the far end hung up
	AnswererOther                   // another call has brought the code of Test
	AnswererTold                    // the answer to AnswererAsk: Ours
	AnswererCut                     // the call was ended over our head
)

// AnswererEvent is one thing that happened to the answering side.
type AnswererEvent struct {
	Kind  AnswererEventKind
	Digit byte
	Test  string
	Ours  bool
}

// AnswererActionKind says what the answering side does.
type AnswererActionKind uint8

// Actions of the answering side.
const (
	AnswererPickUp  AnswererActionKind = iota + 1 // ring, answer, let him hear ringing
	AnswererTimer                                 // After: AnswererTime
	AnswererSight                                 // tell the dialling side what was seen: Heard
	AnswererProved                                // tell all other calls that they are none
	AnswererSound                                 // reply as sound
	AnswererKeys                                  // reply as keys
	AnswererAsk                                   // ask whether the test has just hung up
	AnswererRelease                               // to the ordinary script
	AnswererHangup                                // end the call
)

// AnswererAction is one thing to do.
type AnswererAction struct {
	Kind  AnswererActionKind
	After time.Duration
	Test  string
	Heard bool
}

// String writes the action as transcripts show it.
func (a AnswererAction) String() string {
	switch a.Kind {
	case AnswererPickUp:
		return "ring, answer, ringing tone"
	case AnswererTimer:
		return "timer " + a.After.String()
	case AnswererSight:
		if a.Heard {
			return "tell: heard " + a.Test
		}
		return "tell: seen " + a.Test
	case AnswererProved:
		return "release others of " + a.Test
	case AnswererSound:
		return "reply as sound"
	case AnswererKeys:
		return "reply as keys"
	case AnswererAsk:
		return "ask: did the test hang up"
	case AnswererRelease:
		return "to the ordinary script"
	case AnswererHangup:
		return "end"
	}
	return "invalid"
}

// Answerer is the answering side: a call that may be a test.
type Answerer struct {
	Phase   AnswererPhase
	Tests   []Test // which it may be
	Heard   string
	Test    string // which it is, "" until it is known
	Replied int
}

// Step takes an event.
func (s Answerer) Step(e AnswererEvent) (Answerer, []AnswererAction) {
	var acts []AnswererAction
	do := func(a AnswererAction) { acts = append(acts, a) }
	over := func(k AnswererActionKind) {
		s.Phase = AnswererOver
		do(AnswererAction{Kind: k})
	}
	switch s.Phase {
	case AnswererIdle:
		switch {
		case e.Kind != AnswererBegin || len(s.Tests) == 0: // he left, or the server stops, or there is no test after all
			over(AnswererRelease)
		default:
			s.Phase = AnswererListening
			do(AnswererAction{Kind: AnswererPickUp})
			do(AnswererAction{Kind: AnswererTimer, After: listenFor})
			for _, t := range s.Tests {
				do(AnswererAction{Kind: AnswererSight, Test: t.ID})
			}
		}
	case AnswererListening:
		switch e.Kind {
		case AnswererDigit:
			s.digit(e.Digit, do)
		case AnswererOther:
			s.Tests = slices.DeleteFunc(slices.Clone(s.Tests), func(t Test) bool { return t.ID == e.Test })
			if len(s.Tests) == 0 {
				over(AnswererRelease)
			}
		case AnswererGone:
			s.Phase = AnswererAsking
			do(AnswererAction{Kind: AnswererTimer, After: askFor})
		case AnswererTime, AnswererCut:
			over(AnswererRelease)
		case AnswererBegin, AnswererTold:
		}
	case AnswererAsking:
		s.asking(e, do, over)
	case AnswererReplying:
		s.replying(e, do, over)
	case AnswererOver:
	}
	return s, acts
}

// asking is the phase in which it is found out who has hung up.
func (s *Answerer) asking(e AnswererEvent, do func(AnswererAction), over func(AnswererActionKind)) {
	switch e.Kind {
	case AnswererTime:
		do(AnswererAction{Kind: AnswererAsk})
	case AnswererTold:
		if e.Ours {
			over(AnswererHangup)
		} else {
			over(AnswererRelease)
		}
	case AnswererCut:
		over(AnswererRelease)
	case AnswererBegin, AnswererDigit, AnswererGone, AnswererOther:
	}
}

// replying is the phase after the code.
func (s *Answerer) replying(e AnswererEvent, do func(AnswererAction), over func(AnswererActionKind)) {
	switch e.Kind {
	case AnswererTime:
		if s.Replied++; s.Replied > 1 {
			over(AnswererHangup)
			break
		}
		do(AnswererAction{Kind: AnswererKeys})
		do(AnswererAction{Kind: AnswererTimer, After: replyFor})
	case AnswererGone, AnswererCut:
		over(AnswererHangup)
	case AnswererBegin, AnswererDigit, AnswererOther, AnswererTold:
	}
}

// digit looks for a code in what was heard.
func (s *Answerer) digit(d byte, do func(AnswererAction)) {
	s.Heard += string(d)
	for _, t := range s.Tests {
		if t.Code == "" || !strings.HasSuffix(s.Heard, t.Code) {
			continue
		}
		s.Phase, s.Test = AnswererReplying, t.ID
		do(AnswererAction{Kind: AnswererSight, Test: t.ID, Heard: true})
		do(AnswererAction{Kind: AnswererProved, Test: t.ID})
		do(AnswererAction{Kind: AnswererSound})
		do(AnswererAction{Kind: AnswererTimer, After: replyFor})
		return
	}
}

// reply is what the dialling side waits for.
func (s *Answerer) reply() string {
	for _, t := range s.Tests {
		if t.ID == s.Test {
			return t.Reply
		}
	}
	return ""
}
