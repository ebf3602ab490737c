package dispatch

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// EventForm is the form in which a subscriber gets events.
type EventForm string

// The forms of events.
const (
	FormOwn EventForm = "" // EventJSON
	// FormCTI is the push form of Zammad's generic CTI, which other help desks
	// read too. It knows calls only: newCall, answer and hangup.
	FormCTI EventForm = "zammad"
)

// ctiLife is how long news of a call are news: a window that pops up later only
// disturbs.
const ctiLife = 2 * time.Minute

// CTIJSON is one thing that happened to a call, in the form of Zammad's generic
// CTI.
type CTIJSON struct {
	Event     string   `json:"event"` // newCall, answer, hangup
	CallID    string   `json:"callId"`
	From      string   `json:"from"` // digits without +; anonymous
	To        string   `json:"to"`
	Direction string   `json:"direction"`                 // in
	Queue     string   `json:"queue,omitempty"`           // the hotline
	User      []string `json:"user,omitempty"`            // newCall: who is rung first; answer: who answered
	Answering string   `json:"answeringNumber,omitempty"` // answer, hangup: the id of who talks
	Cause     string   `json:"cause,omitempty"`           // hangup
}

// ctiOf tells an event of a call in the form of a CTI; ok is false for all other
// events. call is what is known of it.
func ctiOf(s *Snapshot, t ticket.Ticket, e ticket.Event, call CallRecord) (j CTIJSON, ok bool) {
	j = CTIJSON{CallID: call.ID, From: ctiNumber(call.Caller), To: call.DID, Direction: "in", Queue: call.Line}
	if j.Queue == "" {
		j.Queue = t.Line
	}
	if line, known := s.Line(j.Queue); known && j.To == "" && len(line.DIDs) > 0 {
		j.To = line.DIDs[0]
	}
	if n, err := s.Book.Numbering().Parse(j.To); err == nil {
		j.To = ctiNumber(n)
	} else if j.To == "" {
		j.To = j.Queue
	}
	switch b := e.Body.(type) {
	case ticket.Opened:
		j.Event = "newCall"
	case ticket.Joined:
		j.Event = "newCall"
	case ticket.Accepted:
		j.Event, j.Answering, j.User = "answer", b.Person, spokenNames(s, b.Person)
	case ticket.CallEnded:
		j.Event, j.Answering, j.Cause = "hangup", b.Person, ctiCause(CallResult(b.Result))
	default:
		return j, false
	}
	if j.Event == "newCall" {
		j.User = rungFirst(s, j.Queue, e.At)
	}
	return j, true
}

// callOf returns the id of the call that an event is about; empty = it is about
// none.
func callOf(b ticket.Body) string {
	switch b := b.(type) {
	case ticket.Opened:
		return b.Call
	case ticket.Joined:
		return b.Call
	case ticket.Accepted:
		return b.Call
	case ticket.CallEnded:
		return b.Call
	}
	return ""
}

func ctiNumber(n client.Number) string {
	if n == "" {
		return "anonymous"
	}
	return strings.TrimPrefix(string(n), "+")
}

// ctiCause is why a call ended, in the words of the form.
func ctiCause(r CallResult) string {
	switch r {
	case CallServed, CallPaged:
		return "normalClearing"
	case CallAbandoned:
		return "cancel"
	case CallExhausted:
		return "noAnswer"
	case CallFailed, CallBroken, CallRefused:
	}
	return "congestion"
}

// rungFirst names those whom a call on the line rings first.
func rungFirst(s *Snapshot, line string, now time.Time) []string {
	l, ok := s.Line(line)
	if !ok {
		return nil
	}
	for _, tier := range chainFor(s, l, now) {
		var ids []string
		for _, d := range tier.Duties {
			ids = append(ids, d.Person)
		}
		if len(ids) > 0 {
			return spokenNames(s, ids...)
		}
	}
	return nil
}

// spokenNames returns the names of people; who is unknown stays an id.
func spokenNames(s *Snapshot, ids ...string) (names []string) {
	for _, id := range ids {
		name := id
		if p, ok := s.Roster.Person(id); ok && p.Name != "" {
			name = p.Name
		}
		names = append(names, name)
	}
	return names
}

// ctiNotice tells a subscriber of a call; ok is false when the event is about
// none.
func (d *Dispatcher) ctiNotice(c Change, t ticket.Ticket, e ticket.Event, to Subscriber, id string) (n Notice, ok bool) {
	of := callOf(e.Body)
	if of == "" {
		return n, false
	}
	call, _ := d.board.call(of)
	for _, known := range c.Calls {
		if known.ID == of {
			call = known
		}
	}
	if call.ID == "" {
		call = CallRecord{ID: of, Line: t.Line, Caller: t.Caller}
	}
	j, ok := ctiOf(d.dir.Load(), t, e, call)
	if !ok {
		return n, false
	}
	body, err := json.Marshal(j)
	if err != nil {
		d.log.Error("news of a call could not be written for a subscriber", "ticket", t.ID, "err", err)
		return n, false
	}
	return Notice{
		ID: id + "-" + to.To, Kind: NoticeEvent, Channel: to.Channel, To: to.To, Ref: refOf(t), Body: body, DueAt: e.At, Until: e.At.Add(ctiLife),
	}, true
}
