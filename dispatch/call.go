package dispatch

import (
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/oncall"
)

// AttemptKind tells the live call's ladder from pages.
type AttemptKind string

// The kinds of attempts.
const (
	AttemptCall AttemptKind = "call"
	AttemptPage AttemptKind = "page"
)

// AttemptOutcome is how one try to reach a person ended.
type AttemptOutcome string

// The outcomes of attempts.
const (
	AttemptAccepted     AttemptOutcome = "accepted"
	AttemptAcknowledged AttemptOutcome = "acknowledged" // a page's key 1
	AttemptEscalated    AttemptOutcome = "escalated"    // a page's key 2
	AttemptDeclined     AttemptOutcome = "declined"     // key 2, or 603
	AttemptNoKey        AttemptOutcome = "no_key"       // answered, pressed nothing: a mailbox perhaps
	AttemptBusy         AttemptOutcome = "busy"
	AttemptNoAnswer     AttemptOutcome = "no_answer"
	AttemptSilent       AttemptOutcome = "silent" // no SIP answer at all
	AttemptUnreachable  AttemptOutcome = "unreachable"
	AttemptFailed       AttemptOutcome = "failed"
	AttemptCancelled    AttemptOutcome = "cancelled" // another accepted, or the caller left
)

// Attempt is one try to reach one person on one device.
type Attempt struct {
	Ref     Ref
	ID      string // unique within the ticket; a repeat with the same id is one attempt
	Call    string
	Person  string
	Device  oncall.Device
	Kind    AttemptKind
	Outcome AttemptOutcome
	Cause   string
	Status  int // SIP status; 0 = none
	Q850    int
	At      time.Time // its beginning
	Took    time.Duration
}

// Accepted is the accept key of an engineer on a live call.
type Accepted struct {
	Ref    Ref
	Call   string
	Person string
	Device oncall.Device
	At     time.Time // the key, not the 200 OK
	T0     time.Time // first INVITE of the call; zero = the ticket's
	// What is known of the call at the key: it is all that remains of a call
	// that Vahta did not live to end. Both may be empty.
	Recording string // file of the recording that runs
	Legs      []Leg
	Out       bool // an engineer calls the client back
}

// CallResult is how a call ended.
type CallResult string

// The results of calls.
const (
	CallServed    CallResult = "served"    // caller and engineer talked
	CallAbandoned CallResult = "abandoned" // the caller left before anyone accepted
	CallExhausted CallResult = "exhausted" // all rounds through, nobody accepted
	CallFailed    CallResult = "failed"    // a fault of ours or of the trunk
	CallBroken    CallResult = "broken"    // Vahta stopped in the middle of it
	CallRefused   CallResult = "refused"   // shed or not admitted
	CallPaged     CallResult = "paged"     // an outgoing page, ended
)

// Lost reports whether a call with this result leaves its ticket without a
// human, so that paging must go on.
func (r CallResult) Lost() bool {
	switch r {
	case CallAbandoned, CallExhausted, CallFailed, CallBroken, CallRefused:
		return true
	case CallServed, CallPaged:
		return false
	}
	return true
}

// Outcome ends a call: its result and its whole detail.
type Outcome struct {
	Ref    Ref
	Call   string
	Result CallResult
	Cause  string
	At     time.Time
	Detail CallDetail
}

// CallDetail is the record of one call, kept as one value.
type CallDetail struct {
	AnsweredAt time.Time `json:"answered_at,omitzero"` // our 200 to the caller
	AcceptedBy string    `json:"accepted_by,omitempty"`
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	// AcknowledgedBy pressed the key when the caller had left already.
	AcknowledgedBy string `json:"acknowledged_by,omitempty"`
	// Talk is how long caller and engineer were joined. 0 of a broken call means
	// not known: whoever served it told nobody.
	Talk      time.Duration `json:"talk_ns,omitempty"`
	Rounds    int           `json:"rounds,omitempty"`
	Out       bool          `json:"out,omitempty"` // an engineer has called the client
	Legs      []Leg         `json:"legs,omitempty"`
	Ladder    []Step        `json:"ladder,omitempty"`
	Recording Recording     `json:"recording,omitzero"`
	// Note says what was wrong on the way, in the engine's words: one-way audio, a recording that failed.
	Note string `json:"note,omitempty"`
	// Degraded names what could not be asked while the call went on: "rotation", "arbiter", "record".
	Degraded []string `json:"degraded,omitempty"`
}

// Leg is one party of a call.
type Leg struct {
	Name       string    `json:"name"` // "A", or the person's id
	Person     string    `json:"person,omitempty"`
	Device     string    `json:"device,omitempty"`
	Trunk      string    `json:"trunk,omitempty"`
	CallID     string    `json:"call_id,omitempty"` // SIP Call-ID
	StartedAt  time.Time `json:"started_at"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
	Outcome    string    `json:"outcome,omitempty"`
	Cause      string    `json:"cause,omitempty"`
	Status     int       `json:"status,omitempty"`
	Q850       int       `json:"q850,omitempty"`
	Quality    Quality   `json:"quality,omitzero"`
}

// Quality are the media figures of one leg, as we received it.
type Quality struct {
	Codec    string  `json:"codec,omitempty"`
	SRTP     string  `json:"srtp,omitempty"` // how the sound was encrypted, "" = not at all
	Packets  uint64  `json:"packets,omitempty"`
	Sent     uint64  `json:"sent,omitempty"`
	Lost     uint64  `json:"lost,omitempty"`
	JitterMs float64 `json:"jitter_ms,omitempty"`
	RTTMs    float64 `json:"rtt_ms,omitempty"`
	MOS      float64 `json:"mos,omitempty"`
}

// Step is one line of the ladder diagram of a call.
type Step struct {
	At   time.Time `json:"at"`
	Leg  string    `json:"leg"`
	Out  bool      `json:"out,omitempty"` // sent by us
	Text string    `json:"text"`          // "INVITE", "180 Ringing", "key 1"
}

// Recording points at the file of a call.
type Recording struct {
	Path     string        `json:"path,omitempty"`
	Duration time.Duration `json:"duration_ns,omitempty"`
	Bytes    int64         `json:"bytes,omitempty"`
	Erased   time.Time     `json:"erased,omitzero"` // the person asked for it: whoever still has the file destroys it
}

// CallRecord is one call as stored.
type CallRecord struct {
	ID         string        `json:"id"`
	Ref        Ref           `json:"ticket"`
	Line       string        `json:"line,omitempty"`
	DID        string        `json:"did,omitempty"`
	Caller     client.Number `json:"caller,omitempty"`
	CallerName string        `json:"caller_name,omitempty"`
	Trunk      string        `json:"trunk,omitempty"`
	Node       string        `json:"node,omitempty"` // who serves it
	StartedAt  time.Time     `json:"started_at"`
	AcceptedAt time.Time     `json:"accepted_at,omitzero"`
	AcceptedBy string        `json:"accepted_by,omitempty"`
	EndedAt    time.Time     `json:"ended_at,omitzero"` // zero = in progress
	Result     CallResult    `json:"result,omitempty"`
	Cause      string        `json:"cause,omitempty"`
	Detail     CallDetail    `json:"detail,omitzero"`
}
