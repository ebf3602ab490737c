package b2bua

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/sdp"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Dial says whom to ring and how.
type Dial struct {
	// Name is the leg's name in events, logs and call detail.
	Name string
	// Destinations are the ways to reach him; the next is tried only when a way, not the person,
	// failed (trunk.Result.WayFailed).
	Destinations []trunk.Destination
	// RingTime is how long one way rings, from its INVITE; 0 = the engine's default.
	RingTime time.Duration
	// CallerID is shown on ways that do not show our own number (softphones).
	CallerID wire.NameAddr
	// Headers are added to each INVITE.
	Headers []wire.Header
	// Purpose is what a call through an operator is for: without it none leaves, if there is a guard.
	Purpose guard.Purpose
	// Account is the phone that dials, for calls that an engineer places.
	Account string
}

// Dial rings somebody and returns his leg at once; LegRinging, LegAnswered, LegFailed … follow.
func (c *Call) Dial(d Dial) *Leg {
	leg := c.newLeg(d.Name)
	leg.dial = d
	if leg.dial.RingTime <= 0 {
		leg.dial.RingTime = c.engine.cfg.RingTime
	}
	if c.cause != "" {
		leg.state, leg.outcome, leg.cause = StateEnded, OutcomeCancelled, c.cause
		return leg
	}
	leg.tryNext(failure{cause: CauseUnavailable})
	c.checkIdle()
	return leg
}

// failure is why an attempt over one way failed.
type failure struct {
	status int
	q850   int
	cause  string
	err    error
}

// tryNext dials the next way, or fails with the last failure when none is left.
func (l *Leg) tryNext(last failure) {
	l.call.leaveEarly(l)
	refused := false
	for l.next < len(l.dial.Destinations) {
		dest := &l.dial.Destinations[l.next]
		l.next++
		if refused && dest.Trunk != "" { // another operator does not make the number a better one
			continue
		}
		permit, err := l.permit(dest)
		if err != nil {
			refused, last = true, failure{cause: CauseToll, err: err}
			continue
		}
		if !l.call.engine.trunks.Reserve(dest.Trunk) {
			permit.End()
			last = failure{cause: CauseTrunkLimit}
			continue
		}
		if err = l.invite(dest, permit); err == nil {
			return
		}
		permit.End()
		l.call.engine.trunks.Release(dest.Trunk)
		last = failure{cause: CauseUnavailable, err: err}
		switch {
		case errors.Is(err, media.ErrFamily): // an IPv6 way, and we have no such address
			last.err = fmt.Errorf("%w: %w", wire.ErrUnreachable, err)
		case l.stream == nil:
			last.cause = CausePorts
		}
	}
	l.fail(last)
}

// invite sends the INVITE of one way.
func (l *Leg) invite(dest *trunk.Destination, permit *guard.Permit) error {
	c := l.call
	headers := make([]wire.Header, 0, len(dest.Headers)+len(l.dial.Headers)+1)
	headers = append(append(headers, dest.Headers...), l.dial.Headers...)
	if c.hops > 0 {
		headers = append(headers, wire.Header{Name: "Max-Forwards", Value: strconv.Itoa(c.hops)})
	}
	l.agree(c.engine.terms(dest.Media), placeTo(dest))
	if err := l.openStream(); err != nil {
		return err
	}
	l.say(sdp.Offer(l.local()))
	s := &session{leg: l, trunk: dest.Trunk, permit: permit, dest: dest}
	d, err := c.engine.stack.Invite(dialog.Outgoing{
		URI: dest.URI, Flow: dest.Flow, From: l.from(dest), To: wire.NameAddr{URI: dest.URI},
		Contact: c.engine.cfg.User, Headers: headers, SDP: l.sentBody, NoAnswer: dest.NoProgress,
		Auth: dest.Auth, Routes: dest.Routes, Reliable: dest.Reliable, Timer: dest.Timer,
	}, c.loop, func(ev dialog.Event) { l.dialledEvent(s, ev) })
	if err != nil {
		return err
	}
	s.Dialog = d
	l.track(s)
	l.trunk = dest.Trunk
	l.state, l.q850 = StateSetup, 0
	c.trace.request(c.engine.now(), l, Outward, wire.INVITE)
	l.stopTimer()
	l.timer = time.AfterFunc(l.dial.RingTime, func() {
		c.loop.Post(func() {
			if !l.pending(s) {
				return
			}
			if l.state == StateSetup && dest.NoRinging > 0 && l.dial.RingTime >= dest.NoRinging { // it had its time, and said 100
				c.engine.trunks.Report(dest, trunk.Result{Err: trunk.ErrStuck})
			}
			l.giveUp(l.unanswered())
		})
	})
	l.watchRinging(s)
	if dest.Alive != nil {
		l.askWay(s)
	}
	return nil
}

// from is the caller we show on one way: our own number where the way demands it, else what the
// script said, completed to a URI.
func (l *Leg) from(dest *trunk.Destination) wire.NameAddr {
	from := dest.From
	if from.URI.IsZero() {
		from = l.dial.CallerID
	}
	if from.URI.Scheme == "" {
		from.URI.Scheme = "sip"
	}
	if from.URI.User == "" {
		from.URI.User = l.call.engine.cfg.User
	}
	if from.URI.Host == "" && from.URI.Scheme != "tel" {
		from.URI.Host = dest.URI.Host
	}
	return from
}

