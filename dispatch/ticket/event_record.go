package ticket

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
)

// Tasked adds or changes a task that remains to be done; a recommendation of
// the report is one.
type Tasked struct {
	Task     string        `json:"task"` // unique in the ticket
	Sort     string        `json:"sort"` // recommendation, follow_up, rca
	Text     string        `json:"text"`
	Priority Priority      `json:"priority,omitempty"`
	Owner    string        `json:"owner,omitempty"` // a person, or "client"
	Due      time.Time     `json:"due,omitzero"`
	Effort   time.Duration `json:"effort_ns,omitempty"`
}

// TaskDone ends a task.
type TaskDone struct {
	Task   string `json:"task"`
	Result string `json:"result"` // done, refused, dropped
	Note   string `json:"note,omitempty"`
}

// Connected opens a remote session.
type Connected struct {
	Session string `json:"session"` // unique in the ticket
	Asset   string `json:"asset,omitempty"`
	Way     string `json:"way"` // vpn, rdp, anydesk, ssh, console …
	Purpose string `json:"purpose,omitempty"`
}

// Disconnected closes a remote session.
type Disconnected struct {
	Session string `json:"session"`
	Note    string `json:"note,omitempty"`
}

// Revealed says that a person was shown where a secret is kept. The secret
// itself is nowhere in Vahta.
type Revealed struct {
	Asset  string `json:"asset"`
	Access string `json:"access"` // which access of the asset
	Reason string `json:"reason"`
}

// Timed is working time on the ticket, as it was measured; TimeSettled says
// what counts.
type Timed struct {
	Entry  string    `json:"entry"` // unique in the ticket
	Person string    `json:"person"`
	Source string    `json:"source"` // call, session, stage, manual
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Ref    string    `json:"ref,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// TimeSettled confirms, corrects or drops (zero) a time entry.
type TimeSettled struct {
	Entry string        `json:"entry"`
	Time  time.Duration `json:"time_ns"`
	Note  string        `json:"note,omitempty"`
}

// RootCaused is a version of the root-cause record; the later one replaces.
type RootCaused struct {
	Cause     string   `json:"cause"`
	Class     string   `json:"class,omitempty" doc:"hardware, software, capacity, change, human, attack, supplier or unknown"` // one of CauseClasses
	Whys      []string `json:"whys,omitempty"`
	Factors   []string `json:"factors,omitempty"`
	NotCaught string   `json:"not_caught,omitempty"` // why it was not seen earlier
	Evidence  []string `json:"evidence,omitempty"`
	Fixed     string   `json:"fixed,omitempty"` // what was mended for good
	Complete  bool     `json:"complete,omitempty"`
}

// CauseClasses are the classes of root causes, for which reports have words. Logs
// of older versions may have others.
func CauseClasses() []string {
	return []string{"hardware", "software", "capacity", "change", "human", "attack", "supplier", "unknown"}
}

// Explained is the justification of a clock that was not met.
type Explained struct {
	Clock  sla.Name `json:"clock"`
	Report int      `json:"report,omitempty"`
	Text   string   `json:"text"`
}

// Curated changes how a line of the log stands in the report; the line itself
// stays.
type Curated struct {
	Seq    int       `json:"seq"`
	Hidden *bool     `json:"hidden,omitempty"` // nil = as it was
	Text   string    `json:"text,omitempty"`
	At     time.Time `json:"at,omitzero"` // displayed instead of the line's own
}

// Drafted says that a version of the report was made. Its model is kept beside
// the log under Hash.
type Drafted struct {
	Version  int    `json:"version"` // from 1
	Hash     string `json:"hash"`    // SHA-256 of the model
	Head     string `json:"head"`    // hash of the log's last line that it tells
	Language string `json:"language"`
}

// Approved releases a version of the report to the client.
type Approved struct {
	Version int `json:"version"`
}

// ReportRead says that the client has opened a version of the report; the first
// time counts.
type ReportRead struct {
	Version int    `json:"version"`
	How     string `json:"how"` // page, pdf
}

// Rated is the client's word on how we did.
type Rated struct {
	Score   int    `json:"score"` // 1 to 5
	Comment string `json:"comment,omitempty"`
}

// T0Moved says that an earlier signal became known.
type T0Moved struct {
	Report int       `json:"report,omitempty"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Signal string    `json:"signal,omitempty"`
}

// Recomputed says that the clocks are judged by another policy from now on; the
// verdicts by the old one stay in Before.
type Recomputed struct {
	Policy sla.Policy  `json:"policy"`
	Before []sla.Clock `json:"before"`
	Reason string      `json:"reason"`
}

// Warned says that a level of a clock was reached and who was told.
type Warned struct {
	Clock  sla.Name      `json:"clock"`
	Report int           `json:"report,omitempty"`
	Level  string        `json:"level"` // such as 45m, 75%, due
	To     []string      `json:"to,omitempty"`
	Late   time.Duration `json:"late_ns,omitempty"`
}

// Classified changes what kind of work the ticket is: a warning turns out to be
// an incident, an unreadable signal a request.
type Classified struct {
	Class  Class  `json:"class"`
	Reason string `json:"reason,omitempty"`
}
