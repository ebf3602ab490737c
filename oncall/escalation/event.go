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
	// Acted says that somebody worked on an incident that was acknowledged.
	Acted EventKind = "acted"
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

// silent reports whether the telephone rang, or was picked up, and nothing came of it: such a person may still call back, so
// the next step keeps its time. All others have refused, or cannot be reached.
func (o Outcome) silent() bool { return o == NoAnswer || o == NoKey }

// Event is one input of the machine.
type Event struct {
	Kind EventKind
	// Page is the number of the page that Answered and Result speak of.
	Page int
	// Outcome belongs to Result.
	Outcome Outcome
	// Person is who acknowledged; empty: the person of the page, or unknown.
	Person string
}

// ActionKind is what the caller is to do.
type ActionKind string

// The actions.
const (
	// PageNow: ring the page's person or number, say why, ask for a key, report Answered and Result.
	PageNow ActionKind = "page"
	// CancelPage: stop a page under way; nobody needs it any more, or nothing was heard of it.
	CancelPage ActionKind = "cancel"
	// FallBack: the policy's steps found nobody, so the last resort is paged in this round; record it.
	FallBack ActionKind = "fall_back"
	// NobodyToPage: a whole round found nobody; record it loudly. Paging goes on after the pause.
	NobodyToPage ActionKind = "nobody"
	// Forgotten: nobody has acted on the incident since it was acknowledged. The acknowledgement counts no more.
	Forgotten ActionKind = "forgotten"
	// GiveUp: the policy's rounds are over, in vain.
	GiveUp ActionKind = "give_up"
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
	Number int `json:"number"`
	// Round counts the rounds from 1.
	Round int `json:"round"`
	// Step is the index of the policy's step; negative for the page that precedes the steps, the number of steps for the last
	// resort that follows them. Walk is the step its stretch began with, Lane the target of a step with Together.
	Step int `json:"step"`
	Walk int `json:"walk,omitempty"`
	Lane int `json:"lane,omitempty"`
	// Tier is the tier of the chain, or else the target, that brought the person.
	Tier string `json:"tier,omitempty"`
	// Person is the ID of a person; empty for a static emergency number.
	Person string `json:"person,omitempty"`
	// Provenance says why this person.
	Provenance oncall.Provenance `json:"provenance,omitzero"`
	// Static is the emergency number when Person is empty.
	Static oncall.StaticNumber `json:"static,omitzero"`
	// RingTime is how long one device rings unless it says otherwise.
	RingTime time.Duration `json:"ring_time_ns,omitempty"`
	// Skill is what the person is paged for, Expired that the certificate of it has run out.
	Skill   string `json:"skill,omitempty"`
	Expired bool   `json:"expired,omitempty"`
	// AfterAck says that the page is wanted although somebody has acknowledged.
	AfterAck bool `json:"after_ack,omitempty"`
	// Due is when the page is given up.
	Due time.Time `json:"due,omitzero"`
}

// isResort reports whether the page is one of the last resort.
func (p Page) isResort() bool { return p.Tier == oncall.Everyone || p.Tier == oncall.Static }

// Key identifies whom the page rings. IDs of people never hold a colon.
func (p Page) Key() string {
	if p.Person != "" {
		return p.Person
	}
	return "static:" + p.Static.Number
}
