package b2bua

import (
	"strconv"
	"time"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/guard"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
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
	asked := guard.Call{
		Purpose: l.dial.Purpose, Number: number, Account: l.dial.Account, Trunk: dest.Trunk, CallID: l.call.info.ID,
	}
	if asked.Purpose == guard.Own {
		asked.Source = l.call.info.Flow.Remote.Addr().Unmap()
	}
	return l.call.engine.guard.Begin(asked)
}

// meter begins to count an answered call.
func (l *Leg) meter() {
	permit := l.dialog.permit
	permit.Answered()
	if permit != nil && permit.Limit > 0 {
		l.nextMinute()
	}
}

// nextMinute asks for a further minute, and ends the call when the day's budget has none for it.
func (l *Leg) nextMinute() {
	if l.state != StateAnswered {
		return
	}
	wait, ok := l.dialog.permit.Next()
	if !ok {
		l.call.Note(l.Name + " was hung up: " + CauseToll)
		l.sendBye(CauseToll)
		l.gone(CauseToll)
		return
	}
	l.timer = time.AfterFunc(wait, func() { l.call.loop.Post(l.nextMinute) })
}

// tell reports a security event, where somebody listens.
func (e *Engine) tell(ev guard.Event, by wire.Flow) {
	if e.guard == nil {
		return
	}
	ev.Source = by.Remote.Addr().Unmap()
	e.guard.Tell(ev)
}

// scriptFor chooses who handles a call: the line's script, or for what a phone of ours dials beside our lines that of own
// calls. Nil refuses it: nothing that comes from an operator leaves by another one. It reports whether it is an account's own.
func (e *Engine) scriptFor(in *dialog.Incoming, who trunk.Inbound) (script func(*Call), own bool) {
	switch {
	case e.serves(who):
		return e.script, false
	case who.Trunk == "":
		return e.ownScript, who.Account != ""
	}
	e.tell(guard.Event{
		Kind: guard.TollRefused, CallID: in.Request().CallID(),
		Detail: "operator " + who.Trunk + " wants " + guard.Mask(who.DID) + ", which is no line of ours",
	}, in.Request().Flow())
	return nil, false
}

// redirected reports a way that wanted the call to go elsewhere: it is never followed.
func (l *Leg) redirected(s *session, ev dialog.Event) {
	if ev.Status/100 != 3 {
		return
	}
	from := "a phone"
	if s.dest.Trunk != "" {
		from = "operator " + s.dest.Trunk
	}
	detail := from + " answered " + strconv.Itoa(ev.Status)
	if ev.Resp != nil {
		if target, ok := ev.Resp.Contact(); ok {
			detail += " and named " + guard.Mask(trunk.Normalize(target.URI.User))
		}
	}
	l.call.engine.tell(guard.Event{Kind: guard.Redirected, Account: l.dial.Account, CallID: l.call.info.ID, Detail: detail}, s.dest.Flow)
}
