package hotline

import (
	"cmp"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/wire"
)

// ownCall is a call that an engineer places on his phone. Its methods run in the call's goroutine.
type ownCall struct {
	h       *Hotline
	c       *b2bua.Call
	who     string          // the account that dials, or the address of a phone without one
	devices []oncall.Device // still to be rung, in order
	leg     *b2bua.Leg      // that rings or talks
	since   time.Time       // of the talk
}

// own begins the script of such a call.
func (h *Hotline) own(c *b2bua.Call) {
	info := c.Info()
	k := &ownCall{h: h, c: c, who: cmp.Or(info.Inbound.Account, info.Flow.Remote.Addr().Unmap().String())}
	c.On(k.heard)
	person, found := h.whom(info.Inbound.DID)
	k.devices = dialled(info.Inbound.DID, person, found)
	if len(k.devices) == 0 {
		k.refuse(wire.StatusNotFound)
		return
	}
	k.next(wire.StatusTemporarilyUnavailable)
}

// dialled is what rings for what was dialled: all devices of a colleague in order, or a number. Nothing rings for a name that
// nobody has.
func dialled(text string, person oncall.Person, found bool) []oncall.Device {
	if found {
		return person.Devices
	}
	if !IsNumber(text) {
		return nil
	}
	return []oncall.Device{{Kind: oncall.Mobile, Number: text, RingTime: clientRing}}
}

// IsNumber reports whether what was dialled may be a number of the telephone network; the guard judges which of them may leave.
func IsNumber(dialled string) bool {
	return dialled != "" && strings.Trim(dialled, "+*#0123456789") == ""
}

// colleagueRing is how long a colleague's device rings that says nothing of it.
const colleagueRing = 20 * time.Second

// next rings the next device that there is a way to; without one the engineer gets the last refusal.
func (k *ownCall) next(last int) {
	for len(k.devices) > 0 {
		d := k.devices[0]
		k.devices = k.devices[1:]
		ways := k.h.ways(d, k.c.Info().ID)
		if len(ways) == 0 {
			continue
		}
		in := k.c.Info().Inbound
		k.leg = k.c.Dial(b2bua.Dial{
			Name: ownLeg, Destinations: ways, RingTime: cmp.Or(d.RingTime, colleagueRing),
			CallerID: wire.NameAddr{Display: in.CallerName, URI: wire.URI{User: cmp.Or(in.Account, in.Caller)}},
			Purpose:  guard.Own, Account: k.who,
		})
		return
	}
	k.refuse(last)
}

// ownLeg is the name of the leg that an engineer has dialled.
const ownLeg = "dialled"

func (k *ownCall) refuse(status int) {
	k.c.A().Reject(status, "")
	k.c.End(b2bua.CauseRejected)
}

// heard takes what happens to the call.
func (k *ownCall) heard(ev b2bua.Event) {
	switch ev.Kind {
	case b2bua.CallerGone:
		k.c.End(b2bua.CauseCallerGone)
	case b2bua.CallEnded:
		k.log(ev.Cause)
	case b2bua.LegRinging, b2bua.LegEarly, b2bua.LegAnswered, b2bua.LegFailed, b2bua.LegEnded:
		if ev.Leg == k.leg {
			k.progress(ev)
		}
	case b2bua.LegTrying, b2bua.LegDigit, b2bua.LegPlayed, b2bua.LegHeld, b2bua.LegResumed, b2bua.LegSilent, b2bua.MediaLost:
		// the engine presses keys at the other end, and ends what is silent for too long
	}
}

// progress takes what happens to the leg that was dialled. The engineer hears what the network plays to him.
func (k *ownCall) progress(ev b2bua.Event) {
	switch ev.Kind { //nolint:exhaustive // heard chooses
	case b2bua.LegRinging:
		k.c.A().Ring()
	case b2bua.LegEarly:
		if err := k.c.BridgeEarly(k.c.A(), k.leg); err != nil {
			k.c.A().Ring()
		}
	case b2bua.LegAnswered:
		k.since = k.h.now()
		if err := k.c.Bridge(k.c.A(), k.leg); err != nil {
			k.h.log.Warn("two legs could not be joined", "call_id", k.c.Info().ID, "err", err)
			k.c.End(b2bua.CauseInternal)
		}
	case b2bua.LegFailed:
		status, final := ownRefusal(ev.Outcome, ev.Cause)
		if final {
			k.refuse(status)
			return
		}
		k.next(status)
	case b2bua.LegEnded:
		k.c.End(ev.Cause)
	}
}

// ownRefusal is what an engineer's phone is told of an attempt that failed, and whether it ends the call: a person who is busy
// or declines is not rung on his other devices.
func ownRefusal(o b2bua.Outcome, cause string) (status int, final bool) {
	switch {
	case cause == b2bua.CauseToll:
		return wire.StatusForbidden, false
	case o == b2bua.OutcomeBusy:
		return wire.StatusBusyHere, true
	case o == b2bua.OutcomeDeclined:
		return wire.StatusDecline, true
	case o == b2bua.OutcomeFailed || cause == b2bua.CauseTrunkLimit:
		return wire.StatusServiceUnavailable, false
	}
	return wire.StatusTemporarilyUnavailable, false
}

// log leaves the only trace of the call: it is no ticket.
func (k *ownCall) log(cause string) {
	var talk time.Duration
	if !k.since.IsZero() {
		talk = k.h.now().Sub(k.since)
	}
	k.h.log.Info("an engineer's call has ended", "call_id", k.c.Info().ID, "person", k.who,
		"dialled", guard.Mask(k.c.Info().Inbound.DID), "cause", cause, "talk", talk.Round(time.Second))
}
