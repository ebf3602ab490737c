package dispatch

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// NoticeKind says what a notice is.
type NoticeKind string

// The kinds of notices.
const (
	NoticePage  NoticeKind = "page"  // reach this person about this ticket
	NoticeEvent NoticeKind = "event" // tell a subscriber what happened
	// NoticeRecall rings the client whose call was cut and hunts for an engineer
	// as if he had called again. To is his number.
	NoticeRecall NoticeKind = "recall"
	// NoticeShift tells a person of his turn that begins, or a scheduler of one
	// that nobody has confirmed. It is about no ticket.
	NoticeShift NoticeKind = "shift"
	// NoticeClient is a message to a requester. To is his address on the
	// Channel, Message what he reads.
	NoticeClient NoticeKind = "client"
)

// ClientMessage is what a notice to a client carries, ready to be sent.
type ClientMessage struct {
	ID      string `json:"id"`   // of the message in its ticket's log
	Name    string `json:"name"` // of the one it is for; may be empty
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	Link    string `json:"link,omitempty"`  // the ticket's page; empty = the client has none
	Human   bool   `json:"human,omitempty"` // a person wrote it; else it says that a machine did
	// Enclosed goes with it, on channels that carry files. Only what it is is kept here; Notice.Open reads it.
	Enclosed []Enclosure `json:"enclosed,omitempty"`
	// Purpose, Report and Version are those of the log's Messaged. Next are the
	// ways that are tried when this one fails for good.
	Purpose ticket.Purpose   `json:"purpose,omitempty"`
	Report  int              `json:"report,omitempty"`
	Version int              `json:"version,omitempty"`
	Next    []ticket.Contact `json:"next,omitempty"`
}

// Enclosure is a file that goes with a message: a report that was approved, or a file of the ticket in the vault.
type Enclosure struct {
	Name   string `json:"name"`
	Type   string `json:"type"`             // media type
	Report int    `json:"report,omitempty"` // version of the ticket's report, as PDF
	Hash   string `json:"hash,omitempty"`   // of a file of the ticket
}

// ShiftKind says what a notice of a shift wants.
type ShiftKind string

// The kinds of shift notices.
const (
	ShiftReminder    ShiftKind = "reminder"    // to the person: your turn begins; key 1 confirms it, key 2 declines it
	ShiftUnconfirmed ShiftKind = "unconfirmed" // to a scheduler: it begins and nobody has confirmed it
	ShiftDeclined    ShiftKind = "declined"    // to a scheduler: its person has said that he can not come
	ShiftTest        ShiftKind = "test"        // to a person: a key proves the device
)

// ShiftCall is what a notice of a shift says.
type ShiftCall struct {
	Kind  ShiftKind     `json:"kind"`
	Turns []oncall.Turn `json:"turns,omitempty"` // those that begin, all of one person, by start
	Until time.Time     `json:"until,omitzero"`  // from then on it helps nobody
	// What is said, filled right before the send.
	Day   int          `json:"day,omitempty"`   // from the listener's today to the start: 0 or 1; more = the day is not said
	Clock oncall.Clock `json:"clock,omitempty"` // of the start, as the listener's clock shows it
	Name  string       `json:"name,omitempty"`  // of the person whose turn it is, as it is spoken
}

// Notice is one message the outbox must deliver. It is committed with the
// change that causes it and delivered at least once; ID lets the receiver
// drop repeats.
type Notice struct {
	ID       string // unique; a second notice with the same id is dropped by the store
	Kind     NoticeKind
	Channel  Channel
	To       string // webhook: the endpoint's name; page, shift: the person's id; recall: the client's number; client: his address
	Call     string // recall: the call that was cut
	Ref      Ref
	Person   oncall.Person     // page: whom, filled from the Directory right before the send
	Devices  []oncall.Device   // page: in the order to try
	Page     int               // page: its number within the ticket
	Part     int               // page: which of its Parts notices this is, from 0
	Parts    int               // page: how many notices it has, by the person's rules; 0 = one
	Early    bool              `json:"Early,omitempty"` // page: this part goes before its time, because the one before it was refused
	Skill    string            // page: what the person is asked for as a specialist; empty = to take the ticket
	Expired  bool              // page: the certificate of the skill has run out
	Alarm    string            // page: the name of the alarm that it is about; empty = none
	Party    string            `json:"Party,omitempty"`   // page: whose trouble it is: one page may stand for the next ones about the same client
	Known    bool              `json:"Known,omitempty"`   // page: it is about a client of ours
	Machine  bool              `json:"Machine,omitempty"` // page: monitoring has reported it, no human
	Until    time.Time         `json:"Until,omitzero"`    // page: when paging gives it up and goes on; event: from then on it is no news
	Wanted   bool              // page: it goes out although somebody has the ticket
	RingTime time.Duration     // page: per device that sets none
	Late     time.Duration     // how long after it was due, when that is worth a word
	Reason   string            // page: why nobody has it yet: abandoned, exhausted …
	Line     string            // hotline the ticket came by
	Language string            // of the prompts
	Client   string            // name to say; empty = unknown caller
	Caller   string            // caller's number, masked
	OpenedAt time.Time         // T0, for the waiting time
	Texts    map[string]string // ready sentences by language, for channels that write
	Body     []byte            // event: the JSON to send
	Chain    string            `json:"Chain,omitempty"` // event: those of one chain go out one after another, by DueAt; empty = it is of none
	Shift    ShiftCall         `json:"Shift,omitzero"`  // shift: which turn, and what is said of it
	DueAt    time.Time
	Urgency  int           `json:"Urgency,omitempty"` // page: the lower the sooner it goes out, when many are due
	Attempt  int           // from 1, the delivery try this is
	Message  ClientMessage `json:"Message,omitzero"` // client: what is sent
	// Stamp takes the transport's own name of what it has accepted, such as a
	// Message-ID. It is set while Notify runs and may be nil.
	Stamp func(string) `json:"-"`
	// Open reads what is enclosed; whoever asks closes it. It is set while Notify runs and may be nil.
	Open func(ctx context.Context, e Enclosure) (io.ReadCloser, error) `json:"-"`
	// Report takes each device that a page tried, for the ticket's log. It is
	// set while Notify runs and may be nil.
	Report func(Attempt) `json:"-"`
}

