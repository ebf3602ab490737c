package ticket

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/sla"
)

// Event is one line of a ticket's log. Seq, Prev and Hash are set when the
// line is stored.
type Event struct {
	Ticket  string    `json:"ticket"`
	Seq     int       `json:"seq"`               // from 1, without gaps
	At      time.Time `json:"at"`                // boundary stamp, microseconds, UTC
	By      string    `json:"by,omitempty"`      // person id, "caller", or "vahta"
	Channel string    `json:"channel,omitempty"` // call, cli, portal …
	Key     string    `json:"-"`                 // two events of a ticket with the same key are one; empty = always new
	Body    Body      `json:"-"`
	Prev    string    `json:"prev,omitempty"` // hash of the line before
	Hash    string    `json:"hash,omitempty"`
}

// Body is what happened; its concrete type is one of the types of this file.
type Body interface{ Kind() Kind }

// Kind names the concrete type of a body in storage and in JSON.
type Kind string

// The kinds of events.
const (
	KindOpened       Kind = "opened"
	KindJoined       Kind = "joined"
	KindAttempted    Kind = "attempted"
	KindAccepted     Kind = "accepted"
	KindCallEnded    Kind = "call_ended"
	KindPageRaised   Kind = "page_raised"
	KindAcknowledged Kind = "acknowledged"
	KindNoted        Kind = "noted"
	KindMoved        Kind = "stage_moved"
	KindCategorised  Kind = "categorised"
	KindPrioritised  Kind = "prioritised"
	KindMerged       Kind = "merged"
	KindRecallAsked  Kind = "recall_asked"
	KindRecallTried  Kind = "recall_tried"
	KindRecallEnded  Kind = "recall_ended"

	KindSpecialistAsked  Kind = "specialist_asked"
	KindSpecialistTook   Kind = "specialist_took"
	KindSpecialistMissed Kind = "specialist_missed"
	KindNobodyReached    Kind = "nobody_reached"
)

// Opened starts the log. Its event's At is T0: the stamp of the first signal
// at our edge.
type Opened struct {
	ID       string        `json:"id"`
	Number   Number        `json:"number"`
	Priority Priority      `json:"priority"`
	Category Category      `json:"category,omitempty"`
	Line     string        `json:"line,omitempty"`
	Language string        `json:"language,omitempty"`
	Call     string        `json:"call,omitempty"`
	Caller   client.Number `json:"caller,omitempty"`
	Name     string        `json:"caller_name,omitempty"`
	Client   client.Match  `json:"client,omitzero"`
	Party    string        `json:"party,omitempty"` // whose further calls join this ticket; empty = nobody's
	Limit    time.Duration `json:"first_contact_limit_ns,omitempty"`
	// Class, From, Signal and Text are those of a ticket that no call opened; a call's are in the fields above.
	Class  Class    `json:"class,omitempty"`
	From   Contact  `json:"from,omitzero"`
	Signal string   `json:"signal,omitempty"` // channel/key
	Text   string   `json:"text,omitempty"`
	Files  []string `json:"files,omitempty"` // content hashes
	// Policy are the clocks' rules, pinned at T0; nil of a log written before there were any.
	Policy *sla.Policy `json:"policy,omitempty"`
	// Received is when the signal was received, where T0 is an earlier stamp; Skewed says that its own stamp was not believed.
	Received time.Time `json:"received,omitzero"`
	Occurred time.Time `json:"occurred,omitzero"` // when a machine says that the trouble began
	Skewed   bool      `json:"clock_skew,omitempty"`
	Machine  bool      `json:"machine,omitempty"` // no human waits: the signal is monitoring's
	Storm    string    `json:"storm,omitempty"`   // the source whose tickets are counted together, lest it floods us
}

// Class is what kind of work a ticket is.
type Class string

// The classes. The zero Class is an incident.
const (
	Incident   Class = ""
	Warning    Class = "warning"    // of a machine: no emergency, wakes nobody
	Request    Class = "request"    // of a client: an audit, an estimate, a question
	Task       Class = "task"       // of our own: a follow-up, a recurring check
	Unreadable Class = "unreadable" // a signal that could not be decoded: somebody must look
)

