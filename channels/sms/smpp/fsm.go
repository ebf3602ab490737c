package smpp

// State is where a bind stands. Bound is BOUND_TRX of SMPP 3.4 §2.2, Binding is
// its OPEN.
type State uint8

// The states of a bind.
const (
	Waiting   State = iota // no connection; the next try is due later
	Dialing                // a connection is being made
	Binding                // our bind_transceiver waits for its answer
	Bound                  // messages pass
	Draining               // we stop: nothing new goes out, answers are awaited
	Unbinding              // our unbind waits for its answer
	Ended                  // for good
)

// event is what happens to a bind.
type event uint8

const (
	evDue          event = iota // the wait is over
	evDialed                    // the connection stands
	evDialFailed                // it does not
	evBindAccepted              // bind_transceiver_resp, ESME_ROK
	evBindRefused               // any other
	evLost                      // the connection is gone, or out of step
	evSilent                    // the peer does not answer what it must
	evPeerUnbind                // the peer says good-bye
	evStop                      // we shall end
	evDrained                   // nothing is awaited any more, or for too long
	evUnbound                   // unbind_resp
)

// act is what a bind does.
type act uint8

const (
	actDial act = iota
	actBind
	actUnbind
	actAnswerUnbind
	actHangUp  // what waits for a response becomes unsure
	actBackoff // the next try is due later than this one was
	actFinish
)

// Step is the whole behaviour of a bind. ok is false when the event means
// nothing in the state: two things crossed.
func (s State) Step(ev event) (next State, acts []act, ok bool) {
	switch s {
	case Waiting, Dialing:
		return s.stepUnconnected(ev)
	case Binding:
		return stepBinding(ev)
	case Bound:
		return stepBound(ev)
	case Draining:
		return stepDraining(ev)
	case Unbinding:
		return stepUnbinding(ev)
	case Ended:
	}
	return s, nil, false
}

func (s State) stepUnconnected(ev event) (State, []act, bool) {
	switch {
	case ev == evStop:
		return Ended, []act{actHangUp, actFinish}, true // HangUp gives up a dial
	case s == Waiting && ev == evDue:
		return Dialing, []act{actDial}, true
	case s == Dialing && ev == evDialed:
		return Binding, []act{actBind}, true
	case s == Dialing && ev == evDialFailed:
		return Waiting, []act{actBackoff}, true
	}
	return s, nil, false
}

func stepBinding(ev event) (State, []act, bool) {
	switch ev {
	case evBindAccepted:
		return Bound, nil, true
	case evBindRefused, evLost, evSilent:
		return Waiting, []act{actHangUp, actBackoff}, true
	case evPeerUnbind:
		return Waiting, []act{actAnswerUnbind, actHangUp, actBackoff}, true
	case evStop:
		return Ended, []act{actHangUp, actFinish}, true
	case evDue, evDialed, evDialFailed, evDrained, evUnbound:
	}
	return Binding, nil, false
}

func stepBound(ev event) (State, []act, bool) {
	switch ev {
	case evLost, evSilent:
		return Waiting, []act{actHangUp, actBackoff}, true
	case evPeerUnbind:
		return Waiting, []act{actAnswerUnbind, actHangUp, actBackoff}, true
	case evStop:
		return Draining, nil, true
	case evDue, evDialed, evDialFailed, evBindAccepted, evBindRefused, evDrained, evUnbound:
	}
	return Bound, nil, false
}

func stepDraining(ev event) (State, []act, bool) {
	switch ev {
	case evDrained:
		return Unbinding, []act{actUnbind}, true
	case evLost, evSilent:
		return Ended, []act{actHangUp, actFinish}, true
	case evPeerUnbind:
		return Ended, []act{actAnswerUnbind, actHangUp, actFinish}, true
	case evDue, evDialed, evDialFailed, evBindAccepted, evBindRefused, evStop, evUnbound:
	}
	return Draining, nil, false
}

func stepUnbinding(ev event) (State, []act, bool) {
	switch ev {
	case evUnbound, evLost, evSilent:
		return Ended, []act{actHangUp, actFinish}, true
	case evPeerUnbind: // both say good-bye at once
		return Ended, []act{actAnswerUnbind, actHangUp, actFinish}, true
	case evDue, evDialed, evDialFailed, evBindAccepted, evBindRefused, evStop, evDrained:
	}
	return Unbinding, nil, false
}

// String names the state.
func (s State) String() string {
	switch s {
	case Waiting:
		return "waiting"
	case Dialing:
		return "dialing"
	case Binding:
		return "binding"
	case Bound:
		return "bound"
	case Draining:
		return "draining"
	case Unbinding:
		return "unbinding"
	case Ended:
		return "ended"
	}
	return "state?"
}
