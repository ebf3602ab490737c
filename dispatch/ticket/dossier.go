package ticket

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
)

// Dossier is everything that a log tells, in the form that screens, reports
// and verbs need. The Ticket in it is the small state that the board holds of
// every open one; the rest is read when somebody looks.
type Dossier struct {
	Ticket Ticket  `json:"ticket"`
	Log    []Event `json:"-"`    // as it was folded, oldest first
	Seq    int     `json:"seq"`  // of the last line: what its reader has seen
	Head   string  `json:"head"` // hash of the last line

	Opened Opened     `json:"opened"`
	T0     time.Time  `json:"t0"`     // of the incident: the earliest of its reports
	Policy sla.Policy `json:"policy"` // as it is in force at the end of the log
	Cycles []Cycle    `json:"cycles"` // at least one

	Stories  []Story              `json:"stories"` // the reports, by number
	Calls    []Call               `json:"calls,omitempty"`
	Messages []Message            `json:"messages,omitempty"`
	Tries    []Line[ContactTried] `json:"tries,omitempty"`

	Triage       Triaged          `json:"triage"`            // the latest word on each part
	Answers      []Line[Answered] `json:"answers,omitempty"` // the latest to each question, in the order in which they were first answered
	Steps        []Line[Stepped]  `json:"steps,omitempty"`
	Participants []Participant    `json:"participants,omitempty"`

	Plans        []Plan                  `json:"plans,omitempty"` // by version, from 1
	Updates      []Line[Updated]         `json:"updates,omitempty"`
	Untold       map[int]Line[Unsent]    `json:"untold,omitempty"`       // updates that have not reached the client by any way, by their seq
	Restorations []Line[Restored]        `json:"restorations,omitempty"` // one per cycle at most
	Confirmed    []Line[ClientConfirmed] `json:"confirmed,omitempty"`
	Pauses       []Pause                 `json:"pauses,omitempty"`

	Sessions []Session        `json:"sessions,omitempty"`
	Reveals  []Line[Revealed] `json:"reveals,omitempty"`
	Times    []TimeEntry      `json:"times,omitempty"`
	Todo     []Todo           `json:"tasks,omitempty"` // tasks and recommendations

	RootCauses []Line[RootCaused]    `json:"root_causes,omitempty"` // versions; the last counts
	Explained  []Line[Explained]     `json:"explained,omitempty"`   // the latest of each clock
	Curations  map[int]Line[Curated] `json:"curations,omitempty"`   // how a line stands in the report, by its seq
	Versions   []Version             `json:"report_versions,omitempty"`
	Ratings    []Line[Rated]         `json:"ratings,omitempty"`

	Links      []Line[Linked]     `json:"links,omitempty"` // that stand
	Splits     []Line[Split]      `json:"splits,omitempty"`
	Recomputed []Line[Recomputed] `json:"recomputed,omitempty"`
	Warnings   []Line[Warned]     `json:"warnings,omitempty"`
}

