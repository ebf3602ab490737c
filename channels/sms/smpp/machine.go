package smpp

import (
	"maps"
	"slices"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
)

// maxLate bounds how many messages are remembered whose answer did not come in
// time.
const maxLate = 1024

// effect is what the shell shall do.
type effect struct {
	kind   effectKind
	pdu    pdu.PDU
	raw    []byte // deliver: as it came
	link   uint64 // deliver: the connection that waits for the answer
	id     uint64 // outcome, late: the shell's own of the message
	result Result
	note   note // what has been strange
}

type effectKind uint8

const (
	doDial    effectKind = iota
	doSend               // pdu
	doHangUp             // close the connection, or give up the dial
	doDeliver            // store raw, then call stored
	doOutcome            // of the message id
	doLate               // the same, after it was given up
	doNote               // count it
	doFinish
)

// awaited is a request of ours without its answer.
type awaited struct {
	command pdu.Command
	id      uint64
	sent    time.Time
	due     time.Time
}

// machine decides for one bind. All of its methods take the time and return
// effects in the order in which they are to be done.
type machine struct {
	conf   Config
	jitter func() float64 // in [0, 1)

	state    State
	link     uint64 // counts connections
	sequence uint32 // the last one used
	waits    map[uint32]awaited
	late     map[uint32]uint64 // sequence → id of those given up on this connection
	pace     *pace
	storing  int // handed to the caller, of any connection

	due     time.Time // Waiting: the next try; Binding, Draining, Unbinding: the end of patience
	heard   time.Time // the peer's last PDU
	probe   time.Time // until when our enquire_link may wait; zero = none is out
	bound   time.Time
	backoff time.Duration

	out []effect
}

func newMachine(c Config, now time.Time, jitter func() float64) *machine {
	return &machine{
		conf: c, jitter: jitter, due: now, pace: newPace(c.Rate, now),
		waits: map[uint32]awaited{}, late: map[uint32]uint64{},
	}
}

func (m *machine) do(e effect)            { m.out = append(m.out, e) }
func (m *machine) note(n note)            { m.do(effect{kind: doNote, note: n}) }
func (m *machine) send(p pdu.PDU)         { m.do(effect{kind: doSend, pdu: p}) }
func (m *machine) take() (out []effect)   { out, m.out = m.out, nil; return out }
func (m *machine) connected() bool        { return m.state >= Binding && m.state < Ended }
func (m *machine) answers(id uint64) bool { return id == m.link && m.connected() }

// request sends a request and remembers that its answer is awaited.
func (m *machine) request(now time.Time, p pdu.PDU, id uint64, patience time.Duration) {
	for range len(m.waits) + len(m.late) + 1 { // §5.1.4: from 1, one after another; none that is in use
		m.sequence = m.sequence%pdu.MaxSequence + 1
		_, waits := m.waits[m.sequence]
		if _, late := m.late[m.sequence]; !waits && !late {
			break
		}
	}
	p.Sequence = m.sequence
	m.waits[p.Sequence] = awaited{command: p.Command, id: id, sent: now, due: now.Add(patience)}
	m.send(p)
}

// step takes an event through the table and does what it says.
func (m *machine) step(now time.Time, ev event) {
	was := m.state
	next, acts, ok := m.state.Step(ev)
	if !ok {
		return
	}
	m.state = next
	for _, a := range acts {
		m.perform(now, a, was)
	}
	switch next {
	case Binding:
		m.due = now.Add(m.conf.BindTimeout)
	case Bound:
		m.bound, m.heard, m.probe = now, now, time.Time{}
	case Draining:
		m.due = now.Add(m.conf.DrainTimeout)
		m.drained(now)
	case Unbinding:
		m.due = now.Add(m.conf.UnbindTimeout)
	case Waiting, Dialing, Ended:
	}
}

func (m *machine) perform(now time.Time, a act, was State) {
	switch a {
	case actDial:
		m.do(effect{kind: doDial})
	case actBind:
		m.link++
		m.heard, m.probe = now, time.Time{}
		m.request(now, m.conf.bindPDU(), 0, m.conf.BindTimeout)
	case actUnbind:
		m.request(now, pdu.PDU{Command: pdu.Unbind}, 0, m.conf.UnbindTimeout)
	case actAnswerUnbind: // its sequence is known to received alone, which has sent it
	case actHangUp:
		m.do(effect{kind: doHangUp})
		m.giveUp()
	case actBackoff:
		if was == Bound && now.Sub(m.bound) >= m.conf.Stable {
			m.backoff = 0
		}
		m.backoff = min(m.conf.BackoffMax, max(m.conf.BackoffMin, 2*m.backoff))
		m.due = now.Add(m.backoff/2 + time.Duration(m.jitter()*float64(m.backoff/2)))
	case actFinish:
		m.do(effect{kind: doFinish})
	}
}

