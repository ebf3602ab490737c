package hotline

import (
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// recallRing is how long a client is rung whose call was cut. He is tried
// again; a mailbox takes over at about this time.
const recallRing = 25 * time.Second

// beginRecall rings the client. Nothing is recorded until he answers: the
// notice that asked for it keeps the tries.
func (m *machine) beginRecall(e Event) {
	if !m.s.Begun.IsZero() || m.s.LastID != 0 {
		return
	}
	m.s.Begun, m.s.Caller, m.s.Round = m.now, e.Caller, 1
	m.s.Recall, m.s.Phase = true, PhaseRecalling
	a := m.add(Attempt{Phase: AttemptDialling, Client: true, Since: m.now})
	m.do(Action{Kind: ActDialClient, Attempt: a.ID, RingTime: recallRing})
}

// recalled is the client's 200: he is a caller like any other from now on, and
// hears first why we call.
func (m *machine) recalled(client *Attempt) {
	id := client.ID
	m.remove(id)
	m.s.Phase, m.s.Begun = PhaseGreeting, m.now
	m.s.RingingSent, m.s.Answered = true, true
	m.do(Action{Kind: ActAdopt, Attempt: id})
	m.do(Action{Kind: ActRecalled, Recall: dispatch.ResultDelivered})
	m.do(Action{Kind: ActOpenTicket})
	m.start(TimerTicket, 0, m.s.times.TicketBudget)
	m.do(Action{Kind: ActSay, Say: []prompt.Sentence{prompt.Say(prompt.RecallGreeting)}})
	m.start(TimerSay, 0, sayLimit)
}

// notRecalled ends a recall that did not reach the client.
func (m *machine) notRecalled(r dispatch.Result, cause string) {
	m.do(Action{Kind: ActRecalled, Recall: r})
	m.finish(dispatch.CallPaged, cause)
}

// greeted begins the hunt: who has hung up meanwhile costs nobody's sleep.
func (m *machine) greeted() {
	m.stop(TimerSay, 0)
	m.s.Phase = PhaseHunting
	m.do(Action{Kind: ActSay, Then: ThenMusic})
	m.start(TimerProgress, 0, m.s.times.ProgressEvery)
	m.do(Action{Kind: ActAskPlan})
}
