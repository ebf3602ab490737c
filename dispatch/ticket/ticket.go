package ticket

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
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
	Stamps       Stamps    `json:"stamps"`
	Version      int64     `json:"version"` // counts the changes of this state; set by Apply
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

// minTalk is the shortest conversation that counts as contact without a
// confirming note.
const minTalk = 5 * time.Second

// Facts takes from a log what the first-contact clock needs to know.
func Facts(log []Event) []sla.Fact {
	var facts []sla.Fact
	confirmed := map[string]bool{}
	for _, e := range log {
		if n, ok := e.Body.(Noted); ok && n.Contact != "" {
			confirmed[n.Contact] = true
		}
	}
	contacted := map[string]bool{}
	for _, e := range log {
		switch b := e.Body.(type) {
		case Opened, Joined:
			facts = append(facts, sla.Fact{Kind: sla.Reported, At: e.At})
		case Accepted:
			contacted[b.Call] = true
			facts = append(facts, sla.Fact{Kind: sla.Contacted, At: e.At, Ref: b.Call})
		case CallEnded:
			// Of a broken call nobody saw the end, so its length is unknown
			// rather than short: the accept key stands, and the page to call
			// back that the break raises mends what the client missed.
			unseen := b.Result == Broken && b.Talk == 0
			if contacted[b.Call] && b.Talk < minTalk && !unseen && !confirmed[b.Call] {
				facts = append(facts, sla.Fact{Kind: sla.Withdrawn, At: e.At, Ref: b.Call})
			}
		}
	}
	return facts
}

// FirstContact reads the first-contact clock of a log at now.
func FirstContact(log []Event, now time.Time) sla.Clock {
	limit := time.Duration(0)
	if len(log) > 0 {
		if o, ok := log[0].Body.(Opened); ok {
			limit = o.Limit
		}
	}
	return sla.FirstContact(Facts(log), limit, now)
}
