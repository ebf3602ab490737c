package hotline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
)

// List returns the calls in progress, oldest first.
func (h *Hotline) List(context.Context) []dispatch.LiveCall {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]dispatch.LiveCall, 0, len(h.live))
	for k := range h.live {
		if l := k.live.Load(); l != nil {
			out = append(out, *l)
		}
	}
	slices.SortFunc(out, func(a, b dispatch.LiveCall) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// CallBack rings a person on his devices in turn, tells him of the ticket, and
// on key 1 rings the client and joins the two. It returns as soon as the
// person's phone is being rung. Together with List it makes hotline a
// dispatch.Calls.
func (h *Hotline) CallBack(ctx context.Context, ref dispatch.Ref, person string, number client.Number) (string, error) {
	who, ok := h.people(person)
	if !ok || !who.Eligible() {
		return "", fmt.Errorf("call back for ticket %s: nobody named %q has a phone; check people in the configuration", ref.Number, person)
	}
	if number == "" {
		return "", fmt.Errorf("call back for ticket %s: the client's number is not known", ref.Number)
	}
	c := h.engine.NewCall()
	if c == nil {
		return "", errors.New("call back: no new calls, the node is draining")
	}
	var g grant
	free := true
	if !who.Shared {
		g, free = h.take(ctx, rotation.ClaimRequest{Call: c.Info().ID, Attempt: "1", Candidates: []string{person}})
	}
	if !free {
		c.Post(func() { c.End(b2bua.CauseBusy) })
		return "", fmt.Errorf("call back for ticket %s: %s talks to somebody or is being rung", ref.Number, person)
	}
	begun := c.Post(func() {
		if c.Ended() { // the node stops
			if g.claim.Person != "" {
				h.release(context.WithoutCancel(ctx), g.claim)
			}
			return
		}
		k := h.newCall(c, "")
		k.number, k.ref = number, ref
		k.mark(g.marks)
		if g.claim.Person != "" {
			k.claims = append(k.claims, claimed{claim: g.claim}) // given back when the call ends
		}
		k.records.about(ref)
		if p, err := h.desk.Plan("", ref, h.now()); err == nil { // language and recording of the line that takes all calls
			k.s.Plan, k.lang = p, prompt.ParseLanguage(p.Line.Language)
		}
		k.step(Event{
			Kind: EvCallBack, Person: person, Name: who.Name, Devices: who.Devices, Caller: string(number),
			Ticket: Ticket{Number: ref.Number, CallBack: true},
		})
	})
	if !begun {
		if g.claim.Person != "" {
			h.release(ctx, g.claim)
		}
		return "", fmt.Errorf("call back for ticket %s: the call ended at once", ref.Number)
	}
	return c.Info().ID, nil
}
