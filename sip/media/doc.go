// Package media moves and makes the sound of calls: RTP ports, SRTP, the relay between two legs, G.711, digits, prompts,
// tones, the recorder and the RTCP figures.
//
// # What it knows
//
// A [Pool] owns the port range and the shards that do the work. A [Stream] is one RTP session with one far end: an even
// RTP port and the odd RTCP port above it, on an address of the family that the far end asks for. [Stream.Apply] gives it
// the outcome of an offer/answer exchange ([sdp.Agreement]); [Connect] bridges two streams; [Stream.Play] sends prompts; a
// [Recorder] writes both sides of a call to one stereo WAV file. Whatever happens on a stream is told through
// [StreamConfig].OnEvent.
//
// # What it must not know
//
// SIP messages, dialogs, calls, tickets. It never resolves names, and it never sends a packet to an address that is
// neither in the far end's SDP nor the source it has latched to.
//
// # Terms and units
//
//   - Audio is 8 kHz mono A-law (G.711), one byte a sample, 160 bytes a frame of 20 ms.
//   - Sequence numbers count packets modulo 2^16; RTP timestamps count samples (125 µs) modulo 2^32.
//   - To latch is to accept a first source; to lock is to accept no other: address, port and SSRC.
//   - To seal is to encrypt and tag a packet, to open is to verify and decrypt it; the rollover counter (ROC) counts how often
//     the sequence numbers of an SSRC have passed 2^16.
//   - A shard is one loop that owns its streams: packets, timers and commands of a stream all run there, in order.
//
// # Encryption
//
// When an agreement has keys, what is sent is sealed and what comes is opened before anything looks at it: latch, figures,
// digits, recorder and relay see plain packets that are the far end's for certain. Only the address is asked first, because it
// costs nothing. Packets in the clear, under another key, or received before are dropped and counted; a second of nothing else
// is told as Undecryptable. A bridge opens on one leg and seals on the other, or passes plain sound: legs know nothing of each
// other's keys.
//
// The same keys again change nothing. A new key of the far end is in force at once, the one before it for five seconds more. A
// new key of ours comes with a new SSRC. No number is sealed twice under one key, whatever the numbers of the relayed source do.
//
// # What does not come
//
// Quiet (QuietAfter) says early that no packet comes, so that something can be tried; Silence (RTPTimeout) ends a leg.
//
// # Key presses
//
// A key press is told once, whether it comes as RFC 4733 events, by SIP INFO or as tones. Tones are listened for where no
// events were agreed, and before the bridge where they were and none has come. Sound passes to the peer with its tones, events
// do unless ConnectOptions.KeepDigits is set; the rest of a key that was pressed before the bridge passes neither way.
//
// # Documents
//
// RFC 3550 (RTP, RTCP; A.1, A.8 and 6.4 for the figures), RFC 3551 (payload types), RFC 3711 and RFC 6188 (SRTP), RFC 4733
// (telephone events), RFC 4961 (symmetric RTP), RFC 5761 (RTCP on the RTP port is understood), RFC 3246 (EF marking),
// ITU-T G.711, G.107 (E-model, simplified), Q.23/Q.24 (DTMF), E.180 supplement 2 (tones).
//
// # Concurrency
//
// All exported methods may be called from any goroutine; those of a [Stream] are queued to its shard and return at once,
// except [Stream.Stats], which waits for the answer. OnEvent runs inside the shard: it must not block and must not call
// Stats; posting to a call's queue is what it is for.
//
// # Two engines
//
// [EngineEpoll] (Linux) reads and writes raw non-blocking sockets from one loop a shard; [EnginePortable] uses one
// goroutine a socket and runs everywhere. Both drive the same stream code and pass the same tests.
package media
