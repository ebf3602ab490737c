package hotline

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// Step is the whole script of a call. Events that a phase has no use for
// change nothing; events of attempts that are no more are ignored.
func Step(s State, e Event, now time.Time) (State, []Action) {
	s = s.clone()
	m := machine{s: &s, now: now}
	m.handle(e)
	return s, m.acts
}

// machine is one step in progress.
type machine struct {
	s    *State
	now  time.Time
	acts []Action
}

func (m *machine) do(a Action) { m.acts = append(m.acts, a) }

func (m *machine) note(n dispatch.ScriptNote) { m.do(Action{Kind: ActNote, Note: n}) }

func (m *machine) start(k TimerKind, attempt int, after time.Duration) {
	m.do(Action{Kind: ActTimer, Timer: Timer{k, attempt}, After: after})
}

func (m *machine) stop(k TimerKind, attempt int) {
	m.do(Action{Kind: ActStopTimer, Timer: Timer{k, attempt}})
}

func (m *machine) handle(e Event) {
	switch e.Kind {
	case EvStart:
		m.begin(e)
	case EvCallBack:
		m.beginCallBack(e)
	case EvRecall:
		m.beginRecall(e)
	case EvPlan:
		m.plan(e)
	case EvTicket:
		m.ticket(e.Ticket)
	case EvTicketFailed:
		m.commit(CommitLate)
	case EvTimer:
		m.timer(e.Timer)
	case EvGranted, EvDenied, EvRinging, EvAnswered, EvFailed, EvEnded, EvDigit, EvPlayed, EvWon, EvBridged, EvNotBridged, EvLost:
		m.party(e)
	case EvCallerGone:
		m.callerGone()
	case EvCallerHeld:
		m.s.Held = true
	case EvCallerResumed:
		m.s.Held = false
	case EvSomebodyFree:
		m.somebodyFree()
	case EvQueue:
		m.s.Position, m.s.Expected = e.Position, e.Expected
	case EvCut:
		m.finish(resultOfEnd(*m.s, e.Cause), e.Cause)
	}
}

func (m *machine) begin(e Event) {
	if !m.s.Begun.IsZero() {
		return
	}
	m.s.Begun, m.s.Caller, m.s.Round = m.now, e.Caller, 1
	m.s.Phase = PhaseHunting
	m.do(Action{Kind: ActAskPlan})
	m.do(Action{Kind: ActOpenTicket})
	m.start(TimerTicket, 0, m.s.times.TicketBudget)
}

// party handles what an attempt's leg, or the caller (0), does.
func (m *machine) party(e Event) {
	if e.Attempt == 0 {
		m.caller(e)
		return
	}
	a := m.attempt(e.Attempt)
	if a == nil {
		return
	}
	switch e.Kind {
	case EvGranted:
		m.granted(a, e.Person)
	case EvDenied:
		m.denied(a, e)
	case EvRinging:
		if a.Phase == AttemptDialling {
			a.Phase = AttemptRinging
		}
	case EvAnswered:
		m.answered(a)
	case EvFailed:
		m.failed(a, e)
	case EvEnded:
		m.ended(a, e)
	case EvDigit:
		m.digit(a, e.Digit)
	case EvPlayed:
		m.played(a)
	case EvWon:
		if a.Phase == AttemptConfirming && m.s.Phase == PhaseHunting {
			m.won(a)
		}
	case EvBridged:
		m.bridged(a)
	case EvNotBridged:
		m.notBridged(a, e)
	case EvLost:
		m.lost(a)
	case EvStart, EvCallBack, EvRecall, EvPlan, EvTicket, EvTicketFailed, EvTimer, EvCallerGone, EvCallerHeld, EvCallerResumed,
		EvSomebodyFree, EvQueue, EvCut: // not of a party
	}
}

// caller handles keys of the caller and the end of what he hears.
func (m *machine) caller(e Event) {
	switch {
	case e.Kind == EvDigit && m.s.Answered && (m.s.Phase == PhaseHunting || m.s.Phase == PhaseWaiting):
		m.do(Action{Kind: ActSay, Then: ThenMusic}) // any key ends an announcement
	case e.Kind == EvPlayed && m.s.Phase == PhaseClosing:
		m.closed()
	case e.Kind == EvPlayed && m.s.Phase == PhaseGreeting:
		m.greeted()
	}
}

func (m *machine) timer(t Timer) {
	switch t.Kind {
	case TimerTicket:
		m.commit(CommitLate)
	case TimerAnswer:
		m.answerCaller()
	case TimerProgress:
		m.progress()
	case TimerAsk:
		if a := m.attempt(t.Attempt); a != nil && a.Phase == AttemptAsked {
			m.askAgain(a)
		}
	case TimerRound:
		m.nextRound()
	case TimerRetry:
		m.lookAgain()
	case TimerMaxWait:
		m.s.LastRound = true
		m.lookAgain()
	case TimerSay:
		m.sayTimeout(t.Attempt)
	}
}

// ticket takes the ticket that was opened or joined, early or late.
func (m *machine) ticket(t Ticket) {
	m.s.Ticket = t
	late := m.s.Commit == CommitLate
	m.s.Commit = CommitDone
	if late {
		return
	}
	m.stop(TimerTicket, 0)
	m.release()
}

// commit ends the wait for the ticket without one.
func (m *machine) commit(c Commit) {
	if m.s.Commit != CommitPending {
		return
	}
	m.s.Commit = c
	m.release()
}

