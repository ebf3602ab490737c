package dialog

// OfferState is where the exchange of offers within a dialog stands (RFC 3261
// §14, RFC 3264 §4, RFC 3311 §5): at most one offer is open at any time.
type OfferState uint8

// The states of the offer/answer exchange.
const (
	OfferOurs       OfferState = iota // the initial INVITE is ours and its offer unanswered
	OfferTheirs                       // the initial INVITE is theirs and its offer unanswered
	OfferEarlyOurs                    // the initial INVITE is theirs; our offer in a reliable 18x waits for its PRACK
	OfferPrack                        // the initial INVITE is ours; the offer of a reliable 18x waits for the owner
	OfferEarly                        // answered in a 18x, the initial INVITE still open
	OfferEarlyTheir                   // the same, and their UPDATE waits for the owner
	OfferStable                       // nothing open
	OfferLocal                        // our re-INVITE waits for its final answer
	OfferGlare                        // it got 491 and waits for its second try
	OfferRemote                       // their re-INVITE waits for the owner
	OfferUpdate                       // their UPDATE waits for the owner
	OfferUnacked                      // our 200 to their re-INVITE waits for its ACK
	OfferClosed                       // the dialog is over
	offerStateCount
)

// OfferEvent is what happens to the exchange.
type OfferEvent uint8

// The events of the offer/answer exchange.
const (
	OfferEarlyAnswer OfferEvent = iota // the initial offer was answered in a 18x
	OfferEarlyOffer                    // the offer goes or comes in a reliable 18x
	OfferOpen                          // the initial INVITE is final with 2xx
	OfferClose                         // the dialog ends
	OfferOwn                           // the owner re-INVITEs
	OfferOwnDone                       // our re-INVITE is final, but for 491
	OfferOwnGlare                      // 491 to our re-INVITE
	OfferOwnBrief                      // 422 to our re-INVITE: a longer session is wanted
	OfferRetry                         // the wait after 491 is over
	OfferPeerInvite                    // their re-INVITE
	OfferPeerUpdate                    // their UPDATE or PRACK with an offer
	OfferPeerCancel                    // CANCEL of their re-INVITE
	OfferAnswer                        // the owner answers
	OfferRefuse                        // the owner refuses
	OfferAck                           // ACK to our 200, or 64·T1 without
	offerEventCount
)

// Step is the whole behaviour of the exchange.
func (s OfferState) Step(ev OfferEvent) (OfferState, []Action) {
	if ev == OfferClose {
		return stepOfferClose(s)
	}
	switch s {
	case OfferOurs, OfferTheirs, OfferEarlyOurs, OfferPrack, OfferEarly, OfferEarlyTheir:
		return stepOfferInitial(s, ev)
	case OfferStable:
		return stepOfferStable(ev)
	case OfferLocal, OfferGlare:
		return stepOfferLocal(s, ev)
	case OfferRemote, OfferUpdate:
		return stepOfferRemote(s, ev)
	case OfferUnacked:
		return stepOfferUnacked(ev)
	case OfferClosed, offerStateCount:
	}
	return stepOfferClosed(ev)
}

func stepOfferClose(s OfferState) (OfferState, []Action) {
	switch s {
	case OfferRemote: // BYE during their re-INVITE: it must not hang (RFC 3261 §15.1.2)
		return OfferClosed, acts(CancelOffer)
	case OfferUpdate, OfferEarlyTheir:
		return OfferClosed, acts(CancelOffer)
	case OfferGlare:
		return OfferClosed, acts(StopGlare)
	case OfferUnacked:
		return OfferClosed, acts(StopAck)
	case OfferOurs, OfferTheirs, OfferEarlyOurs, OfferPrack, OfferEarly, OfferStable, OfferLocal, OfferClosed, offerStateCount:
	}
	return OfferClosed, nil
}

// stepOfferInitial: the initial INVITE has no final answer yet.
func stepOfferInitial(s OfferState, ev OfferEvent) (OfferState, []Action) {
	switch ev {
	case OfferEarlyAnswer:
		if s == OfferEarlyTheir {
			return s, nil
		}
		return OfferEarly, nil
	case OfferEarlyOffer:
		if s == OfferTheirs {
			return OfferEarlyOurs, nil
		}
		if s == OfferOurs {
			return OfferPrack, acts(TellEarlyOffer)
		}
		return s, nil
	case OfferOpen:
		if s == OfferEarlyTheir {
			return OfferUpdate, nil
		}
		return OfferStable, nil
	case OfferPeerInvite: // a second INVITE before the first is final
		if s == OfferOurs {
			return s, acts(Reply491)
		}
		return s, acts(Reply500)
	case OfferPeerUpdate:
		if s == OfferEarly {
			return OfferEarlyTheir, acts(TellOffer)
		}
		if s == OfferOurs || s == OfferEarlyOurs {
			return s, acts(Reply491)
		}
		return s, acts(Reply500)
	case OfferAnswer, OfferRefuse:
		if s == OfferPrack { // a PRACK cannot refuse: without a description it is no answer
			return OfferEarly, acts(SendPrackAnswer)
		}
		if s != OfferEarlyTheir {
			return s, acts(Illegal)
		}
		if ev == OfferRefuse {
			return OfferEarly, acts(RefuseOffer)
		}
		return OfferEarly, acts(SendAnswer)
	case OfferOwn:
		return s, acts(TellOfferBusy)
	case OfferClose, OfferOwnDone, OfferOwnGlare, OfferOwnBrief, OfferRetry, OfferPeerCancel, OfferAck, offerEventCount:
	}
	return s, acts(Illegal)
}

