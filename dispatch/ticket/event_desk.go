package ticket

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
)

// The kinds of events that the work on a ticket makes. Each is the snake_case
// name of its body.
const (
	KindReported    Kind = "reported"
	KindSignalled   Kind = "signalled"
	KindMessaged    Kind = "messaged"
	KindSent        Kind = "message_sent"
	KindUnsent      Kind = "message_failed"
	KindContacted   Kind = "contacted"
	KindContactTry  Kind = "contact_tried"
	KindTriaged     Kind = "triaged"
	KindAnswered    Kind = "answered"
	KindStepped     Kind = "stepped"
	KindAssigned    Kind = "assigned"
	KindHandedOver  Kind = "handed_over"
	KindTookPart    Kind = "took_part"
	KindPlanned     Kind = "planned"
	KindPlanTold    Kind = "plan_told"
	KindUpdated     Kind = "updated"
	KindStabilised  Kind = "stabilised"
	KindConfirmed   Kind = "client_confirmed"
	KindPaused      Kind = "paused"
	KindResumed     Kind = "resumed"
	KindReopened    Kind = "reopened"
	KindAbsorbed    Kind = "absorbed"
	KindUnmerged    Kind = "unmerged"
	KindReleased    Kind = "released"
	KindSplit       Kind = "split"
	KindLinked      Kind = "linked"
	KindUnlinked    Kind = "unlinked"
	KindTasked      Kind = "tasked"
	KindTaskDone    Kind = "task_done"
	KindConnected   Kind = "session_opened"
	KindDisconnect  Kind = "session_closed"
	KindRevealed    Kind = "secret_revealed"
	KindTimed       Kind = "timed"
	KindTimeSettled Kind = "time_settled"
	KindRootCaused  Kind = "root_caused"
	KindExplained   Kind = "breach_explained"
	KindCurated     Kind = "line_curated"
	KindDrafted     Kind = "report_drafted"
	KindApproved    Kind = "report_approved"
	KindReportRead  Kind = "report_opened"
	KindRated       Kind = "rated"
	KindT0Moved     Kind = "t0_moved"
	KindRecomputed  Kind = "clocks_recomputed"
	KindWarned      Kind = "clock_warned"
	KindClassified  Kind = "classified"
)

// Reported is a further story of the incident: a requester of his own, with a
// first contact of his own. The first report is made by Opened and has the
// number 1.
type Reported struct {
	Report int     `json:"report"` // from 2
	From   Contact `json:"from"`
	Signal string  `json:"signal,omitempty"` // channel/key
	Text   string  `json:"text,omitempty"`
	// T0 is its own where that is not the event's At.
	T0 time.Time `json:"t0,omitzero"`
	// Source is the ticket that the report came with by a merge. Its first contact stands as it stood there: due at Due, reached
	// at Contact by ContactRef unless that is zero.
	Source     string    `json:"source,omitempty"`
	Origin     int       `json:"origin,omitempty"` // its number there
	Due        time.Time `json:"contact_due,omitzero"`
	Contact    time.Time `json:"contact_at,omitzero"`
	ContactRef string    `json:"contact_ref,omitempty"`
	Machine    bool      `json:"machine,omitempty"`    // no human waits: the signal is monitoring's
	Received   time.Time `json:"received,omitzero"`    // when the signal was received, where T0 is an earlier stamp
	Skewed     bool      `json:"clock_skew,omitempty"` // its own stamp was not believed
}

// Contact is one person or address on the client's side.
type Contact struct {
	Channel string       `json:"channel"`           // call, email, telegram, sms, portal, monitor …
	Address string       `json:"address,omitempty"` // number, mail address, chat; as the channel writes it
	Name    string       `json:"name,omitempty"`
	Party   string       `json:"party,omitempty"` // whose further signals join this ticket
	Client  client.Match `json:"client,omitzero"`
	// Unproven says that the address may be forged; who may have it is no more than Maybe a client then.
	Unproven bool `json:"unproven,omitempty"`
}

// Signalled is a further signal of a requester that is no call: a mail, a
// message, an alarm.
type Signalled struct {
	Report  int      `json:"report,omitempty"` // 0 = the first
	Signal  string   `json:"signal"`           // channel/key
	From    Contact  `json:"from"`
	Text    string   `json:"text,omitempty"`
	Files   []string `json:"files,omitempty"`   // content hashes
	Machine bool     `json:"machine,omitempty"` // no human wrote it: it is no word of the client
	// Recovery says that the trouble reported by a machine is over; it proposes Stabilised and moves nothing.
	Recovery bool `json:"recovery,omitempty"`
	// Repeats counts earlier signals of a flood that have no line of their own; all are kept as signals.
	Repeats int `json:"repeats,omitempty"`
}

// Purpose says what a message to the client is for.
type Purpose string

