// Package ticket knows what a ticket is: its number, its stages, its priority
// and category, and the append-only log of events from which all of it
// follows. It is pure: no I/O and no clock; time comes in with the events.
//
// It must not know how events are stored, who delivers notices or what a
// telephone is.
//
// # From a log
//
//	Fold(log)    the Ticket: the small state that a board holds of every open one
//	Compile(log) the Dossier: everything, for screens, reports and verbs
//	Facts(log)   what the clocks need to know; Clocks(log, now) reads them
//
// A ticket is the fold of its log: Apply takes the ticket and one event and
// returns the ticket after it, or an Illegal error that says why that event
// cannot happen now. Facts are taken in every state, decisions only where they
// make sense. A log that an earlier version wrote still folds: fields that it
// lacks are zero, and a log that pins no policy is held to no rule that came
// later. Every event of a stored log carries the hash of the one before it
// (Chain), so that a lost or altered row shows (Verify).
//
// # Cycles, reports, merges
//
// Stages go forward only; stamps are written once per cycle. Restored leads to
// Stabilised, Reopened begins a new cycle from New: within 72 hours of the stage
// that the ticket has reached, afterwards it is a new ticket linked as a repeat.
//
// A report is one requester's story, by number: Opened makes the first one,
// Reported each further one. A merge makes the source a pointer (MergedInto) and
// lets its reports go on in the target (Absorbed, then Reported with Source),
// each with its own T0 and first contact; Unmerged and Released take that back.
//
// Values are plain data; any goroutine may use its own copy.
package ticket
