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
	Direction string   `json:"direction"`                 // in; out: an engineer calls the client back
	Queue     string   `json:"queue,omitempty"`           // the hotline
	User      []string `json:"user,omitempty"`            // newCall: who is rung first; answer: who answered
	Answering string   `json:"answeringNumber,omitempty"` // answer, hangup: the id of who talks
	Cause     string   `json:"cause,omitempty"`           // hangup
}

// ctiOf tells an event of a call in the form of a CTI; ok is false for all other
// events. call is what is known of it.
func ctiOf(s *Snapshot, t ticket.Ticket, e ticket.Event, call CallRecord) (j CTIJSON, ok bool) {
	j = ctiBase(s, t, call)
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

// ctiBase is what all news of a call tell.
func ctiBase(s *Snapshot, t ticket.Ticket, call CallRecord) CTIJSON {
	own := callJSON(s, t, call)
	j := CTIJSON{CallID: call.ID, From: own.Caller, To: own.Callee, Direction: own.Direction, Queue: own.Line}
	line, withheld := &j.To, &j.From
	if call.Detail.Out {
		line, withheld = withheld, line
	}
	*withheld = ctiNumber(client.Number(*withheld))
	if *line = strings.TrimPrefix(*line, "+"); *line == "" {
		*line = j.Queue
	}
	return j
}

// ctiRing tells that an engineer's call to the client rings there: what a caller's
// own call has told when it came.
func (d *Dispatcher) ctiRing(s *Snapshot, t ticket.Ticket, call CallRecord, r Ring, id string) (list []Notice) {
	if !r.Out || r.Person != "" {
		return nil
	}
	j := ctiBase(s, t, call)
	j.Event = "newCall"
	for _, to := range d.cfg.EventChannels {
		if to.Form == FormCTI {
			list = append(list, d.ctiNote(t, j, to, r.At, eventID(ticket.Event{Ticket: t.ID, Key: id}))...)
		}
	}
	return list
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
	return spokenNames(s, rungIDs(s, line, now)...)
}

// rungIDs are the ids of those whom a call on the line rings first.
func rungIDs(s *Snapshot, line string, now time.Time) []string {
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
			return ids
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

// ctiNotice tells a subscriber of a call, when the event is about one.
func (d *Dispatcher) ctiNotice(c Change, t ticket.Ticket, e ticket.Event, to Subscriber, id string) []Notice {
	of := callOf(e.Body)
	if of == "" {
		return nil
	}
	j, ok := ctiOf(d.dir.Load(), t, e, d.callIn(c, of, t))
	if !ok {
		return nil
	}
	return d.ctiNote(t, j, to, e.At, id)
}

// ctiNote makes the notice of one piece of news.
func (d *Dispatcher) ctiNote(t ticket.Ticket, j CTIJSON, to Subscriber, at time.Time, id string) []Notice {
	body, err := json.Marshal(j)
	if err != nil {
		d.log.Error("news of a call could not be written for a subscriber", "ticket", t.ID, "err", err)
		return nil
	}
	return []Notice{{
		ID: id + "-" + to.To, Kind: NoticeEvent, Channel: to.Channel, To: to.To, Ref: refOf(t), Body: body, DueAt: at, Until: at.Add(ctiLife),
		Chain: callChain(to, j.CallID),
	}}
}
