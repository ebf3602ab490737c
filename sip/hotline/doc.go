// Package hotline is the script of an emergency line: what happens on a call
// from the first INVITE to its record, the voice pages that go on when a call
// ends without a human, and call-backs.
//
// It knows plans, claims, prompts and the legs of a call. It must not know how
// people are chosen (a [dispatch.Plan] brings them in order), how tickets are
// kept, or what SIP and RTP look like on the wire.
//
// # Terms
//
//   - rung: people asked together or one after another; a round walks all rungs;
//   - claim: the right to ring one person (package rotation);
//   - attempt: one try to reach one person on one device; its leg has the same number;
//   - whisper: what an engineer hears before he accepts;
//   - accept key: 1. It, and not the 200 OK, decides who got the call; only a
//     trusted softphone accepts by answering;
//   - alarm: a ticket without a human. It never dies with the call: after
//     abandonment or exhaustion the outcome is recorded as lost, and paging
//     rings people until one of them presses a key.
//
// # Several nodes
//
// A claim keeps other calls from ringing a person. Where several nodes serve,
// the arbiter agrees to it before the first INVITE and is asked again before the
// two are joined; a token that is stale joins nobody. What cannot be asked in
// time is passed over, and the call's detail says so (Degraded). A claim that is
// lost stops new dialling and cuts no conversation. A node alone asks nobody but
// its memory.
//
// A recall rings a client whose call died with its node. Once he has answered
// he is a caller like any other, and people are hunted for him.
//
// # Own calls
//
// What an engineer dials on his phone beside our lines is a call of his own
// (own.go): a colleague by id, account or number, or a number through an
// operator if the toll rules let it leave. It is no ticket and is not recorded.
//
// # Two halves
//
// [Step] and [StepPage] are pure: state and event in, state and actions out,
// time as a parameter. The shell (call.go, page.go) carries actions out on a
// b2bua call inside its goroutine, and posts results back as events. Whatever
// may wait (ticket commit, claims in a remote store, records) runs beside the
// call and never inside it.
//
// # Order of promises
//
// The first engineer is dialled while the ticket commits; the whisper, the
// accept key and the answer to the caller wait for the commit, at most 200 ms.
// The media bridge is immediate; the acceptance is durable before anybody is
// told of it (the dispatcher's feed and webhooks speak only after the commit).
// Records are written beside the call, in order (ledger.go). The journal below
// takes what the store refuses, so that little is repeated here: only while both
// refuse, ticket, acceptance and outcome are tried for as long as the process lives.
//
// Recordings are shed before calls: a disk that is nearly full takes none.
//
// Config, State, Event and Action are plain values. The methods of [Hotline]
// may be called from any goroutine.
package hotline
