package b2bua

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

const (
	// aliveEvery is how often a way is asked whether it is still there while it rings, aliveLimit how long it may
	// think: together they leave room for the next INVITE within 2 s.
	aliveEvery = 500 * time.Millisecond
	aliveLimit = time.Second
	// moveLimit is how often a person's phone may move while it rings; a phone that flaps is left at last.
	moveLimit = 3
)

// MovedError is the error by which a way says that the person is reached elsewhere now: his phone has registered anew from
// another address while it rang. The old attempt is cancelled, and To is tried next.
type MovedError struct{ To []trunk.Destination }

// Error implements error.
func (m *MovedError) Error() string {
	return fmt.Sprintf("the phone has moved to %d other addresses", len(m.To))
}

// watchWay asks a way every aliveEvery whether it is there, as long as the attempt over it rings.
func (l *Leg) watchWay(s *session) {
	s.look = time.AfterFunc(aliveEvery, func() {
		l.call.loop.Post(func() {
			if l.pending(s) {
				l.askWay(s)
			}
		})
	})
}

// pending reports whether an attempt still waits for its outcome.
func (l *Leg) pending(s *session) bool {
	return l.dialog == s && (l.state == StateSetup || l.state == StateRinging)
}

// askWay asks once, beside the call, which waits for the answer before it leaves.
func (l *Leg) askWay(s *session) {
	c := l.call
	ctx, cancel := context.WithTimeout(context.Background(), aliveLimit)
	s.unask = cancel
	c.settling++
	go func() {
		err := s.dest.Alive(ctx)
		cancel()
		c.loop.Post(func() { //nolint:contextcheck // the next question has a time of its own
			c.settling--
			c.settle()
			switch {
			case !l.pending(s):
			case err == nil:
				l.watchWay(s)
			default:
				l.wayLost(s, err)
			}
		})
	}()
}

// watchRinging leaves an operator that says 100 and then nothing, if somebody else may be asked instead.
func (l *Leg) watchRinging(s *session) {
	if s.dest.NoRinging <= 0 {
		return
	}
	s.stuck = time.AfterFunc(s.dest.NoRinging, func() {
		l.call.loop.Post(func() {
			if !l.pending(s) || l.state != StateSetup || l.next >= len(l.dial.Destinations) {
				return
			}
			l.call.engine.trunks.Report(s.dest, trunk.Result{Err: trunk.ErrStuck})
			l.leave(s, CauseUnavailable)
			l.tryNext(failure{cause: CauseUnavailable, err: trunk.ErrStuck})
		})
	})
}

// unwatch ends the questions about a way, and the patience with it.
func (s *session) unwatch() {
	if s.stuck != nil {
		s.stuck.Stop()
	}
	if s.look != nil {
		s.look.Stop()
	}
	if s.unask != nil {
		s.unask()
	}
}

// wayLost leaves a way that died while it rang, and tries the next, or where the phone has moved to.
func (l *Leg) wayLost(s *session, err error) {
	c := l.call
	if moved, ok := errors.AsType[*MovedError](err); ok && l.moves < moveLimit {
		l.moves++
		l.dial.Destinations = slices.Insert(slices.Clone(l.dial.Destinations), l.next, moved.To...)
	}
	c.trace.add(c.engine.now(), entry{leg: int16(l.ID), dir: Internal, text: "way lost"})
	c.engine.metrics.wayLost()
	err = fmt.Errorf("%w: %w", wire.ErrUnreachable, err)
	c.engine.trunks.Report(s.dest, trunk.Result{Err: err})
	l.leave(s, CauseUnavailable)
	l.tryNext(failure{cause: CauseUnavailable, err: err})
}

// leave gives a ringing attempt up without an outcome for the leg.
func (l *Leg) leave(s *session, cause string) {
	c := l.call
	c.trace.request(c.engine.now(), l, Outward, wire.CANCEL)
	s.Cancel(reasonOf(cause))
	s.release()
	s.unwatch()
}