// Valid reports whether the class is one we know.
func (c Class) Valid() bool {
	switch c {
	case Incident, Warning, Request, Task, Unreadable:
		return true
	}
	return false
}

// Joined is a further call of a requester while the ticket is open.
type Joined struct {
	Report int           `json:"report,omitempty"` // whose; 0 = the first
	Call   string        `json:"call,omitempty"`
	Caller client.Number `json:"caller,omitempty"`
	Name   string        `json:"caller_name,omitempty"`
	Line   string        `json:"line,omitempty"`
}

// Attempted is one try to reach one person on one device.
type Attempted struct {
	Attempt string        `json:"attempt"`
	Page    bool          `json:"page,omitempty"` // a page, not the live call's ladder
	Call    string        `json:"call,omitempty"`
	Person  string        `json:"person"`
	Device  string        `json:"device,omitempty"`
	Outcome string        `json:"outcome"`
	Cause   string        `json:"cause,omitempty"`
	Status  int           `json:"status,omitempty"` // SIP
	Q850    int           `json:"q850,omitempty"`
	Took    time.Duration `json:"took_ns,omitempty"`
	// Repeats counts earlier tries of the same page cycle that ended alike on
	// the same device and have no line of their own.
	Repeats int `json:"repeats,omitempty"`
}

// Accepted is the accept key: a human engineer took the caller.
type Accepted struct {
	Call   string `json:"call"`
	Person string `json:"person"`
	Device string `json:"device,omitempty"`
}

// CallEnded closes one call of the ticket.
type CallEnded struct {
	Call      string        `json:"call"`
	Result    string        `json:"result"`
	Person    string        `json:"person,omitempty"` // who talked
	Talk      time.Duration `json:"talk_ns,omitempty"`
	Recording string        `json:"recording,omitempty"`
	Cause     string        `json:"cause,omitempty"`
}

// PageRaised says that from now on the ladder goes on as pages.
type PageRaised struct {
	Reason string        `json:"reason"`
	Again  bool          `json:"again,omitempty"`   // takes the acknowledgement away
	Late   time.Duration `json:"late_ns,omitempty"` // how long after it was due, when that is worth a word
}

// Acknowledged says that a person has taken the ticket; paging stops.
type Acknowledged struct {
	How string `json:"how"` // accept_key, voice_page, cli …
}

// Noted is a line of text. Contact names the call or message that the author
// confirms as a real contact with the client.
type Noted struct {
	Text    string `json:"text"`
	Public  bool   `json:"public,omitempty"`
	Contact string `json:"contact,omitempty"`
}

// Moved changes the stage.
type Moved struct {
	To     Stage  `json:"to"`
	Reason string `json:"reason,omitempty"`
	// Unreported says why an emergency is closed without a root cause or a report that was sent.
	Unreported string `json:"without_report,omitempty" doc:"Why a critical ticket is closed without a root cause or a report that was sent; without this it is refused"`
}

// Categorised sets the red-button category.
type Categorised struct {
	Category Category `json:"category"`
}

