package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// The outward names of what happens to a call. Those of one call go to a
// receiver one after another, in the order in which they happened.
const (
	EventCallRing   = "call.ring"   // the line rings, then each phone that we ring for it
	EventCallAnswer = "call.answer" // an engineer and the client are joined
	EventCallHangup = "call.hangup" // the call is over, once
)

// CallEventJSON is one thing that happened to a call. Fields are only ever added.
type CallEventJSON struct {
	Type   string     `json:"type"`
	ID     string     `json:"id"` // of the event; the same in every repeat
	At     time.Time  `json:"timestamp"`
	Ticket TicketJSON `json:"ticket"`
	Call   CallJSON   `json:"call"`
}

// CallJSON is what an event of a call tells of it.
type CallJSON struct {
	ID        string        `json:"id"`
	Direction string        `json:"direction"`        // in: the client has called; out: an engineer calls him back
	Caller    string        `json:"caller,omitempty"` // with +; in: the client, empty = withheld; out: the line
	Callee    string        `json:"callee,omitempty"` // in: the line; out: the client
	Line      string        `json:"line,omitempty"`
	Trunk     string        `json:"trunk,omitempty"`
	Node      string        `json:"node,omitempty"`   // that serves the call; empty = there is one
	Person    string        `json:"person,omitempty"` // ring: whose phone rings; answer, hangup: who talks
	Name      string        `json:"name,omitempty"`   // of that person
	Device    string        `json:"device,omitempty"` // ring, answer: softphone or mobile
	First     []string      `json:"first,omitempty"`  // ring of the line: who is rung first
	StartedAt time.Time     `json:"started_at"`
	Answered  time.Time     `json:"answered_at,omitzero"`
	Ended     time.Time     `json:"ended_at,omitzero"`
	Talk      time.Duration `json:"talk_ns,omitempty"`
	Result    CallResult    `json:"result,omitempty"` // hangup
	Cause     string        `json:"cause,omitempty"`  // hangup
}

// The directions of calls.
const (
	callIn  = "in"
	callOut = "out"
)

// Ring is a phone that has begun to ring for a call.
type Ring struct {
	Ref     Ref
	ID      string // unique within the ticket; a repeat with the same id is one ring
	Call    string
	Person  string // whose phone; empty = the client's, whom an engineer calls back
	Device  oncall.DeviceKind
	Out     bool          // an engineer calls the client back
	Client  client.Number // out: the client's
	Started time.Time     // of the call
	At      time.Time
}

// callSubscribers are the receivers of a kind of events about calls.
func (d *Dispatcher) callSubscribers(kind string) (list []Subscriber) {
	for _, s := range d.cfg.EventChannels {
		if s.Form == FormOwn && (len(s.Kinds) == 0 || slices.Contains(s.Kinds, kind)) {
			list = append(list, s)
		}
	}
	return list
}

// callEvent tells an event of a ticket as one of its call; ok is false when it is
// none.
func callEvent(s *Snapshot, t ticket.Ticket, e ticket.Event, call CallRecord) (kind string, j CallJSON, ok bool) {
	j = callJSON(s, t, call)
	switch b := e.Body.(type) {
	case ticket.Opened, ticket.Joined:
		kind, j.First = EventCallRing, rungIDs(s, j.Line, e.At)
	case ticket.Accepted:
		kind, j.Person, j.Device, j.Answered = EventCallAnswer, b.Person, b.Device, e.At
	case ticket.CallEnded:
		kind, j.Person, j.Answered = EventCallHangup, b.Person, call.AcceptedAt
		j.Ended, j.Talk, j.Result, j.Cause = e.At, b.Talk, CallResult(b.Result), b.Cause
	default:
		return "", j, false
	}
	j.Name = nameIn(s, j.Person)
	return kind, j, true
}

