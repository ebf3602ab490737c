package hotline

import (
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// answerCaller ends true ringing: greeting, ticket, how it goes, music.
func (m *machine) answerCaller() {
	if m.s.Answered || (m.s.Phase != PhaseHunting && m.s.Phase != PhaseWaiting) {
		return
	}
	m.s.Answered = true
	m.do(Action{Kind: ActAnswer})
	m.note(dispatch.NoteAnswered)
	say := []prompt.Sentence{prompt.Say(m.greeting())}
	if t := m.s.Ticket; t.Number != "" {
		key := prompt.TicketOpened
		if t.Joined {
			key = prompt.TicketJoined
		}
		say = append(say, prompt.Sentence{Key: key, Ticket: t.Number})
	}
	m.sayCaller(append(say, m.news()...))
	m.start(TimerProgress, 0, orElse(m.s.Plan.ProgressEvery, m.s.times.ProgressEvery))
}

// greeting is the line's own, or the common one.
func (m *machine) greeting() prompt.Key {
	if g := m.s.Plan.Line.Greeting; g != "" {
		return prompt.Key(g)
	}
	return prompt.Greeting
}

func (m *machine) sayCaller(say []prompt.Sentence) {
	m.do(Action{Kind: ActSay, Say: say, Then: ThenMusic})
}

// progress tells the caller how it goes, unless he has put us on hold.
func (m *machine) progress() {
	if !m.s.Answered || (m.s.Phase != PhaseHunting && m.s.Phase != PhaseWaiting) {
		return
	}
	if !m.s.Held {
		m.sayCaller(append(m.news(), prompt.Say(prompt.ThanksWaiting)))
	}
	m.start(TimerProgress, 0, orElse(m.s.Plan.ProgressEvery, m.s.times.ProgressEvery))
}

// news is what is true at this moment.
func (m *machine) news() []prompt.Sentence {
	if m.s.Queued && m.s.Busy {
		return m.queueNews()
	}
	for i := range m.s.Attempts {
		if m.s.Attempts[i].answered() {
			return []prompt.Sentence{prompt.Say(prompt.EngineerAsked)}
		}
	}
	if m.s.EverDialled > 1 {
		return []prompt.Sentence{prompt.Say(prompt.CallingNext)}
	}
	return []prompt.Sentence{prompt.Say(prompt.CallingFirst)}
}

func (m *machine) queueNews() []prompt.Sentence {
	say := []prompt.Sentence{prompt.Say(prompt.AllBusy)}
	switch {
	case m.s.Position == 1:
		say = append(say, prompt.Say(prompt.FirstInQueue))
	case m.s.Position > 1:
		say = append(say, prompt.Sentence{Key: prompt.Position, N: m.s.Position})
	}
	if m.s.Expected > 0 {
		say = append(say, prompt.Sentence{Key: prompt.ExpectedWait, Wait: m.s.Expected})
	}
	return say
}

// wait queues the caller: everybody on duty talks to somebody else.
func (m *machine) wait() {
	m.s.Phase = PhaseWaiting
	m.ring()
	m.queue()
	if !m.s.Waited {
		m.s.Waited = true
		if m.s.Busy {
			m.note(dispatch.NoteQueued)
		}
		m.start(TimerMaxWait, 0, m.s.times.MaxWait)
	}
	retry := m.s.times.RetryBusy
	if m.s.Dialled > 0 { // some were rung in vain: let them breathe
		retry *= retryAfterRinging
	}
	if !m.s.RestUntil.IsZero() {
		retry = min(retry, max(m.s.RestUntil.Sub(m.now), m.minRoundLeft(), time.Millisecond))
	}
	m.start(TimerRetry, 0, retry)
}

// queue keeps the caller's turn until somebody is rung for him.
func (m *machine) queue() {
	if !m.s.Queued {
		m.s.Queued = true
		m.do(Action{Kind: ActQueue})
	}
}

// retryAfterRinging is how many times longer a queue waits that has people who
// did not answer, besides those who talk.
const retryAfterRinging = 6

// lookAgain asks the plan anew: somebody may be free, the shift may have changed.
func (m *machine) lookAgain() {
	if m.s.Phase != PhaseWaiting {
		return
	}
	m.s.Phase = PhaseHunting
	m.stop(TimerRetry, 0)
	m.do(Action{Kind: ActAskPlan})
}

// somebodyFree is the turn of this caller, who waits or is between two rounds.
// Rounds keep apart all the same.
func (m *machine) somebodyFree() {
	pause, left := TimerRetry, m.minRoundLeft()
	if m.s.Phase == PhaseHunting && m.s.Queued && !m.hunting() {
		pause = TimerRound
	} else if m.s.Phase != PhaseWaiting {
		return
	}
	if left > 0 {
		m.start(pause, 0, left)
		return
	}
	m.stop(pause, 0)
	m.s.Phase = PhaseHunting
	m.do(Action{Kind: ActAskPlan})
}

func (m *machine) leaveQueue() {
	if m.s.Queued {
		m.s.Queued = false
		m.do(Action{Kind: ActLeaveQueue})
	}
}

// exhausted is the end of the hunt: nobody accepted.
func (m *machine) exhausted() {
	if m.s.Plan.Exhausted == dispatch.ExhaustedHold && !m.s.LastRound {
		m.wait()
		return
	}
	m.s.Phase = PhaseClosing
	m.stopCallTimers()
	m.leaveQueue()
	if !m.s.Answered {
		m.s.Answered = true
		m.do(Action{Kind: ActAnswer})
	}
	say := []prompt.Sentence{prompt.Say(prompt.Closing)}
	if m.s.Ticket.Number != "" {
		say = append(say, prompt.Sentence{Key: prompt.ClosingTicket, Ticket: m.s.Ticket.Number})
	}
	m.do(Action{Kind: ActSay, Say: append(say, prompt.Say(prompt.Goodbye))})
	m.start(TimerSay, 0, sayLimit)
}

// closed is the end of the closing prompt.
func (m *machine) closed() {
	m.finish(dispatch.CallExhausted, causeNormal)
}

func (m *machine) stopCallTimers() {
	for _, k := range []TimerKind{TimerAnswer, TimerProgress, TimerRound, TimerRetry, TimerMaxWait} {
		m.stop(k, 0)
	}
}

// waited is how long the caller has been with us.
func (m *machine) waited() time.Duration { return m.now.Sub(m.s.Begun) }
