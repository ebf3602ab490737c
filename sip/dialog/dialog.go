package dialog

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// ID names a dialog (RFC 3261 §12).
type ID struct{ CallID, LocalTag, RemoteTag string }

// Dialog is one INVITE and what came of it. Its methods belong to the executor.
type Dialog struct {
	// set when it is made
	st  *Stack
	on  func(Event)
	box mailbox

	// set before the first event
	reliable Reliability
	policy   SessionTimer

	// owned by the executor
	s        State
	last     bool // the last event was told
	closed   bool
	media    bool        // media flows, says the owner
	ok       *keptAnswer // our 200 that waits for its ACK
	resend   timer
	ackTimer timer
	wantLate bool          // our 200 carried an offer; its ACK answers
	parting  []wire.Header // the owner's, for a BYE or CANCEL

	// UAC, owned by the executor
	try         *attempt // what the INVITE is made of, until it is final
	credentials []wire.Header
	invite      clientTx
	noAnswer    time.Duration
	silence     timer
	cancel      timer
	trying      bool           // Trying was told
	won         bool           // RemoteTag is the winner's
	sendErr     error          // the initial INVITE could not be sent
	forks       []fork         // who sent a 18x
	earlyOffer  *wire.Response // the reliable 18x whose offer our PRACK answers
	swept       []string       // tags whose 2xx got a BYE
	ackSDP      []byte         // answer that each ACK to the 2xx carries

	acked *wire.Request // the last ACK, sent again to a repeated 2xx

	// UAS, owned by the executor
	tx     serverTx // the initial INVITE
	txKey  string
	rel    *sender // reliable provisional responses, if there were any
	agreed bool    // offer and answer are done before our 200

	// within the dialog, owned by the executor
	session    timer
	refreshing bool     // our re-INVITE only refreshes the session
	briefs     int      // 422 in a row
	nextOffer  []byte   // the owner's, until it is done
	offerTx    serverTx // the far end's open re-INVITE or UPDATE
	offerSDP   []byte   // our open offer
	glare      timer
	infos      []info // ours, first one in flight
}

type keptAnswer struct {
	tx       serverTx
	res      *wire.Response
	interval time.Duration
}

type info struct {
	contentType string
	body        []byte
}

// input is what an event brings along for its actions.
type input struct {
	owner   bool // the owner's own call: events must not run inside it
	status  int
	reason  string
	sdp     []byte
	headers []wire.Header
	err     error
	req     *wire.Request
	resp    *wire.Response
	tx      serverTx
}

// ID returns the dialog's name; RemoteTag is empty until the far end has one.
func (d *Dialog) ID() ID { return ID{d.s.CallID, d.s.LocalTag, d.s.RemoteTag} }

// State returns a copy of all that the dialog remembers.
func (d *Dialog) State() State {
	s := d.s
	s.Routes = slices.Clone(s.Routes)
	return s
}

// Progress sends a 1xx to the caller's INVITE, with early media when sdp is not nil.
func (d *Dialog) Progress(status int, sdp []byte, h ...wire.Header) {
	if d.s.Role == UAS && status > 100 && status < 200 {
		d.stepUAS(UASProgress, input{owner: true, status: status, sdp: sdp, headers: h})
	}
}

// Answer sends 200 to the caller's INVITE and repeats it until its ACK. It waits for
// the PRACK of a description that was sent before (RFC 3262 §5).
func (d *Dialog) Answer(sdp []byte, h ...wire.Header) {
	if d.s.Role != UAS {
		return
	}
	in := input{owner: true, status: wire.StatusOK, sdp: sdp, headers: h}
	if d.rel != nil && d.s.UAS == UASProceeding {
		d.stepReliable(ReliableAnswer, in)
		return
	}
	d.stepUAS(UASAnswer, in)
}

// Reject refuses the caller's INVITE; Ended follows.
func (d *Dialog) Reject(status int, reason string, h ...wire.Header) {
	if d.s.Role == UAS && status >= 300 && status < 700 {
		d.stepUAS(UASReject, input{owner: true, status: status, reason: reason, headers: h})
	}
}

// Cancel gives our INVITE up; Failed with ErrCancelled follows, also when a 2xx
// crosses it. After the answer it is Bye.
func (d *Dialog) Cancel(h ...wire.Header) {
	if d.s.Role == UAS || d.closed {
		d.Bye(h...)
		return
	}
	d.parting = h
	d.stepUAC(UACCancel, input{owner: true, err: ErrCancelled})
}

// Bye hangs up in any state: it cancels or refuses (480) what has no answer yet,
// and waits for the ACK where RFC 3261 §15 demands it.
func (d *Dialog) Bye(h ...wire.Header) {
	if d.closed {
		return
	}
	d.parting = h
	if d.s.Role == UAC {
		d.stepUAC(UACBye, input{owner: true, err: ErrCancelled})
		return
	}
	d.stepUAS(UASBye, input{owner: true, status: wire.StatusTemporarilyUnavailable, headers: h})
}

// ReInvite offers anew; OfferDone follows. It needs a description.
func (d *Dialog) ReInvite(sdp []byte) {
	if d.refreshing && !d.closed { // it goes right after the refresh
		d.nextOffer = sdp
		return
	}
	d.stepOffer(OfferOwn, input{owner: true, sdp: sdp})
}

// AnswerOffer answers the Offer event, or the offer of a 2xx to an INVITE that
// carried none.
func (d *Dialog) AnswerOffer(sdp []byte) {
	if d.s.Role == UAC && d.s.UAC == UACAccepted {
		d.ackSDP, d.s.LocalSDP = sdp, sdp
		d.stepUAC(UACAck, input{owner: true})
		return
	}
	d.stepOffer(OfferAnswer, input{owner: true, status: wire.StatusOK, sdp: sdp})
}

