package dialog

// UACState is where an INVITE that we sent stands. Calling and Proceeding are
// those of RFC 3261 §17.1.1, Accepted that of RFC 6026; Confirmed and
// Terminated are the dialog's (§12).
type UACState uint8

// The states of a dialog we started.
const (
	UACIdle       UACState = iota // the INVITE has not left
	UACCalling                    // nothing heard yet
	UACProceeding                 // a 1xx came: trying, ringing, early media
	UACCancelling                 // the owner gave up and waits for the outcome
	UACAccepted                   // a 2xx with an offer came; the ACK waits for our answer
	UACConfirmed                  // a 2xx was acknowledged
	UACEnding                     // our BYE waits for its answer
	UACTerminated                 // over; late 2xx are swept
	uacStateCount
)

// UACEvent is what happens to a dialog we started.
type UACEvent uint8

// The events of a dialog we started.
const (
	UACDial          UACEvent = iota // the owner dials
	UACTrying                        // 100
	UACRinging                       // 101..199
	UACAnswer                        // first 2xx
	UACAnswerOffer                   // first 2xx, carrying the offer: ours was a late one
	UACAnswerAgain                   // the winner's 2xx repeated
	UACFork                          // a 2xx with another To-tag than the winner's
	UACRefused                       // 300..699
	UACAgain                         // the same, but another INVITE may answer it: 401, 407, 422
	UACLost                          // Timer B, ICMP, connection lost
	UACSilent                        // no 1xx in time
	UACCancel                        // the owner cancels
	UACCancelTimeout                 // 64·T1 after CANCEL and no final
	UACAck                           // the owner answers the offer of the 2xx
	UACBye                           // the owner hangs up
	UACPeerBye                       // the far end hangs up
	UACByeDone                       // our BYE was answered or timed out
	UACDialogLost                    // 481, 408 or a time-out to a request within the dialog
	uacEventCount
)

// Step is the whole behaviour of a dialog we started (RFC 3261 §9, §13.2, §15).
func (s UACState) Step(ev UACEvent) (UACState, []Action) {
	switch s {
	case UACIdle:
		return stepUACIdle(ev)
	case UACCalling, UACProceeding:
		return stepUACPending(s, ev)
	case UACCancelling:
		return stepUACCancelling(ev)
	case UACAccepted:
		return stepUACAccepted(ev)
	case UACConfirmed:
		return stepUACConfirmed(ev)
	case UACEnding:
		return stepUACEnding(ev)
	case UACTerminated, uacStateCount:
	}
	return stepUACTerminated(ev)
}

func stepUACIdle(ev UACEvent) (UACState, []Action) {
	switch ev {
	case UACDial:
		return UACCalling, acts(SendInvite, ArmSilence)
	case UACCancel, UACBye: // the caller went before the INVITE: it never leaves
		return UACTerminated, acts(TellFailed)
	case UACTrying, UACRinging, UACAnswer, UACAnswerOffer, UACAnswerAgain, UACFork, UACRefused, UACAgain, UACLost,
		UACSilent, UACCancelTimeout, UACAck, UACPeerBye, UACByeDone, UACDialogLost, uacEventCount:
	}
	return UACIdle, acts(Illegal)
}