// The purposes of messages.
const (
	ForReceipt  Purpose = "receipt" // by Vahta itself; never a contact
	ForReply    Purpose = "reply"
	ForPlan     Purpose = "plan"
	ForUpdate   Purpose = "update"
	ForStatus   Purpose = "status" // a stage was reached
	ForReport   Purpose = "report"
	ForQuestion Purpose = "question" // the client's answer is waited for
)

// Messaged is a message to a requester: it is committed with its notice.
// Whether it arrived is told by Sent or Unsent with the same ID.
type Messaged struct {
	Message string  `json:"message"`          // unique in the ticket
	Report  int     `json:"report,omitempty"` // 0 = all reports, Nobody = none
	Also    []int   `json:"also,omitempty"`   // further reports of the same requester
	Purpose Purpose `json:"purpose"`
	To      Contact `json:"to"`
	Subject string  `json:"subject,omitempty"`
	Text    string  `json:"text"`
	Human   bool    `json:"human,omitempty"`   // a person sent it, template or not; else a machine did
	Version int     `json:"version,omitempty"` // of the plan or report it tells
}

// Nobody is the Report of a message to somebody who is none of the requesters: it
// is no contact with any of them.
const Nobody = -1

// Sent says that the transport of a channel has accepted a message.
type Sent struct {
	Message string `json:"message"`
	Channel string `json:"channel"`
	Ref     string `json:"ref,omitempty"` // the transport's own name of it
}

// Unsent says that a message did not arrive: at once, or by a bounce that came
// later. A Hard failure of a message that was a contact withdraws the contact.
type Unsent struct {
	Message string `json:"message"`
	Channel string `json:"channel"`
	Hard    bool   `json:"hard,omitempty"`
	Cause   string `json:"cause,omitempty"`
}

// Contacted says that an engineer reached a requester, other than by the accept
// key of a call that came in: by a call-back that was answered, or on the spot.
type Contacted struct {
	Report  int           `json:"report,omitempty"` // 0 = the first
	Channel string        `json:"channel"`
	Ref     string        `json:"ref,omitempty"` // call
	With    string        `json:"with,omitempty"`
	Talk    time.Duration `json:"talk_ns,omitempty"`
	Note    string        `json:"note,omitempty"`
}

// Counts reports whether it is a first contact: a talk of less than 5 s is one
// only with a note that confirms it.
func (c Contacted) Counts() bool { return c.Channel != "call" || c.Talk >= minTalk || c.Note != "" }

// ContactTried is a try to reach a requester that failed.
type ContactTried struct {
	Report  int    `json:"report,omitempty"`
	Channel string `json:"channel"`
	Ref     string `json:"ref,omitempty"`
	Result  string `json:"result"` // no_answer, busy, voicemail, bounced …
}

// Triaged is the engineer's judgement of the scale of the trouble.
type Triaged struct {
	Category Category `json:"category,omitempty"`
	Impact   Level    `json:"impact,omitempty"`
	Urgency  Level    `json:"urgency,omitempty"`
	Services []string `json:"services,omitempty"` // in the client's words: 1С, почта
	Assets   []string `json:"assets,omitempty"`   // ids
	Summary  string   `json:"summary,omitempty"`
}

// Level is a step of impact or urgency.
type Level string

// The levels.
const (
	NoLevel Level = ""
	LowLvl  Level = "low"
	MidLvl  Level = "medium"
	HighLvl Level = "high"
)

// Answered is a typed answer of a check list; a later one to the same question
// replaces it.
type Answered struct {
	List     string `json:"list"`
	Version  int    `json:"version,omitempty"` // of the list
	Question string `json:"question"`
	Answer   string `json:"answer"` // in the form of the question's type
	// Asked and Type are the question in words and the type of its answer (yes_no, text, host, time), as they were when it was answered.
	Asked string `json:"asked,omitempty"`
	Type  string `json:"type,omitempty"`
}

// Stepped is a step of a runbook that was carried out, skipped or failed.
type Stepped struct {
	Runbook string `json:"runbook"`
	Version int    `json:"version,omitempty"`
	Step    string `json:"step"`
	Did     string `json:"did,omitempty"` // the step in words, as it was when it was taken
	Result  string `json:"result"`        // done, skipped, failed
	Note    string `json:"note,omitempty"`
	Public  bool   `json:"public,omitempty"`
}

// Assigned gives the ticket to a person; he is not asked.
type Assigned struct {
	To     string `json:"to"`
	Reason string `json:"reason,omitempty"`
}

// HandedOver gives the ticket to a person who has agreed, with what he must
// know.
type HandedOver struct {
	From string `json:"from"`
	To   string `json:"to"`
	Note string `json:"note"`
}