// Line is one line of the log with its body's type known.
type Line[T any] struct {
	Seq     int       `json:"seq"`
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`
	Channel string    `json:"channel,omitempty"`
	Body    T         `json:"body"`
}

// Cycle is one pass through the protocol: from the first signal, or from a
// reopening, until the next one.
type Cycle struct {
	From   time.Time `json:"from"`
	Report int       `json:"report"` // whose signal began it
	Reason string    `json:"reason,omitempty"`
	Stamps Stamps    `json:"stamps"`
}

// Story is a report: what one requester told, and how to reach him. Its clock
// is the K1 with its number.
type Story struct {
	Report   int          `json:"report"`
	T0       time.Time    `json:"t0"`
	From     Contact      `json:"from"`
	Text     string       `json:"text,omitempty"`
	Machine  bool         `json:"machine,omitempty"`
	Skewed   bool         `json:"clock_skew,omitempty"`
	Occurred time.Time    `json:"occurred,omitzero"` // when a machine says that it began
	Source   string       `json:"source,omitempty"`  // the ticket that it came with by a merge
	Origin   int          `json:"origin,omitempty"`  // its number there
	Gone     bool         `json:"gone,omitempty"`    // with that ticket again
	Signals  []SignalLine `json:"signals"`
}

// SignalLine is one signal of a report.
type SignalLine struct {
	Seq      int       `json:"seq"`
	At       time.Time `json:"at"`
	Signal   string    `json:"signal"` // channel/key
	From     Contact   `json:"from"`
	Text     string    `json:"text,omitempty"`
	Files    []string  `json:"files,omitempty"`
	Machine  bool      `json:"machine,omitempty"`
	Recovery bool      `json:"recovery,omitempty"`
}

// Call is one call of the ticket: of the client, or back to him.
type Call struct {
	ID        string        `json:"id"`
	Report    int           `json:"report"`
	Caller    client.Number `json:"caller,omitempty"`
	Name      string        `json:"caller_name,omitempty"`
	Line      string        `json:"line,omitempty"`
	At        time.Time     `json:"at"`
	Accepted  time.Time     `json:"accepted_at,omitzero"`
	Person    string        `json:"person,omitempty"`
	Ended     time.Time     `json:"ended_at,omitzero"`
	Result    string        `json:"result,omitempty"`
	Talk      time.Duration `json:"talk_ns,omitempty"`
	Recording string        `json:"recording,omitempty"`
	Confirmed bool          `json:"confirmed,omitempty"` // a note says that it was a real contact
}

// Message is a message to the client and what became of it.
type Message struct {
	Seq int       `json:"seq"`
	At  time.Time `json:"at"`
	By  string    `json:"by,omitempty"`
	Messaged
	SentAt   time.Time `json:"sent_at,omitzero"`  // zero = on its way, or failed
	SentBy   string    `json:"sent_by,omitempty"` // the channel that took it
	SentRef  string    `json:"sent_ref,omitempty"`
	FailedAt time.Time `json:"failed_at,omitzero"` // the latest failure that no later Sent has mended
	Hard     bool      `json:"hard,omitempty"`
	Cause    string    `json:"cause,omitempty"`
}

// Participant is somebody who works on the ticket beside the assignee.
type Participant struct {
	Person string    `json:"person"`
	Role   string    `json:"role,omitempty"`
	From   time.Time `json:"from"`
	Left   time.Time `json:"left,omitzero"`
}

// Plan is one version of the plan.
type Plan struct {
	Seq int       `json:"seq"`
	At  time.Time `json:"at"`
	By  string    `json:"by,omitempty"`
	Planned
	ToldAt   time.Time `json:"told_at,omitzero"` // when the client first knew it; zero = a draft
	Tellings []Telling `json:"told,omitempty"`   // that stand
}

// Telling is how the client came to know a plan.
type Telling struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Channel string    `json:"channel"`
	With    string    `json:"with,omitempty"`
	Message string    `json:"message,omitempty"`
}

// Pause is one pause of the clocks that may pause.
type Pause struct {
	Seq int    `json:"seq"`
	By  string `json:"by,omitempty"`
	Paused
	At      time.Time `json:"at"`               // when it was entered; From is when it begins
	Resumed time.Time `json:"resumed,omitzero"` // zero = it ends at Until
	Why     string    `json:"why,omitempty"`    // it was resumed
}

// Session is a remote session.
type Session struct {
	Seq int       `json:"seq"`
	At  time.Time `json:"at"`
	By  string    `json:"by,omitempty"`
	Connected
	Ended time.Time `json:"ended,omitzero"`
	Note  string    `json:"note,omitempty"`
}

// TimeEntry is working time and what counts of it.
type TimeEntry struct {
	Seq int `json:"seq"`
	Timed
	Settled   bool          `json:"settled"`
	Counts    time.Duration `json:"counts_ns"` // as measured until it is settled
	SettledBy string        `json:"settled_by,omitempty"`
	Remark    string        `json:"remark,omitempty"` // of who settled it
}

// Todo is a task as it stands.
type Todo struct {
	Seq int       `json:"seq"`
	At  time.Time `json:"at"`
	By  string    `json:"by,omitempty"`
	Tasked
	Ended  time.Time `json:"ended,omitzero"`
	Result string    `json:"result,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// Version is one version of the client's report.
type Version struct {
	Seq int       `json:"seq"`
	At  time.Time `json:"at"`
	By  string    `json:"by,omitempty"`
	Drafted
	ApprovedAt time.Time `json:"approved_at,omitzero"`
	ApprovedBy string    `json:"approved_by,omitempty"`
	SentAt     time.Time `json:"sent_at,omitzero"`
	OpenedAt   time.Time `json:"opened_at,omitzero"`
	How        string    `json:"how,omitempty"` // page, pdf
}
