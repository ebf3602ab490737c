package dispatch

import (
	"slices"
	"time"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// A page cycle asks the same people again and again until somebody answers. Of
// tries that end alike on the same device, the log has the first ones and then
// each tenth, which says how many it stands for. Every try is in the outbox's
// own record.
const (
	toldAlways = 3
	toldEvery  = 10
)

// tried counts what one device of a person did in a page cycle.
type tried struct {
	Person  string        `json:"person"`
	Device  string        `json:"device,omitempty"`
	Outcome string        `json:"outcome"`
	Count   int           `json:"count"`             // in a row with this outcome
	Untold  int           `json:"untold,omitempty"`  // of them, since the last line in the log
	At      time.Time     `json:"at,omitzero"`       // the last untold one
	Took    time.Duration `json:"took_ns,omitempty"` // the same
}

// fold returns the lines that the tries of a page put into the log, and, for
// pages of a cycle, the
// case with the others counted in its page timer.
func (c Case) fold(attempts []Attempt, cycle bool) ([]ticket.Event, Case, error) {
	var events []ticket.Event
	if c.pageTimer().Gen == 0 || !cycle {
		for _, a := range attempts {
			events = append(events, attemptEvent(a))
		}
		return events, c, nil
	}
	s := c.pagingState()
	s.Tried = slices.Clone(s.Tried)
	for _, a := range attempts {
		e := attemptEvent(a)
		body, _ := e.Body.(ticket.Attempted)
		i := slices.IndexFunc(s.Tried, func(t tried) bool { return t.Person == body.Person && t.Device == body.Device })
		if i < 0 {
			i = len(s.Tried)
			s.Tried = append(s.Tried, tried{Person: body.Person, Device: body.Device})
		}
		t := &s.Tried[i]
		if t.Outcome != body.Outcome {
			if t.Untold > 0 {
				events = append(events, t.line(c.Ticket.ID))
			}
			*t = tried{Person: t.Person, Device: t.Device, Outcome: body.Outcome}
		}
		t.Count++
		if t.Count > toldAlways && t.Count%toldEvery != 0 {
			t.Untold, t.At, t.Took = t.Untold+1, a.At, a.Took
			continue
		}
		body.Repeats = t.Untold
		t.Untold = 0
		e.Body = body
		events = append(events, e)
	}
	raw, err := s.encode()
	if err != nil {
		return nil, c, err
	}
	return events, c.withState(TimerPage, raw), nil
}

// line is the last untold try, standing for all untold ones.
func (t tried) line(ticketID string) ticket.Event {
	return ticket.Event{
		Ticket: ticketID, At: t.At, By: byVahta, Channel: string(ChannelVoice),
		Body: ticket.Attempted{Page: true, Person: t.Person, Device: t.Device, Outcome: t.Outcome, Took: t.Took, Repeats: t.Untold - 1},
	}
}

// untold returns the lines that are still due when paging ends.
func (c Case) untold() (events []ticket.Event) {
	for _, t := range c.pagingState().Tried {
		if t.Untold > 0 {
			events = append(events, t.line(c.Ticket.ID))
		}
	}
	return events
}
