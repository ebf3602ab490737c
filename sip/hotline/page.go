package hotline

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
)

// Notify is one voice page, or one try of a recall. A page rings the person of the notice on his devices
// in turn until he presses a key, and returns what came of it. It makes
// hotline a dispatch.Notifier. Cancelling ctx with a cause of its own says that
// the page is no longer needed: who is ringing is let go, who is listening
// hears that a colleague has the ticket. A plain cancellation ends the page.
func (h *Hotline) Notify(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	if n.Kind == dispatch.NoticeRecall {
		r, err := h.recall(ctx, n)
		h.metrics.recalled(r)
		return r, err
	}
	if n.Kind == dispatch.NoticeShift { // it is about no client: not counted as a page
		one := h.lesser.begin(n.Person.ID) // before the look at the claims: whoever claims him after it finds the call
		defer h.lesser.end(n.Person.ID, one)
		return h.page(ctx, n, one)
	}
	r, err := h.page(ctx, n, nil)
	h.metrics.page(r)
	return r, err
}

// beginning is what a page, or a call about a shift, begins with.
func beginning(n dispatch.Notice) PageEvent {
	if n.Kind == dispatch.NoticeShift {
		return PageEvent{Kind: PageBegin, Devices: n.Devices, Say: shiftSentences(n), Words: shiftWords(n)}
	}
	return PageEvent{Kind: PageBegin, Devices: n.Devices, Say: pageSentences(n), Ticket: n.Ref.Number, Held: confirmsOnly(n)}
}

// page rings somebody; what is lesser than a page lets him go when a caller or a page needs him.
func (h *Hotline) page(ctx context.Context, n dispatch.Notice, lesser *lesserCall) (dispatch.Result, error) {
	g, free := h.claimPage(ctx, n)
	if !free {
		return dispatch.ResultBusy, nil // he talks to a caller, or is being rung for one
	}
	if g.claim.Person != "" {
		defer h.release(ctx, g.claim)
	}
	c := h.engine.NewCall()
	if c == nil {
		return dispatch.ResultFailed, errors.New("place voice page: no new calls, the node is draining")
	}
	p := &pageCall{h: h, c: c, n: n, lang: prompt.ParseLanguage(n.Language), s: NewPage(&h.cfg), claim: g.claim, done: make(chan struct{})}
	p.ctx = context.WithoutCancel(ctx) // a key that was pressed is recorded
	p.s.Tier = n.RingTime
	begin := beginning(n)
	if err := h.prompts.Prepare(ctx, p.lang, begin.Say...); err != nil && h.prompts.SpeaksNames() {
		h.metrics.missingPrompt()
	}
	if !c.Post(func() { //nolint:contextcheck // what a page records outlives the wish for it
		if c.Ended() { // the node stops
			p.step(PageEvent{Kind: PageStop})
			return
		}
		c.On(p.heard)
		p.step(begin)
	}) {
		return dispatch.ResultFailed, errors.New("place voice page: the call ended at once")
	}
	p.wait(ctx, lesser)
	switch {
	case p.result == dispatch.ResultAcknowledged || p.result == dispatch.ResultEscalate:
		return p.result, nil
	case ctx.Err() != nil:
		return dispatch.ResultWithdrawn, fmt.Errorf("place voice page: %w", context.Cause(ctx))
	case p.result == dispatch.ResultFailed:
		return p.result, fmt.Errorf("place voice page: %s", orText(p.cause, "failed"))
	}
	return p.result, nil
}

// claimPage keeps a page from ringing somebody who is rung for a caller or
// talks to one. Shared people and numbers of last resort are not claimed. Nor is
// anybody for a call about a shift, which only looks: a claim would keep callers
// from him.
func (h *Hotline) claimPage(ctx context.Context, n dispatch.Notice) (grant, bool) {
	if n.Kind == dispatch.NoticeShift {
		return grant{}, !h.claimed(ctx, n.Person.ID)
	}
	if p, known := h.people(n.Person.ID); !known || p.Shared {
		return grant{}, true
	}
	return h.take(ctx, rotation.ClaimRequest{Call: n.ID, Attempt: strconv.Itoa(n.Attempt), Candidates: []string{n.Person.ID}})
}

