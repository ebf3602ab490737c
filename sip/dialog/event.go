package dialog

import (
	"errors"

	"github.com/butlerspb/vahta/sip/wire"
)

// Kind says what an [Event] reports.
type Kind uint8

// What an owner hears. Failed, Cancelled and Ended are last events.
const (
	Trying     Kind = iota // 100 to our INVITE
	Progress               // 101..199 to our INVITE: Status, SDP for early media, Tag of the fork
	Answered               // 2xx to our INVITE; SDP is the answer, or the offer after a late offer
	Confirmed              // ACK to our 200; Err is ErrNoAck when media stands in for it
	Failed                 // our INVITE came to nothing: Status of 300 and more, or Err
	Cancelled              // the caller gave up before our answer
	Offer                  // re-INVITE or UPDATE; SDP nil: the owner is to offer. AnswerOffer or RefuseOffer
	OfferDone              // our re-INVITE is final: Status and SDP, or Err
	OfferGone              // the far end withdrew its Offer
	LateAnswer             // SDP in the ACK, the answer to an offer in our 200
	Info                   // INFO, already answered: Req has type and body
	InfoDone               // our INFO was answered: Status, or Err
	Refreshed              // the session was refreshed by us and the far end's description has changed: SDP, to be applied
	Ended                  // over: BYE from the far end (Req) or ours, Status of our refusal, or Err
	kindCount
)

// String returns the name used in logs.
func (k Kind) String() string {
	return name("kind", []string{
		"trying", "progress", "answered", "confirmed", "failed", "cancelled", "offer", "offer-done",
		"offer-gone", "late-answer", "info", "info-done", "refreshed", "ended",
	}, uint8(k))
}

// Last says whether nothing follows an event of this kind.
func (k Kind) Last() bool { return k == Failed || k == Cancelled || k == Ended }

// Event is what happened to a dialog, delivered inside its executor.
type Event struct {
	Kind   Kind
	Status int            // of the response, or of our refusal
	Reason string         // its phrase, or the text of a Reason header
	SDP    []byte         // nil when there was none; may hold SRTP keys in the clear, so never log an event
	Q850   int            // cause of a Reason header, 0 when there was none
	Req    *wire.Request  // the request behind the event, if any
	Resp   *wire.Response // the response behind the event, if any
	Tag    string         // the far end's tag, to tell forks apart
	Err    error
}

// Errors of events and of [Stack.Invite]. The edge's ErrTimeout, ErrUnreachable
// and ErrTransport come through as they are.
var (
	// ErrSilent says that not even a 1xx came in time.
	ErrSilent = errors.New("no provisional response in time")
	// ErrCancelled says that our CANCEL or hang-up came before the outcome.
	ErrCancelled = errors.New("invite was cancelled")
	// ErrNoAck says that our 200 was never acknowledged.
	ErrNoAck = errors.New("no ACK within 64·T1")
	// ErrOfferPending says that another offer was open; offer again after it.
	ErrOfferPending = errors.New("another offer is pending")
	// ErrDialogLost says that the far end no longer knows the dialog.
	ErrDialogLost = errors.New("far end lost the dialog")
	// ErrSessionExpired says that the session was not refreshed in time (RFC 4028 §10).
	ErrSessionExpired = errors.New("session was not refreshed in time")
	// ErrNoPrack says that a reliable provisional response was never acknowledged (RFC 3262 §3).
	ErrNoPrack = errors.New("no PRACK within 64·T1")
)
