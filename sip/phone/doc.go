// Package phone is a scripted SIP phone: it dials, rings, answers, refuses,
// presses keys, talks a tone, holds, hangs up, and tells afterwards what
// happened and what it heard.
//
// It stands behind the commands that place a call by hand, behind the
// demonstration and the self-test of a running line, and behind the product
// tests. It uses the same signalling and media rooms as the hotline itself,
// so a test with two phones also tests those rooms twice.
//
// # Terms
//
// A [Phone] is one SIP endpoint: one listener per transport, free ports
// allowed. A [Session] is one call of it, in either direction. [Options] is the
// script of a call the phone places; [Answer] is the script for calls it
// receives; [Talk] is what either does once the call is up. Each session keeps
// an ordered log of [Event]s; whoever waits, waits for an event of this log. An
// [Account] answers challenges, of calls and of [Phone.Register], which keeps
// the phone known to a registrar until the phone is gone.
//
// # Rules
//
// The phone knows no tickets, no trunks, no lines. Its certificate checks, password, SRTP, reliable ringing and session
// timers are part of its script: with none of them set it is the simplest phone there is. It never sleeps:
// each step of a script is a timer or a reaction to an event of the call's own
// loop. Times are those of the monotonic clock; tones are in hertz, digits are
// the sixteen keys 0-9, *, #, A-D of RFC 4733 §3.2.
//
// # Concurrency
//
// All methods of Phone and Session may be called from any goroutine. The
// callbacks in scripts run in the loop of their session and must not block.
//
// # RFCs
//
// RFC 3261 (calls), RFC 3264 (hold and resume), RFC 3311 (UPDATE), RFC 4733
// (keys as events), RFC 6086 and the older application/dtmf-relay use (keys by
// INFO), ITU-T Q.23 (keys as tones in the audio), RFC 3261 §10 and RFC 8760
// (registration, digest), RFC 4568 and RFC 3711 (SRTP), RFC 3262 (reliable
// ringing), RFC 4028 (session timers).
package phone
