package hotline

import (
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// callerGone is CANCEL or BYE of the caller.
func (m *machine) callerGone() {
	if m.s.Gone {
		return
	}
	m.s.Gone = true
	switch m.s.Phase {
	case PhaseHunting, PhaseWaiting:
		m.left()
	case PhaseTalking:
		m.finish(dispatch.CallServed, causeCallerGone)
	case PhaseClosing:
		m.finish(dispatch.CallExhausted, causeCallerGone)
	case PhaseRecalling:
		m.notRecalled(dispatch.ResultWithdrawn, causeNormal)
	case PhaseGreeting:
		m.finish(dispatch.CallAbandoned, causeCallerGone)
	case PhaseLeft, PhaseCallingBack, PhaseOver:
	}
}

// left keeps the engineer who is being asked, and tells him; everybody else is let go.
func (m *machine) left() {
	m.stopCallTimers()
	keep := m.listener()
	if keep == 0 {
		m.finish(dispatch.CallAbandoned, causeCallerGone)
		return
	}
	m.s.Phase, m.s.Accepting, m.s.LeftAt = PhaseLeft, 0, m.now
	m.note(dispatch.NoteCallerLeft)
	for _, id := range m.ids() {
		if a := m.attempt(id); a != nil && id != keep && a.Phase != AttemptTold {
			m.drop(a, dispatch.AttemptCancelled, causeCallerGone)
		}
	}
	m.leaveQueue()
	a := m.attempt(keep)
	a.Phase, a.Wants, a.Repeats = AttemptAsked, false, 0
	m.s.AskUntil = m.now.Add(leftLimit)
	m.ask(a)
}

// listener is the engineer to be told: the one who has pressed the key, or one
// who is being asked; 0 = nobody.
func (m *machine) listener() int {
	found := 0
	for i := range m.s.Attempts {
		switch a := &m.s.Attempts[i]; {
		case a.Phase == AttemptConfirming || a.Phase == AttemptAsked && a.Wants:
			return a.ID
		case a.Phase == AttemptAsked && found == 0:
			found = a.ID
		}
	}
	return found
}

// leftLimit is how long an engineer without a key is kept after the caller has
// left: the words, once more the keys, and he is free for the next call.
const leftLimit = 12 * time.Second

func (m *machine) leftWhisper() []prompt.Sentence {
	var say []prompt.Sentence
	if m.s.Begun.IsZero() { // a call-back by command
		say = append(say, prompt.Say(prompt.CallBackIntro))
		say = append(say, prompt.Sentence{Key: prompt.WhisperClient, Name: m.s.Ticket.Client, Number: m.s.Caller})
	} else {
		say = append(say, prompt.Say(prompt.CallerLeft))
	}
	if m.s.Ticket.Number != "" {
		say = append(say, prompt.Sentence{Key: prompt.ShortTicket, Ticket: m.s.Ticket.Number})
	}
	return append(say, m.menu()...)
}

// leftGrace is how long a key still means the call that was there: nobody can
// have heard that the caller has left.
const leftGrace = time.Second

// takeLeft is key 1 after the caller has left: the engineer has the ticket, and
// the client is rung when his number may be dialled.
func (m *machine) takeLeft(a *Attempt) {
	if m.now.Sub(m.s.LeftAt) < leftGrace {
		return
	}
	m.s.Acknowledged = a.Person
	m.stopAsking(a)
	if !m.s.Begun.IsZero() {
		m.do(Action{Kind: ActAcknowledge, Attempt: a.ID, Person: a.Person})
	}
	m.record(a, dispatch.AttemptAcknowledged, Event{})
	if !m.s.Ticket.CallBack {
		m.tell(a, prompt.Say(prompt.TicketYours))
		return
	}
	a.Phase = AttemptTalking
	m.s.Phase = PhaseCallingBack
	m.do(Action{Kind: ActSay, Attempt: a.ID, Say: []prompt.Sentence{prompt.Say(prompt.CallingBack)}, Then: ThenRingback})
	client := m.add(Attempt{Phase: AttemptDialling, Client: true, Since: m.now})
	m.do(Action{Kind: ActDialClient, Attempt: client.ID})
	m.note(dispatch.NoteCallingBack)
}

// clientAnswered joins engineer and client.
func (m *machine) clientAnswered(client *Attempt) {
	if m.s.Phase == PhaseRecalling {
		m.recalled(client)
		return
	}
	client.Phase = AttemptTalking
	for i := range m.s.Attempts {
		if a := &m.s.Attempts[i]; !a.Client && a.Phase == AttemptTalking {
			m.note(dispatch.NoteClientAnswered)
			m.do(Action{Kind: ActBridge, Attempt: a.ID, Client: client.ID})
			return
		}
	}
	m.finishLeft()
}

// calledBack makes the call-back count: it is a first contact, as an accepted
// call is.
func (m *machine) calledBack(a *Attempt) {
	m.s.Phase = PhaseTalking
	m.do(Action{Kind: ActAccepted, Attempt: a.ID, Person: a.Person, Device: a.device()})
}

// clientFailed tells the engineer that the client does not answer.
func (m *machine) clientFailed(client *Attempt, e Event) {
	if m.s.Phase == PhaseRecalling {
		m.remove(client.ID)
		m.notRecalled(resultOf(e.Outcome), orText(e.Cause, causeNormal))
		return
	}
	if client.Phase == AttemptTalking {
		m.talkEnded(client, Event{})
		return
	}
	m.remove(client.ID)
	m.note(dispatch.NoteClientSilent)
	for i := range m.s.Attempts {
		if a := &m.s.Attempts[i]; a.Phase == AttemptTalking {
			m.tell(a, prompt.Say(prompt.CallBackFailed))
			return
		}
	}
	m.finishLeft()
}

// beginCallBack rings an engineer who is to call a client, on his devices in turn.
func (m *machine) beginCallBack(e Event) {
	if m.s.LastID != 0 || len(e.Devices) == 0 {
		return
	}
	m.s.Phase, m.s.Gone, m.s.Commit = PhaseLeft, true, CommitDone
	m.s.Ticket, m.s.Caller = e.Ticket, e.Caller
	m.dial(m.add(Attempt{Person: e.Person, Name: e.Name, Devices: e.Devices}))
}
