package phone

import (
	"fmt"
	"strings"
	"time"
)

// Kind names what happened in a session.
type Kind uint8

// What can happen, roughly in the order of a call.
const (
	Invited     Kind = iota + 1 // an INVITE was sent or received
	Trying                      // 100 received
	Rang                        // 18x sent or received
	EarlyMedia                  // 18x with SDP sent or received
	Answered                    // 2xx sent or received
	Confirmed                   // our 2xx was acknowledged
	Refused                     // a final answer of 300 or more sent or received, or no answer came (see Err)
	Cancelling                  // we sent CANCEL
	Cancelled                   // the far end's CANCEL arrived
	Heard                       // the first audio packet of the far end arrived
	Pressed                     // we pressed a key
	Digit                       // the far end pressed a key
	InfoIn                      // an INFO arrived
	Offered                     // a re-INVITE or UPDATE with SDP arrived and was answered
	Held                        // the far end put us on hold
	Resumed                     // and took us back
	Holding                     // we put the far end on hold, and it agreed
	Unholding                   // we took it back, and it agreed
	Refreshed                   // the far end agreed to our re-INVITE without change
	OfferFailed                 // an offer of either side came to nothing; see Status and Err
	HungUp                      // we sent BYE
	Ended                       // the session is over; always the last event
)

// String names the kind in snake_case.
func (k Kind) String() string {
	names := [...]string{
		Invited: "invited", Trying: "trying", Rang: "rang", EarlyMedia: "early_media", Answered: "answered",
		Confirmed: "confirmed", Refused: "refused", Cancelling: "cancelling", Cancelled: "cancelled", Heard: "heard",
		Pressed: "pressed", Digit: "digit", InfoIn: "info", Offered: "offered", Held: "held", Resumed: "resumed",
		Holding: "holding", Unholding: "unholding", Refreshed: "refreshed",
		OfferFailed: "offer_failed", HungUp: "hung_up", Ended: "ended",
	}
	if int(k) < len(names) && names[k] != "" {
		return names[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Event is one entry of a session's log.
type Event struct {
	Seq    int           // position in the log, from 0
	At     time.Duration // since the INVITE
	Kind   Kind
	Status int    // SIP status, where there is one
	Reason string // reason phrase or the cause of the end
	Digit  byte   // of Pressed and Digit
	Ours   bool   // done by this phone; otherwise by the far end
	Err    error  // why a call ended without a SIP status
	// Received is when the far end's BYE or CANCEL was read from the socket: At
	// is later on a busy machine. Zero = no request stands behind the event.
	Received time.Time
}

// String is the step as a person reads it: "  1.204 s  answered 200 OK".
func (e Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%8.3f s  ", e.At.Seconds())
	if e.Ours {
		b.WriteString("> ")
	} else {
		b.WriteString("< ")
	}
	b.WriteString(e.Kind.String())
	if e.Digit != 0 {
		fmt.Fprintf(&b, " %c", e.Digit)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " %d", e.Status)
	}
	if e.Reason != "" {
		b.WriteString(" " + e.Reason)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}