// RefuseOffer refuses the Offer event, usually with 488; the session goes on as
// it was.
func (d *Dialog) RefuseOffer(status int) {
	if status >= 300 && status < 700 {
		d.stepOffer(OfferRefuse, input{owner: true, status: status})
	}
}

// MediaFlows tells whether media arrives; it matters when the ACK does not.
func (d *Dialog) MediaFlows(yes bool) { d.media = yes }

// Info sends an INFO; several go one after another in this order. InfoDone
// follows each.
func (d *Dialog) Info(contentType string, body []byte) {
	if d.closed || d.s.RemoteTag == "" {
		return
	}
	d.infos = append(d.infos, info{contentType, body})
	if len(d.infos) == 1 {
		d.sendInfo()
	}
}

func (d *Dialog) stepUAC(ev UACEvent, in input) {
	if d.closed && in.owner {
		return
	}
	if d.s.UAC == UACCancelling { // whatever ends it now, the owner ended it
		in.err = ErrCancelled
	}
	next, actions := d.s.UAC.Step(ev)
	d.s.UAC = next
	d.do(actions, &in, ev)
	if d.s.UAC == UACTerminated {
		d.close()
	}
}

func (d *Dialog) stepUAS(ev UASEvent, in input) {
	if d.closed && in.owner {
		return
	}
	next, actions := d.s.UAS.Step(ev)
	d.s.UAS = next
	d.do(actions, &in, ev)
	if d.s.UAS == UASTerminated {
		d.close()
	}
}

func (d *Dialog) stepOffer(ev OfferEvent, in input) {
	if d.closed && in.owner {
		return
	}
	next, actions := d.s.Offer.Step(ev)
	d.s.Offer = next
	d.do(actions, &in, ev)
}

// tell delivers an event; nothing follows a last one.
func (d *Dialog) tell(e Event, in *input) {
	if e.SDP != nil {
		d.s.RemoteSDP = e.SDP
	}
	on := d.on
	if d.last || on == nil {
		return
	}
	if e.Kind.Last() {
		d.last, d.on = true, nil
	}
	switch {
	case d.box.deaf:
	case in.owner: // after the method has returned, never inside it
		d.box.exec.Post(func() { on(e) })
	default:
		on(e)
	}
}

// close ends what is open within the dialog. A UAC stays known for 64·T1 without
// its owner, so that late 2xx find it.
func (d *Dialog) close() {
	if d.closed {
		return
	}
	d.closed = true
	d.stepOffer(OfferClose, input{})
	d.stepSession(SessionClose, 0)
	if d.rel != nil {
		d.stepReliable(ReliableClose, input{})
	}
	d.stopTimers()
	d.infos, d.tx, d.offerSDP, d.parting, d.try = nil, nil, nil, nil, nil
	if d.s.Role == UAS || d.invite == nil {
		d.st.forget(d)
		return
	}
	d.invite = nil
	d.cancel.start(&d.box, d.st.cfg.AckTimeout, func() { d.st.forget(d) })
	d.box.detach() // the last act: a timer that has fired already may run beside us from here on
}

func (d *Dialog) stopTimers() {
	for _, t := range [...]*timer{&d.resend, &d.ackTimer, &d.silence, &d.cancel, &d.glare, &d.session} {
		t.stop()
	}
	if d.rel != nil {
		d.rel.resend.stop()
		d.rel.timeout.stop()
	}
}

// peerBye, dialogLost and byeDone are the events both roles share.
func (d *Dialog) peerBye(in input) {
	if d.s.Role == UAC {
		d.stepUAC(UACPeerBye, in)
		return
	}
	d.stepUAS(UASPeerBye, in)
}

func (d *Dialog) dialogLost(err error) {
	in := input{err: err}
	if d.s.Role == UAC {
		d.stepUAC(UACDialogLost, in)
		return
	}
	d.stepUAS(UASDialogLost, in)
}

func (d *Dialog) byeDone(in input) {
	if d.s.Role == UAC {
		d.stepUAC(UACByeDone, in)
		return
	}
	d.stepUAS(UASByeDone, in)
}

// lost says whether the outcome of a request within the dialog ends the dialog
// (RFC 3261 §12.2.1.2). One that could not get there says nothing of the far end:
// its sound may be heard, and it may come back by a new connection.
func lost(ev wire.ClientEvent) bool {
	if ev.Response == nil {
		return errors.Is(ev.Err, wire.ErrTimeout)
	}
	s := ev.Response.Status()
	return s == wire.StatusNoTransaction || s == wire.StatusRequestTimeout
}

// retryAfter is the random wait of RFC 3261 §14.2, 0 to 10 seconds.
func retryAfter() wire.Header {
	return wire.Header{Name: "Retry-After", Value: strconv.Itoa(rand.IntN(11))} //nolint:gosec // spreads retries, hides nothing
}

// glareWait is the wait before the second try of RFC 3261 §14.1, in steps of
// 10 ms: 2.1 to 4 s for the owner of the Call-ID, 0 to 2 s for the other.
func (r Role) glareWait() time.Duration {
	const step = 10 * time.Millisecond
	if r == UAC {
		return 2100*time.Millisecond + time.Duration(rand.IntN(191))*step //nolint:gosec // spreads retries
	}
	return time.Duration(rand.IntN(201)) * step //nolint:gosec // spreads retries
}
