package hotline

import (
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

const (
	plays      = 2                // whispers without a key before the attempt counts as not accepted
	maxRepeats = 3                // by key 3; more and it is a child or a fault
	askLimit   = 45 * time.Second // a whisper whose end is not reported
)

// answered is the 200 of an engineer's phone, or of the client's.
func (m *machine) answered(a *Attempt) {
	if a.Phase != AttemptDialling && a.Phase != AttemptRinging {
		return
	}
	if a.Client {
		m.clientAnswered(a)
		return
	}
	a.Phase = AttemptAsked
	if m.s.Phase == PhaseHunting && a.device().Trusted {
		m.wants(a)
		return
	}
	if m.s.Commit != CommitPending {
		m.ask(a)
	} else {
		m.start(TimerAsk, a.ID, askLimit)
	}
}

// ask plays the whisper from its beginning.
func (m *machine) ask(a *Attempt) {
	a.Asking, a.Said = true, 0
	m.play(a, m.whisper())
}

func (m *machine) play(a *Attempt, say []prompt.Sentence) {
	m.do(Action{Kind: ActSay, Attempt: a.ID, Say: say})
	m.await(a, askLimit)
}

// await bounds the wait for a key.
func (m *machine) await(a *Attempt, d time.Duration) {
	if !m.s.AskUntil.IsZero() {
		d = min(d, max(m.s.AskUntil.Sub(m.now), time.Millisecond))
	}
	m.start(TimerAsk, a.ID, d)
}

// whisper is what the engineer hears: who calls, which ticket, how long the
// caller has waited, the keys.
func (m *machine) whisper() []prompt.Sentence {
	if m.s.Phase == PhaseLeft {
		return m.leftWhisper()
	}
	say := []prompt.Sentence{prompt.Say(prompt.WhisperIntro)}
	if m.s.Recall {
		say = append(say, prompt.Say(prompt.WhisperRecall))
	}
	say = append(say, prompt.Sentence{Key: prompt.WhisperClient, Name: m.s.Ticket.Client, Number: m.s.Caller})
	if t := m.s.Ticket; t.Number != "" {
		key := prompt.ShortTicket
		if t.Joined && !m.s.Recall {
			key = prompt.WhisperJoined
		}
		say = append(say, prompt.Sentence{Key: key, Ticket: t.Number})
	}
	if !m.s.Recall { // he waits since his first call, not since this one
		say = append(say, prompt.Sentence{Key: prompt.WhisperWait, Wait: m.waited()})
	}
	return append(say, prompt.Say(prompt.AcceptMenu))
}

// menu is the second reading: the keys alone, and how to hear the rest again.
func (m *machine) menu() []prompt.Sentence {
	switch {
	case m.s.Phase != PhaseLeft:
		return []prompt.Sentence{prompt.Say(prompt.AcceptAgain)}
	case m.s.Ticket.CallBack:
		return []prompt.Sentence{prompt.Say(prompt.LeftMenu)}
	}
	return []prompt.Sentence{prompt.Say(prompt.LeftMenuNoCall)}
}

// played is the end of a whisper or of a last sentence.
func (m *machine) played(a *Attempt) {
	switch {
	case a.Phase == AttemptTold:
		m.told(a)
	case a.Phase == AttemptAsked && a.Asking:
		a.Said++
		pause := m.s.times.KeyPause
		if a.Said >= plays {
			pause = m.s.times.LastPause
		}
		m.await(a, pause)
	}
}

// askAgain follows a pause without a key: the keys once more, or he has not accepted.
func (m *machine) askAgain(a *Attempt) {
	late := !m.s.AskUntil.IsZero() && !m.now.Before(m.s.AskUntil)
	if a.Asking && a.Said > 0 && a.Said < plays && !late {
		m.play(a, m.menu())
		return
	}
	m.refuse(a, dispatch.AttemptNoKey, causeNoKey)
}

// digit is a key of an engineer. Keys count from the moment his phone has
// answered, while the whisper is still starting, too.
func (m *machine) digit(a *Attempt, digit byte) {
	if a.Phase != AttemptAsked {
		return
	}
	switch {
	case digit == '1' && m.s.Phase == PhaseLeft:
		m.takeLeft(a)
	case digit == '1':
		m.wants(a)
	case digit == '2':
		m.refuse(a, dispatch.AttemptDeclined, causeDeclined)
	case (digit == '3' || digit == '*') && a.Asking && !a.Wants && a.Repeats < maxRepeats:
		a.Repeats++
		if m.s.Phase == PhaseLeft && !m.s.AskUntil.IsZero() { // he is there: his time begins anew
			m.s.AskUntil = m.now.Add(leftLimit)
		}
		m.ask(a)
	}
}

// refuse lets an engineer go who has answered and does not take the call.
func (m *machine) refuse(a *Attempt, o dispatch.AttemptOutcome, cause string) {
	m.do(Action{Kind: ActHangup, Attempt: a.ID, Cause: causeNormal})
	m.gaveUp(a, Event{Outcome: o, Cause: cause})
}

// wants is an accept key, or the answer of a trusted phone. One key is
// confirmed at a time; it waits for the ticket.
func (m *machine) wants(a *Attempt) {
	a.Wants = true
	if m.s.Commit == CommitPending || m.s.Accepting != 0 {
		return
	}
	a.Phase = AttemptConfirming
	m.s.Accepting = a.ID
	m.stop(TimerAsk, a.ID)
	if a.Claim == 0 { // a static number: nobody else can hold it
		m.won(a)
		return
	}
	m.do(Action{Kind: ActAccept, Attempt: a.ID, Claim: a.Claim})
}

// won joins the caller with the engineer; EvBridged or EvNotBridged follows.
func (m *machine) won(a *Attempt) { m.do(Action{Kind: ActBridge, Attempt: a.ID}) }

// bridged makes the acceptance count: the two talk, and all others are let go.
func (m *machine) bridged(a *Attempt) {
	if m.s.Phase == PhaseCallingBack && a.Phase == AttemptTalking {
		m.calledBack(a)
		return
	}
	if m.s.Phase != PhaseHunting || a.Phase != AttemptConfirming {
		return
	}
	m.s.Accepting, m.s.Phase, a.Phase = 0, PhaseTalking, AttemptTalking
	m.s.Answered = true
	m.do(Action{Kind: ActAccepted, Attempt: a.ID, Person: a.Person, Device: a.device()})
	m.record(a, dispatch.AttemptAccepted, Event{})
	m.stopCallTimers()
	winner := a.ID
	for _, id := range m.ids() {
		if other := m.attempt(id); other != nil && id != winner {
			m.yield(other)
		}
	}
	m.leaveQueue()
}

// notBridged lets an engineer go whose leg, or the caller's, had ended in the
// moment of the key. He has not accepted; the hunt goes on while there is a caller.
func (m *machine) notBridged(a *Attempt, e Event) {
	switch {
	case m.s.Phase == PhaseHunting && a.Phase == AttemptConfirming:
		m.refuse(a, dispatch.AttemptFailed, e.Cause)
	case m.s.Phase == PhaseCallingBack && a.Phase == AttemptTalking:
		m.finishLeft()
	}
}

// yield tells somebody who was asked at the same time that the call is taken.
func (m *machine) yield(a *Attempt) {
	if !a.answered() {
		m.drop(a, dispatch.AttemptCancelled, causeElsewhere)
		return
	}
	m.record(a, dispatch.AttemptCancelled, Event{Cause: causeElsewhere})
	m.tell(a, prompt.Say(prompt.TakenByColleague))
}

// lost is an accept key that came second, on another node perhaps.
func (m *machine) lost(a *Attempt) {
	if a.Phase != AttemptConfirming {
		return
	}
	m.record(a, dispatch.AttemptCancelled, Event{Cause: causeElsewhere})
	m.tell(a, prompt.Say(prompt.TakenByColleague))
	m.afterAttempt()
}

// anotherKey lets the next pressed key be confirmed.
func (m *machine) anotherKey() {
	if m.s.Accepting != 0 {
		return
	}
	for i := range m.s.Attempts {
		if a := &m.s.Attempts[i]; a.Phase == AttemptAsked && a.Wants {
			m.wants(a)
			return
		}
	}
}

// ended is a leg that hung up after it had answered.
func (m *machine) ended(a *Attempt, e Event) {
	switch a.Phase {
	case AttemptTalking:
		m.talkEnded(a, e)
	case AttemptTold:
		m.stop(TimerSay, a.ID)
		m.unclaim(a)
		m.remove(a.ID)
		m.afterTold()
	case AttemptAsked, AttemptConfirming:
		// He has heard the whisper and hung up: that is a no.
		m.gaveUp(a, Event{Outcome: dispatch.AttemptDeclined, Cause: e.Cause, Q850: e.Q850})
	case AttemptDialling, AttemptRinging:
		m.failed(a, Event{Outcome: dispatch.AttemptFailed, Cause: e.Cause})
	case AttemptClaiming, AttemptDropped: // no leg yet
	}
}

// talkEnded is the hang-up of one of the two who talk.
func (m *machine) talkEnded(a *Attempt, e Event) {
	m.unclaim(a)
	m.remove(a.ID)
	m.finish(dispatch.CallServed, orText(e.Cause, causeNormal))
}

func orText(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
