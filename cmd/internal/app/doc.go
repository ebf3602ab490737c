// Package app builds Vahta from its parts, runs them, drains them and stops them.
//
// [New] is one straight function in the order of dependencies: record, directory, dispatcher, SIP edge, media, trunks,
// dialogs, calls, hotline, delivery, health. Nothing starts working before all of it stands. [App.Run] runs the parts and
// ends when its context does or when a part fails; then it drains: new calls are refused with 503, calls in progress go on
// until they end or the drain time is over, then outbox, dispatcher and store stop, each after what depends on it.
//
// It is the only room that knows all others. What differs by room stays in that room: here is only wiring.
package app
