package dialog

// Action is one thing a machine asks its shell to do. The shell performs the
// actions of a step in their order; none of them can fail the step.
type Action uint8

// What the machines ask for.
const (
	Illegal         Action = iota // the event has no meaning in this state: count it, change nothing
	SendInvite                    // the initial INVITE leaves
	SendAgain                     // the INVITE leaves again: answered challenge, longer session
	ArmSilence                    // start the timer that ends at Config or Outgoing NoAnswer
	StopSilence                   // a first answer has come
	SendCancel                    // CANCEL; the transaction holds it back until a 1xx (RFC 3261 §9.1)
	ArmCancel                     // start 64·T1 after which a cancelled INVITE is forgotten (§9.1)
	StopCancel                    // the cancelled INVITE is final
	Forget                        // drop the INVITE transaction: it cancels a late 1xx, a late 2xx is stray
	SendAck                       // ACK to the winner's 2xx, also for each repetition
	SweepAnswer                   // ACK then BYE, in this order, to a 2xx nobody wants
	SendPrack                     // PRACK of a reliable provisional response
	SendProgress                  // the owner's 1xx
	SendOK                        // the owner's 200
	ResendOK                      // the same 200 again
	ArmResend                     // start or double the timer of the 200, T1 up to T2 (§13.3.1.4)
	ArmAck                        // start 64·T1 for the ACK
	StopAck                       // stop both timers of the 200
	SendRefusal                   // the owner's final answer of 300 and more
	SendTerminated                // 487 to the INVITE
	SendBye                       // BYE
	SendByeNoAck                  // BYE with Reason: Q.850;cause=102
	AnswerBye                     // 200 to the far end's BYE
	TellTrying                    // the owner hears Trying
	TellProgress                  // … Progress
	TellAnswered                  // … Answered
	TellConfirmed                 // … Confirmed
	TellUnconfirmed               // … Confirmed with ErrNoAck: media stands in for the ACK
	TellFailed                    // … Failed, the last event
	TellCancelled                 // … Cancelled, the last event
	TellEnded                     // … Ended, the last event
	SendReliable                  // the owner's 18x with RSeq (RFC 3262 §3)
	ResendReliable                // the same 18x again
	QueueReliable                 // it waits until the one before is acknowledged
	NextReliable                  // the next one of those that wait, if any
	ArmReliable                   // start or double the timer of the 18x, from T1
	ArmPrack                      // start 64·T1 for the PRACK
	StopPrack                     // stop both timers of the 18x
	AcceptPrack                   // 200 to the PRACK; its description is an answer or an offer
	HoldAnswer                    // the owner's 200 waits for the PRACK (§5)
	ReleaseAnswer                 // the owner's 200 goes on to the INVITE's machine
	RefuseUnacked                 // 504 to the INVITE: the PRACK never came
	ArmSession                    // start the session timer's clock
	StopSession                   // stop it
	SendRefresh                   // UPDATE or re-INVITE that refreshes the session (RFC 4028 §7.4)
	SendExpired                   // the session was not refreshed: the dialog ends
	SendOffer                     // our re-INVITE leaves
	ArmGlare                      // start the random wait after 491 (§14.1)
	StopGlare                     // no second try
	TellEarlyOffer                // … Offer, out of a reliable 18x
	SendPrackAnswer               // the PRACK of that 18x, the owner's answer in it
	TellOffer                     // … Offer
	TellOfferDone                 // … OfferDone: our re-INVITE is final
	TellOfferBusy                 // … OfferDone with ErrOfferPending
	TellOfferGone                 // … OfferGone: the far end withdrew its offer
	SendAnswer                    // 200 to the offer, the owner's answer in it
	RefuseOffer                   // the owner's refusal of the offer
	CancelOffer                   // 487 to the far end's re-INVITE
	Reply491                      // 491 to the request at hand: glare
	Reply500                      // 500 with Retry-After to the request at hand (§14.2)
	Reply481                      // 481 to the request at hand: the dialog is over
	actionCount
)

func acts(a ...Action) []Action { return a }
