// Package dialog holds one SIP dialog: an INVITE sent or received, what comes of
// it, and the requests within it (RFC 3261 §12-15, RFC 3311, RFC 6086).
//
// It knows tags, CSeq, route sets, targets, 2xx retransmission, forks, CANCEL
// and offers in flight. It must not know what a description says (package sdp),
// audio, trunks, or that a call has more than one leg.
//
// # The machines
//
// [UACState], [UASState] and [OfferState] are pure: Step(event) gives the next
// state and the actions in their order. They own no clock and no message, so
// testdata/*.txt reads as the protocol: each file is one race. The shell, type
// [Dialog], turns messages and timers into events and actions into messages.
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
// # Not here
//
// 100 to an INVITE, the ACK to 300 and more, and the CANCEL's wait for a 1xx are
// the edge's transactions'.
//
// Reliable provisional responses (RFC 3262) are not supported: Require: 100rel
// is answered 420 by the edge. Session timers (RFC 4028) are not offered; the far
// end's refreshes are answered. No option tag is supported, so no Supported
// header is sent; Allow names the methods.
//
// Durations are time.Duration; T1 and T2 are those of RFC 3261 §17.1.1.1.
package dialog
