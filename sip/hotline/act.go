package hotline

import (
	"strconv"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
)

// do carries out one action of the script.
func (k *call) do(a *Action) {
	switch a.Kind {
	case ActAskPlan:
		k.askPlan()
	case ActOpenTicket:
		k.later = append(k.later, k.openTicket) // the first engineer's INVITE leaves before
	case ActRing:
		k.c.A().Ring()
	case ActAnswer:
		k.answerCaller()
	case ActSay:
		k.say(a)
	case ActClaim:
		k.claim(a)
	case ActAccept:
		k.accept(a)
	case ActRelease:
		k.unclaim(a.Claim)
	case ActDial:
		k.dial(a)
	case ActDialClient:
		k.dialClient(a)
	case ActAdopt:
		k.adopt(a)
	case ActRecalled:
		k.tellRecall(a.Recall)
	case ActHangup:
		k.hangup(a)
	case ActBridge:
		k.bridge(a)
	case ActTry:
		k.try(a)
	case ActAccepted:
		k.recordAccepted(a)
	case ActAcknowledge:
		k.acknowledge(a)
	case ActQueue:
		k.queue()
	case ActLeaveQueue:
		k.h.queues.leave(k)
	case ActTimer:
		k.start(a.Timer, a.After)
	case ActStopTimer:
		k.stop(a.Timer)
	case ActNote:
		k.noteDown(a.Note)
	case ActOutcome:
		if k.cause == "" {
			k.cause = a.Cause
		}
	case ActEnd:
		k.c.End(a.Cause)
	}
}

func (k *call) hangup(a *Action) {
	if p := k.listener(a.Attempt); p != nil {
		p.leg.Hangup(a.Cause)
	}
}

// askPlan asks who is on duty now; it reads memory only.
func (k *call) askPlan() {
	p, err := k.h.desk.Plan(k.line, k.ref, k.h.now())
	if err != nil {
		k.h.log.Error("no plan for a call, the caller hears the closing prompt", "call_id", k.id, "err", err)
		k.step(Event{Kind: EvPlan})
		return
	}
	k.lang = prompt.ParseLanguage(p.Line.Language)
	if g := prompt.Key(p.Line.Greeting); g != "" && !k.h.prompts.Has(k.lang, g) {
		k.h.metrics.missingPrompt()
		p.Line.Greeting = ""
	}
	e := Event{Kind: EvPlan, Plan: &p}
	p.Rungs, e.Rest = k.h.rests.rungs(p.Rungs)
	k.step(e)
}

// openTicket commits the ticket beside the call.
func (k *call) openTicket() {
	info := k.c.Info()
	in := info.Inbound
	if k.s.Recall {
		k.records.open(dispatch.Signal{
			Channel: dispatch.ChannelCall, Key: k.id, At: k.s.Begun,
			Call: &dispatch.CallSignal{Line: k.line, Caller: k.s.Caller, CallID: k.id},
		}, k.opened)
		return
	}
	k.records.open(dispatch.Signal{
		Channel: dispatch.ChannelCall, Key: k.id, At: info.At,
		Call: &dispatch.CallSignal{
			DID: in.DID, Caller: in.Caller, CallerName: cleanName(in.CallerName), Anonymous: in.Anonymous,
			CallID: k.id, Trunk: in.Trunk, Diversion: in.Diversion,
		},
	}, k.opened)
}

// opened takes the result of the commit; it is called beside the call.
func (k *call) opened(o dispatch.Opened, err error) {
	if err != nil {
		k.post(func() {
			k.mark(markRecord)
			k.step(Event{Kind: EvTicketFailed})
		})
		return
	}
	t := Ticket{
		Number: o.Number, Joined: o.Joined,
		CallBack: k.h.desk.CallBackAllowed(o.Caller) == client.NoRefusal,
	}
	if o.Client != nil {
		t.Client, t.Org = orText(o.Client.Spoken, o.Client.OrgName), o.Client.OrgName
	}
	k.post(func() {
		k.ref, k.number, k.ticket = o.Ref, o.Caller, true
		k.prepareName(t.Client)
		k.step(Event{Kind: EvTicket, Ticket: t})
		k.show()
	})
}

// prepareName has the client's name spoken by the operator's command, beside
// the call; until it is there the fallback is said.
func (k *call) prepareName(name string) {
	if name == "" || !k.h.prompts.SpeaksNames() {
		return
	}
	k.h.prepare(k.lang, prompt.Sentence{Key: prompt.WhisperClient, Name: name}, k.id)
}

func (k *call) answerCaller() {
	if err := k.c.A().Answer(); err != nil {
		k.h.log.Warn("caller could not be answered", "call_id", k.id, "err", err)
	}
}