func stepOfferStable(ev OfferEvent) (OfferState, []Action) {
	switch ev {
	case OfferOwn:
		return OfferLocal, acts(SendOffer)
	case OfferPeerInvite:
		return OfferRemote, acts(TellOffer)
	case OfferPeerUpdate:
		return OfferUpdate, acts(TellOffer)
	case OfferEarlyAnswer, OfferEarlyOffer, OfferOpen, OfferPeerCancel, OfferAck:
		return OfferStable, nil
	case OfferClose, OfferOwnDone, OfferOwnGlare, OfferOwnBrief, OfferRetry, OfferAnswer, OfferRefuse, offerEventCount:
	}
	return OfferStable, acts(Illegal)
}

func stepOfferLocal(s OfferState, ev OfferEvent) (OfferState, []Action) {
	switch ev {
	case OfferOwnDone:
		return OfferStable, acts(TellOfferDone)
	case OfferOwnGlare:
		return OfferGlare, acts(ArmGlare)
	case OfferOwnBrief, OfferRetry:
		return OfferLocal, acts(SendOffer)
	case OfferPeerInvite:
		if s == OfferGlare { // theirs comes first; ours is tried when it is done
			return OfferRemote, acts(StopGlare, TellOfferBusy, TellOffer)
		}
		return s, acts(Reply491)
	case OfferPeerUpdate:
		if s == OfferGlare {
			return OfferUpdate, acts(StopGlare, TellOfferBusy, TellOffer)
		}
		return s, acts(Reply491)
	case OfferOwn:
		return s, acts(TellOfferBusy)
	case OfferEarlyAnswer, OfferEarlyOffer, OfferOpen, OfferPeerCancel, OfferAck:
		return s, nil
	case OfferClose, OfferAnswer, OfferRefuse, offerEventCount:
	}
	return s, acts(Illegal)
}

func stepOfferRemote(s OfferState, ev OfferEvent) (OfferState, []Action) {
	switch ev {
	case OfferAnswer:
		if s == OfferRemote {
			return OfferUnacked, acts(ArmResend, ArmAck, SendAnswer)
		}
		return OfferStable, acts(SendAnswer)
	case OfferRefuse:
		return OfferStable, acts(RefuseOffer)
	case OfferPeerCancel:
		if s == OfferRemote {
			return OfferStable, acts(CancelOffer, TellOfferGone)
		}
		return s, nil
	case OfferPeerInvite, OfferPeerUpdate: // a second one before the first is final
		return s, acts(Reply500)
	case OfferOwn:
		return s, acts(TellOfferBusy)
	case OfferEarlyAnswer, OfferEarlyOffer, OfferOpen, OfferAck:
		return s, nil
	case OfferClose, OfferOwnDone, OfferOwnGlare, OfferOwnBrief, OfferRetry, offerEventCount:
	}
	return s, acts(Illegal)
}

func stepOfferUnacked(ev OfferEvent) (OfferState, []Action) {
	switch ev {
	case OfferAck:
		return OfferStable, acts(StopAck)
	case OfferPeerInvite: // it saw our 200: the ACK was lost or overtaken
		return OfferRemote, acts(StopAck, TellOffer)
	case OfferPeerUpdate:
		return OfferUpdate, acts(StopAck, TellOffer)
	case OfferOwn:
		return OfferUnacked, acts(TellOfferBusy)
	case OfferEarlyAnswer, OfferEarlyOffer, OfferOpen, OfferPeerCancel:
		return OfferUnacked, nil
	case OfferClose, OfferOwnDone, OfferOwnGlare, OfferOwnBrief, OfferRetry, OfferAnswer, OfferRefuse, offerEventCount:
	}
	return OfferUnacked, acts(Illegal)
}

func stepOfferClosed(ev OfferEvent) (OfferState, []Action) {
	switch ev {
	case OfferEarlyAnswer, OfferEarlyOffer, OfferOpen, OfferClose, OfferOwn, OfferOwnDone, OfferOwnGlare, OfferOwnBrief, OfferRetry,
		OfferPeerCancel, OfferAnswer, OfferRefuse, OfferAck:
		return OfferClosed, nil
	case OfferPeerInvite, OfferPeerUpdate: // our BYE is on its way
		return OfferClosed, acts(Reply481)
	case offerEventCount:
	}
	return OfferClosed, acts(Illegal)
}
