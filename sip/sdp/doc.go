// Package sdp reads and writes session descriptions and settles what two
// parties will send each other: the tolerant half of RFC 8866 and the audio
// part of the offer/answer model, RFC 3264.
//
// It knows: the lines of a description, audio over RTP/AVP and RTP/SAVP and
// their feedback variants, the keys of SRTP in a=crypto lines (SDES, RFC 4568,
// suites of RFC 4568 and RFC 6188), telephone-event (RFC 4733), the RTCP port
// (RFC 3605), packet times, and every spelling of hold. It must not know:
// sockets, SIP messages, audio, time.
// Everything here is a pure function of its arguments, so all of it may be
// called from many goroutines at once; a *Session that is shared must not be
// changed meanwhile.
//
// # Terms
//
// offer, answer: the two descriptions of one exchange; the answer has the same
// media lines in the same order and refuses a line with port 0 (RFC 3264 §6).
//
// direction: always seen from the party that is named. Local.Direction and
// Agreement.Direction are ours; a line's own direction is its author's.
//
// held: the far end asked not to hear us now: a=sendonly or a=inactive from it,
// or the address 0.0.0.0 (or ::) of RFC 2543. Our side then receives only or is
// inactive, and nothing may be sent.
//
// blocked: the far end named an address that must never be sent RTP. The
// agreement then carries no remote address at all and says why. A line with a
// multicast or broadcast address is not agreed to at all.
//
// key: what one party protects its own media with; each names its own, so an
// exchange agrees on a pair. A refresh says the same keys again; whoever moves
// to another address or brings a new key makes both sides begin anew
// (RFC 4568 §7.1.4, see [Agreement.Rekeyed]).
//
// optimistic: keys on a RTP/AVP line. A far end that knows them answers with
// its own and media is encrypted; another one ignores them and media is plain.
//
// Packet times are milliseconds, clocks are hertz, ports are UDP.
//
// # Tolerance
//
// Accepted: any order of lines, LF or CRLF or a missing last line end, missing
// v=, s=, t= and o=, unknown letters, lower-case rtp/avp, several c= lines, c=
// only at media level, unparsable o= numbers, host names in c= (blocked, since
// nobody resolves them here). In a crypto line: a lifetime, an MKI, several
// keys with MKIs, missing padding of base64, hints among the session
// parameters; a line that asks for more (UNENCRYPTED_SRTP and the like, key
// derivation, another suite) is passed over. Refused: a body over [MaxSize],
// more than [MaxMedia] media lines, a media line without kind, port and
// protocol, a body without a single v= or m= line.
//
// # Secrets
//
// [MasterKey], [CryptoPair] and the attributes of a [Session] print masked, as
// text and as JSON; [Session.Marshal] is the only way a key leaves, and must not be logged.
package sdp