// say plays sentences; nothing to play is a prompt that has ended.
func (k *call) say(a *Action) {
	p := k.listener(a.Attempt)
	if p == nil {
		return
	}
	p.play, p.then = 0, a.Then
	if sounds := k.h.prompts.Sound(k.lang, a.Say...); len(sounds) > 0 {
		p.play = p.leg.Play(media.Playing(sounds...))
	}
	if p.play != 0 {
		return
	}
	if a.Then != ThenNothing {
		k.sound(p)
		return
	}
	k.step(Event{Kind: EvPlayed, Attempt: a.Attempt})
}

// sound plays what follows the sentences, until it is cut.
func (k *call) sound(p *party) {
	switch p.then {
	case ThenMusic:
		p.leg.Play(media.Looping(k.h.music))
	case ThenRingback:
		p.leg.Play(media.Looping(k.h.ringback))
	case ThenNothing:
	}
}

func (k *call) queue() {
	k.waited = true
	k.h.queues.join(k, k.s.Plan.Line.ID)
}

// start begins or restarts a timer of the script.
func (k *call) start(t Timer, after time.Duration) {
	k.stop(t)
	var clock *time.Timer
	clock = time.AfterFunc(after, func() {
		k.post(func() { k.fired(t, clock) })
	})
	k.timers = append(k.timers, running{t, clock})
}

func (k *call) fired(t Timer, clock *time.Timer) {
	for i := range k.timers {
		if k.timers[i].clock == clock {
			k.timers = append(k.timers[:i], k.timers[i+1:]...)
			if t.Kind == TimerTicket { // the commit is late: the call goes on without it
				k.mark(markRecord)
			}
			k.step(Event{Kind: EvTimer, Timer: t})
			return
		}
	}
}

func (k *call) stop(t Timer) {
	for i := range k.timers {
		if k.timers[i].timer == t {
			k.timers[i].clock.Stop()
			k.timers = append(k.timers[:i], k.timers[i+1:]...)
			return
		}
	}
}

// try records how one attempt went.
func (k *call) try(a *Action) {
	k.h.metrics.attempt(a.Outcome)
	if a.Person != "" {
		k.h.rests.tried(a.Person, a.Outcome)
	}
	now := k.h.now()
	attempt := dispatch.Attempt{
		ID: k.id + "/" + strconv.Itoa(a.Attempt), Call: k.id, Person: orText(a.Person, staticName), Device: a.Device,
		Kind: dispatch.AttemptCall, Outcome: a.Outcome, Cause: a.Cause, Status: a.Status, Q850: a.Q850,
		At: a.Since, Took: now.Sub(a.Since),
	}
	k.later = append(k.later, func() { k.records.attempt(attempt) }) // the next INVITE leaves before
}

func (k *call) recordAccepted(a *Action) {
	k.accepted, k.acceptor = k.h.now(), orText(a.Person, staticName)
	k.h.metrics.accepted(k.accepted.Sub(k.c.Info().At))
	k.h.queues.accepted(k.s.Plan.Line.ID, k.waited)
	accepted := dispatch.Accepted{Call: k.id, Person: k.acceptor, Device: a.Device, At: k.accepted, T0: k.c.Info().At, Out: k.out()}
	k.later = append(k.later, func() {
		// Begun just before: should we die, the record still knows where it lies, and who was there.
		accepted.Recording, accepted.Legs = k.recording, k.parties()
		k.records.accepted(accepted)
	})
	k.show()
}

// out reports whether the call is one to the client, by command.
func (k *call) out() bool { return k.s.Begun.IsZero() && !k.s.Recall }

// rings tells, once, that a phone rings.
func (k *call) rings(p *party) {
	if p.rang || k.s.Phase == PhaseRecalling {
		return // the ring of a client who is called again is a try of the recall
	}
	p.rang = true
	r := dispatch.Ring{
		ID: k.id + "/" + strconv.Itoa(p.leg.ID), Call: k.id, Person: p.person, Device: oncall.DeviceKind(p.device), Out: k.out(),
		Client: k.number, Started: k.c.Info().At, At: k.h.now(),
	}
	if r.Person == "" && !p.client {
		r.Person = staticName
	}
	k.later = append(k.later, func() { k.records.ring(r) })
}

// noteDown writes down what a reader of the ticket would miss otherwise.
func (k *call) noteDown(n dispatch.ScriptNote) {
	number, now := "", k.h.now()
	if n == dispatch.NoteCallingBack {
		number = k.number.Masked()
	}
	k.later = append(k.later, func() { k.records.note(n.Text(number), now) })
}

func (k *call) acknowledge(a *Action) {
	k.acceptor = orText(a.Person, staticName)
	person, now := k.acceptor, k.h.now()
	k.later = append(k.later, func() { k.records.acknowledge(person, howKey, now) })
}
