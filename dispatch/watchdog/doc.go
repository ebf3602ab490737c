// Package watchdog audits the work that wakes people: every minute it looks for
// steps that were due and have not been taken, for timers and notices that
// nobody fetches, and for tickets that must be paged and nothing will wake.
// While all is well it sends a sign of life to a place outside (Beat), which
// calls for help when the signs stay away: a watchdog that shared the fault
// could not bark.
//
// Each question has its time. Who does not answer within it is a fault of its own,
// whatever hangs there; he is asked again only when he has answered the last one.
//
// A fault is logged when it begins and when it ends, counted in the metrics and
// shown by Faults. What can be mended, a ticket without its timer, is mended
// by the desk at once.
//
// It must not know what timers and notices mean, nor how a sign of life
// travels. Run owns its goroutines, but for a question that hangs and does not end
// with its context; Faults may be called by any.
package watchdog
