package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Schema is the form of models that this version writes.
const Schema = 1

// Model is one version of a report. It is written once and never changed.
type Model struct {
	Schema   int       `json:"schema"`
	Language string    `json:"language"` // ru or en
	Zone     string    `json:"zone"`     // IANA; of all times that are shown
	Version  int       `json:"version"`
	MadeAt   time.Time `json:"made_at"`
	MadeBy   string    `json:"made_by,omitempty"`
	LogSeq   int       `json:"log_seq"`  // the last line of the log that it tells
	LogHead  string    `json:"log_head"` // and that line's hash
	Provider Provider  `json:"provider"`

	Head     Head      `json:"head"`
	Summary  []string  `json:"summary"`                   // three to five sentences for whoever reads no further
	Written  bool      `json:"summary_written,omitempty"` // a person has written the summary
	Timeline []Line    `json:"timeline"`
	Actions  []Action  `json:"actions,omitempty"`
	Effort   []Effort  `json:"effort,omitempty"`
	Result   Result    `json:"result"`
	Cause    Cause     `json:"cause,omitzero"`
	Advice   []Advice  `json:"advice,omitempty"`
	Earlier  []Advice  `json:"earlier_advice,omitempty"` // of earlier reports, not carried out yet
	Clocks   []Clock   `json:"clocks,omitempty"`
	Pauses   []Pause   `json:"pauses,omitempty"`
	Promise  Promise   `json:"promise,omitzero"`
	Calls    []Call    `json:"calls,omitempty"`
	Messages []Message `json:"messages,omitempty"`
	Answers  []Answer  `json:"answers,omitempty"`
	Files    []File    `json:"files,omitempty"`
	Redacted int       `json:"redacted,omitempty"` // how many places were blackened
}

// Provider is who writes the report.
type Provider struct {
	Name  string `json:"name" yaml:"name"`
	Phone string `json:"phone,omitempty" yaml:"phone"`
	Mail  string `json:"mail,omitempty" yaml:"mail"`
	Site  string `json:"site,omitempty" yaml:"site"`
}

// Head says which incident it is.
type Head struct {
	Number   ticket.Number   `json:"number"`
	Client   string          `json:"client,omitempty"`
	Contract string          `json:"contract,omitempty"`
	Class    ticket.Class    `json:"class,omitempty"`
	Category ticket.Category `json:"category,omitempty"`
	Priority ticket.Priority `json:"priority"`
	Title    string          `json:"title,omitempty"` // the trouble in a line
	Services []string        `json:"services,omitempty"`
	Assets   []string        `json:"assets,omitempty"`
	Began    time.Time       `json:"began"`             // of the outage, as far as it is known
	Known    time.Time       `json:"known"`             // the first signal reached us
	Ended    time.Time       `json:"ended,omitzero"`    // the main function worked again
	Outages  []Outage        `json:"outages,omitempty"` // from Began to Ended, without the times between
	Engineer string          `json:"engineer,omitempty"`
	Team     []string        `json:"team,omitempty"`    // others who took part
	Repeats  int             `json:"repeats,omitempty"` // how often it was reopened
}

// Outage is one span of the trouble; an open end is zero.
type Outage struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
}

// Line is one line of the chronology.
type Line struct {
	Seq    int         `json:"seq"`
	At     time.Time   `json:"at"`
	Own    time.Time   `json:"own_at,omitzero"` // the log's own time, when another one is shown
	Kind   ticket.Kind `json:"kind"`
	Source string      `json:"source"` // in words: call, mail, engineer …
	Who    string      `json:"who,omitempty"`
	Text   string      `json:"text"`
	Key    bool        `json:"key,omitempty"` // one of the turning points
	// Internal lines are left out of a report; curation sees them.
	Internal bool `json:"internal,omitempty"`
	Edited   bool `json:"edited,omitempty"`
}

// Action is what somebody did: a remote session, a step of a runbook.
type Action struct {
	At     time.Time `json:"at"`
	Until  time.Time `json:"until,omitzero"`
	Who    string    `json:"who,omitempty"`
	Way    string    `json:"way,omitempty"` // VPN, RDP …
	Asset  string    `json:"asset,omitempty"`
	What   string    `json:"what"`
	Result string    `json:"result,omitempty"`
}

// Effort is the working time of one person.
type Effort struct {
	Who  string        `json:"who"`
	Time time.Duration `json:"time_ns"`
}

// Result is how it ended.
type Result struct {
	Restored  bool      `json:"restored"`
	At        time.Time `json:"at,omitzero"`
	Statement string    `json:"statement,omitempty"`
	Check     string    `json:"check,omitempty"`
	Loss      string    `json:"loss,omitempty"`
	Risks     string    `json:"risks,omitempty"`
	Confirmed time.Time `json:"confirmed,omitzero"` // by the client
	By        string    `json:"confirmed_by,omitempty"`
}

// Cause is the root cause.
type Cause struct {
	Complete  bool     `json:"complete,omitempty"`
	Cause     string   `json:"cause,omitempty"`
	Class     string   `json:"class,omitempty"`
	Whys      []string `json:"whys,omitempty"`
	Factors   []string `json:"factors,omitempty"`
	NotCaught string   `json:"not_caught,omitempty"`
	Evidence  []string `json:"evidence,omitempty"`
	Fixed     string   `json:"fixed,omitempty"`
}

