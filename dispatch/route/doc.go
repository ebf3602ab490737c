// Package route decides whose trouble an alarm is and how urgent: from the labels that a monitoring system gives it to an
// organisation, a hotline, a category of the red button and a priority.
//
// # Terms
//
// [Labels] are what the source says: names with values, such as severity=high, client=romashka, host_group=Romashka/DB. A name may
// have several values. A [Rule] has matchers, all of which must hold, and says what follows. Rules are read in order; each fills
// what no earlier one has said; a rule that is final ends the reading. What no rule says, the labels themselves may: client, org or
// organisation names the organisation by its id, and severity the priority.
//
// # Priorities
//
// An alarm is an emergency when it is severe and somebody is known to suffer: severity high and more of a known organisation is
// Critical, without one High. Average is Normal. Below that it is a warning: a ticket that wakes nobody. An alarm without any
// severity leaves the priority to the dispatcher.
//
// A [Window] of maintenance makes warnings of what it covers, until its end.
//
// The package is pure: no clock and no I/O. A [Table] is read by any goroutine; nobody changes it.
package route
