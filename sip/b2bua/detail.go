package b2bua

import (
	"strconv"
	"time"

	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/trunk"
)

// Direction of an entry of the trace.
type Direction uint8

// Directions: messages received and sent, and events that are no message.
const (
	Inward Direction = iota
	Outward
	Internal
)

// String names the direction with the arrow of a message chart.
func (d Direction) String() string {
	switch d {
	case Inward:
		return "<-"
	case Outward:
		return "->"
	case Internal:
		return "--"
	}
	return "??"
}

// TraceEntry is one message or event of a call. Digits of callers are never in it.
type TraceEntry struct {
	After     time.Duration // since the first INVITE
	Leg       int           // Leg.ID, -1 for the call itself
	Direction Direction
	Text      string
}

// Detail is everything worth keeping of a call.
type Detail struct {
	CallID    string
	Inbound   trunk.Inbound
	Started   time.Time
	Bridged   time.Duration // when two people first talked, since Started; 0 = never
	Ended     time.Duration // since Started; 0 while the call lives
	Cause     string
	Note      string
	Legs      []LegDetail
	Trace     []TraceEntry
	Truncated int                  // entries that did not fit
	Recording *media.RecordingInfo // nil when nothing was recorded
}

// LegDetail is one leg of a Detail. Instants are relative to Detail.Started; 0 = never.
type LegDetail struct {
	ID       int
	Name     string
	CallID   string // of its last dialog
	Trunk    string // operator used last, "" for phones
	State    LegState
	Outcome  Outcome
	Cause    string
	Status   int
	Q850     int
	Tried    int // ways dialled
	Dialled  time.Duration
	Ringing  time.Duration
	Answered time.Duration
	Ended    time.Duration
	Codec    string
	Quality  media.Stats // its Suite says how SRTP protected the sound, "" = not at all
}

// Detail returns the call as it stands; after CallEnded it is final. It is called inside the call's
// goroutine, or by anybody once Done is closed.
func (c *Call) Detail() Detail {
	d := Detail{
		CallID: c.info.CallID, Inbound: c.info.Inbound, Started: c.info.At, Cause: c.cause, Note: c.note,
		Bridged: c.since(c.bridgedAt), Ended: c.since(c.endedAt),
		Trace: c.trace.entries(), Truncated: c.trace.dropped,
		Legs: make([]LegDetail, 0, len(c.legs)),
	}
	if c.recorded {
		info := c.recording
		d.Recording = &info
	}
	for _, leg := range c.legs {
		d.Legs = append(d.Legs, leg.detail())
	}
	return d
}

func (l *Leg) detail() LegDetail {
	return LegDetail{
		ID: l.ID, Name: l.Name, CallID: l.callID, Trunk: l.trunk, State: l.state,
		Outcome: l.outcome, Cause: l.cause, Status: l.status, Q850: l.q850, Tried: l.next,
		Dialled: l.call.since(l.dialledAt), Ringing: l.call.since(l.ringingAt),
		Answered: l.call.since(l.answeredAt), Ended: l.call.since(l.endedAt),
		Codec: l.agreement.Codec.Name, Quality: l.Stats(),
	}
}

// since returns the time from the first INVITE to t, 0 for the zero time.
func (c *Call) since(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return t.Sub(c.info.At)
}

// trace keeps the first messages and events of a call in a form that costs little until somebody
// asks for it.
type trace struct {
	start   time.Time
	limit   int
	list    []entry
	dropped int
}

// entry is one entry before it is written out: static text and numbers only.
type entry struct {
	after  time.Duration
	text   string
	status int16
	leg    int16
	dir    Direction
}

const ofCall = -1 // leg of entries that concern the call itself

func (t *trace) add(now time.Time, e entry) {
	if len(t.list) >= t.limit {
		t.dropped++
		return
	}
	e.after = now.Sub(t.start)
	t.list = append(t.list, e)
}

// request notes a request; text is its method.
func (t *trace) request(now time.Time, leg *Leg, dir Direction, method string) {
	t.add(now, entry{leg: int16(leg.ID), dir: dir, text: method})
}

// response notes a response; text is its reason phrase.
func (t *trace) response(now time.Time, leg *Leg, dir Direction, status int, reason string) {
	t.add(now, entry{leg: int16(leg.ID), dir: dir, status: int16(status), text: reason})
}

// event notes an event for the script.
func (t *trace) event(now time.Time, ev Event) {
	e := entry{leg: ofCall, dir: Internal, text: ev.Kind.String()}
	if ev.Leg != nil {
		e.leg = int16(ev.Leg.ID)
	}
	switch ev.Kind {
	case LegTrying, LegRinging, LegEarly, LegAnswered:
		return // the message itself is there already
	case LegFailed:
		e.text = "failed: " + ev.Outcome.String()
	case LegEnded, CallerGone, CallEnded:
		e.text += ": " + ev.Cause
	case LegDigit, LegPlayed, LegHeld, LegResumed, LegSilent, MediaLost:
	}
	t.add(now, e)
}

func (t *trace) entries() []TraceEntry {
	out := make([]TraceEntry, len(t.list))
	for i, e := range t.list {
		text := e.text
		if e.status != 0 {
			text = strconv.Itoa(int(e.status)) + " " + text
		}
		out[i] = TraceEntry{After: e.after, Leg: int(e.leg), Direction: e.dir, Text: text}
	}
	return out
}
