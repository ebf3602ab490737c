// Package siptest holds the rough tools of telephone tests: a relay that loses,
// doubles, delays and swaps chosen SIP messages, a raw user agent that sends
// handcrafted SIP, a small RTP end point, a name server, and runners for Debian's
// sipp, baresip and kamailio.
//
// It deliberately knows nothing of sip/wire and sip/dialog: what it reads and
// writes is text, so that a fault in those rooms cannot hide from it, and so
// that their own tests may use it.
//
// # The relay
//
// A [Relay] joins two parties, A and B. It opens two UDP sockets: side A, which
// A believes to be B, and side B, which B believes to be A:
//
//	A <--> [sideA  relay  sideB] <--> B
//
// In the headers of each message that passes, every host:port of the sender is
// replaced by the address under which the receiver knows the sender, and the
// reverse for the receiver's own address, which came back in Via, R-URI or To.
// The mapping is a bijection, so Via, Contact, Route and R-URI stay consistent
// on both sides, and ACK, BYE and re-INVITE travel through the relay without an
// outbound proxy on either party. Nothing else in a message is touched. With
// [RelayConfig.Media] the addresses in SDP are rewritten as well, and RTP and
// RTCP pass through sockets of the relay.
//
// One relay joins one pair. A test with a caller and three engineers uses four.
//
// # Concurrency
//
// All exported methods may be called from any goroutine. Waiting is for events,
// never for time: each recorder has Wait(ctx, match).
//
// # RFCs
//
// RFC 3261 (message syntax, §7, and transactions, §17), RFC 4566 (SDP), RFC
// 3550 (RTP), RFC 4733 (telephone events), RFC 4475 (the messages worth sending).
package siptest
