package hotline

import (
	"sync/atomic"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// call is the shell of one script: everything in it but live and records is
// owned by the call's goroutine.
type call struct {
	// set at newCall
	h       *Hotline
	c       *b2bua.Call
	id      string
	line    string // what was dialled, or the id of the line
	records *ledger

	// owned by the call's goroutine
	s         State
	lang      prompt.Language
	todo      []Event
	stepping  bool
	later     []func() // what must not delay the events under way
	legs      []party
	timers    []running
	claims    []claimed
	number    client.Number // of the client, for a call-back
	ref       dispatch.Ref
	accepted  time.Time
	acceptor  string
	recording string // file of the recording that runs
	cause     string
	ticket    bool // the ticket is known
	waited    bool // has stood in the queue
	degraded  marks
	recall    chan<- dispatch.Result // who asked for a recall and has no answer yet; nil = nobody

	live atomic.Pointer[dispatch.LiveCall] // for List
}

// party is one leg and what it is to the script.
type party struct {
	leg    *b2bua.Leg
	id     int // of the attempt; 0 = the caller
	person string
	device string
	play   uint64 // what LegPlayed will name
	then   Then
	rang   bool // it is on record that it rings
	client bool // he is rung by an engineer who calls him back
}

// running is a timer of the script. A timer that was restarted has another
// *time.Timer, so that an event posted by the old one is known to be old.
type running struct {
	timer Timer
	clock *time.Timer
}

// step runs the machine on an event and on all that the actions cause.
func (k *call) step(e Event) {
	k.todo = append(k.todo, e)
	if k.stepping {
		return
	}
	k.stepping = true
	for len(k.todo) > 0 {
		next := k.todo[0]
		k.todo = k.todo[1:]
		before := k.s.Phase
		var acts []Action
		k.s, acts = Step(k.s, next, k.h.now())
		for i := range acts {
			k.do(&acts[i])
		}
		if k.s.Phase != before {
			k.show()
		}
	}
	k.todo = nil
	k.stepping = false
	for _, f := range k.later {
		f()
	}
	k.later = nil
}

// show keeps what List returns.
func (k *call) show() {
	if k.s.Phase == PhaseOver {
		return
	}
	k.live.Store(&dispatch.LiveCall{
		ID: k.id, Ref: k.ref, Line: k.s.Plan.Line.ID, Caller: client.Mask(k.s.Caller),
		State: k.s.Phase.String(), Person: k.acceptor, Since: k.c.Info().At,
	})
}

// heard translates an event of the call.
func (k *call) heard(ev b2bua.Event) {
	if k.c.Ended() && ev.Kind != b2bua.CallEnded {
		return // the call was ended over the script's head: its legs tell nothing new
	}
	p := k.party(ev.Leg)
	if p == nil {
		k.callerHeard(ev)
		return
	}
	switch ev.Kind {
	case b2bua.LegRinging, b2bua.LegEarly: // an announcement is never an answer
		k.rings(p)
		k.step(Event{Kind: EvRinging, Attempt: p.id})
	case b2bua.LegAnswered:
		k.rings(p) // also one that has never said so
		k.step(Event{Kind: EvAnswered, Attempt: p.id})
	case b2bua.LegFailed:
		k.step(Event{Kind: EvFailed, Attempt: p.id, Outcome: outcomeOf(ev.Outcome), Cause: ev.Cause, Status: ev.Status, Q850: ev.Q850})
	case b2bua.LegEnded:
		k.step(Event{Kind: EvEnded, Attempt: p.id, Cause: ev.Cause, Q850: ev.Q850})
	case b2bua.LegDigit:
		k.step(Event{Kind: EvDigit, Attempt: p.id, Digit: ev.Digit})
	case b2bua.LegPlayed:
		k.played(p, ev.Play)
	case b2bua.LegSilent:
		k.records.note(dispatch.NotePersonUnheard.Text(orText(p.person, staticName)), k.h.now())
	case b2bua.LegTrying, b2bua.LegHeld, b2bua.LegResumed, b2bua.MediaLost, b2bua.CallerGone, b2bua.CallEnded:
	}
}

// callerHeard translates an event of the caller's leg, or of the whole call.
func (k *call) callerHeard(ev b2bua.Event) {
	switch ev.Kind {
	case b2bua.CallEnded:
		k.ended(ev.Cause)
	case b2bua.CallerGone:
		k.step(Event{Kind: EvCallerGone, Cause: ev.Cause})
	case b2bua.LegDigit:
		k.step(Event{Kind: EvDigit, Digit: ev.Digit})
	case b2bua.LegHeld:
		k.step(Event{Kind: EvCallerHeld})
	case b2bua.LegResumed:
		k.step(Event{Kind: EvCallerResumed})
	case b2bua.LegPlayed:
		if p := k.listener(0); p != nil {
			k.played(p, ev.Play)
		}
	case b2bua.LegSilent:
		k.records.note(dispatch.NoteClientUnheard.Text(""), k.h.now())
	case b2bua.LegEnded: // refused by us
		k.step(Event{Kind: EvCallerGone, Cause: ev.Cause})
	case b2bua.LegTrying, b2bua.LegRinging, b2bua.LegEarly, b2bua.LegAnswered, b2bua.LegFailed, b2bua.MediaLost:
	}
}

// party finds the dialled leg, or the caller's once something was played to it.
func (k *call) party(leg *b2bua.Leg) *party {
	for i := range k.legs {
		if p := &k.legs[i]; p.leg == leg && p.id != 0 {
			return p
		}
	}
	return nil
}

// listener finds what is played to: an attempt's leg, or the caller's (0).
func (k *call) listener(attempt int) *party {
	for i := range k.legs {
		if k.legs[i].id == attempt {
			return &k.legs[i]
		}
	}
	if a := k.c.A(); attempt == 0 && a != nil {
		k.legs = append(k.legs, party{leg: a})
		return &k.legs[len(k.legs)-1]
	}
	return nil
}

// played is the end of a prompt: what follows it, or the script's next step.
func (k *call) played(p *party, play uint64) {
	if play == 0 || p.play != play {
		return
	}
	p.play = 0
	if p.then == ThenNothing {
		k.step(Event{Kind: EvPlayed, Attempt: p.id})
		return
	}
	k.sound(p)
}

// post runs f in the call's goroutine; false means that the call has ended.
func (k *call) post(f func()) bool { return k.c.Post(f) }

// ended is the end of the call, whoever caused it: what the script still holds
// is given back, and the outcome is recorded once.
func (k *call) ended(cause string) {
	for i := range k.timers {
		k.timers[i].clock.Stop()
	}
	k.timers = nil
	k.step(Event{Kind: EvCut, Cause: cause})
	for len(k.claims) > 0 {
		k.unclaim(k.claims[0].attempt)
	}
	k.h.queues.leave(k)
	k.tellRecall(recallCut(cause))
	k.outcome()
	k.h.forget(k)
}

// resultOfEnd is the result of a call that ended without its script.
func resultOfEnd(s State, cause string) dispatch.CallResult {
	stopped := cause == b2bua.CauseShutdown
	switch {
	case s.Phase == PhaseTalking && !stopped:
		return dispatch.CallServed
	case s.Phase == PhaseRecalling:
		return dispatch.CallPaged
	case s.Begun.IsZero() && s.Phase != PhaseTalking:
		return dispatch.CallPaged
	case stopped && (s.Phase == PhaseTalking || !s.Gone):
		return dispatch.CallBroken
	case s.Gone || cause == b2bua.CauseCallerGone:
		return dispatch.CallAbandoned
	}
	return dispatch.CallFailed
}

func outcomeOf(o b2bua.Outcome) dispatch.AttemptOutcome {
	switch o {
	case b2bua.OutcomeBusy:
		return dispatch.AttemptBusy
	case b2bua.OutcomeDeclined:
		return dispatch.AttemptDeclined
	case b2bua.OutcomeUnreachable:
		return dispatch.AttemptUnreachable
	case b2bua.OutcomeNoAnswer:
		return dispatch.AttemptNoAnswer
	case b2bua.OutcomeSilent:
		return dispatch.AttemptSilent
	case b2bua.OutcomeCancelled:
		return dispatch.AttemptCancelled
	case b2bua.OutcomeFailed, b2bua.OutcomeNone, b2bua.OutcomeAnswered:
		return dispatch.AttemptFailed
	}
	return dispatch.AttemptFailed
}
