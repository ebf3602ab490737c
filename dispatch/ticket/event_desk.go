package ticket

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
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
	// Source is the ticket that the report came with by a merge. T0 is then its own, and its first contact stands as it stood
	// there: due at Due, reached at Contact by ContactRef unless that is zero. (Dossier.Leaving fills them.)
	Source     string    `json:"source,omitempty"`
	Origin     int       `json:"origin,omitempty"` // its number there
	T0         time.Time `json:"t0,omitzero"`      // zero = the event's At
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
	Report  int     `json:"report,omitempty"` // 0 = all reports
	Purpose Purpose `json:"purpose"`
	To      Contact `json:"to"`
	Subject string  `json:"subject,omitempty"`
	Text    string  `json:"text"`
	Human   bool    `json:"human,omitempty"`   // a person sent it, template or not; else a machine did
	Version int     `json:"version,omitempty"` // of the plan or report it tells
}

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
	Class     string   `json:"class,omitempty"` // hardware, software, capacity, change, human, attack, supplier, unknown
	Whys      []string `json:"whys,omitempty"`
	Factors   []string `json:"factors,omitempty"`
	NotCaught string   `json:"not_caught,omitempty"` // why it was not seen earlier
	Evidence  []string `json:"evidence,omitempty"`
	Fixed     string   `json:"fixed,omitempty"` // what was mended for good
	Complete  bool     `json:"complete,omitempty"`
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
