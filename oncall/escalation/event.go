package escalation

import (
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// EventKind is what happened.
type EventKind string

// The events.
const (
	// Start begins paging.
	Start EventKind = "start"
	// Wake says that State.Due has come.
	Wake EventKind = "wake"
	// Answered says that the page was picked up; no key yet.
	Answered EventKind = "answered"
	// Result ends a page with an outcome.
	Result EventKind = "result"
	// Acknowledged says that somebody took the incident by another way than a page.
	Acknowledged EventKind = "acknowledged"
	// Closed says that the incident is over.
	Closed EventKind = "closed"
)

// String returns the event's key.
func (k EventKind) String() string { return string(k) }

// Outcome is how a page ended.
type Outcome string

// The outcomes.
const (
	// Acked: the acknowledge key was pressed.
	Acked Outcome = "acked"
	// Escalated: the escalate key was pressed; the next one is paged at once.
	Escalated Outcome = "escalated"
	// NoKey: picked up, but no key came: a mailbox, or a person asleep.
	NoKey       Outcome = "no_key"
	Busy        Outcome = "busy"
	Declined    Outcome = "declined"
	NoAnswer    Outcome = "no_answer"
	Unreachable Outcome = "unreachable"
	Failed      Outcome = "failed"
)

// String returns the outcome's key.
func (o Outcome) String() string { return string(o) }

// Event is one input of the machine.
type Event struct {
	Kind EventKind
	// Page is the number of the page that Answered and Result speak of.
	Page int
	// Outcome belongs to Result.
	Outcome Outcome
}

// ActionKind is what the caller is to do.
type ActionKind string

// The actions.
const (
	// PageNow: ring the page's person or number, say why, ask for a key, report Answered and Result.
	PageNow ActionKind = "page"
	// CancelPage: stop the page under way; nobody needs it any more, or nothing was heard of it.
	CancelPage ActionKind = "cancel"
	// FallBack: the policy's steps found nobody, so the chain, or else the last resort, is paged in this round; record it.
	FallBack ActionKind = "fall_back"
	// NobodyToPage: a whole round found nobody; record it loudly. Paging goes on after the pause.
	NobodyToPage ActionKind = "nobody"
	// Finish: paging has ended for good.
	Finish ActionKind = "finish"
)

// String returns the action's key.
func (k ActionKind) String() string { return string(k) }

// Action is one output of the machine.
type Action struct {
	Kind ActionKind
	// Page belongs to PageNow and CancelPage.
	Page Page
}

// Page is one attempt.
type Page struct {
	// Number counts the pages of an incident from 1.
	Number int
	// Round counts the rounds from 1.
	Round int
	// Tier is the chain's tier that brought the person.
	Tier string
	// Person is the ID of a person; empty for a static emergency number.
	Person string
	// Provenance says why this person.
	Provenance oncall.Provenance
	// Static is the emergency number when Person is empty.
	Static oncall.StaticNumber
	// RingTime is how long one device rings unless it says otherwise.
	RingTime time.Duration
}

// key identifies whom the page rings, for "nobody twice in one round". IDs of people never hold a colon.
func (p Page) key() string {
	if p.Person != "" {
		return p.Person
	}
	return "static:" + p.Static.Number
}
