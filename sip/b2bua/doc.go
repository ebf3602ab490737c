// Package b2bua is the back-to-back user agent: it owns a call, its caller's leg and the legs to
// the people who are rung for it, their media, and what happens when either of them speaks first,
// holds, or hangs up.
//
// It knows legs, dialogs, media streams, peers and limits. It must not know tickets, rotas, prompts
// or why somebody is rung: a script above (set by [Engine.OnCall] or using [Engine.NewCall])
// decides that, hears [Event]s and answers with the methods of [Call] and [Leg].
//
// Terms. The A leg is the caller's (we are its UAS), B legs are the ones we dial (we are their
// UAC); they ring in parallel as far as the script dials in parallel. A [Dial] names the ways to
// reach one person: they are tried one after another while the way, not the person, fails. Bridging
// connects the media of two answered legs; with the caller unanswered it answers him first. First
// accept wins: the script bridges the winner and hangs up the others.
//
// Concurrency. One goroutine owns one call. All methods of Call and Leg except [Call.Post],
// [Call.Done] and [Call.Info] are called inside it: in the functions given to OnCall, [Call.On]
// and Post. Events are delivered after the function that caused them has returned, in order, so a
// script is never entered twice. The last event of every call, whatever ended it, a panic of the
// script too, is [CallEnded]; it waits a second at most for the file of a recording. After [Call.End]
// Post returns false, and the call's goroutine leaves when the last dialog has settled.
//
// RFC 3261 (UAC, UAS, CANCEL, BYE), RFC 3264 (offers, hold), RFC 3311 (UPDATE), RFC 3326 (Reason),
// RFC 4733 (digits), RFC 7092 (kinds of B2BUA; this one terminates media).
package b2bua
