package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Signals is the side of the store that keeps what was received until it has
// become a ticket.
type Signals interface {
	// ClaimSignals hands out received signals that wait to be taken in, oldest
	// first. Each is due again at now+lease unless it is settled, so that one
	// worker of all nodes has it at a time; its Tries counts the claim.
	ClaimSignals(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]SignalRecord, error)
	// NextSignal returns when the next one falls due; zero = none waits.
	NextSignal(ctx context.Context) (time.Time, error)
	// SettleSignal notes how a try to take it in went. A signal that has a ticket stays as it is.
	SettleSignal(ctx context.Context, id SignalID, s Settling) error
	// ListSignals returns signals, newest first.
	ListSignals(ctx context.Context, f SignalFilter) ([]SignalRecord, error)
	// LastTicket returns the ticket that was opened last for a party, open or not;
	// ErrNotFound = there was none.
	LastTicket(ctx context.Context, party string) (ticket.Ticket, error)
}

// SignalGrace is how long after its reception a signal is left to the node that
// received it; then any node takes it in.
const SignalGrace = 10 * time.Second

// SignalRecord is a stored signal and what became of it.
type SignalRecord struct {
	Signal

	Taken   Taken
	Tries   int       // of the worker
	DueAt   time.Time // when it is tried next; zero = not again
	Fault   string    // why the last try failed
	Settled string    // why it needs no ticket
	Size    int       // bytes of Raw, where Raw itself was not asked for
}

// State says in a word where the signal stands.
func (r SignalRecord) State() SignalState {
	switch {
	case r.Taken.Ticket != "":
		return SignalTaken
	case r.Settled != "":
		return SignalSettled
	case r.Fault != "":
		return SignalFailing
	}
	return SignalWaiting
}

// SignalSight is a stored signal as it is shown to programs.
type SignalSight struct {
	Signal   string      `json:"signal"` // channel/key
	Channel  Channel     `json:"channel"`
	Key      string      `json:"key"`
	At       time.Time   `json:"received_at"`
	State    SignalState `json:"state"`
	Ticket   string      `json:"ticket,omitempty"` // number
	TicketID string      `json:"ticket_id,omitempty"`
	Joined   bool        `json:"joined,omitempty"` // the ticket was open already
	Bytes    int         `json:"bytes"`
	Tries    int         `json:"tries,omitempty"`
	DueAt    time.Time   `json:"next_try,omitzero"`
	Fault    string      `json:"fault,omitempty"`   // why the last try failed
	Settled  string      `json:"settled,omitempty"` // why it needs no ticket
	Raw      []byte      `json:"raw,omitempty"`     // base64, where it was asked for
}

// Sight shows the signal.
func (r SignalRecord) Sight() SignalSight {
	return SignalSight{
		Signal: signalName(r.ID()), Channel: r.Channel, Key: r.Key, At: r.At, State: r.State(), Ticket: r.Taken.Number, TicketID: r.Taken.Ticket,
		Joined: r.Taken.Joined, Bytes: max(r.Size, len(r.Raw)), Tries: r.Tries, DueAt: r.DueAt, Fault: r.Fault, Settled: r.Settled, Raw: r.Raw,
	}
}

// SignalState is where a stored signal stands.
type SignalState string

// The states of a stored signal.
const (
	SignalWaiting SignalState = "waiting" // received, not taken in yet
	SignalTaken   SignalState = "taken"   // it has a ticket
	SignalSettled SignalState = "settled" // it needs none
	SignalFailing SignalState = "failing" // a try failed; another follows
)

// Settling is how a try to take a signal in went.
type Settling struct {
	RetryAt time.Time // zero = not again
	Fault   string    // why it failed
	Settled string    // why it needs no ticket
	Anew    bool
}

// SignalFilter chooses stored signals; zero fields do not limit.
type SignalFilter struct {
	Channel Channel
	Key     string
	Ticket  string
	State   SignalState
	Before  time.Time // received before
	Raw     bool      // with their bytes
	Limit   int       // 0 = 100
}

// errNoSignals says that this dispatcher keeps no signals but calls.
var errNoSignals = errors.New("this process takes in calls only")

// Register says how the signals of a channel are understood. Call it before
// Start, once for each channel.
func (d *Dispatcher) Register(ch Channel, how Decoding) { d.decodes[ch] = how }

// errNoDecoder says that nobody on this node reads a channel.
var errNoDecoder = errors.New("it is not set up on this node")

// decode reads a signal's bytes. A decoder that panics has refused them. What
// was read before a fault is returned with it.
func (d *Dispatcher) decode(sig Signal) (how Decoding, m MessageSignal, err error) {
	how, ok := d.decodes[sig.Channel]
	if !ok || how.Decode == nil {
		return how, m, fmt.Errorf("decode signal: nobody reads channel %s: %w", sig.Channel, errNoDecoder)
	}
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("decode signal of channel %s: the decoder broke off: %v", sig.Channel, fault)
		}
	}()
	m, err = how.Decode(sig)
	m = m.tidy()
	if m.From.Channel == "" {
		m.From.Channel = string(sig.Channel)
	}
	if err == nil {
		err = m.Validate()
	}
	if err != nil {
		err = fmt.Errorf("decode signal of channel %s: %w", sig.Channel, err)
	}
	return how, m, err
}

// ListSignals returns stored signals, newest first.
func (d *Dispatcher) ListSignals(ctx context.Context, f SignalFilter) ([]SignalRecord, error) {
	if d.signals == nil {
		return nil, errNoSignals
	}
	return d.signals.ListSignals(ctx, f)
}
