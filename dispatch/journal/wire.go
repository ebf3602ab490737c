package journal

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// written is a change as it stands in the file.
type written struct {
	At     time.Time       // when it was taken
	Change dispatch.Change // without its events
	Events []writtenEvent  `json:",omitempty"`
}

// writtenEvent is an event with its kind, key and body, which its own JSON
// leaves out or cannot read back.
type writtenEvent struct {
	Ticket, By, Channel, Key string
	At                       time.Time
	Kind                     ticket.Kind
	Body                     json.RawMessage
}

// encode returns the change as it is written into the file.
func encode(c dispatch.Change, at time.Time) ([]byte, error) {
	w := written{At: at, Change: c}
	w.Change.Events = nil
	for _, e := range c.Events {
		body, err := json.Marshal(e.Body)
		if err != nil {
			return nil, fmt.Errorf("write event %s: %w", e.Body.Kind(), err)
		}
		w.Events = append(w.Events, writtenEvent{e.Ticket, e.By, e.Channel, e.Key, e.At, e.Body.Kind(), body})
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("write change: %w", err)
	}
	return b, nil
}

// decode reads what encode has written.
func decode(b []byte) (dispatch.Change, time.Time, error) {
	var w written
	if err := json.Unmarshal(b, &w); err != nil {
		return dispatch.Change{}, time.Time{}, fmt.Errorf("read change: %w", err)
	}
	c := w.Change
	for _, e := range w.Events {
		body, err := ticket.DecodeBody(e.Kind, e.Body)
		if err != nil {
			return dispatch.Change{}, time.Time{}, err
		}
		c.Events = append(c.Events, ticket.Event{
			Ticket: e.Ticket, By: e.By, Channel: e.Channel, Key: e.Key, At: e.At, Body: body,
		})
	}
	return c, w.At, nil
}

// ticketOf returns the ticket that the change is about; empty when it is about none.
func ticketOf(c dispatch.Change) string {
	switch {
	case c.Ticket != nil:
		return c.Ticket.ID
	case c.Open != "":
		return c.Open
	case len(c.Events) > 0:
		return c.Events[0].Ticket
	case len(c.Timers) > 0:
		return c.Timers[0].Ticket
	case len(c.Drop) > 0:
		return c.Drop[0].Ticket
	case c.Delivery != nil:
		return c.Delivery.Notice.Ref.ID
	case len(c.Calls) > 0:
		return c.Calls[0].Ref.ID
	case len(c.Notices) > 0:
		return c.Notices[0].Ref.ID
	}
	return ""
}

// laneOf returns what orders the change: changes of one lane are replayed in
// order. A raw signal shares its lane with nobody but its repeats.
func laneOf(c dispatch.Change) string {
	if id := ticketOf(c); id != "" {
		return id
	}
	if c.Signal != nil {
		return "signal:" + string(c.Signal.Channel) + "/" + c.Signal.Key
	}
	return ""
}
