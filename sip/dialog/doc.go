// Package dialog holds one SIP dialog: an INVITE sent or received, what comes of
// it, and the requests within it (RFC 3261 §12-15, RFC 3262, RFC 3311, RFC 3326,
// RFC 4028, RFC 6086).
//
// It knows tags, CSeq, route sets, targets, 2xx retransmission, forks, CANCEL,
// offers in flight, reliable provisional responses and session timers. It must not
// know what a description says (package sdp), audio, trunks, or that a call has
// more than one leg.
//
// # The machines
//
// [UACState], [UASState], [OfferState], [ReliableState], [RSeq] and [Session] are
// pure: Step(event) gives the next state and the actions in their order. They own
// no clock and no message, so testdata/*.txt reads as the protocol: each file is
// one race. The shell, type [Dialog], turns messages and timers into events and
// actions into messages.
//
// # Concurrency
//
// A dialog belongs to the [Executor] it was given, the call's loop: every method
// is called inside it and every event is delivered inside it, so a CANCEL and an
// answer meet there and one of them is first. What arrives before the owner has
// accepted the call waits; what arrives after the loop has ended is handled by
// the [Stack] itself, silently and after all that the loop took: BYE is answered,
// a late 2xx is swept.
// [Stack.HandleRequest], HandleAck and HandleStray are called by the edge, in
// order per Call-ID.
//
// # Whose requests are taken
//
// A request within a dialog, an ACK too, is taken only from an address of that
// dialog: where its INVITE came from or went to, or where ours go now. Others get
// 481 and are counted; ports may change behind NAT.
//
// # Lost connections
//
// A connection that the far end had opened, and one that must be kept, is replaced
// by the one its next request comes by, be it an ACK, from an address of the dialog
// and never from TLS to less. Until then what we send goes by a connection of ours to
// the address that the first route or the Contact names literally, with the profile
// given to [Incoming.Profile]; nowhere if it is kept or the address is one behind
// NAT. A connection that we had opened is opened again. A request that gets nowhere
// does not end the dialog: OfferDone and InfoDone carry the error, a refresh is
// tried again while the session lasts, and whether the call goes on is for the
// owner, who hears the media. A BYE that gets nowhere ends our side.
//
// # The owner's duties
//
//  1. Answer an [Incoming] with Accept or Reject.
//  2. Expect exactly one last event: Failed, Cancelled or Ended.
//  3. Answer each Offer with AnswerOffer or RefuseOffer. A one-legged call
//     answers by itself.
//  4. Call methods in any state: what makes no sense any more does nothing.
//
// Bye before an answer is Cancel or a refusal; Cancel after an answer is Bye.
//
// # Second INVITE
//
// A 401 or 407 to our INVITE is answered once by [Outgoing].Auth, once more when
// the nonce was stale; a 422 by a longer session. The second INVITE has the same
// Call-ID and From tag and the next number, and never leaves after a CANCEL. A
// challenge within the dialog is never answered: whoever may ask there is not the
// one whom the password is for.
//
// # Reliable provisional responses (RFC 3262)
//
// We acknowledge what comes reliably in its order, per fork, and send reliably what
// [Reliability] says or the far end requires. [Dialog.Answer] waits while a
// description of ours waits for its PRACK; 64·T1 without one refuses the call. With
// an INVITE that offers nothing the first reliable 18x carries the offer: theirs is
// an Offer event, answered by our PRACK; the answer to ours comes as LateAnswer. A
// 18x that would have to offer and cannot is not sent to who requires 100rel.
//
// # Session timers (RFC 4028)
//
// A refresh of ours is an UPDATE without description, else a re-INVITE that repeats
// [State].LocalSDP to the letter. It waits for open offers, and an offer of the
// owner waits for it. Where nobody else has chosen, we refresh. A far end that is
// silent, or does not refresh, gets BYE; the owner hears Ended with
// [ErrSessionExpired]. One that refuses, be it with a challenge, is there: the call
// goes on.
//
// # Not here
//
// 100 to an INVITE, the ACK to 300 and more, and the CANCEL's wait for a 1xx are
// the edge's transactions'. REFER is declined (603). We make no offer in a PRACK and
// no early UPDATE.
//
// Durations are time.Duration; T1 and T2 are those of RFC 3261 §17.1.1.1.
package dialog
