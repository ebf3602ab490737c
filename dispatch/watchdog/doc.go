// Package watchdog audits the work that wakes people: every minute it looks for
// steps that were due and have not been taken, for timers and notices that
// nobody fetches, and for tickets that must be paged and nothing will wake.
// While all is well it sends a sign of life to a place outside (Beat), which
// calls for help when the signs stay away: a watchdog that shared the fault
// could not bark.
//
// A fault is logged when it begins and when it ends, counted in the metrics and
// shown by Faults. What can be mended, a ticket without its timer, is mended
// by the desk at once.
//
// It must not know what timers and notices mean, nor how a sign of life
// travels. Run owns its one goroutine; Faults may be called by any.
package watchdog
