package b2bua

import "github.com/butlerspb/vahta/sip/guard"

// Served is one leg through an operator that was answered and sent sound: the operator works in this direction.
type Served struct {
	Trunk   string
	Inbound bool   // the caller's leg
	Call    string // Info.ID
}

// tellServed tells of a leg that ends. Calls of the line to itself say nothing that their script does not know better.
func (l *Leg) tellServed() {
	tell := l.call.engine.served
	if tell == nil || l.trunk == "" || l.answeredAt.IsZero() || l.dial.Purpose == guard.Proof || l.Stats().In.Packets == 0 {
		return
	}
	tell(Served{Trunk: l.trunk, Inbound: l.caller, Call: l.call.info.ID})
}
