package dialog

// ReliableState is where our reliable provisional responses stand (RFC 3262 §3):
// one at a time is repeated until its PRACK.
type ReliableState uint8

// The states of the sender of reliable provisional responses.
const (
	ReliableIdle       ReliableState = iota // no PRACK is waited for
	ReliableUnacked                         // a 18x without description waits for its PRACK
	ReliableUnackedSDP                      // a 18x with a description does
	ReliableHeld                            // the same, and the 200 waits with it (§5)
	ReliableDone                            // the INVITE is final
	reliableStateCount
)

// ReliableEvent is what happens to the sender.
type ReliableEvent uint8

// The events of the sender of reliable provisional responses.
const (
	ReliableSend    ReliableEvent = iota // the owner's 18x without a description
	ReliableSendSDP                      // the owner's 18x with a description
	ReliablePrack                        // PRACK of the last one that was sent
	ReliableStray                        // PRACK of another, or of none
	ReliableResend                       // the timer of the repetition
	ReliableTimeout                      // 64·T1 without PRACK
	ReliableAnswer                       // the owner answers the INVITE
	ReliableClose                        // the dialog is over
	reliableEventCount
)

// Step is the whole behaviour of the sender.
func (s ReliableState) Step(ev ReliableEvent) (ReliableState, []Action) {
	if ev == ReliableStray {
		return s, acts(Reply481)
	}
	switch s {
	case ReliableIdle:
		return stepReliableIdle(ev)
	case ReliableUnacked, ReliableUnackedSDP:
		return stepReliableUnacked(s, ev)
	case ReliableHeld:
		return stepReliableHeld(ev)
	case ReliableDone, reliableStateCount:
	}
	return stepReliableDone(ev)
}

func stepReliableIdle(ev ReliableEvent) (ReliableState, []Action) {
	switch ev {
	case ReliableSend:
		return ReliableUnacked, acts(SendReliable, ArmReliable, ArmPrack)
	case ReliableSendSDP:
		return ReliableUnackedSDP, acts(SendReliable, ArmReliable, ArmPrack)
	case ReliablePrack: // a second one, with a number of its own
		return ReliableIdle, acts(Reply481)
	case ReliableAnswer:
		return ReliableDone, acts(ReleaseAnswer)
	case ReliableClose:
		return ReliableDone, nil
	case ReliableStray, ReliableResend, ReliableTimeout, reliableEventCount:
	}
	return ReliableIdle, acts(Illegal)
}

func stepReliableUnacked(s ReliableState, ev ReliableEvent) (ReliableState, []Action) {
	switch ev {
	case ReliableSend, ReliableSendSDP: // one at a time
		return s, acts(QueueReliable)
	case ReliablePrack:
		return ReliableIdle, acts(StopPrack, AcceptPrack, NextReliable)
	case ReliableResend:
		return s, acts(ResendReliable, ArmReliable)
	case ReliableTimeout:
		return ReliableDone, acts(StopPrack, RefuseUnacked)
	case ReliableAnswer:
		if s == ReliableUnackedSDP {
			return ReliableHeld, acts(HoldAnswer)
		}
		return ReliableDone, acts(StopPrack, ReleaseAnswer)
	case ReliableClose:
		return ReliableDone, acts(StopPrack)
	case ReliableStray, reliableEventCount:
	}
	return s, acts(Illegal)
}

func stepReliableHeld(ev ReliableEvent) (ReliableState, []Action) {
	switch ev {
	case ReliablePrack:
		return ReliableDone, acts(StopPrack, AcceptPrack, ReleaseAnswer)
	case ReliableResend:
		return ReliableHeld, acts(ResendReliable, ArmReliable)
	case ReliableTimeout:
		return ReliableDone, acts(StopPrack, RefuseUnacked)
	case ReliableClose:
		return ReliableDone, acts(StopPrack)
	case ReliableSend, ReliableSendSDP: // ringing that was late by a moment
		return ReliableHeld, nil
	case ReliableStray, ReliableAnswer, reliableEventCount:
	}
	return ReliableHeld, acts(Illegal)
}

func stepReliableDone(ev ReliableEvent) (ReliableState, []Action) {
	switch ev {
	case ReliablePrack: // of a 18x that the final answer overtook
		return ReliableDone, acts(AcceptPrack)
	case ReliableSend, ReliableSendSDP, ReliableResend, ReliableTimeout, ReliableClose:
		return ReliableDone, nil
	case ReliableStray, ReliableAnswer, reliableEventCount:
	}
	return ReliableDone, acts(Illegal)
}

// RSeq is the number of the last reliable provisional response that one far end's
// fork had acknowledged; 0 before the first (RFC 3262 §4).
type RSeq uint32

// Step judges the number of another one: the first may be any, each further one
// must be next. A repeated one, or one ahead of its turn, is as good as lost: it
// comes again, or its PRACK does.
func (r RSeq) Step(n uint32) (RSeq, []Action) {
	if n != 0 && (r == 0 || uint64(n) == uint64(r)+1) {
		return RSeq(n), acts(SendPrack)
	}
	return r, nil
}