func stepUACPending(s UACState, ev UACEvent) (UACState, []Action) {
	switch ev {
	case UACTrying:
		if s == UACProceeding {
			return s, nil
		}
		return UACProceeding, acts(StopSilence, TellTrying)
	case UACRinging:
		return UACProceeding, acts(StopSilence, TellProgress)
	case UACAnswer:
		return UACConfirmed, acts(StopSilence, SendAck, TellAnswered)
	case UACAnswerOffer:
		return UACAccepted, acts(StopSilence, TellAnswered)
	case UACAgain:
		return UACCalling, acts(SendAgain, ArmSilence)
	case UACRefused, UACLost:
		return UACTerminated, acts(StopSilence, TellFailed)
	case UACSilent:
		if s == UACProceeding { // the timer and a 1xx crossed
			return s, nil
		}
		return UACTerminated, acts(SendCancel, Forget, TellFailed)
	case UACCancel, UACBye:
		return UACCancelling, acts(StopSilence, SendCancel, ArmCancel)
	case UACPeerBye: // a callee may not, but some do: the call is over either way
		return UACTerminated, acts(StopSilence, AnswerBye, SendCancel, Forget, TellFailed)
	case UACDial, UACAnswerAgain, UACFork, UACCancelTimeout, UACAck, UACByeDone, UACDialogLost, uacEventCount:
	}
	return s, acts(Illegal)
}

func stepUACCancelling(ev UACEvent) (UACState, []Action) {
	switch ev {
	case UACAnswer, UACAnswerOffer, UACFork: // the 200 crossed our CANCEL
		return UACTerminated, acts(StopCancel, SweepAnswer, TellFailed)
	case UACRefused, UACAgain, UACLost: // no second INVITE after the CANCEL
		return UACTerminated, acts(StopCancel, TellFailed)
	case UACCancelTimeout:
		return UACTerminated, acts(Forget, TellFailed)
	case UACPeerBye:
		return UACCancelling, acts(AnswerBye)
	case UACTrying, UACRinging, UACSilent, UACCancel, UACBye, UACDialogLost:
		return UACCancelling, nil
	case UACDial, UACAnswerAgain, UACAck, UACByeDone, uacEventCount:
	}
	return UACCancelling, acts(Illegal)
}

func stepUACAccepted(ev UACEvent) (UACState, []Action) {
	switch ev {
	case UACAck:
		return UACConfirmed, acts(SendAck)
	case UACFork:
		return UACAccepted, acts(SweepAnswer)
	case UACBye, UACCancel:
		return UACEnding, acts(SendAck, SendBye)
	case UACPeerBye: // its 2xx gets its ACK all the same, without an answer
		return UACTerminated, acts(SendAck, AnswerBye, TellEnded)
	case UACDialogLost:
		return UACTerminated, acts(SendAck, SendBye, TellEnded)
	case UACTrying, UACRinging, UACAnswerAgain, UACRefused, UACAgain, UACLost, UACSilent:
		return UACAccepted, nil
	case UACDial, UACAnswer, UACAnswerOffer, UACCancelTimeout, UACByeDone, uacEventCount:
	}
	return UACAccepted, acts(Illegal)
}

func stepUACConfirmed(ev UACEvent) (UACState, []Action) {
	switch ev {
	case UACAnswerAgain: // our ACK was lost
		return UACConfirmed, acts(SendAck)
	case UACFork:
		return UACConfirmed, acts(SweepAnswer)
	case UACBye, UACCancel:
		return UACEnding, acts(SendBye)
	case UACPeerBye:
		return UACTerminated, acts(AnswerBye, TellEnded)
	case UACDialogLost:
		return UACTerminated, acts(SendBye, TellEnded)
	case UACTrying, UACRinging, UACRefused, UACAgain, UACLost, UACSilent: // late or meant for a fork
		return UACConfirmed, nil
	case UACDial, UACAnswer, UACAnswerOffer, UACCancelTimeout, UACAck, UACByeDone, uacEventCount:
	}
	return UACConfirmed, acts(Illegal)
}

func stepUACEnding(ev UACEvent) (UACState, []Action) {
	switch ev {
	case UACByeDone, UACDialogLost:
		return UACTerminated, acts(TellEnded)
	case UACPeerBye: // both hung up at once
		return UACTerminated, acts(AnswerBye, TellEnded)
	case UACAnswerAgain:
		return UACEnding, acts(SendAck)
	case UACFork:
		return UACEnding, acts(SweepAnswer)
	case UACTrying, UACRinging, UACRefused, UACAgain, UACLost, UACSilent, UACCancel, UACBye, UACAck:
		return UACEnding, nil
	case UACDial, UACAnswer, UACAnswerOffer, UACCancelTimeout, uacEventCount:
	}
	return UACEnding, acts(Illegal)
}

