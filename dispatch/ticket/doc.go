// Package ticket knows what a ticket is: its number, its stages, its priority
// and category, and the append-only log of events from which all of it
// follows. It is pure: no I/O and no clock; time comes in with the events.
//
// It must not know how events are stored, who delivers notices or what a
// telephone is.
//
// A ticket is the fold of its log: Apply takes the ticket and one event and
// returns the ticket after it, or an Illegal error that says why that event
// cannot happen now. Stage stamps are written once. Every event of a stored
// log carries the hash of the one before it (Chain), so that a lost or altered
// row shows (Verify).
//
// Values are plain data; any goroutine may use its own copy.
package ticket