// TookPart adds a participant, or lets one go.
type TookPart struct {
	Person string `json:"person"`
	Role   string `json:"role,omitempty"` // skill or function
	Left   bool   `json:"left,omitempty"`
}

// Planned is a version of the plan. A complete one has all of hypothesis,
// actions, fallback, ETA and engineer; what is not complete is a draft.
type Planned struct {
	Version    int       `json:"version"` // from 1
	Hypothesis string    `json:"hypothesis,omitempty"`
	Actions    []string  `json:"actions,omitempty"`
	Fallback   string    `json:"fallback,omitempty"`
	ETA        time.Time `json:"eta,omitzero"` // of stabilisation
	Engineer   string    `json:"engineer,omitempty"`
	Reason     string    `json:"reason,omitempty"` // of a revision
}

// Complete reports whether the plan has all its parts.
func (p Planned) Complete() bool {
	return p.Hypothesis != "" && len(p.Actions) > 0 && p.Fallback != "" && !p.ETA.IsZero() && p.Engineer != ""
}

// PlanTold says that a version of the plan was told to the client by voice; a
// written one is told by the Sent of its message.
type PlanTold struct {
	Version int    `json:"version"`
	Ref     string `json:"ref,omitempty"` // call
	With    string `json:"with,omitempty"`
}

// Updated is a public word on how it goes. Next is when the next one is
// promised.
type Updated struct {
	Text string    `json:"text"`
	Next time.Time `json:"next,omitzero"`
}

// Restored says that the main function works again: the engineer's statement
// and the check that showed it.
type Restored struct {
	Statement string `json:"statement"`
	Check     string `json:"check"`
	Loss      string `json:"loss,omitempty"` // of data: how much, to which point
	Risks     string `json:"risks,omitempty"`
}

// ClientConfirmed says that the client has said that it works.
type ClientConfirmed struct {
	With string `json:"with,omitempty"`
	Ref  string `json:"ref,omitempty"`
}

// PauseReason is why clocks may stand still.
type PauseReason string

// The reasons of pauses.
const (
	WaitsForClient PauseReason = "client"      // a public question was sent
	WaitsForVendor PauseReason = "third_party" // the client's own supplier
	WaitsForAccess PauseReason = "no_access"   // by the client's fault
	WaitsForWindow PauseReason = "agreed_window"
)

// Paused lets the clocks that may pause stand still from From on (zero: the
// event's At).
type Paused struct {
	Pause  string      `json:"pause"` // unique in the ticket
	Reason PauseReason `json:"reason"`
	From   time.Time   `json:"from,omitzero"`
	Until  time.Time   `json:"until"` // expected end; it ends by itself then
	Note   string      `json:"note,omitempty"`
}

// Resumed ends a pause; an empty Pause ends all.
type Resumed struct {
	Pause  string `json:"pause,omitempty"`
	Reason string `json:"reason"` // desk, signal, due, problem
}

// Reopened begins a new cycle of a ticket that was stabilised, reported or
// closed.
type Reopened struct {
	Report int    `json:"report,omitempty"` // whose trouble is back
	Signal string `json:"signal,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Absorbed says that another ticket was merged into this one; its reports
// follow as Reported with their own T0.
type Absorbed struct {
	Source string    `json:"source"`
	Number Number    `json:"number"`
	T0     time.Time `json:"t0"`
	// Parties are those whose further signals come here now.
	Parties []string `json:"parties,omitempty"`
	// Priority is that of the source, and Was the one that this ticket had if it was lower; 0 = it was not.
	Priority Priority `json:"priority,omitempty"`
	Was      Priority `json:"was,omitempty"`
}

// Unmerged makes a merged ticket one of its own again.
type Unmerged struct {
	Target string `json:"target"`
	Stage  Stage  `json:"stage"` // where it stood
	Reason string `json:"reason,omitempty"`
}

// Released says that a merged ticket has gone again, with its reports.
type Released struct {
	Source string `json:"source"`
}

// Split says that a signal of this ticket has become a ticket of its own.
type Split struct {
	Target string `json:"target"`
	Number Number `json:"number"`
	Signal string `json:"signal"`
}

// Relation is how two tickets belong together.
type Relation string

// The relations.
const (
	ChildOf    Relation = "child_of"
	ParentOf   Relation = "parent_of"
	FollowUpOf Relation = "follow_up_of"
	RepeatOf   Relation = "repeat_of"
	SplitFrom  Relation = "split_from"
	SeeAlso    Relation = "see_also"
)

// Linked relates the ticket to another.
type Linked struct {
	Relation Relation `json:"relation"`
	Ticket   string   `json:"ticket"`
	Number   Number   `json:"number"`
}

// Unlinked ends a relation.
type Unlinked struct {
	Relation Relation `json:"relation"`
	Ticket   string   `json:"ticket"`
}