// IsZero reports whether nothing is known of the cause.
func (c Cause) IsZero() bool { return c.Cause == "" && len(c.Whys) == 0 && c.Fixed == "" }

// Advice is a recommendation; it is tracked as a task.
type Advice struct {
	Task     string          `json:"task,omitempty"`
	Ticket   string          `json:"ticket,omitempty"` // number of the one that it comes from, when that is another
	Text     string          `json:"text"`
	Priority ticket.Priority `json:"priority,omitempty"`
	Owner    string          `json:"owner,omitempty"`
	Due      time.Time       `json:"due,omitzero"`
	Effort   time.Duration   `json:"effort_ns,omitempty"`
	Done     bool            `json:"done,omitempty"`
}

// Clock is one promise and how it was kept.
type Clock struct {
	Name    sla.Name      `json:"name"`
	Of      string        `json:"of,omitempty"` // whose first contact, when there are several
	Start   time.Time     `json:"start"`
	Due     time.Time     `json:"due,omitzero"`
	By      bool          `json:"by,omitempty"` // the promise is a moment (Due), not a length
	Stop    time.Time     `json:"stop,omitzero"`
	Limit   time.Duration `json:"limit_ns,omitempty"`
	Days    int           `json:"days,omitempty"` // a limit in business days
	Elapsed time.Duration `json:"elapsed_ns"`
	Verdict string        `json:"verdict"`
	Why     string        `json:"why,omitempty"`    // the justification of a breach
	Lag     time.Duration `json:"lag_ns,omitempty"` // of Elapsed, how long the signal lay before it was received
	Tried   time.Time     `json:"attempted_at,omitzero"`
	Periods int           `json:"periods,omitempty"` // from word to word
	Missed  int           `json:"missed,omitempty"`  // of them, how many were too long
}

// Pause is a span in which clocks stood still.
type Pause struct {
	From   time.Time          `json:"from"`
	To     time.Time          `json:"to,omitzero"`
	Reason ticket.PauseReason `json:"reason"`
	Note   string             `json:"note,omitempty"`
}

// Promise are the times of stabilisation that the client was told.
type Promise struct {
	First        time.Time `json:"first,omitzero"`
	FirstVerdict string    `json:"first_verdict,omitempty"`
	Last         time.Time `json:"last,omitzero"`
	LastVerdict  string    `json:"last_verdict,omitempty"`
	Times        int       `json:"times,omitempty"` // how many were named
	Late         int       `json:"late,omitempty"`  // of them, how many after the one before had passed
}

// IsZero reports whether none was told.
func (p Promise) IsZero() bool { return p.First.IsZero() }

// Call is a telephone call of the annex.
type Call struct {
	At     time.Time     `json:"at"`
	Way    string        `json:"way"`              // in, back
	Number string        `json:"number,omitempty"` // masked
	Who    string        `json:"who,omitempty"`    // the engineer
	Talk   time.Duration `json:"talk_ns,omitempty"`
	Result string        `json:"result,omitempty"`
}

// Message is a message of the annex.
type Message struct {
	At      time.Time      `json:"at"`
	Purpose ticket.Purpose `json:"purpose"`
	Channel string         `json:"channel"`
	To      string         `json:"to,omitempty"`
	Subject string         `json:"subject,omitempty"`
	State   string         `json:"state"` // waits, sent, failed
}

// Answer is an answer of a check list.
type Answer struct {
	Asked  string `json:"asked"`
	Answer string `json:"answer"`
}

// File is an attachment of the ticket.
type File struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes,omitempty"`
	Hash  string `json:"hash"`
}

// Encode returns the stored form of a model.
func (m Model) Encode() ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write report %s version %d: %w", m.Head.Number, m.Version, err)
	}
	return b, nil
}

// Hash names the stored form of a model.
func Hash(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

// Decode reads the stored form of a model and checks that it is the one that
// has the hash.
func Decode(encoded []byte, hash string) (Model, error) {
	if got := Hash(encoded); got != hash {
		return Model{}, fmt.Errorf("read report: it is not what was written: its hash is %s, expected %s", got, hash)
	}
	var m Model
	if err := json.Unmarshal(encoded, &m); err != nil {
		return Model{}, fmt.Errorf("read report %s: %w", hash, err)
	}
	if m.Schema > Schema {
		return Model{}, fmt.Errorf("read report %s: it was written by a newer version (form %d, this one reads up to %d)", hash, m.Schema, Schema)
	}
	return m, nil
}

// Seal is what happened to a version after it was made.
type Seal struct {
	Hash       string    `json:"hash"`
	ApprovedBy string    `json:"approved_by,omitempty"`
	ApprovedAt time.Time `json:"approved_at,omitzero"` // zero = a draft
	SentAt     time.Time `json:"sent_at,omitzero"`
	SentBy     []string  `json:"sent_by,omitempty"` // channels that took it
	OpenedAt   time.Time `json:"opened_at,omitzero"`
}

// Approved reports whether the version may leave the house.
func (s Seal) Approved() bool { return !s.ApprovedAt.IsZero() }