// giveUp stops ringing somebody who has not answered.
func (l *Leg) giveUp(outcome Outcome, cause string) {
	c := l.call
	if l.dialog != nil {
		c.trace.request(c.engine.now(), l, Outward, wire.CANCEL)
		l.dialog.Cancel(reasonOf(cause))
	}
	l.finish(outcome, cause)
	c.emit(Event{Kind: LegFailed, Leg: l, Outcome: outcome, Cause: cause, Q850: l.q850})
}

// fail ends a leg that nobody answered.
func (l *Leg) fail(f failure) {
	outcome := outcomeOf(f.status, f.q850, f.err)
	if f.cause == "" {
		f.cause = outcome.String()
	}
	l.status, l.q850 = f.status, f.q850
	l.finish(outcome, f.cause)
	l.call.emit(Event{
		Kind: LegFailed, Leg: l, Outcome: outcome, Status: f.status, Cause: f.cause, Q850: f.q850, Err: f.err,
	})
}

// dialledEvent takes an event of a dialog we opened.
func (l *Leg) dialledEvent(s *session, ev dialog.Event) {
	c := l.call
	if ev.Kind.Last() {
		defer s.settle()
	}
	if l.dialog != s || l.state == StateEnded { // an earlier way, or cancelled: only its end counts
		return
	}
	switch ev.Kind {
	case dialog.Trying:
		c.engine.trunks.Report(s.dest, trunk.Result{Status: ev.Status})
		c.trace.response(c.engine.now(), l, Inward, ev.Status, ev.Reason)
		c.emit(Event{Kind: LegTrying, Leg: l, Status: ev.Status})
	case dialog.Progress:
		if l.state == StateSetup { // it may be the first word of this way
			c.engine.trunks.Report(s.dest, trunk.Result{Status: ev.Status})
		}
		c.trace.response(c.engine.now(), l, Inward, ev.Status, ev.Reason)
		l.progressed(ev)
	case dialog.Answered:
		c.trace.response(c.engine.now(), l, Inward, ev.Status, ev.Reason)
		l.answered(ev)
	case dialog.Failed:
		l.refused(s, ev)
	case dialog.Ended:
		l.partedBy(ev)
	case dialog.Confirmed, dialog.Cancelled, dialog.Offer, dialog.OfferDone, dialog.OfferGone, dialog.LateAnswer,
		dialog.Info, dialog.InfoDone, dialog.Refreshed:
		l.inDialog(ev)
	}
}

// conclude reads the far end's answer to our offer.
func (l *Leg) conclude(body []byte) (sdp.Agreement, error) {
	answer, err := sdp.Parse(body)
	if err != nil {
		return sdp.Agreement{}, err
	}
	return sdp.Conclude(l.sent, answer, l.local())
}

// answered takes the 200 of a dialled leg; its SDP may have come with the 18x already.
func (l *Leg) answered(ev dialog.Event) {
	agreement, fresh, err := l.readAnswer(ev.SDP)
	if err != nil {
		l.incompatible(err)
		return
	}
	c := l.call
	l.stopTimer()
	l.dialog.unwatch()
	l.state, l.answeredAt, l.outcome = StateAnswered, c.engine.now(), OutcomeAnswered
	l.meter()
	if fresh {
		l.apply(agreement)
	}
	l.watch()
	c.emit(Event{Kind: LegAnswered, Leg: l, Status: ev.Status})
}

// readAnswer reads the answer in a 200, or in the 18x before it. It is not fresh where an UPDATE in between has put
// something newer into force.
func (l *Leg) readAnswer(body []byte) (a sdp.Agreement, fresh bool, err error) {
	if l.settled {
		return sdp.Agreement{}, false, nil
	}
	if len(body) == 0 {
		body = l.early
	}
	a, err = l.conclude(body)
	return a, true, err
}

// incompatible hangs up a way that answered with sound we cannot use, or that is not secured as it must be, and tries the
// next.
func (l *Leg) incompatible(err error) {
	cause := CauseNoMedia
	if l.terms.security == sdp.SecurityRequired {
		cause = CauseNotSecure
	}
	l.dialog.unwatch()
	l.sendBye(cause)
	l.dialog.release()
	l.tryNext(failure{cause: cause, err: err})
}

// refused takes the failure of one way and tries the next if it was the way that failed.
func (l *Leg) refused(s *session, ev dialog.Event) {
	c := l.call
	if ev.Status > 0 {
		c.trace.response(c.engine.now(), l, Inward, ev.Status, ev.Reason)
	}
	s.release()
	s.unwatch()
	l.redirected(s, ev)
	result := trunk.Result{
		Status: ev.Status, Q850: ev.Q850, Rang: l.state == StateRinging, RetryAfter: retryAfterOf(ev.Resp), Err: ev.Err,
	}
	c.engine.trunks.Report(s.dest, result)
	f := failure{status: ev.Status, q850: ev.Q850, err: ev.Err}
	if result.WayFailed() {
		l.tryNext(f)
		return
	}
	l.fail(f)
}

// retryAfterOf reads how long a refusal asks to be left in peace; a comment or parameter may follow the seconds.
func retryAfterOf(res *wire.Response) time.Duration {
	if res == nil {
		return 0
	}
	value := res.Header("Retry-After")
	if i := strings.IndexAny(value, " ;("); i >= 0 {
		value = value[:i]
	}
	seconds, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