// pageCall is the shell of one voice page. All but done belongs to the call's
// goroutine; result and cause may be read once done is closed.
type pageCall struct {
	ctx   context.Context //nolint:containedctx // the page's own
	h     *Hotline
	c     *b2bua.Call
	n     dispatch.Notice
	lang  prompt.Language
	claim rotation.Claim // zero = none is needed
	s     PageState
	todo  []PageEvent
	busy  bool // step is at work

	leg   *b2bua.Leg
	play  uint64
	clock *time.Timer
	over  bool
	rung  bool // a device was dialled
	tries int  // devices tried so far

	result dispatch.Result
	cause  string
	done   chan struct{}
}

// wait returns when the page is over.
func (p *pageCall) wait(ctx context.Context, lesser *lesserCall) {
	if lesser != nil {
		p.h.beside(func() { p.h.watchClaims(ctx, p.n.Person.ID, lesser, p.done) })
	}
	select {
	case <-p.done:
		return
	case <-lesser.outranked():
		p.c.Post(func() { p.step(PageEvent{Kind: PageOutranked}) }) //nolint:contextcheck // as below
		<-p.done
		return
	case <-ctx.Done():
	}
	e := PageEvent{Kind: PageMooted}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(context.Cause(ctx), context.Canceled) {
		e.Kind = PageStop // not withdrawn: we have no more time for it
	}
	p.c.Post(func() { //nolint:contextcheck // as above
		if e.Kind == PageMooted && p.s.Phase == PageSaving {
			return // his own key may be what withdraws the page: its record decides
		}
		p.step(e)
	})
	<-p.done
}

// step runs the machine on an event and on all that the actions cause.
func (p *pageCall) step(e PageEvent) {
	p.todo = append(p.todo, e)
	if p.busy {
		return
	}
	p.busy = true
	for len(p.todo) > 0 && !p.over {
		next := p.todo[0]
		p.todo = p.todo[1:]
		var acts []PageAction
		p.s, acts = StepPage(p.s, next, p.h.now())
		for i := range acts {
			p.do(&acts[i])
		}
	}
	p.busy = false
}

func (p *pageCall) heard(ev b2bua.Event) {
	if p.over {
		return // what came of it may be read by others now
	}
	if ev.Kind == b2bua.CallEnded {
		p.cause = ev.Cause
		p.step(PageEvent{Kind: PageStop})
		return
	}
	if ev.Leg == nil || ev.Leg != p.leg {
		return
	}
	switch ev.Kind {
	case b2bua.LegAnswered:
		p.step(PageEvent{Kind: PageAnswered})
	case b2bua.LegFailed:
		p.step(PageEvent{Kind: PageUnreached, Outcome: outcomeOf(ev.Outcome), Cause: ev.Cause, Status: ev.Status, Q850: ev.Q850})
	case b2bua.LegEnded:
		p.step(PageEvent{Kind: PageHungUp, Cause: ev.Cause, Q850: ev.Q850})
	case b2bua.LegDigit:
		p.step(PageEvent{Kind: PageDigit, Digit: ev.Digit})
	case b2bua.LegPlayed:
		if ev.Play == p.play && p.play != 0 {
			p.play = 0
			p.step(PageEvent{Kind: PagePlayed})
		}
	case b2bua.LegTrying, b2bua.LegRinging, b2bua.LegEarly, b2bua.LegHeld, b2bua.LegResumed, b2bua.LegSilent, b2bua.MediaLost,
		b2bua.CallerGone, b2bua.CallEnded:
	}
}

func (p *pageCall) do(a *PageAction) {
	switch a.Kind {
	case PageDial:
		p.ring(*a)
	case PageSay:
		p.say(a.Say)
	case PageHangup:
		if leg := p.leg; leg != nil {
			p.leg = nil // its end is ours
			leg.Hangup(a.Cause)
		}
	case PageTimer:
		p.timer(a.After)
	case PageSave:
		p.save(a.Result)
	case PageTry:
		if p.n.Report != nil {
			p.n.Report(p.attempt(a))
		}
	case PageDeliver:
		p.deliver(a.Result)
	}
}