func stepUACTerminated(ev UACEvent) (UACState, []Action) {
	switch ev {
	case UACAnswer, UACAnswerOffer, UACFork:
		return UACTerminated, acts(SweepAnswer)
	case UACAnswerAgain:
		return UACTerminated, acts(SendAck)
	case UACPeerBye:
		return UACTerminated, acts(AnswerBye)
	case UACTrying, UACRinging, UACRefused, UACAgain, UACLost, UACSilent, UACCancel, UACCancelTimeout,
		UACAck, UACBye, UACByeDone, UACDialogLost:
		return UACTerminated, nil
	case UACDial, uacEventCount: // dialling after the cancel must not ring anybody
	}
	return UACTerminated, acts(Illegal)
}

// UASState is where an INVITE that we received stands.
type UASState uint8

// The states of a dialog the far end started.
const (
	UASProceeding UASState = iota // 100 or 18x were sent
	UASAccepted                   // 200 was sent and is repeated until its ACK
	UASConfirmed                  // the ACK came
	UASClosing                    // the owner hung up; BYE waits for the ACK (RFC 3261 §15)
	UASEnding                     // our BYE waits for its answer
	UASTerminated                 // over
	uasStateCount
)

// UASEvent is what happens to a dialog the far end started.
type UASEvent uint8

// The events of a dialog the far end started.
const (
	UASProgress        UASEvent = iota // the owner sends a 1xx
	UASAnswer                          // the owner answers
	UASReject                          // the owner refuses
	UASAnswerFailed                    // the transaction refused our 200: it was cancelled or lost before
	UASPeerCancel                      // CANCEL
	UASAck                             // ACK to the 200
	UASResend                          // the timer of the 200
	UASAckTimeout                      // 64·T1 without ACK
	UASAckTimeoutMedia                 // the same, but media flows and the policy is to go on
	UASBye                             // the owner hangs up
	UASPeerBye                         // the far end hangs up
	UASByeDone                         // our BYE was answered or timed out
	UASDialogLost                      // 481, 408 or a time-out to a request within the dialog
	uasEventCount
)

// Step is the whole behaviour of a dialog the far end started (RFC 3261 §9.2,
// §13.3, §15).
func (s UASState) Step(ev UASEvent) (UASState, []Action) {
	switch s {
	case UASProceeding:
		return stepUASProceeding(ev)
	case UASAccepted:
		return stepUASAccepted(ev)
	case UASConfirmed:
		return stepUASConfirmed(ev)
	case UASClosing:
		return stepUASClosing(ev)
	case UASEnding:
		return stepUASEnding(ev)
	case UASTerminated, uasStateCount:
	}
	return stepUASTerminated(ev)
}

func stepUASProceeding(ev UASEvent) (UASState, []Action) {
	switch ev {
	case UASProgress:
		return UASProceeding, acts(SendProgress)
	case UASAnswer:
		return UASAccepted, acts(ArmResend, ArmAck, SendOK)
	case UASReject, UASBye:
		return UASTerminated, acts(SendRefusal, TellEnded)
	case UASPeerCancel:
		return UASTerminated, acts(SendTerminated, TellCancelled)
	case UASPeerBye: // a caller may end an early dialog so (§15)
		return UASTerminated, acts(AnswerBye, SendTerminated, TellCancelled)
	case UASDialogLost:
		return UASProceeding, nil
	case UASAnswerFailed, UASAck, UASResend, UASAckTimeout, UASAckTimeoutMedia, UASByeDone, uasEventCount:
	}
	return UASProceeding, acts(Illegal)
}

