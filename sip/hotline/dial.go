package hotline

import (
	"slices"
	"strconv"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/trunk"
)

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
	k.h.lesser.let(a.Person) // of shared people: nobody has claimed them
	d := b2bua.Dial{Name: orText(a.Person, staticName), RingTime: a.RingTime, CallerID: callerID(k.s.Caller, k.s.Ticket), Purpose: guard.Page}
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
	if d.Account != "" {
		return h.registered(d.Account, call)
	}
	way, err := h.routes.Phone(d.URI)
	if err != nil {
		h.log.Warn("softphone cannot be rung", "call_id", call, "err", err)
		return nil
	}
	return []trunk.Destination{way}
}

// registered are the ways to a phone that registers.
func (h *Hotline) registered(account, call string) (ways []trunk.Destination) {
	if h.phones != nil {
		ways = h.phones.Destinations(account)
	}
	if len(ways) == 0 {
		h.log.Warn("softphone cannot be rung: none is registered", "call_id", call, "account", account)
	}
	return ways
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
	leg := k.c.Dial(b2bua.Dial{
		Name: clientLeg, RingTime: a.RingTime, Destinations: k.h.routes.Route(string(k.number)), Purpose: guard.CallBack,
	})
	k.legs = append(k.legs, party{leg: leg, id: a.Attempt, device: oncall.Mobile.String(), client: true})
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