// ring dials a device. Before a further one the claim is looked at again, beside
// the call where that may wait.
func (p *pageCall) ring(a PageAction) {
	if p.n.Kind != dispatch.NoticeShift {
		p.h.lesser.let(p.n.Person.ID) // of shared people: nobody has claimed them
	}
	first := !p.rung
	p.leg, p.rung = nil, true
	dial := func() {
		p.leg = p.c.Dial(b2bua.Dial{
			Name: orText(p.n.Person.ID, staticName), RingTime: a.RingTime, Destinations: p.h.ways(a.Device, p.n.ID), Purpose: guard.Page,
		})
	}
	if p.claim.Person == "" || first {
		dial()
		return
	}
	next := func(ours bool) {
		switch {
		case p.over || p.s.Phase != PageDialling || p.leg != nil:
		case ours:
			dial()
		default:
			p.step(PageEvent{Kind: PageUnreached, Outcome: dispatch.AttemptBusy, Cause: causeElsewhere})
		}
	}
	if p.h.instant {
		ours, _ := p.h.still(p.claim)
		next(ours)
		return
	}
	p.h.besideOr(func() {
		ours, _ := p.h.still(p.claim)
		p.c.Post(func() { next(ours) })
	}, func() { p.c.Post(func() { next(false) }) })
}

func (p *pageCall) say(say []prompt.Sentence) {
	if p.play = p.leg.Play(media.Playing(p.h.prompts.Sound(p.lang, say...)...)); p.play == 0 {
		p.step(PageEvent{Kind: PagePlayed}) // nobody hears it
	}
}

func (p *pageCall) timer(after time.Duration) {
	if p.clock != nil {
		p.clock.Stop()
		p.clock = nil
	}
	if after == 0 {
		return
	}
	var clock *time.Timer
	clock = time.AfterFunc(after, func() {
		p.c.Post(func() {
			if p.clock == clock {
				p.clock = nil
				p.step(PageEvent{Kind: PageTimeout})
			}
		})
	})
	p.clock = clock
}

// save makes a key durable beside the call, so that what is confirmed by voice
// is true. Escalation needs no record of its own: paging goes on with the
// result.
func (p *pageCall) save(r dispatch.Result) {
	if r != dispatch.ResultAcknowledged && p.n.Kind != dispatch.NoticeShift {
		p.step(PageEvent{Kind: PageSaved})
		return
	}
	now := p.h.now()
	p.h.besideOr(func() {
		ctx, cancel := context.WithTimeout(p.ctx, saveLimit)
		defer cancel()
		err := p.h.keepKey(ctx, p.n, r, now)
		e := PageEvent{Kind: PageSaved}
		if _, refused := errors.AsType[*ticket.IllegalError](err); refused {
			e.Kind = PageMooted
		} else if err != nil {
			e.Kind = PageNotSaved
			p.h.log.Error("the key of a page could not be recorded", "ticket", p.n.Ref.Number, "person", p.n.Person.ID, "err", err)
		}
		p.c.Post(func() { p.step(e) })
	}, func() { p.c.Post(func() { p.step(PageEvent{Kind: PageNotSaved}) }) })
}

// keepKey makes a key durable with whom it concerns.
func (h *Hotline) keepKey(ctx context.Context, n dispatch.Notice, r dispatch.Result, at time.Time) error {
	switch {
	case n.Kind != dispatch.NoticeShift:
		return h.desk.AcknowledgePage(ctx, n, at)
	case h.shifts == nil:
		return errors.New("nobody here cares for shifts")
	}
	return h.shifts.AnswerShift(ctx, n, r, at)
}

func (p *pageCall) attempt(a *PageAction) dispatch.Attempt {
	p.tries++
	return dispatch.Attempt{
		Ref: p.n.Ref, ID: p.n.ID + "/" + strconv.Itoa(p.n.Attempt) + "/" + strconv.Itoa(p.tries), Call: p.c.Info().ID,
		Person: orText(p.n.Person.ID, staticName), Device: a.Device, Kind: dispatch.AttemptPage, Outcome: a.Outcome,
		Cause: a.Cause, Status: a.Status, Q850: a.Q850, At: a.Since, Took: p.h.now().Sub(a.Since),
	}
}

// deliver ends the page's call and hands the result over.
func (p *pageCall) deliver(r dispatch.Result) {
	p.over, p.result = true, r
	p.c.End(b2bua.CauseNormal)
	close(p.done)
}