// release lets go what waited for the ticket: keys that were pressed, whispers.
func (m *machine) release() {
	for _, id := range m.ids() {
		a := m.attempt(id)
		if a == nil || a.Phase != AttemptAsked {
			continue
		}
		switch {
		case m.s.Phase == PhaseLeft && m.s.Ticket.Number != "":
			m.ask(a) // once more, with the number
		case m.s.Phase != PhaseHunting:
		case a.Wants:
			m.wants(a)
		case !a.Asking:
			m.ask(a)
		}
	}
}

// ids are the attempts as they are now; handlers may change the list.
func (m *machine) ids() []int {
	ids := make([]int, len(m.s.Attempts))
	for i := range m.s.Attempts {
		ids[i] = m.s.Attempts[i].ID
	}
	return ids
}

func (m *machine) attempt(id int) *Attempt {
	for i := range m.s.Attempts {
		if m.s.Attempts[i].ID == id {
			return &m.s.Attempts[i]
		}
	}
	return nil
}

// add appends an attempt and gives it the next number.
func (m *machine) add(a Attempt) *Attempt {
	m.s.LastID++
	a.ID = m.s.LastID
	m.s.Attempts = append(m.s.Attempts, a)
	return &m.s.Attempts[len(m.s.Attempts)-1]
}

// remove forgets an attempt.
func (m *machine) remove(id int) {
	m.s.Attempts = slices.DeleteFunc(m.s.Attempts, func(a Attempt) bool { return a.ID == id })
}

// record notes how an attempt went.
func (m *machine) record(a *Attempt, o dispatch.AttemptOutcome, e Event) {
	if a.Client {
		return // the client is no engineer: his leg stands in the call's detail
	}
	m.do(Action{
		Kind: ActTry, Attempt: a.ID, Person: a.Person, Device: a.device(), Outcome: o,
		Cause: e.Cause, Status: e.Status, Q850: e.Q850, Since: a.Since,
	})
}

// unclaim lets the person of an attempt go.
func (m *machine) unclaim(a *Attempt) {
	if a.Claim != 0 {
		m.do(Action{Kind: ActRelease, Claim: a.Claim})
		a.Claim = 0
	}
}

// drop ends an attempt that is no longer wanted.
func (m *machine) drop(a *Attempt, o dispatch.AttemptOutcome, cause string) {
	switch a.Phase {
	case AttemptClaiming:
		a.Phase = AttemptDropped // the claim may still be granted: it is released then
		return
	case AttemptDropped:
		return
	case AttemptTold:
		m.stop(TimerSay, a.ID)
		m.do(Action{Kind: ActHangup, Attempt: a.ID, Cause: cause})
		m.unclaim(a)
	case AttemptDialling, AttemptRinging, AttemptAsked, AttemptConfirming, AttemptTalking:
		m.stopAsking(a)
		m.do(Action{Kind: ActHangup, Attempt: a.ID, Cause: cause})
		if a.Phase != AttemptTalking {
			m.record(a, o, Event{Cause: cause})
		}
		m.unclaim(a)
	}
	m.remove(a.ID)
}

func (m *machine) stopAsking(a *Attempt) {
	if m.s.Accepting == a.ID {
		m.s.Accepting = 0
	}
	if a.answered() {
		m.stop(TimerAsk, a.ID)
	}
}

// sayLimit bounds a last sentence whose end is not reported.
const sayLimit = 30 * time.Second

// tell says a last sentence to an engineer and lets him go. He stays claimed
// until then: nobody rings a phone that still speaks to him.
func (m *machine) tell(a *Attempt, say ...prompt.Sentence) {
	m.stopAsking(a)
	a.Phase = AttemptTold
	m.do(Action{Kind: ActSay, Attempt: a.ID, Say: say})
	m.start(TimerSay, a.ID, sayLimit)
}

// told ends the leg of somebody who has heard his last sentence.
func (m *machine) told(a *Attempt) {
	m.drop(a, "", causeNormal)
	m.afterTold()
}

// afterTold ends a call that had nobody left but the one who was told.
func (m *machine) afterTold() {
	if m.s.Phase == PhaseLeft || m.s.Phase == PhaseCallingBack {
		m.finishLeft()
	}
}

// finishLeft ends a call whose caller left and whom nobody has reached since. A
// call-back by command had no caller: paging does not follow it.
func (m *machine) finishLeft() {
	if m.s.Begun.IsZero() {
		m.finish(dispatch.CallPaged, causeNormal)
		return
	}
	m.finish(dispatch.CallAbandoned, causeCallerGone)
}

func (m *machine) sayTimeout(attempt int) {
	if attempt == 0 {
		m.caller(Event{Kind: EvPlayed})
		return
	}
	if a := m.attempt(attempt); a != nil && a.Phase == AttemptTold {
		m.told(a)
	}
}

// finish ends the call: every leg, every claim, one outcome.
func (m *machine) finish(r dispatch.CallResult, cause string) {
	if m.s.Phase == PhaseOver {
		return
	}
	m.s.Phase, m.s.Result = PhaseOver, r
	for _, id := range m.ids() {
		if a := m.attempt(id); a != nil {
			m.drop(a, dispatch.AttemptCancelled, cause)
		}
	}
	m.leaveQueue()
	m.do(Action{Kind: ActOutcome, Result: r, Cause: cause})
	m.do(Action{Kind: ActEnd, Cause: cause})
}

// personAnswered reports whether an outcome is the person's own word: then his
// other devices stay silent.
func personAnswered(o dispatch.AttemptOutcome) bool {
	return o == dispatch.AttemptBusy || o == dispatch.AttemptDeclined
}

// deviceOf returns the devices of a candidate in the order to try.
func devicesOf(c dispatch.Candidate) []oncall.Device {
	if len(c.Devices) > 0 {
		return c.Devices
	}
	return c.Person.Devices
}