// callJSON is what all events of a call tell.
func callJSON(s *Snapshot, t ticket.Ticket, call CallRecord) CallJSON {
	j := CallJSON{
		ID: call.ID, Direction: callIn, Caller: string(call.Caller), Callee: call.DID, Line: call.Line, Trunk: call.Trunk, Node: call.Node,
		StartedAt: call.StartedAt,
	}
	if j.Line == "" {
		j.Line = t.Line
	}
	if line, known := s.Line(j.Line); known && j.Callee == "" && len(line.DIDs) > 0 {
		j.Callee = line.DIDs[0]
	}
	if n, err := s.Book.Numbering().Parse(j.Callee); err == nil {
		j.Callee = string(n)
	}
	if call.Detail.Out {
		j.Direction, j.Caller, j.Callee = callOut, j.Callee, j.Caller
	}
	return j
}

// nameIn is the name of a person; empty = he has none, or there is nobody.
func nameIn(s *Snapshot, person string) string {
	p, _ := s.Roster.Person(person)
	return p.Name
}

// callNotices tell the subscribers of an event about its call.
func (d *Dispatcher) callNotices(c Change, t ticket.Ticket, e ticket.Event, id string) []Notice {
	of := callOf(e.Body)
	if of == "" {
		return nil
	}
	kind, j, ok := callEvent(d.dir.Load(), t, e, d.callIn(c, of, t))
	if !ok {
		return nil
	}
	return d.tellCall(kind, t, j, e.At, id)
}

// callIn is what is known of a call, by the change, the board, or its ticket.
func (d *Dispatcher) callIn(c Change, id string, t ticket.Ticket) CallRecord {
	call, _ := d.board.call(id)
	for _, known := range c.Calls {
		if known.ID == id {
			call = known
		}
	}
	if call.ID == "" {
		call = CallRecord{ID: id, Line: t.Line, Caller: t.Caller, Node: d.life.id, StartedAt: t.OpenedAt}
	}
	return call
}

// tellCall makes the notices of one event of a call; id names what it tells of.
func (d *Dispatcher) tellCall(kind string, t ticket.Ticket, j CallJSON, at time.Time, id string) (list []Notice) {
	subscribers := d.callSubscribers(kind)
	if len(subscribers) == 0 {
		return nil
	}
	id = uuid.NewSHA1(uuid.NameSpaceOID, []byte("vahta "+kind+"\n"+id)).String()
	body, err := json.Marshal(CallEventJSON{Type: kind, ID: id, At: at, Ticket: ticketJSON(t), Call: j})
	if err != nil {
		d.log.Error("news of a call could not be written for subscribers", "ticket", t.ID, "err", err)
		return nil
	}
	for _, s := range subscribers {
		list = append(list, Notice{
			ID: id + "-" + s.To, Kind: NoticeEvent, Channel: s.Channel, To: s.To, Ref: refOf(t), Body: body, DueAt: at, Chain: callChain(s, j.ID),
		})
	}
	return list
}

// callChain names the order in which a subscriber hears of a call.
func callChain(s Subscriber, call string) string {
	return string(s.Channel) + " " + s.To + " call " + call
}

// RecordRing tells the subscribers that a phone rings for a call. It leaves
// nothing on record: what became of the ringing is an Attempt.
func (d *Dispatcher) RecordRing(ctx context.Context, r Ring) error {
	if len(d.cfg.EventChannels) == 0 {
		return nil
	}
	t := ticket.Ticket{ID: r.Ref.ID}
	t.Number, _ = ticket.ParseNumber(r.Ref.Number)
	if c, ok := d.board.get(r.Ref.ID); ok {
		t = c.Ticket
	}
	call, known := d.board.call(r.Call)
	if !known {
		call = CallRecord{ID: r.Call, Line: t.Line, Caller: t.Caller, Node: d.life.id, StartedAt: r.Started}
	}
	if call.Detail.Out = r.Out; r.Out {
		call.Caller = r.Client
	}
	s := d.dir.Load()
	j := callJSON(s, t, call)
	j.Person, j.Name, j.Device = r.Person, nameIn(s, r.Person), r.Device.String()
	id := t.ID + "\nring " + r.ID
	notices := append(d.tellCall(EventCallRing, t, j, r.At, id), d.ctiRing(s, t, call, r, id)...)
	if len(notices) == 0 {
		return nil
	}
	if err := d.commit(ctx, Change{Notices: notices}); err != nil {
		return fmt.Errorf("tell that a phone rings for call %s of ticket %s: %w", r.Call, r.Ref.Number, err)
	}
	return nil
}
