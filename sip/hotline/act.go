package hotline

import (
	"slices"
	"strconv"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/trunk"
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
		if p := k.listener(a.Attempt); p != nil {
			p.leg.Hangup(a.Cause)
		}
	case ActBridge:
		k.bridge(a)
	case ActTry:
		k.try(a)
	case ActAccepted:
		k.recordAccepted(a)
	case ActAcknowledge:
		k.acknowledge(a)
	case ActQueue:
		k.waited = true
		k.h.queues.join(k, k.s.Plan.Line.ID)
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

// dial rings a device of somebody. A claim that was just granted is good; before
// a further device it is looked at again.
func (k *call) dial(a *Action) {
	c, ok := k.claimFor(a.Attempt)
	if !ok || c.Attempt == strconv.Itoa(a.Attempt) {
		k.ring(a)
		return
	}
	next := *a
	k.ask(func() (bool, marks) { return k.h.still(c) }, func(ours bool) {
		switch {
		case !k.dialling(next.Attempt): // let go meanwhile
		case ours:
			k.ring(&next)
		default:
			k.step(Event{Kind: EvFailed, Attempt: next.Attempt, Outcome: dispatch.AttemptCancelled, Cause: causeElsewhere})
		}
	})
}

// dialling reports whether the script still wants the attempt's INVITE.
func (k *call) dialling(attempt int) bool {
	return slices.ContainsFunc(k.s.Attempts, func(a Attempt) bool { return a.ID == attempt && a.Phase == AttemptDialling })
}

func (k *call) ring(a *Action) {
	d := b2bua.Dial{Name: orText(a.Person, staticName), RingTime: a.RingTime, CallerID: callerID(k.s.Caller, k.s.Ticket)}
	d.Destinations = k.h.ways(a.Device, k.id)
	leg := k.c.Dial(d)
	k.legs = append(k.legs, party{leg: leg, id: a.Attempt, person: a.Person, device: a.Device.Kind.String()})
	k.h.metrics.dialled(k.s.LastID == 1, k.h.now().Sub(k.c.Info().At))
}

// staticName is the leg's name of an emergency number of last resort.
const staticName = "static"

// ways are the destinations of a device; none when it cannot be reached now.
func (h *Hotline) ways(d oncall.Device, call string) []trunk.Destination {
	if d.Kind == oncall.Mobile {
		return h.routes.Route(d.Number)
	}
	way, err := h.routes.Phone(d.URI)
	if err != nil {
		h.log.Warn("softphone cannot be rung", "call_id", call, "err", err)
		return nil
	}
	return []trunk.Destination{way}
}

// clientRing is how long the client of a call-back is rung.
const clientRing = 40 * time.Second

// dialClient rings the client of a call-back, while the claim of the engineer
// who waits for him holds.
func (k *call) dialClient(a *Action) {
	next := *a
	if next.RingTime == 0 {
		next.RingTime = clientRing
	}
	c, ok := k.claimOfTalker()
	if !ok {
		k.ringClient(&next)
		return
	}
	k.ask(func() (bool, marks) { return k.h.still(c) }, func(ours bool) {
		switch {
		case !k.dialling(next.Attempt):
		case ours:
			k.ringClient(&next)
		default:
			k.step(Event{Kind: EvFailed, Attempt: next.Attempt, Outcome: dispatch.AttemptCancelled, Cause: causeElsewhere})
		}
	})
}

// claimOfTalker is the claim of the engineer who listens to the client's ringing.
func (k *call) claimOfTalker() (rotation.Claim, bool) {
	for i := range k.s.Attempts {
		if a := &k.s.Attempts[i]; !a.Client && a.Phase == AttemptTalking {
			return k.claimOf(a.Claim)
		}
	}
	return rotation.Claim{}, false
}

func (k *call) ringClient(a *Action) {
	leg := k.c.Dial(b2bua.Dial{Name: clientLeg, RingTime: a.RingTime, Destinations: k.h.routes.Route(string(k.number))})
	k.legs = append(k.legs, party{leg: leg, id: a.Attempt, device: oncall.Mobile.String()})
}

// clientLeg is the leg's name of a client whom we have rung.
const clientLeg = "client"

// bridge joins the engineer with the caller, or with the client he calls back.
// The accept key has been confirmed; for a call-back, long after the key, the
// claim is asked about once more.
func (k *call) bridge(a *Action) {
	next := *a
	c, ok := k.claimFor(a.Attempt)
	if a.Client == 0 || !ok {
		k.join(&next)
		return
	}
	k.ask(func() (bool, marks) { return k.h.still(c) }, func(ours bool) {
		if !ours {
			k.step(Event{Kind: EvNotBridged, Attempt: next.Attempt, Cause: causeElsewhere})
			return
		}
		k.join(&next)
	})
}

// join connects the two. The recording begins with the talk.
func (k *call) join(a *Action) {
	engineer := k.listener(a.Attempt)
	left := k.c.A()
	if a.Client != 0 {
		if p := k.listener(a.Client); p != nil {
			left = p.leg
		}
	}
	if engineer == nil || left == nil {
		k.step(Event{Kind: EvNotBridged, Attempt: a.Attempt, Cause: b2bua.CauseInternal})
		return
	}
	if err := k.c.Bridge(left, engineer.leg); err != nil {
		k.h.log.Error("two legs could not be joined", "call_id", k.id, "err", err)
		k.step(Event{Kind: EvNotBridged, Attempt: a.Attempt, Cause: b2bua.CauseInternal})
		return
	}
	for i := range k.legs {
		k.legs[i].play = 0 // prompts on both are cut by the bridge
	}
	k.later = append(k.later, k.record) // the talk does not wait for the disk
	k.step(Event{Kind: EvBridged, Attempt: a.Attempt})
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
	accepted := dispatch.Accepted{Call: k.id, Person: k.acceptor, Device: a.Device, At: k.accepted, T0: k.c.Info().At}
	k.later = append(k.later, func() {
		// Begun just before: should we die, the record still knows where it lies, and who was there.
		accepted.Recording, accepted.Legs = k.recording, k.parties()
		k.records.accepted(accepted)
	})
	k.show()
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
