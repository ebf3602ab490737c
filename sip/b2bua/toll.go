package b2bua

import (
	"time"

	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/trunk"
)

// permit asks the guard for the right to one INVITE to an operator; our own phones need none. Here every INVITE to an
// operator passes, whoever asked for the call.
func (l *Leg) permit(dest *trunk.Destination) (*guard.Permit, error) {
	if dest.Trunk == "" || l.call.engine.guard == nil {
		return nil, nil //nolint:nilnil // a nil permit is a right that costs nothing
	}
	number := dest.Number
	if number == "" {
		number = dest.URI.User
	}
	return l.call.engine.guard.Begin(guard.Call{
		Purpose: l.dial.Purpose, Number: number, Account: l.dial.Account, Trunk: dest.Trunk, CallID: l.call.info.ID,
	})
}

// meter begins to count an answered call, and ends it when its share of the day's budget is used up.
func (l *Leg) meter() {
	permit := l.dialog.permit
	permit.Answered()
	if permit == nil || permit.Limit <= 0 {
		return
	}
	l.timer = time.AfterFunc(permit.Limit, func() {
		l.call.loop.Post(func() {
			if l.state == StateAnswered {
				l.call.Note(l.Name + " was hung up: " + CauseToll)
				l.sendBye(CauseToll)
				l.gone(CauseToll)
			}
		})
	})
}