// StaticPerson stands in for the person of a page to a number of last resort.
const StaticPerson = "static"

// AfterCall reports whether a page follows a call that was lost: a client waits
// for a human.
func (n Notice) AfterCall() bool {
	switch CallResult(n.Reason) {
	case CallAbandoned, CallExhausted, CallFailed, CallBroken, CallRefused:
		return !n.Beside()
	case CallServed, CallPaged:
	}
	return false
}

// stale reports whether paging has given the page up, or does so as soon as its
// timer is heard: it decides anew whom to page.
func (n Notice) stale(now time.Time) bool { return !n.Until.IsZero() && !now.Before(n.Until) }

// Result is what a notifier achieved with one notice.
type Result string

// The results of a delivery.
const (
	ResultDelivered    Result = "delivered"    // accepted by the far side; for a page: not yet acknowledged
	ResultAcknowledged Result = "acknowledged" // key 1
	ResultEscalate     Result = "escalate"     // key 2: page the next one
	ResultNoAck        Result = "no_ack"       // answered, no key: a mailbox is not an acknowledgement
	ResultNoAnswer     Result = "no_answer"
	ResultBusy         Result = "busy"
	ResultDeclined     Result = "declined"
	ResultUnreachable  Result = "unreachable"
	ResultWithdrawn    Result = "withdrawn" // no longer needed when its turn came
	ResultPostponed    Result = "postponed" // not tried: its receiver fails, or bears no more now; the claim was no attempt
	ResultLimited      Result = "limited"   // page: not sent, the person was paged too often of late
	ResultBundled      Result = "bundled"   // page: not sent, the person was paged about the same client just now
	ResultFailed       Result = "failed"    // temporary, or permanent when the error says so
)

// Notifier delivers notices of one channel. It returns when the result is
// known. Errors are temporary unless they wrap ErrPermanent.
type Notifier interface {
	Notify(ctx context.Context, n Notice) (Result, error)
}

// ErrPermanent marks a delivery that no retry can mend.
var ErrPermanent = errors.New("permanent delivery failure")

// Delivery is the record of one try of the outbox.
type Delivery struct {
	Notice   Notice
	Result   Result
	Err      string    // empty = none; never a secret
	Stamp    string    // the transport's own name of what it has accepted; empty = it has none
	Final    bool      // no further try follows
	RetryAt  time.Time // when not final
	At       time.Time // its beginning
	Took     time.Duration
	Attempts []Attempt // page: the devices tried; empty = one attempt is derived
}

// Timer is a thing to do later, kept in the store. Kind and Ticket name it:
// setting it again moves it.
type Timer struct {
	Ticket string
	Kind   TimerKind
	DueAt  time.Time
	State  []byte // JSON of the machine behind it
	Gen    int64  // counts its changes, so that nothing is decided on a stale one
	// Urgency orders timers that are due at once: the lower the sooner.
	Urgency int `json:",omitempty"`
}

// TimerKind names what a timer wakes.
type TimerKind string

// TimerPage wakes the paging of a ticket.
const TimerPage TimerKind = "page"

// skillPrefix begins the kind of the timer behind a search for a specialist.
const skillPrefix = "skill:"

func skillTimer(skill string) TimerKind { return TimerKind(skillPrefix + skill) }

// skill returns what a search is for; ok is false for other timers.
func (k TimerKind) skill() (skill string, ok bool) { return strings.CutPrefix(string(k), skillPrefix) }

// alarmPrefix begins the kind of the timer behind an alarm.
const alarmPrefix = "alarm:"

func alarmTimer(name string) TimerKind { return TimerKind(alarmPrefix + name) }

// beside reports whether the timer is that of pages beside the ladder: of a
// search for a specialist or of an alarm.
func (k TimerKind) beside() bool {
	return strings.HasPrefix(string(k), skillPrefix) || strings.HasPrefix(string(k), alarmPrefix)
}

// alarms reports whether the timer is that of an alarm.
func (k TimerKind) alarms() bool { return strings.HasPrefix(string(k), alarmPrefix) }

// timer names the timer behind the page of a notice.
func (n Notice) timer() TimerKind {
	switch {
	case n.Skill != "":
		return skillTimer(n.Skill)
	case n.Alarm != "":
		return alarmTimer(n.Alarm)
	}
	return TimerPage
}

// Beside reports whether a page is beside the ladder: its key confirms, and takes
// the ticket only when nobody has it.
func (n Notice) Beside() bool { return n.Skill != "" || n.Alarm != "" }

// TimerClock wakes the next level of a ticket's clocks.
const TimerClock TimerKind = "clock"

// taskPrefix begins the kind of the timer behind a task that remains to be done.
const taskPrefix = "task:"

func taskTimer(task string) TimerKind { return TimerKind(taskPrefix + task) }

// tasks reports whether the timer is that of a task.
func (k TimerKind) tasks() bool { return strings.HasPrefix(string(k), taskPrefix) }
