package dialog

import "time"

// SessionState is where the session timer of a dialog stands (RFC 4028 §7-10).
type SessionState uint8

// The states of the session timer.
const (
	SessionOff        SessionState = iota // none was agreed, or it is over
	SessionOurs                           // we refresh, at half of the interval
	SessionRefreshing                     // our refresh waits for its answer
	SessionTheirs                         // the far end refreshes
	sessionStateCount
)

// SessionEvent is what happens to the session timer.
type SessionEvent uint8

// The events of the session timer.
const (
	SessionAgreedOurs   SessionEvent = iota // a 2xx was sent or came: we refresh; the span is the interval
	SessionAgreedTheirs                     // the same, but the far end refreshes
	SessionAgreedNone                       // a 2xx without Session-Expires: no timer any more
	SessionWake                             // the clock
	SessionPut                              // our refresh could not be done now; the span is the wait
	SessionAlive                            // it was refused, by somebody who is there
	SessionRaise                            // it was too brief (422); the span is the interval to ask for
	SessionClose                            // the dialog is over
	sessionEventCount
)

// Session is the timer with its deadlines, all of it, so that another node can go
// on with it.
type Session struct {
	State     SessionState
	Interval  time.Duration // Session-Expires as agreed
	RefreshAt time.Time     // when we refresh
	ByeAt     time.Time     // when the session is given up
}

// Step is the whole behaviour of the timer. It owns no clock: now and the span
// that belongs to the event come in.
func (s Session) Step(ev SessionEvent, now time.Time, span time.Duration) (Session, []Action) {
	switch ev {
	case SessionAgreedOurs:
		return s.agreed(SessionOurs, now, span), acts(ArmSession)
	case SessionAgreedTheirs:
		return s.agreed(SessionTheirs, now, span), acts(ArmSession)
	case SessionAgreedNone, SessionClose:
		if s.State == SessionOff {
			return s, nil
		}
		return Session{}, acts(StopSession)
	case SessionWake:
		return s.woken(now)
	case SessionPut, SessionAlive, SessionRaise:
		if s.State != SessionRefreshing { // something else has refreshed it meanwhile
			return s, nil
		}
		return s.put(ev, now, span), acts(ArmSession)
	case sessionEventCount:
	}
	return s, acts(Illegal)
}

// agreed begins the interval anew. The end is min(32 s, a third) before the
// interval is over (§10), the refresh at its half (§7.2).
func (s Session) agreed(state SessionState, now time.Time, interval time.Duration) Session {
	s = Session{State: state, Interval: interval, ByeAt: now.Add(interval - min(32*time.Second, interval/3))}
	if state == SessionOurs {
		s.RefreshAt = now.Add(interval / 2)
	}
	return s
}

func (s Session) put(ev SessionEvent, now time.Time, span time.Duration) Session {
	switch ev { //nolint:exhaustive // the events of Step's case
	case SessionAlive:
		return s.agreed(SessionOurs, now, s.Interval)
	case SessionRaise:
		s.Interval, span = span, 0
	}
	s.State, s.RefreshAt = SessionOurs, now.Add(span)
	return s
}

func (s Session) woken(now time.Time) (Session, []Action) {
	switch {
	case s.State == SessionOff:
		return s, nil
	case !now.Before(s.ByeAt):
		return Session{}, acts(StopSession, SendExpired)
	case s.State == SessionOurs && !now.Before(s.RefreshAt):
		s.State = SessionRefreshing
		return s, acts(SendRefresh, ArmSession)
	}
	return s, acts(ArmSession)
}

// next is when the clock must wake the timer; false: not at all.
func (s Session) next() (time.Time, bool) {
	if s.State == SessionOurs && s.RefreshAt.Before(s.ByeAt) {
		return s.RefreshAt, true
	}
	return s.ByeAt, s.State != SessionOff
}
