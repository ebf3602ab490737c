package dispatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
)

// Channel names the way a contact came or a notice goes.
type Channel string

// The channels of this build.
const (
	ChannelCall    Channel = "call"    // telephone calls
	ChannelVoice   Channel = "voice"   // voice pages
	ChannelWebhook Channel = "webhook" // signed events outward
	ChannelCLI     Channel = "cli"     // the vahta commands
	ChannelAPI     Channel = "api"     // JSON signals of other programs
	ChannelPortal  Channel = "portal"  // the client's own pages
	ChannelEmail   Channel = "email"
	ChannelChat    Channel = "telegram"
	ChannelSMS     Channel = "sms"
	ChannelMonitor Channel = "monitor" // alarms of machines
)

// Signal is one inbound fact, in the same shape from every channel.
type Signal struct {
	Channel Channel
	Key     string    // idempotency key, unique within the channel; for calls a name made of Call-ID and From tag: two callers may bring one Call-ID
	At      time.Time // when it was received at our boundary; for calls the first INVITE. It is T0 unless the channel brings an earlier stamp that is believed
	Raw     []byte    // what came, byte for byte, kept for later reading
	Call    *CallSignal
	// Message is what was decoded from Raw, on channels that are no calls. It is
	// not stored: a later decoder may read the same bytes better. Whoever has it
	// ready and no bytes may leave Raw nil.
	Message *MessageSignal
}

// CallSignal is what a call brings. Numbers are as received.
type CallSignal struct {
	Line       string `json:"line"` // id of the hotline; empty = found by DID
	DID        string `json:"did,omitempty"`
	Caller     string `json:"caller,omitempty"`
	CallerName string `json:"caller_name,omitempty"`
	Anonymous  bool   `json:"anonymous,omitempty"`
	CallID     string `json:"call_id"` // our id of the call; empty = Signal.Key
	Trunk      string `json:"trunk,omitempty"`
	Diversion  string `json:"diversion,omitempty"`
}

// maxKey bounds idempotency keys: longer ones are no key but an attack.
const maxKey = 512

// Validate reports what a signal lacks.
func (s Signal) Validate() error {
	var faults []error
	if s.Channel == "" {
		faults = append(faults, errors.New("channel: required"))
	}
	if s.Key == "" || len(s.Key) > maxKey {
		faults = append(faults, fmt.Errorf("key: %d bytes, want 1 to %d", len(s.Key), maxKey))
	}
	if s.At.IsZero() {
		faults = append(faults, errors.New("at: required"))
	}
	if s.Channel == ChannelCall && s.Call == nil {
		faults = append(faults, errors.New("call: required on the call channel"))
	}
	if s.Channel != ChannelCall && s.Raw == nil && s.Message == nil {
		faults = append(faults, errors.New("raw: required unless there is a message"))
	}
	if len(s.Raw) > maxRaw {
		faults = append(faults, fmt.Errorf("raw: %d bytes, want %d at most", len(s.Raw), maxRaw))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("check signal: %w", err)
	}
	return nil
}

// SignalID names a stored signal.
type SignalID struct {
	Channel Channel
	Key     string
}

// ID returns the signal's name.
func (s Signal) ID() SignalID { return SignalID{s.Channel, s.Key} }

// Ref points at a ticket: its id for machines and its number for people.
type Ref struct {
	ID     string `json:"id"`
	Number string `json:"number"`
}

// Zero reports whether the reference points nowhere.
func (r Ref) Zero() bool { return r.ID == "" }

// Opened is the answer of Intake: the ticket that now stands for the contact.
type Opened struct {
	Ref
	Client   *client.Match // nil = nobody knows the number
	Caller   client.Number // normalised; empty = withheld or unreadable
	Joined   bool          // an open ticket of the same caller was joined
	Repeated bool          // this signal had been taken in before
	OpenedAt time.Time     // T0 of the ticket
	// Acknowledged names the person who has the ticket, for a caller who joins
	// one that is being worked on; empty = nobody yet.
	Acknowledged string
}
