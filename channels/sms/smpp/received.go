package smpp

import (
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

// note is a thing that is strange and counted.
type note uint8

// What is strange.
const (
	noteLate       note = iota // an answer after we had given it up
	noteUnknown                // an answer to nothing
	noteMismatch               // an answer of another kind than its request
	noteNack                   // generic_nack
	noteMalformed              // a body that can not be read
	noteUnexpected             // a request that a centre does not make
	noteOverflow               // more came in than is being stored
	noteNotStored              // the caller could not store it
	noteAnswerLost             // the connection was gone before it was stored
	noteSilent                 // the peer did not answer what it must
	noteRefused                // the peer refused our bind
	noteThrottled              // the peer asked for less
	noteFrame                  // the stream is out of step
)

// String is the label of the metric.
func (n note) String() string {
	switch n {
	case noteLate:
		return "late_response"
	case noteUnknown:
		return "unknown_response"
	case noteMismatch:
		return "mismatched_response"
	case noteNack:
		return "generic_nack"
	case noteMalformed:
		return "malformed"
	case noteUnexpected:
		return "unexpected_request"
	case noteOverflow:
		return "inbound_overflow"
	case noteNotStored:
		return "not_stored"
	case noteAnswerLost:
		return "answer_lost"
	case noteSilent:
		return "peer_silent"
	case noteRefused:
		return "bind_refused"
	case noteThrottled:
		return "throttled"
	case noteFrame:
		return "out_of_step"
	}
	return "note?"
}

// received takes a PDU off the connection. fault says that its body can not be
// read; raw is all of it.
func (m *machine) received(now time.Time, p pdu.PDU, raw []byte, fault error) []effect {
	if !m.connected() {
		return nil
	}
	m.heard, m.probe = now, time.Time{}
	if fault != nil {
		m.note(noteMalformed)
	}
	if p.Command.IsResponse() {
		m.response(now, p)
	} else {
		m.requested(now, p, raw, fault)
	}
	return m.take()
}

// outOfStep ends a connection whose next PDU nobody can find.
func (m *machine) outOfStep(now time.Time) []effect {
	if m.connected() {
		m.note(noteFrame)
		m.send(pdu.Nack(0, pdu.InvalidCmdLen)) // §4.3: the sequence number can not be decoded
		m.step(now, evLost)
	}
	return m.take()
}

func (m *machine) requested(now time.Time, p pdu.PDU, raw []byte, fault error) {
	switch c := p.Command; {
	case c.Delivers():
		m.deliver(p, raw)
	case c == pdu.EnquireLink:
		m.send(p.Answer(pdu.OK))
	case c == pdu.Unbind:
		m.send(p.Answer(pdu.OK))
		m.step(now, evPeerUnbind)
	case c == pdu.AlertNotification, c == pdu.Outbind: // §4.12: it has no answer; outbind is for receivers
	default:
		if fault == nil {
			m.note(noteUnexpected)
		}
		m.send(pdu.Nack(p.Sequence, pdu.InvalidCommand))
	}
}

// deliver hands over what comes in, readable or not.
func (m *machine) deliver(p pdu.PDU, raw []byte) {
	switch {
	case m.state == Binding, m.state == Unbinding: // too early, too late: it comes again
		m.send(p.Answer(pdu.TemporaryHere))
	case m.storing >= m.conf.Inbound:
		m.note(noteOverflow)
		m.send(p.Answer(pdu.TemporaryHere))
	default:
		m.storing++
		m.do(effect{kind: doDeliver, pdu: p, raw: raw, link: m.link})
	}
}

func (m *machine) response(now time.Time, p pdu.PDU) {
	w, ok := m.waits[p.Sequence]
	switch {
	case p.Command == pdu.GenericNack:
		m.note(noteNack)
		if !ok {
			return
		}
		if p.Status == pdu.OK { // a refusal it is, whatever it says
			p.Status = pdu.UnknownError
		}
	case ok && w.command.Response() != p.Command:
		m.note(noteMismatch)
		return
	case !ok:
		m.stray(p)
		return
	}
	delete(m.waits, p.Sequence)
	switch c := w.command; { // of enquire_link it is all that its answer has come
	case c == pdu.BindTransceiver && p.Status == pdu.OK:
		m.step(now, evBindAccepted)
	case c == pdu.BindTransceiver:
		m.do(effect{kind: doNote, note: noteRefused, result: Result{Status: p.Status}})
		m.step(now, evBindRefused)
	case c == pdu.Unbind:
		m.step(now, evUnbound)
	case c == pdu.SubmitSM:
		m.submitted(now, w, p)
	}
}

// stray is an answer to nothing that waits.
func (m *machine) stray(p pdu.PDU) {
	id, ok := m.late[p.Sequence]
	if !ok || p.Command != pdu.SubmitSMResp {
		m.note(noteUnknown)
		return
	}
	delete(m.late, p.Sequence)
	m.note(noteLate)
	m.do(effect{kind: doLate, id: id, result: result(p)})
}

func (m *machine) submitted(now time.Time, w awaited, p pdu.PDU) {
	if p.Status.Busy() {
		m.note(noteThrottled)
		m.pace.fall(now, w.sent)
	}
	m.do(effect{kind: doOutcome, id: w.id, result: result(p)})
	if p.Status == pdu.WrongBindState { // the centre has forgotten us: nothing passes until we bind anew
		m.step(now, evLost)
		return
	}
	m.drained(now)
}

func result(p pdu.PDU) Result {
	r := Result{Outcome: Refused, Status: p.Status}
	if p.Status == pdu.OK {
		r.Outcome = Accepted
		if b, ok := p.Body.(*pdu.MessageResp); ok {
			r.ID = b.ID
		}
	}
	return r
}