func stepUASAccepted(ev UASEvent) (UASState, []Action) {
	switch ev {
	case UASAck:
		return UASConfirmed, acts(StopAck, TellConfirmed)
	case UASResend:
		return UASAccepted, acts(ResendOK, ArmResend)
	case UASAckTimeout:
		return UASTerminated, acts(StopAck, SendByeNoAck, TellEnded)
	case UASAckTimeoutMedia:
		return UASConfirmed, acts(StopAck, TellUnconfirmed)
	case UASAnswerFailed: // CANCEL won inside the transaction: 487, never both
		return UASTerminated, acts(StopAck, SendTerminated, TellCancelled)
	case UASPeerCancel: // the 200 won; the far end ACKs and sends BYE
		return UASAccepted, nil
	case UASPeerBye:
		return UASTerminated, acts(StopAck, AnswerBye, TellEnded)
	case UASBye:
		return UASClosing, nil
	case UASDialogLost:
		return UASTerminated, acts(StopAck, SendBye, TellEnded)
	case UASProgress: // ringing that was late by a moment
		return UASAccepted, nil
	case UASAnswer, UASReject, UASByeDone, uasEventCount:
	}
	return UASAccepted, acts(Illegal)
}

func stepUASConfirmed(ev UASEvent) (UASState, []Action) {
	switch ev {
	case UASBye:
		return UASEnding, acts(SendBye)
	case UASPeerBye:
		return UASTerminated, acts(AnswerBye, TellEnded)
	case UASDialogLost:
		return UASTerminated, acts(SendBye, TellEnded)
	case UASProgress, UASPeerCancel, UASAck, UASResend, UASAckTimeout, UASAckTimeoutMedia:
		return UASConfirmed, nil
	case UASAnswer, UASReject, UASAnswerFailed, UASByeDone, uasEventCount:
	}
	return UASConfirmed, acts(Illegal)
}

func stepUASClosing(ev UASEvent) (UASState, []Action) {
	switch ev {
	case UASAck:
		return UASEnding, acts(StopAck, SendBye)
	case UASAckTimeout, UASAckTimeoutMedia:
		return UASTerminated, acts(StopAck, SendByeNoAck, TellEnded)
	case UASResend:
		return UASClosing, acts(ResendOK, ArmResend)
	case UASAnswerFailed:
		return UASTerminated, acts(StopAck, SendTerminated, TellCancelled)
	case UASPeerBye:
		return UASTerminated, acts(StopAck, AnswerBye, TellEnded)
	case UASDialogLost:
		return UASTerminated, acts(StopAck, SendBye, TellEnded)
	case UASProgress, UASPeerCancel, UASBye:
		return UASClosing, nil
	case UASAnswer, UASReject, UASByeDone, uasEventCount:
	}
	return UASClosing, acts(Illegal)
}

func stepUASEnding(ev UASEvent) (UASState, []Action) {
	switch ev {
	case UASByeDone, UASDialogLost:
		return UASTerminated, acts(TellEnded)
	case UASPeerBye: // both hung up at once
		return UASTerminated, acts(AnswerBye, TellEnded)
	case UASProgress, UASPeerCancel, UASAck, UASResend, UASAckTimeout, UASAckTimeoutMedia, UASBye:
		return UASEnding, nil
	case UASAnswer, UASReject, UASAnswerFailed, uasEventCount:
	}
	return UASEnding, acts(Illegal)
}

func stepUASTerminated(ev UASEvent) (UASState, []Action) {
	switch ev {
	case UASPeerBye:
		return UASTerminated, acts(AnswerBye)
	case UASProgress, UASAnswer, UASReject, UASAnswerFailed, UASPeerCancel, UASAck, UASResend, UASAckTimeout,
		UASAckTimeoutMedia, UASBye, UASByeDone, UASDialogLost:
		return UASTerminated, nil // the owner and the far end may both be late
	case uasEventCount:
	}
	return UASTerminated, acts(Illegal)
}