// giveUp tells the messages that were sent and not answered: nobody knows.
func (m *machine) giveUp() {
	for _, seq := range slices.Sorted(maps.Keys(m.waits)) {
		if w := m.waits[seq]; w.command == pdu.SubmitSM {
			m.do(effect{kind: doOutcome, id: w.id, result: Result{Outcome: Unsure}})
		}
	}
	clear(m.waits)
	clear(m.late)
}

// submits counts the messages that wait for an answer.
func (m *machine) submits() int {
	n := 0
	for _, w := range m.waits {
		if w.command == pdu.SubmitSM {
			n++
		}
	}
	return n
}

// ready is when a message may be submitted; ok is false when first something
// else must happen.
func (m *machine) ready(now time.Time) (at time.Time, ok bool) {
	if m.state != Bound || m.submits() >= m.conf.Window {
		return time.Time{}, false
	}
	return m.pace.next(now), true
}

// submit sends a message. The shell asks ready before.
func (m *machine) submit(now time.Time, p pdu.PDU, id uint64) []effect {
	m.pace.take(now)
	m.request(now, p, id, m.conf.ResponseTimeout)
	return m.take()
}

// stored answers what the shell has, or has not, stored.
func (m *machine) stored(now time.Time, link uint64, p pdu.PDU, ok bool) []effect {
	m.storing--
	status := pdu.OK
	if !ok {
		status = pdu.TemporaryHere
		m.note(noteNotStored)
	}
	if m.answers(link) {
		m.send(p.Answer(status))
	} else {
		m.note(noteAnswerLost) // the centre sends it again, and the caller has it twice
	}
	m.drained(now)
	return m.take()
}

func (m *machine) drained(now time.Time) {
	if m.state == Draining && m.submits() == 0 && m.storing == 0 {
		m.step(now, evDrained)
	}
}

func (m *machine) dialed(now time.Time, ok bool) []effect {
	if ok {
		m.step(now, evDialed)
	} else {
		m.step(now, evDialFailed)
	}
	return m.take()
}

func (m *machine) lost(now time.Time) []effect {
	m.step(now, evLost)
	return m.take()
}

func (m *machine) stop(now time.Time) []effect {
	m.step(now, evStop)
	return m.take()
}

// deadline is when tick has something to do; zero = never.
func (m *machine) deadline() time.Time {
	var at time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	switch m.state {
	case Waiting, Binding, Draining, Unbinding:
		sooner(m.due)
	case Dialing, Bound, Ended:
	}
	for _, w := range m.waits {
		if w.command == pdu.SubmitSM {
			sooner(w.due)
		}
	}
	switch {
	case m.state != Bound && m.state != Draining:
	case m.probe.IsZero():
		sooner(m.heard.Add(m.conf.EnquireEvery))
	default:
		sooner(m.probe)
	}
	return at
}

// tick does what is due.
func (m *machine) tick(now time.Time) []effect {
	m.expire(now)
	if m.state == Bound || m.state == Draining {
		m.listen(now)
	}
	if !now.Before(m.due) {
		switch m.state {
		case Waiting:
			m.step(now, evDue)
		case Binding, Unbinding:
			m.note(noteSilent)
			m.step(now, evSilent)
		case Draining:
			m.step(now, evDrained)
		case Dialing, Bound, Ended:
		}
	}
	return m.take()
}

// expire gives up on answers: the window must not fill with messages that
// nobody will answer.
func (m *machine) expire(now time.Time) {
	for _, seq := range slices.Sorted(maps.Keys(m.waits)) {
		w := m.waits[seq]
		if now.Before(w.due) || w.command != pdu.SubmitSM && w.command != pdu.EnquireLink {
			continue
		}
		delete(m.waits, seq)
		if w.command == pdu.EnquireLink { // other words of the peer have proved it alive
			continue
		}
		if len(m.late) < maxLate {
			m.late[seq] = w.id
		}
		m.do(effect{kind: doOutcome, id: w.id, result: Result{Outcome: Unsure}})
	}
	m.drained(now)
}

// listen finds a peer that is gone without a word.
func (m *machine) listen(now time.Time) {
	switch {
	case m.probe.IsZero() && !now.Before(m.heard.Add(m.conf.EnquireEvery)):
		m.probe = now.Add(m.conf.EnquireTimeout)
		m.request(now, pdu.PDU{Command: pdu.EnquireLink}, 0, m.conf.EnquireTimeout)
	case !m.probe.IsZero() && !now.Before(m.probe):
		m.note(noteSilent)
		m.step(now, evSilent)
	}
}
