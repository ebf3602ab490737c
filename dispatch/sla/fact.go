package sla

import "time"

// Kind is what happened.
type Kind uint8

// The facts that move clocks.
const (
	Reported  Kind = iota // a signal of a report arrived: its start; the earliest wins
	Contacted             // an engineer reached the requester
	Withdrawn             // the contact, told plan, public word or sent report with this Ref turned out not to be one
	Attempted             // an engineer tried to reach the requester, in vain
	Reacted               // acknowledged, and diagnosis begun
	Told                  // a complete plan was told to the client
	Updated               // a public word on how it goes
	Restored              // the main function works again
	Analysed              // the root cause is on record
	Delivered             // the report was sent to the client
	Paused                // K3, K5 and K6 stand still from From until Until
	Resumed               // the pause Ref ends, or all of them
	Graded                // the priority and the scope from now on; without At, from the beginning
	Reopened              // a new cycle; Report tells whose trouble is back
	Ended                 // nobody works on it any more: closed or cancelled
	Absorbed              // another ticket, Source, was merged into this one
	Released              // it has gone again, with its reports
	Left                  // this ticket was merged into another
	Returned              // and has become one of its own again
)

// Fact is one thing that happened at At. The fields below Report belong to the
// kinds that their comments name.
type Fact struct {
	Kind   Kind
	At     time.Time
	Ref    string // names the contact, told plan, word, report or pause, so that it can be withdrawn or ended
	Report int    // Reported, Contacted, Attempted, Reopened: whose; 0 = everybody's

	Source   string        // Reported, Graded, Absorbed, Released: the ticket that it came with
	Machine  bool          // Reported: no human waits
	Lag      time.Duration // Reported: how long the signal lay before it was received
	Since    time.Time     // Reported with Source: the merge that brought it; before, it is not known here. Graded with Source: its T0
	Due      time.Time     // Reported with Source: when the contact was due there
	Channel  string        // Attempted
	ETA      time.Time     // Told
	Next     time.Time     // Updated: when the next word is promised
	From     time.Time     // Paused: zero = At
	Until    time.Time     // Paused: it ends by itself then
	Grade    Grade         // Graded
	Scope    Scope         // Graded
	Misjudge bool          // Graded: what makes it more urgent was there in the first signal
}

// Grade is a priority, by its name.
type Grade string

// The grades, most urgent first. The zero Grade is Critical.
const (
	Critical Grade = "critical"
	High     Grade = "high"
	Normal   Grade = "normal"
	Low      Grade = "low"
)

// rank orders grades: the lower, the more urgent.
func (g Grade) rank() int {
	switch g {
	case High:
		return 1
	case Normal:
		return 2
	case Low:
		return 3
	case Critical:
	}
	return 0
}

// Scope is which clocks a ticket has at all.
type Scope uint8

// The scopes.
const (
	AllClocks   Scope = iota // an incident
	ContactOnly              // a request: somebody waits for an answer
	NoClocks                 // a warning or a task of our own: nobody waits
)

// has reports whether a clock is in the scope.
func (s Scope) has(n Name) bool {
	return s == AllClocks || s == ContactOnly && n == FirstContactClock
}