// Prioritised changes the priority; a downgrade needs a reason.
type Prioritised struct {
	Priority Priority `json:"priority"`
	Reason   string   `json:"reason,omitempty"`
	// Misjudged says that what makes it more urgent was there in the first signal: the clocks count from T0 then.
	Misjudged bool `json:"misjudged,omitempty"`
	// Source is the merged ticket that brought the priority, and Since its T0: what the incident as a whole is promised counts from
	// then. Both end when it has gone again.
	Source string    `json:"source,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// MergedInto makes the ticket a pointer to another.
type MergedInto struct {
	Target string `json:"target"`
}

// RecallAsked says that the caller of a call that was cut has to be called
// back. Vahta does it itself unless Refused says why it may not.
type RecallAsked struct {
	Call    string        `json:"call"` // the one that was cut
	Number  client.Number `json:"number,omitempty"`
	Refused string        `json:"refused,omitempty"` // a client.Refusal
}

// RecallTried is one try of Vahta to reach the caller of a cut call.
type RecallTried struct {
	Call   string        `json:"call"` // the one that was cut
	Try    int           `json:"try"`  // from 1
	Result string        `json:"result"`
	Took   time.Duration `json:"took_ns,omitempty"`
}

// RecallEnded says that Vahta tries no more to reach the caller of a cut call,
// though it has not: in vain, or because nobody needs it any more.
type RecallEnded struct {
	Call   string `json:"call"`
	Reason string `json:"reason"` // one of the Recall reasons
	Tries  int    `json:"tries,omitempty"`
}

// Why Vahta calls a client back no more.
const (
	RecallGivenUp  = "given_up"   // he did not answer
	RecallNeedless = "not_needed" // somebody talked to him, he called himself, or the ticket is closed
)

// SpecialistAsked says that those who have a skill are paged, one after
// another, besides whoever has the ticket.
type SpecialistAsked struct {
	Skill  string   `json:"skill"`
	People []string `json:"people"` // in the order in which they are asked
	// Expired are those of People whose certificate has run out.
	Expired []string `json:"expired,omitempty"`
}

// SpecialistTook says that one of them has acknowledged.
type SpecialistTook struct {
	Skill   string `json:"skill"`
	Person  string `json:"person"`
	Expired bool   `json:"expired,omitempty"` // the certificate has run out
}

// SpecialistMissed says that none of them has, or that nobody was needed any more.
type SpecialistMissed struct {
	Skill string `json:"skill"`
	Tries int    `json:"tries"` // pages that went out
}

// NobodyReached says that people have been paged for minutes, and none has
// acknowledged. Paging goes on; whoever watches the screens must know.
type NobodyReached struct {
	Since time.Time `json:"since"` // when paging began
	Pages int       `json:"pages"` // that went out so far
}

// Forgotten is the reason of a page about a ticket on which nobody has acted
// since it was acknowledged.
const Forgotten = "forgotten"

// DecodeBody reads the stored form of a body.
func DecodeBody(k Kind, data []byte) (Body, error) {
	read, ok := decoders[k]
	if !ok {
		return nil, fmt.Errorf("read event: unknown kind %q; it was written by a newer version", k)
	}
	return read(data)
}

func decode[T Body](data []byte) (Body, error) {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("read event body %s: %w", v.Kind(), err)
	}
	return v, nil
}

// MarshalJSON writes the event with its kind and body.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	return json.Marshal(struct {
		plain
		Kind Kind `json:"kind"`
		Body Body `json:"body"`
	}{plain(e), e.Body.Kind(), e.Body})
}

// Chain returns the event as the store keeps it: numbered, linked to the hash
// of the line before, and with its own hash over seq, stamp, author, channel,
// kind and the stored bytes of the body.
func Chain(e Event, body []byte, seq int, prev string) Event {
	e.Seq, e.Prev = seq, prev
	b := make([]byte, 0, 160+len(body))
	b = fmt.Appendf(b, "%s\n%s\n%d\n%d\n%q\n%q\n%s\n", prev, e.Ticket, seq, e.At.UnixMicro(), e.By, e.Channel, e.Body.Kind())
	sum := sha256.Sum256(append(b, body...))
	e.Hash = hex.EncodeToString(sum[:16])
	return e
}

// Verify checks the chain of a whole log, oldest first, and names the first
// line that does not fit. bodies holds the stored bytes of each event's body.
func Verify(events []Event, bodies [][]byte) error { return VerifyErased(events, bodies, nil) }

// VerifyErased is Verify of a log out of which words were taken: allows says
// whether a line may stand with another hash than the chain has of it.
func VerifyErased(events []Event, bodies [][]byte, allows func(seq int, was, is string) bool) error {
	prev := ""
	for i, e := range events {
		want := Chain(e, bodies[i], i+1, prev)
		fits := e.Hash == want.Hash || allows != nil && allows(e.Seq, e.Hash, want.Hash)
		if e.Seq != want.Seq || e.Prev != want.Prev || !fits {
			return fmt.Errorf("verify log of ticket %s: line %d (stored as %d) was altered, or a line before it is missing", e.Ticket, i+1, e.Seq)
		}
		prev = e.Hash
	}
	return nil
}
