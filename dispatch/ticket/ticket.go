package ticket

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
)

// Ticket is the state that follows from a log.
type Ticket struct {
	ID       string        `json:"id"`
	Number   Number        `json:"number"`
	Stage    Stage         `json:"stage"`
	Priority Priority      `json:"priority"`
	Category Category      `json:"category,omitempty"`
	Line     string        `json:"line,omitempty"`
	Language string        `json:"language,omitempty"`
	Caller   client.Number `json:"caller,omitempty"`
	Name     string        `json:"caller_name,omitempty"`
	Client   client.Match  `json:"client,omitzero"`
	Party    string        `json:"party,omitempty"`
	Limit    time.Duration `json:"first_contact_limit_ns,omitempty"`

	OpenedAt     time.Time `json:"opened_at"` // T0
	Acknowledged Taken     `json:"acknowledged,omitzero"`
	Assignee     string    `json:"assignee,omitempty"`
	ContactAt    time.Time `json:"contact_at,omitzero"`   // first accept key
	PageReason   string    `json:"page_reason,omitempty"` // why paging was raised; empty = it was not
	Reopened     int       `json:"reopened,omitempty"`    // how often a call took the acknowledgement away
	CallBack     CallBack  `json:"call_back,omitzero"`    // the client was cut off and nobody has talked to him since
	MergedInto   string    `json:"merged_into,omitempty"`
	Stamps       Stamps    `json:"stamps"` // of the current cycle

	Class    Class      `json:"class,omitempty"`
	Policy   string     `json:"policy,omitempty"`   // version of the pinned policy; empty = the log is older than policies
	Reports  int        `json:"reports,omitempty"`  // requesters so far; the next report's number is one more
	Cycle    int        `json:"cycle,omitempty"`    // how often it was reopened
	Plan     int        `json:"plan,omitempty"`     // the latest version
	Planned  bool       `json:"planned,omitempty"`  // and it is complete
	Pauses   []Paused   `json:"pauses,omitempty"`   // not resumed
	Absorbed []Absorbed `json:"absorbed,omitempty"` // the tickets that are merged into this one
	Parent   string     `json:"parent,omitempty"`   // the mass incident that it belongs to
	Machine  bool       `json:"machine,omitempty"`  // monitoring has opened it
	Storm    string     `json:"storm,omitempty"`    // the source whose tickets are counted together
	Version  int64      `json:"version"`            // counts the changes of this state; set by Apply
}

// Taken says who acknowledged, how and when.
type Taken struct {
	By  string    `json:"by"`
	How string    `json:"how"`
	At  time.Time `json:"at"`
}

// IsZero reports whether nobody has acknowledged.
func (t Taken) IsZero() bool { return t.At.IsZero() }

// CallBack says whom somebody must call back.
type CallBack struct {
	Call   string        `json:"call"`   // the call that was cut
	Number client.Number `json:"number"` // the caller's
	At     time.Time     `json:"at"`     // when the cut was found
}

// IsZero reports whether nobody waits for a call.
func (c CallBack) IsZero() bool { return c.At.IsZero() }

// OwesCall reports whether the client of an open ticket waits for our call.
func (t Ticket) OwesCall() bool { return t.Open() && !t.CallBack.IsZero() }

// Stamps holds when each stage was first reached; each is written once.
type Stamps map[Stage]time.Time

// Open reports whether work on the ticket is expected.
func (t Ticket) Open() bool { return t.ID != "" && !t.Stage.Final() }

// NeedsPage reports whether somebody must be paged for the ticket: it is open,
// Critical, and nobody has acknowledged it.
func (t Ticket) NeedsPage() bool {
	return t.Open() && t.Priority == Critical && t.Acknowledged.IsZero()
}

// TakenBy reports whether a person has acknowledged the ticket.
func (t Ticket) TakenBy(person string) bool {
	return !t.Acknowledged.IsZero() && t.Acknowledged.By == person
}

// Broken is the result of a call that Vahta's own stop cut, and the reason of
// the page it raises.
const Broken = "broken"

// ReopenWithin is how long after its last stage was reached a ticket that was
// stabilised, reported or closed is reopened by a signal of the same trouble.
// Later it is a new ticket, linked as a repeat.
const ReopenWithin = 72 * time.Hour

// Reopens reports whether a signal of the same trouble at that moment reopens
// the ticket.
func (t Ticket) Reopens(at time.Time) bool {
	switch t.Stage {
	case Stabilised, RootCause, Report, Closed:
		return at.Before(t.Stamps[t.Stage].Add(ReopenWithin))
	case New, Triage, Diagnosis, PlanSent, Hot, Cancelled, Merged, stages:
	}
	return false
}
